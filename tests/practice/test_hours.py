"""Opening hours in words, and the dated promise."""

import datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from practice.hours import FEDERAL_HOLIDAYS, Calendar, in_words
from practice.models import Closure, OpeningHours
from practice.services import calendar_since

NEW_YORK = ZoneInfo("America/New_York")


def weekday_hours(days=range(5), opens="08:00", closes="17:00"):
    opens, closes = datetime.time.fromisoformat(opens), datetime.time.fromisoformat(closes)
    return [OpeningHours(weekday=day, opens=opens, closes=closes) for day in days]


def at(text):
    return datetime.datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def closure(first, last=None):
    first = datetime.date.fromisoformat(first)
    return Closure(starts_on=first, ends_on=datetime.date.fromisoformat(last) if last else first)


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ("2026-11-17T09:00", "2026-11-18T17:00"),
        ("2026-11-17T16:59", "2026-11-18T17:00"),
        ("2026-11-17T23:59", "2026-11-18T17:00"),
        ("2026-11-18T00:00", "2026-11-19T17:00"),
        ("2026-11-20T10:00", "2026-11-23T17:00"),
        ("2026-11-21T10:00", "2026-11-23T17:00"),
        ("2026-11-22T23:59", "2026-11-23T17:00"),
        # July 4, 2026 is a Saturday: the holiday is observed on Friday the 3rd.
        ("2026-07-02T10:00", "2026-07-06T17:00"),
        ("2026-07-03T10:00", "2026-07-06T17:00"),
        # Thanksgiving is a holiday, the Friday after it is not.
        ("2026-11-25T10:00", "2026-11-27T17:00"),
        ("2026-11-26T10:00", "2026-11-27T17:00"),
        ("2026-12-24T10:00", "2026-12-28T17:00"),
        # Both changes of the clock in 2027: Sunday, March 14, and Sunday, November 7.
        ("2027-03-12T18:00", "2027-03-15T17:00"),
        ("2027-03-13T23:30", "2027-03-15T17:00"),
        ("2027-11-05T18:00", "2027-11-08T17:00"),
        ("2027-11-06T23:30", "2027-11-08T17:00"),
    ],
)
def test_promise_is_closing_time_of_the_next_business_day(sent, answered):
    assert Calendar(weekday_hours(), []).promise(at(sent), 1) == at(answered)


@pytest.mark.parametrize(
    ("day", "offset_hours"), [("2027-03-12", -5), ("2027-03-15", -4), ("2027-11-05", -4), ("2027-11-08", -5)]
)
def test_promise_is_five_o_clock_on_the_wall_on_either_side_of_a_clock_change(day, offset_hours):
    before = at(f"{day}T12:00") - datetime.timedelta(days=1)
    promise = Calendar(weekday_hours(days=range(7)), []).promise(before, 1)

    assert (promise.hour, promise.utcoffset()) == (17, datetime.timedelta(hours=offset_hours))


def test_promise_counts_the_day_in_the_office_not_in_greenwich():
    # 11 p.m. on Tuesday in Florida is Wednesday in Greenwich.
    sent = datetime.datetime(2026, 11, 18, 4, 0, tzinfo=datetime.UTC)

    assert Calendar(weekday_hours(), []).promise(sent, 1) == at("2026-11-18T17:00")


def test_promise_passes_over_closures():
    calendar = Calendar(weekday_hours(), [closure("2026-11-18"), closure("2026-11-19", "2026-11-22")])

    assert calendar.promise(at("2026-11-17T10:00"), 1) == at("2026-11-23T17:00")


def test_promise_in_two_business_days():
    assert Calendar(weekday_hours(), []).promise(at("2026-11-19T10:00"), 2) == at("2026-11-23T17:00")


def test_promise_ends_when_that_day_closes():
    hours = [*weekday_hours(range(4)), *weekday_hours([4], closes="12:00")]

    assert Calendar(hours, []).promise(at("2026-11-19T10:00"), 1) == at("2026-11-20T12:00")


def test_promise_is_made_even_where_no_hours_are_entered():
    assert Calendar([], []).promise(at("2026-11-20T10:00"), 1) == at("2026-11-23T17:00")


def test_promise_ends_even_if_the_office_is_closed_for_years():
    calendar = Calendar(weekday_hours(), [closure("2026-01-01", "2030-01-01")])

    assert calendar.promise(at("2026-11-20T10:00"), 1) == at("2026-11-23T17:00")


def test_hours_in_words_put_equal_days_together():
    rows = [*weekday_hours(range(4)), *weekday_hours([4], closes="12:00"), *weekday_hours([6], opens="09:30")]

    assert in_words(rows) == [
        "Mon to Thu, 8 a.m. to 5 p.m.",
        "Fri, 8 a.m. to noon",
        "Sun, 9:30 a.m. to 5 p.m.",
    ]


def test_hours_in_words_show_a_gap_in_the_week():
    assert in_words(weekday_hours([0, 2])) == ["Mon, 8 a.m. to 5 p.m.", "Wed, 8 a.m. to 5 p.m."]


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-23T07:59", False),
        ("2026-11-23T08:00", True),
        ("2026-11-23T16:59", True),
        ("2026-11-23T17:00", False),
        ("2026-11-22T10:00", False),  # a Sunday
        ("2026-11-24T10:00", False),  # closed for the storm
        ("2026-11-26T10:00", False),  # Thanksgiving
    ],
)
def test_open_is_between_the_hours_of_a_business_day(moment, is_open):
    assert Calendar(weekday_hours(), [closure("2026-11-24")]).is_open(at(moment)) == is_open


@pytest.mark.parametrize(
    ("moment", "says"),
    [
        ("2026-11-23T08:00", ""),
        ("2026-11-23T07:59", "We are closed now. We open today at 8 a.m."),
        ("2026-11-23T17:00", "We are closed now. We open Wednesday at 8 a.m."),  # Tuesday is closed for the storm
        ("2026-11-24T12:00", "We are closed now. We open tomorrow at 8 a.m."),
        ("2026-11-25T18:00", "We are closed now. We open Friday at 8 a.m."),  # Thanksgiving
        ("2026-11-27T23:59", "We are closed now. We open Monday at 8 a.m."),
        ("2026-12-20T12:00", "We are closed now. We open Monday, December 28 at 8 a.m."),  # between the years
        ("2027-03-13T23:30", "We are closed now. We open Monday at 8 a.m."),  # in the night the clocks change
    ],
)
def test_closed_now_says_when_we_open(moment, says):
    calendar = Calendar(weekday_hours(), [closure("2026-11-24"), closure("2026-12-21", "2026-12-27")])

    assert calendar.closed_now(at(moment)) == says


def test_closed_now_ends_in_one_full_stop():
    assert Calendar(weekday_hours(opens="12:00"), []).closed_now(at("2026-11-23T07:00")).endswith("today at noon.")


@pytest.mark.parametrize(
    ("moment", "says"),
    [
        ("2026-11-23T07:59", "Ahora estamos cerrados. Abrimos hoy a las 8 a.\xa0m."),
        ("2026-11-27T23:59", "Ahora estamos cerrados. Abrimos el lunes a las 8 a.\xa0m."),
        ("2026-12-20T12:00", "Ahora estamos cerrados. Abrimos el lunes 28 de diciembre a las 8 a.\xa0m."),
    ],
)
def test_closed_now_in_spanish(moment, says):
    with translation.override("es"):
        assert Calendar(weekday_hours(), [closure("2026-12-21", "2026-12-27")]).closed_now(at(moment)) == says


def test_closed_now_promises_no_opening_that_is_years_away():
    assert Calendar(weekday_hours(), [closure("2026-11-01", "2030-01-01")]).closed_now(at("2026-11-23T10:00")) == (
        "We are closed now."
    )


def test_closed_now_says_nothing_where_no_hours_are_entered():
    assert Calendar([], []).closed_now(at("2026-11-22T03:00")) == ""


def test_holidays_ahead_are_those_that_change_an_open_day():
    # December 25, 2027 and June 19, 2027 are Saturdays: the office closes on the Fridays before.
    found = Calendar(weekday_hours(), []).holidays_ahead(datetime.date(2027, 6, 1))

    assert found == [
        (datetime.date(2027, 6, 18), "Juneteenth National Independence Day"),
        (datetime.date(2027, 7, 5), "Independence Day"),
        (datetime.date(2027, 9, 6), "Labor Day"),
        (datetime.date(2027, 10, 11), "Columbus Day"),
        (datetime.date(2027, 11, 11), "Veterans Day"),
    ]


def test_holidays_ahead_begin_today_and_leave_out_days_without_hours():
    tuesdays_and_thursdays = weekday_hours(days=(1, 3))

    found = Calendar(tuesdays_and_thursdays, []).holidays_ahead(datetime.date(2026, 11, 26))

    assert found[0] == (datetime.date(2026, 11, 26), "Thanksgiving Day")
    assert {day.weekday() for day, _name in found} <= {1, 3}


def test_holidays_ahead_of_an_office_without_hours_are_those_of_weekdays():
    assert Calendar([], []).holidays_ahead(datetime.date(2027, 7, 1))[0] == (
        datetime.date(2027, 7, 5),
        "Independence Day",
    )


def test_every_holiday_is_named_for_translators():
    calendar = Calendar(weekday_hours(range(7)), [])
    found = {name for month in range(1, 13) for _day, name in calendar.holidays_ahead(datetime.date(2027, month, 1))}

    assert found == set(FEDERAL_HOLIDAYS)


# For how long the office was open


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-11-17T09:00", "2026-11-17T11:30", 2.5),
        ("2026-11-17T16:00", "2026-11-18T09:00", 2),
        ("2026-11-17T18:00", "2026-11-18T07:00", 0),
        ("2026-11-17T05:00", "2026-11-17T23:00", 9),
        ("2026-11-20T16:00", "2026-11-23T09:00", 2),  # over a weekend
        ("2026-11-25T16:00", "2026-11-27T09:00", 2),  # over Thanksgiving
        ("2026-12-01T16:00", "2026-12-04T09:00", 2),  # over two days of closure
        ("2027-03-12T16:00", "2027-03-15T09:00", 2),  # over a change of the clock
        ("2026-11-18T09:00", "2026-11-17T09:00", 0),
        ("2026-11-02T00:00", "2026-11-28T00:00", 18 * 9),  # four weeks with two holidays
    ],
)
def test_open_between_counts_office_hours_only(start, end, hours):
    calendar = Calendar(weekday_hours(), [closure("2026-12-02", "2026-12-03")])

    for zone in (NEW_YORK, datetime.UTC):
        found = calendar.open_between(at(start).astimezone(zone), at(end).astimezone(zone))
        assert found == datetime.timedelta(hours=hours)


def test_without_any_hours_ordinary_weekdays_count(db):
    calendar = calendar_since(datetime.date(2026, 11, 1))

    assert calendar.open_between(at("2026-11-20T16:00"), at("2026-11-23T09:00")) == datetime.timedelta(hours=2)


# Business time ahead, for the clocks of the desk


@pytest.mark.parametrize(
    ("sent", "hours", "due"),
    [
        ("2026-11-17T09:00", 1, "2026-11-17T10:00"),
        ("2026-11-17T16:30", 1, "2026-11-18T08:30"),
        ("2026-11-17T18:00", 1, "2026-11-18T09:00"),
        ("2026-11-17T13:00", 4, "2026-11-17T17:00"),
        ("2026-11-17T06:00", 4, "2026-11-17T12:00"),
        ("2026-11-20T16:30", 4, "2026-11-23T11:30"),  # over a weekend
        ("2026-07-02T15:00", 4, "2026-07-06T10:00"),  # July 4 is a Saturday, so July 3 is closed
        ("2026-12-01T16:30", 1, "2026-12-04T08:30"),  # over two days of closure
        ("2027-03-12T15:00", 4, "2027-03-15T10:00"),  # both changes of the clock
        ("2027-11-05T15:00", 4, "2027-11-08T10:00"),
    ],
)
def test_business_hours_run_while_the_office_is_open(sent, hours, due):
    calendar = Calendar(weekday_hours(), [closure("2026-12-02", "2026-12-03")])

    found = calendar.after(at(sent), datetime.timedelta(hours=hours))

    assert found == at(due)
    assert calendar.open_between(at(sent), found) == datetime.timedelta(hours=hours)


@pytest.mark.parametrize(("day", "hours"), [("2027-03-14", 23), ("2027-11-07", 25)])
def test_a_night_in_which_the_clock_changes_is_as_long_as_it_is(day, hours):
    calendar = Calendar(weekday_hours(range(7), opens="00:00", closes="23:59"), [])

    almost_a_day = datetime.timedelta(hours=hours, minutes=-1)

    assert calendar.after(at(f"{day}T00:00"), almost_a_day) == at(f"{day}T23:59")


@pytest.mark.parametrize(
    "calendar", [Calendar([], []), Calendar(weekday_hours(), [closure("2026-01-01", "2030-01-01")])]
)
def test_business_time_ends_even_if_the_office_never_opens(calendar):
    assert calendar.after(at("2026-11-20T10:00"), datetime.timedelta(hours=4)) == at("2026-11-20T14:00")
