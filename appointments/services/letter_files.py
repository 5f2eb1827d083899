"""The PDF of a letter, for staff to look at and to print."""

import datetime
import io
import uuid

from django.contrib.auth.models import AbstractUser
from django.utils import timezone

from appointments.letters import letter_pdf
from appointments.models import ReferralUpdate
from appointments.services import may_leave, moves
from appointments.services.rights import check_right
from appointments.transitions import READERS

Status = ReferralUpdate.Status
HAS_LEFT = frozenset({Status.SENT, Status.CONFIRMED, Status.FAILED})


def open_for_staff(referral_pk: int, public_id: uuid.UUID, *, by: AbstractUser) -> tuple[ReferralUpdate, bytes]:
    """The letter and its PDF, as it was frozen; that it was opened is recorded (P28), and how many pages it has.

    Raises NoRight, ReferralUpdate.DoesNotExist if there is no such letter or nothing in it yet, MayNotLeave if it could
    be printed and sent though it may not, or LettersUnavailable.
    """
    check_right(READERS, by)
    updates = ReferralUpdate.objects.select_related("contact_point", "referral__appointment_request")
    update = updates.get(referral=referral_pk, public_id=public_id)
    if not update.content:
        raise ReferralUpdate.DoesNotExist
    if not may_be_opened(update, now := timezone.now()):
        raise may_leave.MayNotLeave(may_leave.obstacle_of(update, now))
    content = letter_pdf(update.content)
    # So that nobody has to count them when it has arrived
    ReferralUpdate.objects.filter(pk=update.pk, confirmed_at=None).update(pages=_pages_of(content))
    moves.record_read(update.referral.appointment_request, by=by)
    return update, content


def _pages_of(content):
    import pikepdf  # with the first letter, as all that makes one

    with pikepdf.open(io.BytesIO(content)) as pdf:
        return len(pdf.pages)


def may_be_opened(update: ReferralUpdate, at: datetime.datetime) -> bool:
    """What has left, or was on its way, is kept to be read. What could still leave is on paper only while it may."""
    return update.status in HAS_LEFT or not may_leave.obstacle_of(update, at)
