"""What may have reached somebody else: opened at once, closed by a supervisor with an assessment."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.models import ContactPoint, Incident, Referral, ReferralUpdate
from appointments.services import referrals
from appointments.services.rights import MoveNotAllowed, check_right
from appointments.services.routing import supervisors
from appointments.transitions import LOOP_CLOSERS
from outbox.services import enqueue
from practice.services import practice_row

LEFT = (ReferralUpdate.Status.SENDING, ReferralUpdate.Status.SENT, ReferralUpdate.Status.CONFIRMED)


class ClosedAlready(MoveNotAllowed):
    says = _("Somebody has closed this already.")


def open_for(update: ReferralUpdate, *, by: AbstractUser) -> Incident:
    """One incident about this letter, and one mail to each supervisor. Call it in the transaction of what caused it."""
    return _open(update.referral, by=by, update=update, contact_point=update.contact_point, number=update.number)


def open_for_page(referral: Referral, contact_point: ContactPoint) -> Incident:
    """As above, about the secure page: whoever opened it by a link to `contact_point` says that it is not theirs."""
    return _open(referral, by=None, contact_point=contact_point, number=contact_point.value)


def _open(referral, *, by, **where):
    incident = Incident.objects.create(referral=referral, opened_by=by, **where)
    _record(incident, "incident-opened", by=by)
    practice = practice_row()
    reference = referral.appointment_request.reference
    context = {
        "reference": reference,
        "path": reverse("admin:appointments_incident_change", args=[incident.pk]),
        "phone_display": practice.phone_display,
        "from_name": practice.short_name,
    }
    for user in supervisors():
        key = f"incident:{incident.public_id}:staff:{user.pk}"
        enqueue("incident-opened", to=user.email, about=reference, dedupe_key=key, context=context)
    return incident


def _record(incident, what, *, by):
    referrals.record(incident.referral, what, by=by, letter=incident.update_id, incident=incident.pk)


def sent_to(contact_point: ContactPoint, number: str) -> list[ReferralUpdate]:
    """Letters that left for `number` since it was last verified, and about which there is no incident yet."""
    letters = ReferralUpdate.objects.filter(contact_point=contact_point, number=number, status__in=LEFT, incidents=None)
    if contact_point.verified_at:
        letters = letters.filter(approved_at__gte=contact_point.verified_at)
    return list(letters.select_related("referral__appointment_request").order_by("pk"))


@transaction.atomic
def close(public_id: uuid.UUID, *, assessment: str, by: AbstractUser) -> Incident:
    """Close it with what the supervisor found, and what follows from it.

    Raises NoRight, ClosedAlready, or ValidationError without an assessment; nothing is saved then.
    """
    check_right(LOOP_CLOSERS, by)
    if not assessment.strip():
        raise ValidationError({"assessment": _("This is needed.")})
    incident = Incident.objects.select_for_update().get(public_id=public_id)
    if incident.closed_at:
        raise ClosedAlready
    incident.closed_at, incident.closed_by, incident.assessment = timezone.now(), by, assessment.strip()
    incident.save(update_fields=["closed_at", "closed_by", "assessment"])
    _record(incident, "incident-closed", by=by)
    return incident
