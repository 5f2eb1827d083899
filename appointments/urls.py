from django.urls import path, register_converter
from django.urls.converters import StringConverter

from appointments import steps, views
from appointments.forms.patient import ACTIONS


class StepConverter(StringConverter):
    regex = "|".join(steps.NAMES)


class ActionConverter(StringConverter):
    regex = "|".join(ACTIONS)


register_converter(StepConverter, "request_step")
register_converter(ActionConverter, "patient_action")

app_name = "appointments"
urlpatterns = [
    path("request/", views.start, name="start"),
    path("request/<uuid:public_id>/<request_step:step>/", views.step, name="step"),
    path("request/cleared/", views.cleared, name="cleared"),
    path("request/<uuid:public_id>/call-us/", views.call_us, name="call-us"),
    path("request/<uuid:public_id>/clear/", views.clear, name="clear"),
    path("request/<uuid:public_id>/sent/", views.sent, name="sent"),
    path("status/", views.look_up, name="look-up"),
    path("status/<uuid:public_id>/", views.patient, name="patient"),
    path("status/<uuid:public_id>/code/", views.code, name="patient-code"),
    path("status/<uuid:public_id>/files/", views.patient_files, name="patient-files"),
    path("status/<uuid:public_id>/files/<uuid:file_id>/remove/", views.remove_file, name="patient-file-remove"),
    path("status/<uuid:public_id>/end/", views.end, name="patient-end"),
    path("status/<uuid:public_id>/visits/<uuid:ics_uid>.ics", views.visit_ics, name="patient-visit"),
    path("status/<uuid:public_id>/<patient_action:action>/", views.act, name="patient-act"),
]
