from django.urls import path, register_converter
from django.urls.converters import StringConverter

from appointments import steps, views
from appointments.forms.patient import ACTIONS
from appointments.models import AccessLink


class StepConverter(StringConverter):
    regex = "|".join(steps.NAMES)


class ActionConverter(StringConverter):
    regex = "|".join(ACTIONS)


register_converter(StepConverter, "request_step")
register_converter(ActionConverter, "patient_action")

PATIENT, OFFICE = AccessLink.Purpose.PATIENT, AccessLink.Purpose.OFFICE

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
    path("status/<uuid:public_id>/code/", views.code, {"purpose": PATIENT}, name="patient-code"),
    path("status/<uuid:public_id>/files/", views.patient_files, name="patient-files"),
    path("status/<uuid:public_id>/files/<uuid:file_id>/remove/", views.remove_file, name="patient-file-remove"),
    path("status/<uuid:public_id>/end/", views.end, {"purpose": PATIENT}, name="patient-end"),
    path("status/<uuid:public_id>/visits/<uuid:ics_uid>.ics", views.visit_ics, name="patient-visit"),
    path("status/<uuid:public_id>/<patient_action:action>/", views.act, name="patient-act"),
    path("office/<uuid:public_id>/", views.office, name="office"),
    path("office/<uuid:public_id>/code/", views.code, {"purpose": OFFICE}, name="office-code"),
    path("office/<uuid:public_id>/end/", views.end, {"purpose": OFFICE}, name="office-end"),
    path("office/<uuid:public_id>/full/", views.office_full, name="office-full"),
    path("office/<uuid:public_id>/letters/<uuid:letter_id>/", views.office_letter, name="office-letter"),
    path("office/<uuid:public_id>/letters/<uuid:letter_id>/read/", views.office_read, name="office-read"),
    path("office/<uuid:public_id>/message/", views.office_message, name="office-message"),
    path("office/<uuid:public_id>/files/", views.office_files, name="office-files"),
    path("office/<uuid:public_id>/wrong/", views.office_wrong, name="office-wrong"),
]
