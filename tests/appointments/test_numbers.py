"""The numbers of the desk: counted in office hours, without anybody in sight, with the same queries for any number."""

import datetime
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from appointments.admin import plots
from appointments.models import AppointmentRequest, Span
from appointments.services import moves
from appointments.services.numbers import is_in_time, numbers, percentile
from appointments.transitions import Status
from practice.models import Closure
from tests.appointments.desk import LIST, sign_in
from tests.factories import (
    AppointmentRequestFactory,
    LocationFactory,
    ReferralFactory,
    ReferralUpdateFactory,
    UserFactory,
)

PAGE = f"{LIST}numbers/"
HOUR = datetime.timedelta(hours=1)
DAY = 24 * HOUR
FRIDAY = datetime.datetime(2026, 11, 20, 21, tzinfo=datetime.UTC)  # 4 p.m. in New York
NOW = datetime.datetime(2026, 11, 25, 17, tzinfo=datetime.UTC)  # the Wednesday after, noon


@pytest.fixture
def desk(practice, time_machine):
    """Somebody at the desk; `time_machine` stands at NOW."""
    time_machine.move_to(NOW, tick=False)
    return UserFactory(group="supervisor")


def sent(at=FRIDAY, **values):
    return AppointmentRequestFactory(submitted_at=at, **{"respond_by": at + 3 * DAY} | values)


def text_of(response):
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode().partition("<main")[2]).split())


# First contact


def first_contact_of(appointment_request):
    return AppointmentRequest.objects.with_first_contact().get(pk=appointment_request.pk).first_contact_at


@pytest.mark.parametrize("result", ["no-answer", "left-message", "wrong-number", "refused"])
def test_a_call_that_did_not_reach_them_is_no_contact(desk, result):
    appointment_request = sent()
    moves.log_call(appointment_request.public_id, result=result, note="", by=desk)

    assert first_contact_of(appointment_request) is None


@pytest.mark.parametrize(
    ("name", "values", "counts"),
    [
        ("claim", {}, False),
        ("ask", {"question": "Which knee?", "next_action_at": NOW + DAY}, True),
        ("offer", {"offer_1": NOW + DAY}, True),
        ("schedule", {"starts_at": NOW + DAY}, True),
        ("close", {"outcome": "scheduled-elsewhere"}, True),
        ("close", {"outcome": "seen"}, False),
    ],
)
def test_a_move_that_tells_the_patient_something_is_the_contact(desk, name, values, counts):
    appointment_request = sent()
    place = {"location": LocationFactory()} if name in ("offer", "schedule") else {}
    moves.move(appointment_request.public_id, name, seen_version=1, by=desk, **values, **place)

    assert first_contact_of(appointment_request) == (NOW if counts else None)


def test_a_move_that_was_undone_is_no_contact_and_stops_no_clock(desk):
    appointment_request = sent()
    values = {"offer_1": NOW + DAY, "location": LocationFactory()}
    moves.move(appointment_request.public_id, "offer", seen_version=1, by=desk, **values)

    moves.move(appointment_request.public_id, "undo", seen_version=2, by=desk)

    assert first_contact_of(appointment_request) is None
    assert appointment_request in AppointmentRequest.objects.unanswered()


@pytest.mark.parametrize("first", ["call", "offer"])
def test_the_first_contact_counts_whichever_it_was(desk, time_machine, first):
    appointment_request = sent()
    version = appointment_request.version
    for what in ("call", "offer") if first == "call" else ("offer", "call"):
        if what == "call":
            moves.log_call(appointment_request.public_id, result="reached", note="", by=desk)
        else:
            values = {"offer_1": NOW + 9 * DAY, "location": LocationFactory()}
            moves.move(appointment_request.public_id, "offer", seen_version=version, by=desk, **values)
        time_machine.shift(HOUR)

    assert first_contact_of(appointment_request) == NOW


@pytest.mark.parametrize(
    ("contact", "due", "outcome", "expected"),
    [
        (NOW, NOW, "", True),
        (NOW + HOUR, NOW, "", False),
        (None, NOW + HOUR, "", None),
        (None, NOW - HOUR, "", False),
        (None, NOW - HOUR, "unable-to-reach", False),
        (None, NOW - HOUR, "patient-withdrew", None),
        (NOW, NOW - HOUR, "patient-withdrew", False),
    ],
)
def test_in_time_is_open_until_the_promise_and_where_nobody_is_owed_an_answer(contact, due, outcome, expected):
    assert is_in_time(contact, due, outcome, NOW) is expected


# Sums


def test_time_counts_while_the_office_is_open(desk, time_machine):
    Closure.objects.create(starts_on="2026-11-23", ends_on="2026-11-23", reason="A storm")
    appointment_request = sent(FRIDAY)  # an hour on Friday, none on the closed Monday, an hour on Tuesday
    time_machine.move_to(datetime.datetime(2026, 11, 24, 14, tzinfo=datetime.UTC), tick=False)
    moves.log_call(appointment_request.public_id, result="reached", note="", by=desk)
    time_machine.move_to(NOW + 30 * DAY, tick=False)  # the closure is over, and still counts

    assert numbers(Span.QUARTER).all.half == 2 * HOUR


def test_sums_are_by_week_and_over_all(desk, time_machine):
    for days, hours in ((0, 1), (0, 2), (0, 3), (7, 1), (7, None), (8, None)):
        at = NOW - DAY * days - 3 * HOUR
        appointment_request = sent(at, respond_by=at + 2 * HOUR)
        if hours:
            time_machine.move_to(at + hours * HOUR, tick=False)
            moves.log_call(appointment_request.public_id, result="reached", note="", by=desk)
    time_machine.move_to(NOW, tick=False)

    found = numbers(Span.MONTH)

    assert found.since == datetime.date(2026, 11, 2)
    weeks = {monday.day: (week.asked, week.in_time, week.due, week.half) for monday, week in found.weeks}
    assert weeks == {2: (0, 0, 0, None), 9: (0, 0, 0, None), 16: (3, 1, 3, HOUR), 23: (3, 2, 3, 2 * HOUR)}
    assert (found.all.asked, found.all.percent, found.all.half, found.all.most) == (6, 50, HOUR, 3 * HOUR)


def test_spam_and_what_is_before_the_span_count_nowhere(desk):
    sent(status="quarantined")
    sent(status="closed", outcome="spam")
    sent(NOW - 40 * DAY)

    assert (numbers(Span.MONTH).all.asked, numbers(Span.QUARTER).all.asked) == (0, 1)


@pytest.mark.parametrize("count", [1, 4, 5])
def test_fewer_than_5_are_not_counted_out_by_way_page_and_topic(client, desk, count):
    sign_in(client, "auditor")
    for _ in range(count):
        sent(channel="fax", source_slug="mild", topic="accident", status="closed", outcome="deceased")

    tables = {table.title: [(row.label, row.count) for row in table.rows] for table in numbers(Span.MONTH).tables}

    shown = count if count >= 5 else None
    assert list(tables.values()) == [
        [("Fax", shown)],
        [("mild", shown)],
        [("Pain after a car accident", shown)],
        [("Closed: Patient has died", count)],
    ]
    assert text_of(client.get(PAGE)).count("fewer than 5") == (1 if count >= 5 else 4)
    # No picture gives away what the words do not: three bars of the breakdowns, and the one of the outcomes.
    assert client.get(PAGE).content.decode().count('<rect width="100"') == (4 if count >= 5 else 1)


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([], 50, None), ([7], 90, 7), ([1, 2], 50, 1), ([1, 2, 3], 50, 2), (range(1, 11), 90, 9), (range(1, 12), 90, 10)],
)
def test_percentile_is_the_nearest_rank(values, percent, expected):
    assert percentile(values, percent) == expected


# The page


def test_page_says_when_there_is_nothing_to_count(client, desk):
    sign_in(client, "owner")

    assert "No requests were sent in this span." in text_of(client.get(PAGE))
    assert "<svg viewBox" not in client.get(PAGE).content.decode()


@pytest.mark.parametrize(("asked", "shown"), [("4", 4), ("52", 52), ("", 12), ("9", 12), ("x", 12), ("９", 12)])
def test_page_shows_the_span_that_was_chosen(client, desk, asked, shown):
    sign_in(client, "supervisor")
    sent()

    page = client.get(PAGE, {"weeks": asked}).content.decode()

    assert f'aria-current="true">Last {shown} weeks</a>' in page
    assert page.count('<th scope="row">') == shown + 4  # a row for each week, and one in each of four tables


def test_page_shows_no_patient(client, desk):
    sign_in(client, "supervisor")
    appointment_request = sent(first_name="Canaryname", reason="Canaryreason")

    page = client.get(PAGE).content.decode()

    assert ("Canary" in page, appointment_request.reference in page) == (False, False)


def test_query_count_is_the_same_with_1_and_9_requests(client, desk):
    sign_in(client, "supervisor")

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(PAGE).status_code == 200
        return len(captured)

    sent()
    with_one = queries()
    for number in range(8):
        appointment_request = sent(FRIDAY - number * DAY, source_slug=f"page-{number}")
        moves.log_call(appointment_request.public_id, result="reached", note="", by=desk)

    # session, user, groups, rights of user and group, nine of the numbers, whether mail fails, four for the practice
    assert (with_one, queries()) == (19, 19)


# Referrals answered


def ended(count, told_after=None, how="update", **values):
    """`count` referrals whose request ended on FRIDAY at 4 p.m.; closed so long after that, if at all."""
    for __ in range(count):
        row = sent(status="completed", **values)
        row.status_events.create(move="complete", from_status="scheduled", to_status="completed", version=2)
        letter = ReferralUpdateFactory(referral=ReferralFactory(appointment_request=row), kind="final")
        if told_after is not None:
            referral = letter.referral
            referral.loop_closed_at, referral.loop_closed_how = FRIDAY + told_after, how
            referral.closing_update, referral.loop_reason = letter, "The office has closed."
            referral.save()


def loops():
    found = numbers(Span.MONTH).loops
    return found.owed, found.percent, found.half, [(str(row.label), row.count) for row in found.table.rows]


TOLD, REASON, OPEN_ONES = "The office was told", "A supervisor said why it was not", "Not answered yet"


def test_referrals_that_were_answered_are_counted(desk, time_machine):
    time_machine.move_to(FRIDAY, tick=False)
    ended(5, 2 * DAY + 22 * HOUR), ended(6, 3 * DAY + 18 * HOUR), ended(5, 3 * HOUR, how="reason"), ended(4)
    time_machine.move_to(NOW, tick=False)

    # Friday 4 p.m. to Tuesday 10 a.m.: one hour, nine hours on Monday, two on Tuesday.
    assert loops() == (20, 80, 12 * HOUR, [(TOLD, 11), (REASON, 5), (OPEN_ONES, None)])


def test_letter_that_went_before_the_end_took_no_time(desk, time_machine):
    time_machine.move_to(FRIDAY, tick=False)
    ended(5, -HOUR)
    time_machine.move_to(NOW, tick=False)

    assert loops() == (5, 100, 0 * HOUR, [(TOLD, 5)])


def test_fewer_than_a_few_tell_no_share_and_no_time(desk, time_machine):
    time_machine.move_to(FRIDAY, tick=False)
    ended(4, DAY)
    time_machine.move_to(NOW, tick=False)

    assert loops() == (4, None, None, [(TOLD, None)])


def test_only_what_an_office_waits_for_counts(desk, time_machine):
    time_machine.move_to(FRIDAY, tick=False)
    ended(1, may_contact_referrer=False)
    ReferralFactory(appointment_request=sent(status="in_review"))
    ReferralFactory(appointment_request=sent(status="closed", outcome="spam"))
    ReferralFactory(appointment_request=sent(FRIDAY - 90 * DAY, status="completed"))
    sent(status="completed")
    time_machine.move_to(NOW, tick=False)

    assert loops() == (0, None, None, [])


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "No referral of this span is finished."),
        (4, "Referrals that are finished fewer than 5 Answered — Half were told within —"),
        (5, "Referrals that are finished 5 Answered 100 % Half were told within 12 h"),
    ],
)
def test_page_says_how_referrals_were_answered(client, desk, time_machine, count, expected):
    time_machine.move_to(FRIDAY, tick=False)
    sent(), ended(count, 3 * DAY + 18 * HOUR)
    time_machine.move_to(NOW, tick=False)
    sign_in(client, "supervisor")

    assert expected in text_of(client.get(PAGE)).replace("\N{NO-BREAK SPACE}", " ").replace("&nbsp;", " ")


# The pictures


def test_bars_stand_on_the_ground_and_the_highest_reaches_the_top():
    plot = plots.bars([2, 0, 4])

    assert [(bar.y + bar.height, bar.height) for bar in plot.bars] == [(100, 50), (100, 0), (100, 100)]
    assert (plot.top, plot.width) == (4, 60)


def test_line_is_broken_where_nothing_is_known():
    assert plots.line([1, None, 2, 4]).runs == [["10,75"], ["50,50", "70,0"]]
    assert plots.line([None, None]).runs == plots.line([]).runs == []


def test_pictures_of_nothing_are_empty():
    assert (plots.shares([]), plots.shares([0, 0]), plots.bars([]).top) == ([], [0, 0], 0)


def test_every_status_has_its_row(desk):
    for status in set(Status) - {Status.QUARANTINED, Status.CLOSED}:
        waits = {"waiting_on": "payer", "next_action_at": NOW} if status == Status.WAITING else {}
        sent(status=status, **waits)

    rows = numbers(Span.MONTH).tables[-1].rows
    assert [(row.label, row.count) for row in rows] == [
        (status.label, 1) for status in Status if status not in (Status.QUARANTINED, Status.CLOSED)
    ]
