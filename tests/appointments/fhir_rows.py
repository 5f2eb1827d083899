"""Referrals with all that an office can read of them, and an office's system that reads."""

from django.test import Client
from django.utils import timezone

from appointments.models import Visit
from tests.factories import (
    AppointmentRequestFactory,
    ClinicianFactory,
    ContactPointFactory,
    LocationFactory,
    PartnerTokenFactory,
    PhysicianFactory,
    ReferralFactory,
    ReferralUpdateFactory,
)

# What patients, offices and staff wrote: none of it is in any resource.
REQUEST_WORDS = {
    name: f"Canary {name}"
    for name in (
        "name_pronunciation",
        "phone_as_typed",
        "email",
        "zip_code",
        "on_behalf_name",
        "on_behalf_phone",
        "reason",
        "interpreter_language",
        "payer_name",
        "member_number",
        "referrer_name",
        "referrer_practice",
        "referrer_phone",
    )
}
REFERRAL_WORDS = {
    name: f"Canary {name}"
    for name in (
        "sender_name",
        "sender_npi",
        "sender_fax",
        "sender_email",
        "question",
        "diagnosis",
        "authorization_number",
        "loop_reason",
    )
}


def office(secret="a" * 43, npi="1234567893", **values):
    """A physician of a practice that has a verified fax and a token."""
    physician = PhysicianFactory(npi=npi, **values)
    ContactPointFactory(practice=physician.practice, verified=True)
    PartnerTokenFactory(practice=physician.practice, secret=secret)
    return physician


def referral_of(physician, *, letters=1, visits=1, **values):
    """A referral of the practice of `physician`, with visits of which the last is booked, and letters that arrived."""
    request = AppointmentRequestFactory(status="scheduled", **REQUEST_WORDS)
    referral = ReferralFactory(
        **{"appointment_request": request, "practice": physician.practice, "physician": physician}
        | REFERRAL_WORDS
        | values
    )
    for number in range(visits):
        visit_of(referral, status="booked" if number == visits - 1 else "cancelled")
    for _ in range(letters):
        letter_of(referral)
    return referral


def visit_of(referral, status="booked"):
    return Visit.objects.create(
        appointment_request=referral.appointment_request,
        status=status,
        starts_at=timezone.now(),
        location=LocationFactory(),
        clinician=ClinicianFactory(slug="elena-sample"),
    )


def letter_of(referral, **values):
    return ReferralUpdateFactory(
        referral=referral,
        contact_point=referral.practice.contact_points.get(),
        confirmed=True,
        content={"text": "Canary content"},
        **{"proof": "Canary proof"} | values,
    )


def read(path, secret="a" * 43, **headers):
    return Client().get(f"/fhir/{path}", headers={"authorization": f"Bearer {secret}"} | headers)


def addresses_of(referral):
    """Where everything about this patient stands."""
    key = referral.public_id
    visits = referral.appointment_request.visits.all()
    return [
        f"ServiceRequest/{key}",
        f"ServiceRequest/{key}/$everything",
        f"Task/{key}",
        f"Patient/{key}",
        *(f"Appointment/{visit.ics_uid}" for visit in visits),
        *(f"Communication/{update.public_id}" for update in referral.updates.all()),
    ]
