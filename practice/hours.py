"""When we are open, and the dated promise: by closing time of the next business day, in the practice's time zone."""

import datetime
from functools import cache
from itertools import groupby, islice
from zoneinfo import ZoneInfo

import holidays
from django.conf import settings
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

TWO_WEEKS = datetime.timedelta(days=14)
LONGEST_SEARCH_DAYS = 400
FALLBACK_OPENING, FALLBACK_CLOSING = datetime.time(8), datetime.time(17)
WEEKDAYS_WITHOUT_HOURS = range(5)
HOLIDAYS_SHOWN = 5
DAYS_OF_WEEK = 7
OBSERVED = " (observed)"
# The library speaks English only; named here so that translators meet them.
FEDERAL_HOLIDAYS = (
    gettext_noop("New Year's Day"),
    gettext_noop("Martin Luther King Jr. Day"),
    gettext_noop("Washington's Birthday"),
    gettext_noop("Memorial Day"),
    gettext_noop("Juneteenth National Independence Day"),
    gettext_noop("Independence Day"),
    gettext_noop("Labor Day"),
    gettext_noop("Columbus Day"),
    gettext_noop("Veterans Day"),
    gettext_noop("Thanksgiving Day"),
    gettext_noop("Christmas Day"),
)


def zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)


def in_words(rows) -> list[str]:
    """Rows of OpeningHours as lines for people: ["Mon to Thu, 8 a.m. to 5 p.m.", "Fri, 8 a.m. to noon"]."""
    by_day = sorted(rows, key=lambda row: row.weekday)
    lines = []
    # Days in a row with equal hours share the key, since both the weekday and its place rise by one.
    for (__, opens, closes), group in groupby(
        enumerate(by_day), key=lambda pair: (pair[1].weekday - pair[0], pair[1].opens, pair[1].closes)
    ):
        days = [WEEKDAYS_ABBR[row.weekday] for __, row in group]
        span = _("%(first)s to %(last)s") % {"first": days[0], "last": days[-1]} if len(days) > 1 else str(days[0])
        lines.append(
            _("%(days)s, %(opens)s to %(closes)s")
            % {"days": span, "opens": time_format(opens, "P"), "closes": time_format(closes, "P")}
        )
    return lines


@cache
def _federal():
    """One for all calendars: it works out each year once."""
    return holidays.country_holidays("US")


class Calendar:
    """The business days of one office.

    Built from plain rows so that a page which has them already asks the database nothing more.
    """

    def __init__(self, opening_hours, closures):
        self._hours = {row.weekday: row for row in opening_hours}
        self._closures = list(closures)
        self._holidays = _federal()
        self._spans = {}

    def closing_time(self, day: datetime.date) -> datetime.datetime | None:
        """When the office closes on `day` (aware); None if it is closed that day."""
        row = self._hours.get(day.weekday())
        if not row or day in self._holidays or any(c.starts_on <= day <= c.ends_on for c in self._closures):
            return None
        return datetime.datetime.combine(day, row.closes, tzinfo=zone())

    def is_open(self, at: datetime.datetime) -> bool:
        local = at.astimezone(zone())
        closes = self.closing_time(local.date())
        return closes is not None and self._hours[local.weekday()].opens <= local.time() and local < closes

    def next_opening(self, at: datetime.datetime) -> datetime.datetime | None:
        """When the office opens next after `at` (both aware); None if it does not within a year."""
        today = at.astimezone(zone()).date()
        for day in (today + datetime.timedelta(days=number) for number in range(LONGEST_SEARCH_DAYS)):
            span = self._span(day)
            if span and span[0] > at:
                return span[0].astimezone(zone())
        return None

    def next_business_day(self, day: datetime.date) -> datetime.date:
        """The first one after `day`; as in `promise`, an ordinary weekday where no hours are entered."""
        return self.promise(datetime.datetime.combine(day, datetime.time(12), tzinfo=zone()), 1).date()

    def closed_now(self, at: datetime.datetime) -> str:
        """That the office is closed at `at`, and when it opens; "" while it is open, or if no hours are entered."""
        if not self._hours or self.is_open(at):
            return ""
        closed, opens = _("We are closed now."), self.next_opening(at)
        return f"{closed} {_opening(opens, at.astimezone(zone()).date())}" if opens else closed

    def open_between(self, start: datetime.datetime, end: datetime.datetime) -> datetime.timedelta:
        """For how long the office was open between two moments (aware)."""
        day, last = start.astimezone(zone()).date(), end.astimezone(zone()).date()
        total = datetime.timedelta()
        while day <= last:
            if span := self._span(day):
                opens, closes = span
                total += max(min(end, closes) - max(start, opens), datetime.timedelta())
            day += datetime.timedelta(days=1)
        return total

    def after(self, at: datetime.datetime, open_time: datetime.timedelta) -> datetime.datetime:
        """When the office will have been open for `open_time` since `at` (aware); just later, if it never opens."""
        left, day = open_time, at.astimezone(zone()).date()
        for __ in range(LONGEST_SEARCH_DAYS):
            if span := self._span(day):
                opens, closes = max(span[0], at), span[1]
                if left <= closes - opens:
                    return opens + left
                left -= max(closes - opens, datetime.timedelta())
            day += datetime.timedelta(days=1)
        return at + open_time

    def _span(self, day):
        """When the office opens and closes on `day`, None if it is closed; worked out once for each day."""
        if day not in self._spans:
            closes = self.closing_time(day)
            opens = closes and datetime.datetime.combine(day, self._hours[day.weekday()].opens, tzinfo=zone())
            # In UTC, so that a difference is true on both sides of a clock change.
            self._spans[day] = closes and (opens.astimezone(datetime.UTC), closes.astimezone(datetime.UTC))
        return self._spans[day]

    def holidays_ahead(self, day: datetime.date) -> list[tuple[datetime.date, str]]:
        """The next federal holidays from `day` on, with names: those on which the office would otherwise be open."""
        weekdays = self._hours or WEEKDAYS_WITHOUT_HOURS
        days = (day + datetime.timedelta(days=number) for number in range(LONGEST_SEARCH_DAYS))
        found = (day for day in days if day.weekday() in weekdays and day in self._holidays)
        return [(day, _(self._holidays[day].removesuffix(OBSERVED))) for day in islice(found, HOLIDAYS_SHOWN)]

    def promise(self, at: datetime.datetime, business_days: int) -> datetime.datetime:
        """Closing time of the `business_days`-th business day after the day of `at` (both aware)."""
        day, left = at.astimezone(zone()).date(), business_days
        for __ in range(LONGEST_SEARCH_DAYS):
            day += datetime.timedelta(days=1)
            closes = self.closing_time(day)
            left -= closes is not None
            if closes is not None and left == 0:
                return closes
        # No hours are entered, or the office is closed for more than a year: the promise is then of ordinary weekdays.
        return _without_hours(at, business_days)


def _opening(opens, today):
    day, days = date_format(opens, "l"), (opens.date() - today).days
    if days >= DAYS_OF_WEEK:
        day = date_format(opens, _("l, F j"))
    words = {0: _("We open today at %(time)s."), 1: _("We open tomorrow at %(time)s.")}
    sentence = words.get(days, _("We open %(day)s at %(time)s."))
    return (sentence % {"day": day, "time": time_format(opens, "P")}).replace("..", ".")  # "8 a.m." ends in one


def _without_hours(at, business_days):
    day = at.astimezone(zone()).date()
    while business_days:
        day += datetime.timedelta(days=1)
        business_days -= day.weekday() < 5
    return datetime.datetime.combine(day, FALLBACK_CLOSING, tzinfo=zone())
