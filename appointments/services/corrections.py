"""What a patient typed wrong, put right: the value in use changes, and what was typed stays beside it for ever."""

import datetime
import uuid

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from appointments.models import AppointmentRequest, Correction, StatusEvent
from appointments.services import tell
from appointments.services.access import PATIENT, end_links
from appointments.services.access_mail import LINK
from appointments.services.moves import REQUIRED, NoRight, groups_of, take
from appointments.transitions import CORRECTORS, OPEN, Status
from outbox.services import hold

CORRECT = "correct"  # as a StatusEvent names it, beside the names of moves


@transaction.atomic
def correct(
    public_id: uuid.UUID, field: str, *, value: str | datetime.date, why: str, seen_version: int, by: AbstractUser
) -> AppointmentRequest:
    """Use `value` from now on for calls, mails, codes and search; `field` is a Correction.Field.

    Writes the Correction and an event of the history. With an e-mail address all that opened the patient's page ends.

    Raises NoRight, moves.Stale or ValidationError; nothing is saved then.
    """
    if not CORRECTORS & groups_of(by):
        raise NoRight(CORRECT)
    appointment_request = take(public_id, seen_version, Status)
    was = getattr(appointment_request, Correction.Field(field))
    if value == was:
        raise ValidationError({"value": _("That is what stands there now.")})
    if not why.strip():
        raise ValidationError({"why": REQUIRED})

    setattr(appointment_request, field, value)
    appointment_request.save(update_fields=[field])  # and with it the hashes by which it is found
    Correction.objects.create(
        appointment_request=appointment_request, by=by, field=field, was=_text(was), value=_text(value), why=why.strip()
    )
    StatusEvent.objects.create(
        appointment_request=appointment_request,
        move=CORRECT,
        from_status=appointment_request.status,
        to_status=appointment_request.status,
        version=appointment_request.version,
        by=by,
        details={"field": field},
    )
    if field == Correction.Field.EMAIL:
        _leave_the_old_mailbox(appointment_request, was)
    return appointment_request


def _leave_the_old_mailbox(appointment_request, was):
    """Whoever reads it may be a stranger: no link there opens anything, nothing more goes there; a new link leaves."""
    end_links(appointment_request)
    hold(about=appointment_request.reference, to=was)
    if appointment_request.status in OPEN - {Status.QUARANTINED}:
        key = f"{appointment_request.reference}:corrected:{appointment_request.version}:patient"
        tell.to_patient(appointment_request, LINK[PATIENT], dedupe_key=key)


def _text(value):
    return value.isoformat() if isinstance(value, datetime.date) else value or ""
