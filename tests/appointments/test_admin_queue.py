"""The list: what stands on it, in which order, for whom, and with how many queries."""

import datetime
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.formats import date_format

from appointments.admin.queue import badge, short_when
from appointments.models import AppointmentRequest, Visit
from appointments.models.words import Priority
from appointments.services import moves
from appointments.transitions import Status
from tests.appointments.desk import LIST, page_of, sign_in
from tests.factories import (
    AppointmentRequestFactory,
    ContactPointFactory,
    LocationFactory,
    ReferralFactory,
    ReferralUpdateFactory,
    UserFactory,
)
from vault.fields import Sealed

HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)
NOON = datetime.datetime(2026, 11, 18, 17, tzinfo=datetime.UTC)  # a Wednesday, noon in New York


def references(response):
    found = re.findall(r"APM-\w{4}-\w{4}", response.content.decode())
    return list(dict.fromkeys(found))


def booked(starts_at, **values):
    appointment_request = AppointmentRequestFactory(scheduled=True, **values)
    Visit.objects.create(appointment_request=appointment_request, starts_at=starts_at, location=LocationFactory())
    return appointment_request


def test_queue_shows_who_is_owed_an_answer_before_who_waits_and_who_is_booked(client, practice):
    sign_in(client, "scheduler")
    now = timezone.now()
    old = {"respond_by": now - 9 * DAY, "priority": Priority.URGENT, "deadline_at": now + DAY}
    visit_later = booked(now + 3 * DAY, **old)
    no_visit = AppointmentRequestFactory(scheduled=True, respond_by=now + 2 * DAY)
    visit_sooner = booked(now + DAY)
    Visit.objects.create(
        appointment_request=visit_sooner, starts_at=now + 9 * DAY, location=LocationFactory(), status="cancelled"
    )
    look_later = AppointmentRequestFactory(waiting=True, next_action_at=now + 2 * DAY, **old)
    look_sooner = AppointmentRequestFactory(waiting=True, next_action_at=now + DAY)
    later = AppointmentRequestFactory(respond_by=now + 2 * DAY)
    sooner = AppointmentRequestFactory(claimed=True, respond_by=now + DAY)
    deadline = AppointmentRequestFactory(respond_by=now + 5 * DAY, deadline_at=now + 6 * DAY)
    urgent = AppointmentRequestFactory(respond_by=now + 7 * DAY, priority=Priority.URGENT)
    for finished in ("closed", "completed"):
        AppointmentRequestFactory(**{finished: True})
    AppointmentRequestFactory(status="quarantined")

    response = client.get(LIST)

    on_the_clock = [urgent, deadline, sooner, later]
    expected = [*on_the_clock, look_sooner, look_later, visit_sooner, no_visit, visit_later]
    assert references(response) == [appointment_request.reference for appointment_request in expected]
    assert response.content.decode().count("Urgent</span>") == 3


def test_heading_counts_open_and_late(client, practice):
    user = sign_in(client, "scheduler")
    AppointmentRequestFactory()
    AppointmentRequestFactory(respond_by=timezone.now() - HOUR)
    reached = AppointmentRequestFactory(respond_by=timezone.now() - HOUR)
    moves.log_call(reached.public_id, result="reached", note="", by=user)

    assert "<h1>Requests: 3 open, 1 late</h1>" in client.get(LIST).content.decode()


def test_row_says_whom_to_call_and_how_it_stands(client, practice):
    user = sign_in(client, "scheduler", first_name="Ana", last_name="Demo")
    appointment_request = AppointmentRequestFactory(
        first_name="Rosa", last_name="Example", channel="fax", language="es", claimed=True, assignee=user
    )
    moves.log_call(appointment_request.public_id, result="no-answer", note="", by=user)

    row = client.get(LIST).content.decode().split("<tbody>")[1]

    for text in [
        "Rosa Example",
        'href="tel:+18135550142"',
        "813-555-0142",
        "Español",
        "Fax",
        "No answer, today",
        "Ana",
    ]:
        assert text in row


def test_row_says_why_a_car_accident_stands_above_the_late(client, practice):
    user = sign_in(client, "scheduler")
    deadline = datetime.datetime(2026, 12, 13, 4, 59, tzinfo=datetime.UTC)
    appointment_request = AppointmentRequestFactory(deadline_at=deadline)

    assert "Accident: be seen by Sat, Dec 12" in client.get(LIST).content.decode()
    page = client.get(page_of(appointment_request)).content.decode()
    assert "Must be seen by Saturday, December 12 for the car insurance to pay." in page

    AppointmentRequest.objects.update(status="closed", outcome="seen", assignee=user)
    assert "Accident: be seen by" not in client.get(f"{LIST}?show=finished").content.decode()


def test_query_count_is_the_same_with_1_and_3_rows(client, practice):
    user = sign_in(client, "scheduler")

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(LIST, {"show": "open"}).status_code == 200
        return len(captured)

    def add():
        appointment_request = AppointmentRequestFactory(assignee=UserFactory())
        Visit.objects.create(appointment_request=appointment_request, starts_at=NOON, location=LocationFactory())
        moves.log_call(appointment_request.public_id, result="no-answer", note="", by=user)
        referral = ReferralFactory(appointment_request=appointment_request, matched=True, physician__npi=None)
        ContactPointFactory(practice=referral.practice), ReferralUpdateFactory(referral=referral)

    add()
    with_one = queries()
    add()
    add()

    # session, user, rights of user and group, counts of the worklists (over open requests, four about referrals),
    # rows of the page and their number, tries, visits, referrals, their numbers and letters,
    # who may be here twice, groups, staff to filter by, whether mail fails, the business
    # days of reminders, and four for the practice
    assert (with_one, queries()) == (27, 27)


def test_row_in_quarantine_says_that_an_office_waits(client, practice):
    sign_in(client, "scheduler")
    aside = ReferralFactory(appointment_request__status="quarantined").appointment_request
    ReferralFactory()

    lists = [client.get(LIST, {"show": name}).content.decode() for name in ("quarantine", "new")]

    day = date_format(timezone.localtime(aside.respond_by), "D, M j")
    assert [f"An office waits: its receipt says that we call by {day}" in html for html in lists] == [True, False]
    assert ["An office waits" in html for html in lists] == [True, False]


def test_list_is_paged(client, practice):
    sign_in(client, "scheduler")
    AppointmentRequestFactory.create_batch(51)

    first, second, everything = (client.get(LIST, params) for params in ({}, {"p": 2}, {"all": "1"}))

    assert [len(references(page)) for page in (first, second, everything)] == [50, 1, 50]


@pytest.mark.parametrize(
    ("group", "status"),
    [
        ("scheduler", 200),
        ("referral coordinator", 200),
        ("clinician", 200),
        ("supervisor", 200),
        ("auditor", 200),
        ("owner", 200),
        ("editor", 403),
        (None, 403),
    ],
)
def test_list_opens_for_its_groups_only(client, practice, group, status):
    sign_in(client, group)
    AppointmentRequestFactory(first_name="Canaryname")

    response = client.get(LIST)

    assert response.status_code == status
    assert ("Canaryname" in response.content.decode()) == (status == 200 and group != "auditor")


def test_list_has_no_search_by_address_and_no_other_filter(client, practice):
    sign_in(client, "scheduler")
    AppointmentRequestFactory()

    assert 'name="q"' not in client.get(LIST).content.decode()
    assert client.get(LIST, {"phone_hash__startswith": "h1"}).status_code == 400
    assert client.get(LIST, {"first_name": "Walter"}).status_code == 400


def test_staff_pages_carry_no_inline_style_or_script(client, practice):
    sign_in(client, is_superuser=True)
    appointment_request = AppointmentRequestFactory()

    for address in [
        "/admin/",
        LIST,
        f"{LIST}{appointment_request.pk}/change/",
        f"{LIST}{appointment_request.pk}/history/",
        "/admin/appointments/routingrule/",
        "/admin/appointments/routingrule/?try-topic=accident",
        "/admin/in-order/",
        "/admin/phone-list/",
        "/admin/appointments/routingrule/add/",
    ]:
        html = client.get(address).content.decode()
        assert "<style" not in html, address
        assert " style=" not in html, address
        assert not re.search(r"<script(?![^>]*\bsrc=)", html), address
        assert not re.search(r"\son\w+=", html), address


# The badge


def kind(appointment_request, now=NOON):
    found = badge(appointment_request, now)
    return found.kind, found.text, found.more


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        (NOON - DAY, ("late", "Late", "was due Tue noon")),
        (NOON - HOUR, ("late", "Late", "was due today 11 a.m.")),
        (NOON + 5 * HOUR, ("today", "Today 5 p.m.", "5\xa0hours left")),
        (NOON + DAY, ("ok", "Thu noon", "")),
        (NOON + 10 * DAY, ("ok", "Nov 28, noon", "")),
    ],
)
def test_badge_of_a_new_request_counts_down_to_its_promise(db, due, expected):
    assert kind(AppointmentRequestFactory(respond_by=due)) == expected


def test_badge_rests_once_the_patient_was_reached(db):
    appointment_request = AppointmentRequestFactory(respond_by=NOON - DAY)
    moves.log_call(appointment_request.public_id, result="reached", note="", by=UserFactory(group="scheduler"))

    assert kind(appointment_request)[:2] == ("ok", "Reached")


def test_badge_of_a_waiting_request_counts_down_to_the_next_step(db):
    waiting = AppointmentRequestFactory(status="waiting", waiting_on="payer", next_action_at=NOON - HOUR)

    assert kind(waiting) == ("late", "Look again", "since today 11 a.m.")


@pytest.mark.parametrize(
    ("starts_at", "expected"),
    [(NOON + DAY, ("ok", "Visit", "Thu noon")), (NOON - DAY, ("today", "Visit over?", "Tue noon"))],
)
def test_badge_of_a_booked_request_shows_the_visit(db, starts_at, expected):
    appointment_request = AppointmentRequestFactory(scheduled=True)
    Visit.objects.create(appointment_request=appointment_request, starts_at=starts_at, location=LocationFactory())

    assert kind(appointment_request) == expected


@pytest.mark.parametrize("trait", ["completed", "closed"])
def test_badge_of_a_finished_request_hurries_nobody(db, trait):
    assert kind(AppointmentRequestFactory(**{trait: True}))[0] == ""


def test_late_agrees_with_the_badge(db):
    now = timezone.now()
    for status in Status:
        values = {"outcome": "spam"} if status == Status.CLOSED else {}
        if status in (Status.WAITING, Status.OFFERED):
            values |= {"waiting_on": "payer", "next_action_at": now + DAY}
        AppointmentRequestFactory(status=status, respond_by=now - HOUR, **values)

    late = {row.pk for row in AppointmentRequest.objects.late(now)}

    assert late == {row.pk for row in AppointmentRequest.objects.all() if badge(row, now).text == "Late"}


def test_short_when_names_the_day_in_words(db):
    assert [short_when(NOON + days * DAY, NOON) for days in (0, 1, -1, 7)] == [
        "today noon",
        "Thu noon",
        "Tue noon",
        "Nov 25, noon",
    ]


def test_one_request_that_no_key_reads_leaves_the_others_on_the_list(client, practice, caplog):
    sign_in(client, "scheduler")
    lost, __ = AppointmentRequestFactory(), AppointmentRequestFactory(first_name="Other")
    AppointmentRequest.objects.filter(pk=lost.pk).update(last_name=Sealed("v1.gone.AAAA"))

    text = client.get(LIST).content.decode()

    assert (text.count("Cannot be read: please tell"), "Other Demo" in text, lost.reference in text) == (1, True, True)
    assert f"last_name:{lost.public_id}" in caplog.text
