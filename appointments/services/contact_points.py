"""Where a referring practice can be reached: added, changed, proved, and given up when a delivery fails.

Nothing about a patient leaves for a contact point that is not verified; see ContactPoint.is_verified.
"""

import calendar
import datetime
import uuid

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.forms.text import EmailField, PhoneField, TextField
from appointments.models import Challenge, ContactKind, ContactPoint, ContactPointEvent, Referral, ReferringPractice
from appointments.models.physician import CHALLENGE_DAYS, MOST_FAILURES, VERIFIED_MONTHS
from appointments.reference import new_code, parse_code
from appointments.services.rates import count
from appointments.services.rights import MoveNotAllowed, check_right
from appointments.transitions import REFERRERS
from practice import phones
from vault.crypto import keyed_hash, keyed_hashes

How = ContactPoint.How
What = ContactPointEvent.What
CHECKS = {
    ContactKind.FAX: PhoneField(),
    ContactKind.PHONE: PhoneField(),
    ContactKind.DIRECT: EmailField(),
    ContactKind.EMAIL: EmailField(),
    ContactKind.MAIL: TextField(most=300),
}
ON_PAPER = frozenset({ContactKind.FAX, ContactKind.MAIL})  # where a sheet with a code can go
REQUIRED = _("This is needed.")
CODE_PURPOSE = "contact-challenge"
BLOCK_LIMIT, BLOCK_SECONDS = 10, 15 * 60


class Stale(Exception):
    """Somebody else changed the contact point first; `contact_point` is what stands there now."""

    def __init__(self, contact_point):
        super().__init__(f"contact point {contact_point.pk} has changed")
        self.contact_point = contact_point


class TooManyTries(Exception):
    """From this block of addresses."""


# What is written there


def clean_value(kind: str, text: str) -> str:
    """`text` as it is stored: a number in E.164, an address in small letters, a postal address as it was typed.

    Raises ValidationError, with a sentence that says what is wrong.
    """
    value = CHECKS[ContactKind(kind)].clean(text)
    if kind == ContactKind.FAX and ";ext=" in value:
        raise ValidationError(_("A fax machine cannot dial an extension. Please leave it out."))
    return value.casefold() if kind in (ContactKind.DIRECT, ContactKind.EMAIL) else value


def slip(old: str, new: str) -> tuple[int, ...]:
    """The places of `new` that look like a slip of the finger on the way from `old`; () if it is another number.

    One symbol differs, or two neighbours are swapped. Both are numbers as they are shown, or both are stored.
    """
    if len(old) != len(new):
        return ()
    places = tuple(place for place, pair in enumerate(zip(old, new, strict=True)) if pair[0] != pair[1])
    if len(places) == 1:
        return places
    digits = [place for place, symbol in enumerate(new) if symbol.isdigit()]  # neighbours also across a hyphen
    are_neighbours = len(places) == 2 and digits.index(places[1]) - digits.index(places[0]) == 1
    is_swap = are_neighbours and (new[places[0]], new[places[1]]) == (old[places[1]], old[places[0]])
    return places if is_swap else ()


@transaction.atomic
def add(practice: ReferringPractice, kind: str, text: str, *, by: AbstractUser) -> ContactPoint:
    """A way to reach `practice`, which nobody has verified yet.

    Raises NoRight, or ValidationError with a message for `value`; nothing is saved then.
    """
    check_right(REFERRERS, by)
    contact_point = ContactPoint(practice=practice, kind=kind, value=_clean(kind, text))
    _save_unless_twice(contact_point)
    _record(contact_point, What.ADDED, by=by)
    return contact_point


def add_all(contact_points: list[ContactPoint], *, by: AbstractUser) -> None:
    """Those of a file, whose values were cleaned. Call it in a transaction, once the right of `by` was checked."""
    ContactPoint.objects.bulk_create(contact_points)
    added = [ContactPointEvent(contact_point=row, what=What.ADDED, by=by, value=row.value) for row in contact_points]
    ContactPointEvent.objects.bulk_create(added)


@transaction.atomic
def change(public_id: uuid.UUID, text: str, *, seen_version: int, by: AbstractUser) -> ContactPoint:
    """Use another number or address from now on. It has to be verified anew, also when it is changed back later.

    Raises NoRight, Stale, or ValidationError with a message for `value`; nothing is saved then.
    """
    contact_point = _take(public_id, seen_version, by)
    value = _clean(contact_point.kind, text)
    if value == contact_point.value:
        raise ValidationError({"value": _("That is what stands there now.")})
    _end(contact_point, by=by)
    contact_point.value, contact_point.failed_deliveries = value, 0
    _save_unless_twice(contact_point)
    _record(contact_point, What.CHANGED, by=by)
    return contact_point


@transaction.atomic
def set_active(public_id: uuid.UUID, is_active: bool, *, seen_version: int, by: AbstractUser) -> ContactPoint:
    """Use it no longer, or again. Nothing is deleted: letters that went there name it.

    Raises NoRight or Stale.
    """
    contact_point = _take(public_id, seen_version, by)
    _end(contact_point, by=by)
    contact_point.is_active = is_active
    contact_point.save(update_fields=["is_active"])
    _record(contact_point, What.CHANGED, by=by)
    return contact_point


def _clean(kind, text):
    try:
        return clean_value(kind, text)
    except ValidationError as wrong:
        raise ValidationError({"value": wrong.messages}) from None


def _save_unless_twice(contact_point):
    try:
        with transaction.atomic():
            contact_point.save()
    except IntegrityError:
        raise ValidationError({"value": _("This practice has this number or address already.")}) from None


# How it is proved


@transaction.atomic
def verify_by_call(
    public_id: uuid.UUID, *, called: str, found_at: str, seen_version: int, by: AbstractUser
) -> ContactPoint:
    """Somebody called the practice on a number that we found ourselves, and they confirmed this contact point.

    `called` is that number as typed, `found_at` says where it was found. The number on a referral proves nothing: who
    forges the one forges the other.

    Raises NoRight, Stale, MoveNotAllowed if it is no longer used, or ValidationError; nothing is saved then.
    """
    contact_point = _take_used(public_id, seen_version, by)
    number = phones.to_e164(called)
    wrong = {"called": _why_not_called(contact_point, number), "found_at": "" if found_at.strip() else REQUIRED}
    if any(wrong.values()):
        raise ValidationError({field: sentence for field, sentence in wrong.items() if sentence})
    _verify(contact_point, How.CALL_BACK, by=by)
    found_at = f"{phones.display(number)}: {found_at.strip()}"
    _record(contact_point, What.VERIFIED, by=by, how=How.CALL_BACK, found_at=found_at)
    return contact_point


def _why_not_called(contact_point, number) -> str:
    if not number:
        return _("Write the number that you called: 10 digits.")
    if contact_point.kind == ContactKind.FAX and _plain(number) == _plain(contact_point.value):
        return _("That is the fax itself. Call the office by phone.")
    if _plain(number) in _typed_by_offices(contact_point.practice) - _in_registry(contact_point.practice):
        return _(
            "This number stands on a referral. Call a number that you found somewhere else. The same number counts "
            "if the NPI registry gives it: look that up on the page of the physician first."
        )
    return ""


def _typed_by_offices(practice):
    """The numbers on referrals of `practice`, and on those that nobody has matched to any yet."""
    theirs = Referral.objects.filter(Q(practice=practice) | Q(practice=None, loop_closed_at=None))
    referrals = theirs.filter(source=Referral.Source.OFFICE).select_related("appointment_request")
    typed = [(row.sender_fax, row.appointment_request.referrer_phone) for row in referrals]
    return {_plain(phones.to_e164(text)) for pair in typed for text in pair}


def _in_registry(practice):
    """The numbers that the NPI registry gives for physicians of `practice`: found independently, whoever typed them."""
    known = practice.physicians.values_list("npi", "registry_record")
    theirs = [record for npi, record in known if npi and record.get("number") == npi]
    return {_plain(phones.to_e164(number)) for record in theirs for number in record.get("phones", [])}


def _plain(e164):
    """Without the extension: behind one switchboard everybody is the same office."""
    return e164.partition(";")[0]


@transaction.atomic
def verify_direct(public_id: uuid.UUID, *, found_at: str, seen_version: int, by: AbstractUser) -> ContactPoint:
    """The Direct address is known: `found_at` says from where, such as a directory of Direct addresses.

    Raises NoRight, Stale, MoveNotAllowed if it is no Direct address or no longer used, or ValidationError.
    """
    contact_point = _take_used(public_id, seen_version, by)
    if contact_point.kind != ContactKind.DIRECT:
        raise MoveNotAllowed
    if not found_at.strip():
        raise ValidationError({"found_at": REQUIRED})
    _verify(contact_point, How.KNOWN_DIRECT, by=by)
    _record(contact_point, What.VERIFIED, by=by, how=How.KNOWN_DIRECT, found_at=found_at)
    return contact_point


@transaction.atomic
def challenge(public_id: uuid.UUID, *, seen_version: int, by: AbstractUser) -> tuple[Challenge, str]:
    """A one-time code for a sheet that goes there, and nothing about a patient with it. The code is stored nowhere.

    Raises NoRight, Stale, or MoveNotAllowed if no paper can go there or it is no longer used.
    """
    contact_point = _take_used(public_id, seen_version, by)
    if contact_point.kind not in ON_PAPER:
        raise MoveNotAllowed
    code = new_code()
    made = Challenge.objects.create(
        contact_point=contact_point,
        value=contact_point.value,
        code_hash=keyed_hash(CODE_PURPOSE, code),
        by=by,
        expires_at=timezone.now() + datetime.timedelta(days=CHALLENGE_DAYS),
    )
    _record(contact_point, What.CHALLENGED, by=by)
    return made, code


def answer_challenge(typed: str, *, block: str) -> ContactPoint | None:
    """The contact point that the typed code verifies. None, without saying why, for a code that is wrong, used or over,
    or whose sheet went to what is no longer the number.

    `block` is where it was typed, see rates.address_block. Raises TooManyTries.
    """
    if count("challenge-block", block, seconds=BLOCK_SECONDS) > BLOCK_LIMIT:
        raise TooManyTries
    return _use_code(keyed_hashes(CODE_PURPOSE, parse_code(typed)), timezone.now())


@transaction.atomic
def _use_code(hashes, at):
    sent = Challenge.objects.filter(code_hash__in=hashes)
    # The conditions stand on the row itself, so that of two who type the same code one gets through.
    if not sent.filter(used_at=None, expires_at__gt=at).update(used_at=at):
        return None
    answered = sent.select_related("by").get()
    contact_point = _held(answered.contact_point_id)
    if contact_point.value != answered.value or not contact_point.is_active:
        return None
    _verify(contact_point, How.CHALLENGE, by=answered.by)
    _record(contact_point, What.VERIFIED, by=None, how=How.CHALLENGE)
    return contact_point


# What deliveries show


@transaction.atomic
def delivered(contact_point: ContactPoint) -> None:
    """Something arrived there for certain. What was given up before stays so."""
    held = _held(contact_point.pk)
    if held.failed_deliveries < MOST_FAILURES:
        held.failed_deliveries = 0
    held.save(update_fields=["failed_deliveries"])
    _record(held, What.DELIVERED, by=None)


@transaction.atomic
def failed(contact_point: ContactPoint, *, wrong: bool) -> None:
    """A delivery failed; `wrong`: somebody else answered there. The second failure ends the verification, the wrong
    number at once, and with it the codes that are still on their way: a stranger may hold the sheet.
    """
    held = _held(contact_point.pk)
    held.failed_deliveries = min(held.failed_deliveries + 1, MOST_FAILURES)
    held.save(update_fields=["failed_deliveries"])
    _record(held, What.FAILED, by=None)
    if wrong:
        now = timezone.now()
        held.challenges.filter(used_at=None, expires_at__gt=now).update(expires_at=now)
    if wrong or held.failed_deliveries >= MOST_FAILURES:
        _end(held, by=None)


# Parts


def _as_seen(seen_version: int) -> dict:
    """A function of its own, so that a test can take the guard away and see it missed."""
    return {"version": seen_version}


def _take(public_id, seen_version, by):
    """The contact point, ours until the transaction ends: of several people at once the update lets one pass."""
    check_right(REFERRERS, by)
    taken = ContactPoint.objects.filter(public_id=public_id, **_as_seen(seen_version)).update(version=F("version") + 1)
    contact_point = ContactPoint.objects.select_related("practice").get(public_id=public_id)
    if not taken:
        raise Stale(contact_point)
    return contact_point


def _take_used(public_id, seen_version, by):
    """As `_take`. Raises MoveNotAllowed too, if the contact point is no longer used."""
    contact_point = _take(public_id, seen_version, by)
    if not contact_point.is_active:
        raise MoveNotAllowed
    return contact_point


def _held(pk):
    """The contact point, ours until the transaction ends; whoever has it on a page has to look again."""
    ContactPoint.objects.filter(pk=pk).update(version=F("version") + 1)
    return ContactPoint.objects.get(pk=pk)


def _verify(contact_point, how, *, by):
    at = timezone.now()
    contact_point.verified_value, contact_point.verified_how = contact_point.value, how
    contact_point.verified_by, contact_point.verified_at = by, at
    contact_point.verified_until = months_after(at, VERIFIED_MONTHS)
    contact_point.failed_deliveries = 0
    contact_point.save()


def _end(contact_point, *, by):
    """End the verification, if there is one. What was verified stays written there, to compare a new number with."""
    now = timezone.now()
    if contact_point.verified_until and contact_point.verified_until > now:
        contact_point.verified_until = now
        contact_point.save(update_fields=["verified_until"])
        _record(contact_point, What.ENDED, by=by)


def months_after(at: datetime.datetime, months: int) -> datetime.datetime:
    """The same day of the month, or the last one of a shorter month."""
    years, month = divmod(at.month - 1 + months, 12)
    year, month = at.year + years, month + 1
    return at.replace(year=year, month=month, day=min(at.day, calendar.monthrange(year, month)[1]))


def _record(contact_point, what, *, by, how="", found_at=""):
    length = ContactPointEvent._meta.get_field("found_at").max_length
    ContactPointEvent.objects.create(
        contact_point=contact_point,
        what=what,
        by=by,
        how=how,
        value=contact_point.value,
        found_at=found_at.strip()[:length],
    )
