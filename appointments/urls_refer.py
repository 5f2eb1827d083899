"""The addresses of a physician's office, which it finds at /refer/."""

from django.urls import path

from appointments.views import refer, verify

app_name = "refer"
urlpatterns = [
    path("", refer.refer, name="form"),
    path("verify/", verify, name="verify"),
    path("fax-form/", refer.fax_form, name="fax-form"),
    path("<uuid:public_id>/", refer.refer_draft, name="draft"),
    path("<uuid:public_id>/sent/", refer.refer_sent, name="sent"),
    path("<uuid:public_id>/another/", refer.refer_another, name="another"),
    path("<uuid:public_id>/clear/", refer.refer_clear, name="clear"),
]
