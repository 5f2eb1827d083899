from django.urls import path, re_path

from appointments.fhir import resources, views

app_name = "fhir"
urlpatterns = [
    path("metadata", views.capabilities, name="metadata"),
    path("ServiceRequest", views.service_requests, name="service-requests"),
    path("ServiceRequest/<uuid:public_id>/$everything", views.everything, name="everything"),
    path(
        "ServiceRequest/<uuid:public_id>",
        views.of_referral,
        {"make": resources.service_request},
        name="service-request",
    ),
    path("Task/<uuid:public_id>", views.of_referral, {"make": resources.task}, name="task"),
    path("Patient/<uuid:public_id>", views.of_referral, {"make": resources.patient}, name="patient"),
    path("Appointment/<uuid:public_id>", views.appointment, name="appointment"),
    path("Communication/<uuid:public_id>", views.communication, name="communication"),
    path("Practitioner/<uuid:public_id>", views.practitioner, name="practitioner"),
    path("Organization/<uuid:public_id>", views.organization, name="organization"),
    re_path("", views.unknown, name="unknown"),
]
