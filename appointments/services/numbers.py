"""How the desk is doing, in numbers: nobody's name in them, and no small count by which to guess one."""

import datetime
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.models import AppointmentRequest, Referral, Span, StatusEvent, words
from appointments.transitions import OPEN, QUIET_OUTCOMES, Outcome, Status
from practice.services import calendar_since

FEWEST = 5  # a smaller count by page, topic or way is not told: it may be one person's
WEEK = datetime.timedelta(weeks=1)


@dataclass(frozen=True)
class Answers:
    """How requests were answered. `half`, `most`: the office hours in which half and nine in ten heard from us."""

    asked: int
    due: int
    in_time: int
    half: datetime.timedelta | None
    most: datetime.timedelta | None

    @property
    def percent(self) -> int | None:
        return round(100 * self.in_time / self.due) if self.due else None


@dataclass(frozen=True)
class Row:
    label: str
    count: int | None  # None: fewer than FEWEST


@dataclass(frozen=True)
class Table:
    title: str
    rows: list[Row]


@dataclass(frozen=True)
class Loops:
    """How those referrals were answered that are finished, and whose patient lets us answer.

    `half`: the office hours in which half had a letter. None where fewer than FEWEST stand behind a number.
    """

    owed: int
    percent: int | None
    half: datetime.timedelta | None
    table: Table


@dataclass(frozen=True)
class Numbers:
    since: datetime.date
    all: Answers
    weeks: list[tuple[datetime.date, Answers]]  # by their Mondays, the oldest first
    tables: list[Table]
    loops: Loops


def numbers(span: Span, now: datetime.datetime | None = None) -> Numbers:
    """Nine queries, however many requests there are."""
    now = now or timezone.now()
    first_day = span.first_day(now)
    requests = AppointmentRequest.objects.asked(span.start(now))
    calendar = calendar_since(first_day)
    by_week = _answers_by_week(requests, calendar, now)
    mondays = [first_day + number * WEEK for number in range(span)]
    return Numbers(
        since=first_day,
        all=_answers([one for week in by_week.values() for one in week]),
        weeks=[(monday, _answers(by_week[monday])) for monday in mondays],
        tables=[
            Table(_("How they came"), _rows(requests, "channel", words.Channel)),
            Table(_("Which page they came from"), _rows(requests, "source_slug", [("", _("No page of ours"))])),
            Table(_("What they asked for"), _rows(requests, "topic", words.Topic)),
            Table(_("Where they stand"), _outcomes(requests)),
        ],
        loops=_loops(requests, calendar),
    )


def is_in_time(first_contact_at, respond_by, outcome: str, now: datetime.datetime) -> bool | None:
    """Whether the promise was kept; None as long as that is open, or where nobody was owed an answer any more."""
    if first_contact_at:
        return first_contact_at <= respond_by
    return None if respond_by > now or outcome in QUIET_OUTCOMES else False


def percentile(ordered: Sequence, percent: int):
    """The smallest of `ordered` values that `percent` of them do not pass (nearest rank); None of none."""
    rank = -(-len(ordered) * percent // 100)  # rounded up
    return ordered[max(rank, 1) - 1] if ordered else None


def _answers_by_week(requests, calendar, now):
    """{Monday: [(in time or None, office hours until the first contact or None)]}. This reads row by row."""
    by_week = defaultdict(list)
    columns = ("submitted_at", "respond_by", "outcome", "first_contact_at")
    for submitted_at, respond_by, outcome, contact_at in (
        requests.with_first_contact().order_by().values_list(*columns).iterator(2000)
    ):
        day = timezone.localdate(submitted_at)
        took = calendar.open_between(submitted_at, contact_at) if contact_at else None
        in_time = is_in_time(contact_at, respond_by, outcome, now)
        by_week[day - datetime.timedelta(days=day.weekday())].append((in_time, took))
    return by_week


def _answers(found):
    due = [in_time for in_time, __ in found if in_time is not None]
    took = sorted(took for __, took in found if took is not None)
    return Answers(len(found), len(due), sum(due), percentile(took, 50), percentile(took, 90))


def _rows(requests, column, labels):
    """How many requests by a column, the most first; `labels` are choices, or the words for some values."""
    named = dict(getattr(labels, "choices", labels))
    counted = requests.order_by().values_list(column).annotate(count=Count("pk"))
    rows = [Row(named.get(code) or code or _("Not said"), _told(n)) for code, n in counted]
    return sorted(rows, key=lambda row: (-(row.count or 0), str(row.label)))


def _outcomes(requests):
    """Where requests stand: by status, the closed ones by why. Of these every count is told."""
    counted = requests.order_by().values_list("status", "outcome").annotate(count=Count("pk"))
    found = Counter()
    for status, outcome, n in counted:
        found[outcome if status == Status.CLOSED else status] += n
    closed = {outcome: _("Closed: %(why)s") % {"why": outcome.label} for outcome in Outcome}
    named = {status: status.label for status in Status} | closed
    return [Row(label, found[code]) for code, label in named.items() if found[code]]


def _loops(requests, calendar):
    """From the end of a request to the answer of its referral. This reads row by row."""
    ends = StatusEvent.objects.filter(appointment_request=OuterRef("appointment_request")).exclude(to_status__in=OPEN)
    referrals = Referral.objects.allowed().filter(appointment_request__in=requests.order_by())
    referrals = referrals.exclude(appointment_request__status__in=OPEN)
    ended_at = Subquery(ends.order_by("-version").values("at")[:1])
    found = list(referrals.values_list("loop_closed_how", "loop_closed_at", ended_at))
    took = sorted(_took(calendar, ended, closed) for how, closed, ended in found if how == Referral.LoopEnd.UPDATE)
    hows = Counter(how for how, __, __ended in found)
    named = {**dict(Referral.LoopEnd.choices), "": _("Not answered yet")}
    rows = [Row(label, _told(hows[how])) for how, label in named.items() if hows[how]]
    owed = len(found)
    percent = round(100 * (owed - hows[""]) / owed) if owed >= FEWEST else None
    return Loops(owed, percent, percentile(took, 50) if len(took) >= FEWEST else None, Table(_("How they ended"), rows))


def _took(calendar, ended_at, closed_at):
    """Nothing where the answer had gone before the end was noted."""
    return calendar.open_between(ended_at, closed_at) if ended_at and ended_at < closed_at else datetime.timedelta()


def _told(count):
    return count if count >= FEWEST else None
