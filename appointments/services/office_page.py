"""What a referring office does on its page: read, write, send files, say that it is the wrong one."""

import uuid

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from appointments.models import AccessLink, ReadEvent, Referral, ReferralEvent, ReferralUpdate, StaffNote
from appointments.services import contact_points, held, incidents, referrals, tell
from appointments.services.rates import count

MESSAGES_PER_HOUR = 10
WROTE = "office-wrote"
WRONG = "The office that got a link to this referral says that it is the wrong office. Its links were ended."
LetterStatus = ReferralUpdate.Status
# What was approved once is theirs to read, until it is withdrawn or turns out to have gone astray.
READABLE = (LetterStatus.APPROVED, LetterStatus.SENDING, LetterStatus.SENT, LetterStatus.CONFIRMED)


class TooManyMessages(Exception):
    """Within an hour."""


def record_read(link: AccessLink) -> ReadEvent:
    """Record that the office of `link` looked at the patient (P28)."""
    return ReadEvent.objects.create(appointment_request=link.appointment_request, office=link.office)


def letters_of(link: AccessLink) -> QuerySet[ReferralUpdate]:
    """The letters that were made for the office of `link`, the newest first: none of another, to which it was first
    matched.
    """
    letters = link.appointment_request.referral.updates.filter(status__in=READABLE)
    return letters.filter(contact_point__practice=link.office).order_by("-pk")


def messages_of(link: AccessLink) -> QuerySet[ReferralEvent]:
    """What the office of `link` wrote to us, the oldest first: nothing of another."""
    return link.appointment_request.referral_events.filter(what=WROTE, details__practice=link.office.pk)


def show_in_full(link: AccessLink) -> ReferralEvent:
    """Record that the office asked for the patient's full name."""
    return _record(link, "shown-in-full")


@transaction.atomic
def open_letter(link: AccessLink, public_id: uuid.UUID) -> ReferralUpdate:
    """A letter that the office may read; that it was opened is recorded.

    Raises ReferralUpdate.DoesNotExist.
    """
    letter = letters_of(link).get(public_id=public_id)
    _record(link, "letter-opened", letter=letter.pk)
    return letter


@transaction.atomic
def write(link: AccessLink, text: str, *, entry_id: uuid.UUID) -> ReferralEvent:
    """A message to whoever answers offices, once per `entry_id`. They get a mail without its words.

    Raises TooManyMessages.
    """
    if count("office-message", str(link.appointment_request.public_id), seconds=3600) > MESSAGES_PER_HOUR:
        raise TooManyMessages
    appointment_request = held.request(link.appointment_request_id)
    known = ReferralEvent.objects.filter(public_id=entry_id).first()
    if known and (known.what, known.comment, known.details.get("link")) == (WROTE, text, link.pk):
        return known
    # Another message from a page that was used twice is kept as well.
    said = {"comment": text, "event_id": uuid.uuid4() if known else entry_id}
    event = referrals.hear(appointment_request, WROTE, practice=link.office.pk, link=link.pk, **said)
    tell.desk_of_office(appointment_request, f"{WROTE}:{event.pk}")
    return event


@transaction.atomic
def say_wrong(link: AccessLink) -> None:
    """The link reached somebody else: nothing more goes there, and staff hear of it. What was read is an incident, also
    where it was the page alone, and of other patients whose links went there.
    """
    held.request(link.appointment_request_id)
    sent_there = AccessLink.objects.filter(contact_point=link.contact_point, revoked_at=None)
    if not sent_there.update(revoked_at=timezone.now()):
        return  # said twice at once
    contact_points.failed(link.contact_point, wrong=True)
    event = _record(link, "wrong-office", contact_point=link.contact_point.pk)
    seen = _opened_pages(link)
    astray = [*_opened_letters(link, seen), *incidents.sent_to(link.contact_point, link.contact_point.value)]
    for letter in dict.fromkeys(astray):
        incidents.open_for(letter, by=None)
    for referral in seen.exclude(pk__in={letter.referral_id for letter in astray}):
        incidents.open_for_page(referral, link.contact_point)
    referrals.unmatch(link.appointment_request)
    StaffNote.objects.create(appointment_request=link.appointment_request, text=WRONG)
    tell.desk_of_office(link.appointment_request, f"wrong-office:{event.pk}")


def _opened_pages(link):
    """This referral, and others whose office looked since a link of theirs went to the same contact point."""
    looks = ReadEvent.objects.filter(
        appointment_request=OuterRef("appointment_request"), office=link.office, at__gte=OuterRef("created_at")
    )
    links = link.contact_point.access_links.filter(Exists(looks), created_at__gte=link.contact_point.verified_at)
    is_seen = Q(appointment_request=link.appointment_request) | Q(
        appointment_request__in=links.values("appointment_request")
    )
    return Referral.objects.filter(is_seen).select_related("appointment_request").order_by("pk")


def _opened_letters(link, seen):
    opened = ReferralEvent.objects.filter(
        appointment_request__in=seen.values("appointment_request"),
        what="letter-opened",
        details__practice=link.office.pk,
    )
    pks = {details["letter"] for details in opened.values_list("details", flat=True)}
    return ReferralUpdate.objects.filter(pk__in=pks).order_by("pk")


def _record(link, what, **details):
    referral = link.appointment_request.referral
    return referrals.record(referral, what, by=None, practice=link.office.pk, link=link.pk, **details)
