"""The worklists: what stands on each, how many that are, and what an empty one says."""

import datetime
import re

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from appointments.admin.worklists import NOW, REFERRALS, WORKLISTS
from appointments.models import AppointmentRequest
from appointments.models.words import BestTime
from appointments.services import moves
from appointments.transitions import OPEN, WaitingOn
from tests.appointments.desk import LIST, sign_in
from tests.factories import (
    AppointmentRequestFactory,
    LocationFactory,
    ReferralFactory,
    ReferralUpdateFactory,
    UserFactory,
)
from tests.outbox.factories import MessageFactory

HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)
MORNING = datetime.datetime(2026, 11, 18, 15, tzinfo=datetime.UTC)  # a Wednesday, 10 a.m. in New York


@pytest.fixture
def morning():
    with time_machine.travel(MORNING, tick=False):
        yield


def shown(client, name):
    """References of the worklist, in its order."""
    response = client.get(LIST, {"show": name})
    return [row.reference for row, *__ in response.context["rows"]]


def tab(client, name):
    [found] = [
        tab["display"]
        for tabs in client.get(LIST, {"show": name}).context["tabs"].values()
        for tab in tabs
        if tab["selected"]
    ]
    return str(found)


def every_kind(user):
    """Name → a request of that kind: every status, every party waited for, each way to be due and to be taken."""
    later, past = MORNING + 3 * DAY, MORNING - HOUR
    make = AppointmentRequestFactory
    return {
        "new": make(respond_by=later, reach_by="email"),
        "new, due today": make(respond_by=MORNING + HOUR, reach_by="email"),
        "new, overdue": make(respond_by=past, reach_by="email"),
        "new, to call": make(respond_by=later),
        "mine": make(claimed=True, assignee=user, respond_by=later, reach_by="email"),
        "a colleague's, overdue": make(claimed=True, assignee=UserFactory(), respond_by=past, reach_by="email"),
        **{whom: make(waiting=True, waiting_on=whom, assignee=UserFactory()) for whom in WaitingOn},
        "look again": make(waiting=True, waiting_on="payer", next_action_at=past, assignee=UserFactory()),
        "offered": make(status="offered", next_action_at=later, assignee=UserFactory()),
        "scheduled": make(scheduled=True, assignee=UserFactory()),
        "to be reminded": with_visit(make(scheduled=True, assignee=UserFactory()), MORNING + DAY),
        "put aside": make(status="quarantined", respond_by=past),
        "completed": make(completed=True),
        "letter outstanding": referred(make(completed=True), letter_due_at=past),
        "letter not due yet": referred(make(completed=True), letter_due_at=later, loop_closed_at=None),
        "office was told": referred(make(completed=True), loop_closed_at=past, loop_closed_how="spam"),
        "office wrote": referred(
            make(completed=True), loop_closed_at=past, loop_closed_how="spam", office_waits_since=past
        ),
        "patient said no": referred(make(closed=True, may_contact_referrer=False), letter_due_at=past),
        "news is late": referred(make(scheduled=True, assignee=UserFactory()), owes=past),
        "news is not late": referred(make(scheduled=True, assignee=UserFactory()), owes=later),
        "news is prepared": referred(
            make(scheduled=True, assignee=UserFactory()), owes=past, letter={"status": "prepared"}
        ),
        "letter to sign": referred(make(completed=True), letter=TO_SIGN),
        "letter is signed": referred(make(completed=True), letter=TO_SIGN | {"signed_at": past}),
        "patient said no, to sign": referred(make(closed=True, may_contact_referrer=False), letter=TO_SIGN),
        "closed": make(closed=True),
    }


def with_visit(appointment_request, starts_at):
    appointment_request.visits.create(starts_at=starts_at, location=LocationFactory())
    return appointment_request


TO_SIGN = {"kind": "final", "status": "prepared"}


def referred(appointment_request, owes=None, letter=None, **values):
    """With a referral, and a letter due at `owes`."""
    referral = ReferralFactory(appointment_request=appointment_request, **values)
    if owes or letter:
        ReferralUpdateFactory(referral=referral, due_at=owes, **{"kind": "booked"} | (letter or {}))
    return appointment_request


IN_HAND = {"new", "new, due today", "new, overdue", "new, to call", "mine"}
NEWS = {"news is late", "news is not late", "news is prepared"}
BOOKED = {"scheduled", "to be reminded", *NEWS}
OTHERS = {"a colleague's, overdue", "look again", "offered", *BOOKED, *WaitingOn}
SIGNED = {"letter to sign", "letter is signed", "patient said no, to sign"}
FINISHED = SIGNED | {
    *("completed", "closed", "letter outstanding", "letter not due yet"),
    *("office was told", "office wrote", "patient said no"),
}
EXPECTED = {
    "to-do": IN_HAND,
    "mine": {"mine"},
    "new": IN_HAND - {"mine"},
    "call-backs": {"new, to call", "look again"},
    "reminders": {"to be reminded"},
    "due-today": {"new, due today"},
    "overdue": {"new, overdue", "a colleague's, overdue"},
    "waiting-patient": {"patient"},
    "waiting-referrer": {"referrer"},
    "waiting-payer": {"payer", "look again"},
    "waiting-clinician": {"clinician"},
    "offers": {"offered"},
    "open": IN_HAND | OTHERS,
    "scheduled": BOOKED,
    "quarantine": {"put aside"},
    "letters": {"letter outstanding"},
    "to-sign": {"letter to sign"},
    "referrals": {"letter outstanding", "letter not due yet", "letter to sign", "letter is signed", "news is late"},
    "offices-wrote": {"office wrote"},
    "finished": FINISHED,
    "all": IN_HAND | OTHERS | FINISHED | {"put aside"},
    "found": set(),  # nothing without a search
}


@pytest.mark.parametrize("name", WORKLISTS)
def test_worklist_shows_what_belongs_there_and_counts_it(client, practice, morning, name):
    kinds = every_kind(sign_in(client, "scheduler"))

    assert sorted(shown(client, name)) == sorted(kinds[kind].reference for kind in EXPECTED[name])
    label, count = WORKLISTS[name].label, len(EXPECTED[name])
    assert tab(client, name) == (f"{label} ({count})" if WORKLISTS[name].is_counted else label)


def test_every_open_request_stands_on_a_list_that_everybody_sees(client, practice, morning):
    kinds = every_kind(sign_in(client, "scheduler"))

    on_a_list = EXPECTED["open"] | EXPECTED["quarantine"]
    assert {kind for kind, row in kinds.items() if row.status in OPEN} == on_a_list


@pytest.mark.parametrize("name", WORKLISTS)
def test_empty_list_says_what_that_means(client, practice, name):
    sign_in(client, "scheduler")

    assert str(WORKLISTS[name].empty) in client.get(LIST, {"show": name}).content.decode()


@pytest.mark.parametrize("address", [LIST, f"{LIST}?show=nonsense"])
def test_list_is_what_there_is_to_do_unless_told_otherwise(client, practice, address):
    sign_in(client, "scheduler")

    assert client.get(address).context["shown"] == "to-do"


@pytest.mark.parametrize("name", ["finished", "all"])
def test_what_is_over_stands_newest_first(client, practice, name):
    sign_in(client, "scheduler")
    older, newer = AppointmentRequestFactory(closed=True), AppointmentRequestFactory(completed=True)

    assert shown(client, name) == [newer.reference, older.reference]


def test_all_worklists_of_open_requests_are_counted_in_one_query(client, practice):
    sign_in(client, "scheduler")
    AppointmentRequestFactory()

    with CaptureQueriesContext(connection) as captured:
        client.get(LIST)

    counting = [query["sql"] for query in captured if query["sql"].count("COUNT(") > 1]
    assert len(counting) == 1
    open_ones = [worklist for worklist in WORKLISTS.values() if worklist.is_counted and worklist.over_open]
    assert counting[0].count("COUNT(") == len(open_ones)


# Whom to call now


@pytest.mark.parametrize(
    ("hour", "expected"), [(10, {BestTime.ANY, BestTime.MORNING}), (13, {BestTime.ANY, BestTime.AFTERNOON})]
)
def test_call_backs_keep_to_the_time_of_day_that_suits(client, practice, hour, expected):
    with time_machine.travel(MORNING + (hour - 10) * HOUR, tick=False):
        sign_in(client, "scheduler")
        requests = {best: AppointmentRequestFactory(best_time=best) for best in BestTime}

        assert set(shown(client, "call-backs")) == {requests[best].reference for best in expected}


def test_whom_we_tried_comes_back_in_the_next_half_of_the_day(client, practice):
    with time_machine.travel(MORNING, tick=False) as clock:
        user = sign_in(client, "scheduler")
        appointment_request = AppointmentRequestFactory()
        look_again = AppointmentRequestFactory(waiting=True, next_action_at=MORNING - HOUR)
        for row in (appointment_request, look_again):
            moves.log_call(row.public_id, result="no-answer", note="", by=user)
        before_noon = shown(client, "call-backs")
        clock.move_to(MORNING + 2 * HOUR)

        assert before_noon == []
        assert set(shown(client, "call-backs")) == {appointment_request.reference, look_again.reference}


def test_whom_we_reached_is_on_no_list_that_presses(client, practice, morning):
    user = sign_in(client, "scheduler")
    reached = AppointmentRequestFactory(respond_by=MORNING - HOUR)
    moves.log_call(reached.public_id, result="reached", note="", by=user)

    assert [shown(client, name) for name in ("call-backs", "due-today", "overdue")] == [[], [], []]


def test_due_today_ends_at_midnight_of_the_practice(client, practice):
    late_evening = datetime.datetime(2026, 11, 19, 4, 59, tzinfo=datetime.UTC)  # 11.59 p.m. in New York
    with time_machine.travel(MORNING, tick=False):
        sign_in(client, "scheduler")
        today = AppointmentRequestFactory(respond_by=late_evening)
        AppointmentRequestFactory(respond_by=late_evening + datetime.timedelta(minutes=1))

        assert shown(client, "due-today") == [today.reference]


def test_all_referrals_stand_at_the_end_of_their_worklists(client, practice):
    sign_in(client, "scheduler")

    [tabs] = [group for group in client.get(LIST).context["tabs"].items() if group[0] == "Referrals"]

    assert tabs[1][-1]["query_string"] == "/admin/appointments/referral/?letters=all"


# Messages


@pytest.mark.parametrize(("group", "is_shown"), [("supervisor", True), ("scheduler", False)])
def test_messages_that_need_a_person_are_linked_for_who_may_see_them(client, practice, group, is_shown):
    sign_in(client, group)
    MessageFactory(state="needs-human")
    MessageFactory(state="sent")

    html = client.get(LIST).content.decode()

    link = '<a href="/admin/outbox/message/?state__exact=needs-human">Messages that need a person (1)</a>'
    assert (link in html) == is_shown


def test_late_is_what_the_overdue_list_shows(client, practice, morning):
    kinds = every_kind(sign_in(client, "scheduler"))

    late = {row.reference for row in AppointmentRequest.objects.late(timezone.now())}
    assert late == {kinds[kind].reference for kind in EXPECTED["overdue"]}


# The first page of staff


def first_page(client):
    found = re.search(r'<section class="to-mind" aria-labelledby="lists">.*?</section>', shown_first(client), re.DOTALL)
    return re.findall(r'<a href="([^"]+)">([^<]+)</a>', found[0]) if found else []


def shown_first(client):
    return client.get(reverse("admin:index")).content.decode()


def test_first_page_leads_to_each_list_on_which_something_waits(client, practice, morning):
    user = sign_in(client, "scheduler")
    every_kind(user)

    lists = first_page(client)

    assert dict(lists)[f"{LIST}?show=to-do"] == tab(client, "to-do")
    named = {address.rpartition("=")[2] for address, __ in lists}
    assert named == {name for name, one in WORKLISTS.items() if one.group in (NOW, REFERRALS)}


def test_first_page_names_no_list_on_which_nothing_waits(client, practice, morning):
    sign_in(client, "supervisor")

    assert first_page(client) == []


def test_first_page_of_an_editor_says_nothing_of_requests(client, practice, morning):
    AppointmentRequestFactory()
    sign_in(client, "editor")

    assert first_page(client) == []


def test_first_page_costs_the_same_with_twice_as_much_of_everything(client, practice, morning):
    user, found = sign_in(client, "scheduler"), []
    for __ in range(2):
        every_kind(user)
        with CaptureQueriesContext(connection) as captured:
            shown_first(client)
        found.append(len(captured))

    assert found[0] == found[1]
