"""The messages about a request to the patient: no name, no word about health, in any of them (P16)."""

from django.db import transaction

from appointments.models import AppointmentRequest
from appointments.services.access import new_link
from outbox.services import enqueue, is_queued
from practice.services import current_practice


@transaction.atomic
def to_patient(
    appointment_request: AppointmentRequest, kind: str, *, dedupe_key: str, context: dict | None = None
) -> bool:
    """One message with a new link to the patient's page, once per `dedupe_key`; False if there is no e-mail."""
    if not appointment_request.email:
        return False
    if not is_queued(dedupe_key):
        mail_patient(
            appointment_request,
            kind,
            dedupe_key=dedupe_key,
            context=context,
            secrets={"path": new_link(appointment_request)},
        )
    return True


def mail_patient(appointment_request, kind, *, dedupe_key, context=None, secrets):
    practice = current_practice()
    shared = {
        "reference": appointment_request.reference,
        "phone_display": practice.phone_display,
        "from_name": practice.short_name,
    }
    enqueue(
        kind,
        to=appointment_request.email,
        about=appointment_request.reference,
        language=appointment_request.language,
        dedupe_key=dedupe_key,
        context=shared | (context or {}),
        secrets=secrets,
    )
