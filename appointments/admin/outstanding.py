"""What is outstanding about a referral, for a row of a list and for the head of its page."""

import datetime
from dataclasses import dataclass

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from appointments.admin.times import short_when
from appointments.models import ContactPoint, Referral, ReferralUpdate

LetterStatus = ReferralUpdate.Status
DONE = frozenset({LetterStatus.CONFIRMED, LetterStatus.WITHDRAWN})
HAS_LEFT = frozenset({LetterStatus.SENDING, LetterStatus.SENT})


@dataclass(frozen=True)
class Letter:
    """A letter that is not done. `is_late`: its day is over, and it has not left."""

    pk: int
    kind: str
    status: str
    when: str  # "" without a date
    is_late: bool


def of_letters() -> Prefetch:
    """The letters of referrals, without the words in them."""
    return Prefetch("updates", ReferralUpdate.objects.defer("content", "proof"))


def for_rows() -> Prefetch:
    """The referrals of a list of requests with all that a row says, in four queries and without decrypting a word."""
    words = ("sender_name", "sender_npi", "sender_fax", "sender_email", "question", "diagnosis")
    referrals = Referral.objects.defer(*words, "authorization_number", "loop_reason").select_related("practice")
    points = Prefetch("practice__contact_points", ContactPoint.objects.order_by("pk"))
    return Prefetch("referral", referrals.prefetch_related(points, of_letters()))


@dataclass(frozen=True)
class Row:
    """What a row of the queue says about the referral: the letter that is due first, and how many more there are.

    `has_written`: the office wrote or sent something that nobody has dealt with.
    """

    is_unverified: bool
    has_written: bool
    letter: Letter | None
    more: int


def of_row(appointment_request, now: datetime.datetime) -> Row | None:
    """None without a referral; reads what `for_rows` prefetches."""
    referral = getattr(appointment_request, "referral", None)
    if referral is None:
        return None
    referral.appointment_request = appointment_request
    first, *more = letters_of(referral, now) or [None]
    return Row(is_unverified(referral, now), referral.office_waits_since is not None, first, len(more))


def is_unverified(referral: Referral, now: datetime.datetime) -> bool:
    """Whether an office sent this of which nobody has made sure: nothing but a receipt may go there."""
    if referral.source != Referral.Source.OFFICE:
        return False
    practice = referral.practice
    return practice is None or not any(point.is_verified(now) for point in practice.contact_points.all())


def letters_of(referral: Referral, now: datetime.datetime) -> list[Letter]:
    """Those that are owed, by when they are due, then those on their way; none while the patient says no."""
    if referral.is_blocked:
        return []
    left = [update for update in referral.updates.all() if update.status not in DONE]
    left.sort(key=lambda update: (update.status in HAS_LEFT, update.due_at is None, update.due_at or now, update.pk))
    return [_letter(update, now) for update in left]


def _letter(update, now):
    is_late = bool(update.due_at) and update.due_at < now and update.status not in HAS_LEFT
    when = short_when(update.due_at, now) if update.due_at else ""
    if is_late:
        when = _("was due %(when)s") % {"when": when}
    elif when:
        when = _("by %(when)s") % {"when": when}
    return Letter(update.pk, update.get_kind_display(), update.standing, when, is_late)
