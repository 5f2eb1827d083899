"""One mail to each coordinator about each letter that should have left by now; the worker calls `remind`."""

import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from appointments.models import Referral, ReferralUpdate
from appointments.services.routing import in_groups, supervisors
from appointments.transitions import COORDINATOR
from outbox.services import enqueue, told_of
from practice.services import practice_row

KIND = "letter-late"
Status = ReferralUpdate.Status
NOT_LEFT = (Status.DUE, Status.PREPARED, Status.APPROVED, Status.FAILED)


def remind() -> None:
    """May run as often as one likes, and in several workers."""
    late = list(late_letters(timezone.now()))
    told = told_of(KIND, [_about(update) for update in late])
    late = [update for update in late if _about(update) not in told]
    if late:
        practice, people = practice_row(), in_groups(COORDINATOR) or supervisors()
        for update in late:
            _tell(update, practice, people)


def late_letters(at: datetime.datetime) -> QuerySet[ReferralUpdate]:
    """Letters that were to leave by `at`. Of a patient who said no, none is owed."""
    updates = ReferralUpdate.objects.filter(status__in=NOT_LEFT, due_at__lte=at)
    updates = updates.filter(referral__in=Referral.objects.allowed())
    return updates.select_related("referral__appointment_request").only(
        "due_at", "referral__appointment_request__reference"
    )


def _about(update):
    return f"{update.referral.appointment_request.reference} {update.pk}"


@transaction.atomic
def _tell(update, practice, people):
    context = {
        "reference": update.referral.appointment_request.reference,
        "due_by": update.due_at.isoformat(),
        "path": reverse("admin:appointments_referral_change", args=[update.referral_id]),
        "phone_display": practice.phone_display,
        "from_name": practice.short_name,
    }
    for user in people:
        key = f"letter:{update.public_id}:late:staff:{user.pk}"
        enqueue(KIND, to=user.email, about=_about(update), dedupe_key=key, context=context)
