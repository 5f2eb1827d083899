"""Reminders of visits: at 10 a.m. of the last business day before, by e-mail with the patient's tick, else by phone."""

import datetime
import logging
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from appointments.models import ContactAttempt, StatusEvent, Visit
from appointments.services import tell
from outbox.models import Message
from practice import hours
from practice.services import calendar_since
from vault.crypto import UnreadableError

KIND = "visit-reminder"
HOUR = datetime.time(10)
TOLD = (ContactAttempt.Result.REACHED, ContactAttempt.Result.LEFT_MESSAGE)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Round:
    """The reminders of one business day: `since` is when they begin, the visits are those from `first` to before `end`.

    All aware. After a Friday come the visits of Saturday, if there are any, and of Monday.
    """

    since: datetime.datetime
    first: datetime.datetime
    end: datetime.datetime


def round_at(now: datetime.datetime) -> Round | None:
    """The round that is on at `now` (aware); None on days that the practice is closed, and before 10 a.m."""
    local = now.astimezone(hours.zone())
    today = local.date()
    calendar = calendar_since(today)
    if local.time() < HOUR or calendar.next_business_day(today - datetime.timedelta(days=1)) != today:
        return None
    after = calendar.next_business_day(today) + datetime.timedelta(days=1)
    midnight = datetime.time()
    return Round(
        since=_in_zone(today, HOUR),
        first=_in_zone(today + datetime.timedelta(days=1), midnight),
        end=_in_zone(after, midnight),
    )


def _in_zone(day, time):
    return datetime.datetime.combine(day, time, tzinfo=hours.zone())


def remind(now: datetime.datetime | None = None) -> None:
    """Write the reminders that are due at `now`; each leaves once for a visit and its time, however often this runs."""
    visits, _ = _due(now or timezone.now())
    for visit in visits.filter(_BY_MAIL).select_related("location", "appointment_request"):
        try:
            _remind_of(visit)
        except UnreadableError as error:  # one lost address must not cost all others their reminder (P15)
            logger.error("visit %s: no reminder: %s", visit.pk, type(error).__name__)


def _remind_of(visit):
    tell.to_patient(
        visit.appointment_request,
        KIND,
        dedupe_key=f"{visit.ics_uid}:{visit.ics_sequence}:reminder",
        context={
            "ics_uid": str(visit.ics_uid),
            "ics_sequence": visit.ics_sequence,
            "visit_at": visit.starts_at.isoformat(),
            "place": visit.location.one_line,
        },
    )


def is_still_true(message: Message) -> bool:
    """Whether the visit of a reminder is still booked for that time, and its patient still wants a mail there."""
    named = {name: message.context[name] for name in ("ics_uid", "ics_sequence")}
    visits = Visit.objects.filter(_BY_MAIL, **named, status=Visit.Status.BOOKED, starts_at__gt=timezone.now())
    return any(visit.appointment_request.email == message.to for visit in visits.select_related("appointment_request"))


def visits_to_call_about(now: datetime.datetime) -> QuerySet[Visit]:
    """Visits of which somebody is to remind the patient by phone, the first one first.

    One leaves the list when a call of today reached the patient or left a message.
    """
    visits, since = _due(now)
    called = ContactAttempt.objects.filter(
        appointment_request=OuterRef("appointment_request"), at__gte=since, result__in=TOLD
    )
    return visits.exclude(_BY_MAIL).filter(~Exists(called))


_BY_MAIL = Q(appointment_request__visit_details_by_email=True) & ~Q(appointment_request__email_hash="")


def _due(now):
    """The visits of the round, and since when it is on. Whoever booked or moved one since then knows of it."""
    on = round_at(now)
    if on is None:
        return Visit.objects.none(), now
    moved = StatusEvent.objects.filter(appointment_request=OuterRef("appointment_request"), at__gte=on.since)
    visits = Visit.objects.filter(status=Visit.Status.BOOKED, starts_at__gte=on.first, starts_at__lt=on.end)
    return visits.filter(~Exists(moved)), on.since
