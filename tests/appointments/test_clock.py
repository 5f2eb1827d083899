"""The staff's own clocks, and who is told when one runs out. The practice is open Monday to Friday from 8 to 5."""

import datetime
from zoneinfo import ZoneInfo

import pytest

from appointments.models import AppointmentRequest, RoutingRule
from appointments.models.words import Priority
from appointments.services import clock, moves
from appointments.services.request import receive
from outbox.models import Message
from outbox.render import render
from practice.models import Closure
from practice.services import reply_promise
from tests.answers import answers_with, filled_draft
from tests.factories import AppointmentRequestFactory, LocationFactory, RoutingRuleFactory, UserFactory

pytestmark = pytest.mark.django_db
NEW_YORK = ZoneInfo("America/New_York")
TUESDAY = "2026-11-17"


def at(text):
    return datetime.datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


@pytest.fixture
def desk(practice):
    scheduler = UserFactory(group="scheduler")
    RoutingRuleFactory(everyone=True).staff.add(scheduler)
    return scheduler


@pytest.fixture
def supervisor(desk):
    return UserFactory(group="supervisor")


@pytest.fixture
def sent(desk, time_machine):
    """A request as if it were sent at a moment: `sent("2026-11-17T10:00", priority=…)`."""

    def sent(moment, **values):
        time_machine.move_to(at(moment), tick=False)
        return AppointmentRequestFactory(submitted_at=at(moment), respond_by=reply_promise(at(moment)), **values)

    return sent


@pytest.fixture
def told(time_machine):
    """Whom the clock has told by a moment, as (kind, address); what else staff are told is left out."""

    def told(moment):
        time_machine.move_to(at(moment), tick=False)
        clock.run()
        notices = Message.objects.filter(kind__in=clock.NOTICES)
        return sorted((message.kind.removeprefix("staff-"), message.to) for message in notices)

    return told


def close(first, last=None):
    return Closure.objects.create(starts_on=first, ends_on=last or first, reason="Closed for the storm")


# When it is due


@pytest.mark.parametrize(
    ("priority", "due"),
    [
        (Priority.ROUTINE, "2026-11-18T17:00"),
        (Priority.SOON, "2026-11-17T14:00"),
        (Priority.URGENT, "2026-11-17T11:00"),
    ],
)
def test_a_received_request_is_due_by_the_priority_of_its_rule_and_promised_as_ever(desk, time_machine, priority, due):
    time_machine.move_to(at(f"{TUESDAY}T10:00"), tick=False)
    RoutingRule.objects.update(priority=priority)
    draft, _ = filled_draft()

    received = AppointmentRequest.objects.get(pk=receive(draft).pk)

    assert (received.priority, received.due_at, received.respond_by) == (priority, at(due), at("2026-11-18T17:00"))


def test_a_request_with_urgent_signs_is_urgent_under_any_rule(desk, time_machine):
    time_machine.move_to(at(f"{TUESDAY}T10:00"), tick=False)
    draft, _ = filled_draft(answers_with("urgent", signs="yes", which_signs=["injury"]))

    received = receive(draft)

    assert (received.priority, received.due_at) == (Priority.URGENT, at(f"{TUESDAY}T11:00"))


def test_the_clock_never_ends_after_the_promise(sent, told):
    appointment_request = sent(f"{TUESDAY}T16:45", priority=Priority.SOON)
    close("2026-11-18", "2026-11-20")

    told(f"{TUESDAY}T16:46")

    appointment_request.refresh_from_db()
    assert appointment_request.due_at == appointment_request.respond_by == at("2026-11-18T17:00")


# Who is told, and when


@pytest.mark.parametrize(
    ("moment", "priority", "before", "reminder", "escalation"),
    [
        # Four business hours, of which 80 % are 3:12.
        (f"{TUESDAY}T09:00", Priority.SOON, f"{TUESDAY}T12:11", f"{TUESDAY}T12:12", f"{TUESDAY}T13:00"),
        (f"{TUESDAY}T09:00", Priority.URGENT, f"{TUESDAY}T09:47", f"{TUESDAY}T09:48", f"{TUESDAY}T10:00"),
        # Nine hours of the next day, and one of this one: 80 % are eight.
        (f"{TUESDAY}T16:00", Priority.ROUTINE, "2026-11-18T14:59", "2026-11-18T15:00", "2026-11-18T17:00"),
        # Over a weekend, July 3 (observed), and both changes of the clocks.
        ("2026-11-20T16:00", Priority.SOON, "2026-11-23T10:11", "2026-11-23T10:12", "2026-11-23T11:00"),
        ("2026-07-02T16:00", Priority.SOON, "2026-07-06T10:11", "2026-07-06T10:12", "2026-07-06T11:00"),
        ("2027-03-12T16:00", Priority.SOON, "2027-03-15T10:11", "2027-03-15T10:12", "2027-03-15T11:00"),
        ("2027-11-05T16:00", Priority.SOON, "2027-11-08T10:11", "2027-11-08T10:12", "2027-11-08T11:00"),
    ],
)
def test_the_desk_is_reminded_near_the_end_and_supervisors_at_the_end(
    sent, told, desk, supervisor, moment, priority, before, reminder, escalation
):
    appointment_request = sent(moment, priority=priority)
    clock.run()  # sets the clock of a row that no form made

    assert told(before) == []
    assert told(reminder) == [("reminder", desk.email)]
    assert told(escalation) == [("escalation", supervisor.email), ("reminder", desk.email)]
    appointment_request.refresh_from_db()
    assert appointment_request.due_at == at(escalation)


def test_nobody_is_told_twice_not_even_somebody_new(sent, told, desk, supervisor):
    sent(f"{TUESDAY}T09:00")
    first = told("2026-11-18T17:00")
    UserFactory(group="supervisor")
    AppointmentRequest.objects.update(assignee=UserFactory())

    assert (len(first), told("2026-11-19T09:00")) == (2, first)


def test_a_storm_stops_the_clock_also_when_it_is_entered_later(sent, told, desk, supervisor):
    sent(f"{TUESDAY}T16:45", priority=Priority.URGENT)
    AppointmentRequest.objects.update(respond_by=at("2026-11-23T17:00"))
    storm = close("2026-11-18", "2026-11-19")

    assert told("2026-11-19T16:00") == []
    assert told("2026-11-20T08:45") == [("escalation", supervisor.email), ("reminder", desk.email)]
    assert AppointmentRequest.objects.get().due_at == at("2026-11-20T08:45")

    storm.delete()
    told("2026-11-20T09:00")
    assert AppointmentRequest.objects.get().due_at == at("2026-11-18T08:45")


def test_a_storm_that_is_over_still_counts(sent, told):
    sent(f"{TUESDAY}T16:45", priority=Priority.URGENT)
    AppointmentRequest.objects.update(respond_by=at("2026-11-23T17:00"))
    close("2026-11-18")

    told("2026-11-23T09:00")

    assert AppointmentRequest.objects.get().due_at == at("2026-11-19T08:45")


def test_a_promise_that_falls_into_a_storm_is_reminded_of_before_it(sent, told, desk, supervisor):
    sent(f"{TUESDAY}T12:00")  # promised for Wednesday
    close("2026-11-18")

    assert told(f"{TUESDAY}T15:59") == []
    assert told(f"{TUESDAY}T16:00") == [("reminder", desk.email)]
    assert told("2026-11-18T17:00") == [("escalation", supervisor.email), ("reminder", desk.email)]
    assert AppointmentRequest.objects.get().respond_by == at("2026-11-18T17:00")


def test_a_promise_of_which_a_storm_leaves_nothing_is_reminded_of_at_once(sent, told, desk):
    sent("2026-11-21T12:00")  # a Saturday, promised for Monday
    close("2026-11-23")

    assert told("2026-11-21T12:01") == [("reminder", desk.email)]


def test_the_reminder_goes_to_whoever_works_on_it(sent, told, supervisor):
    worker = UserFactory(group="scheduler")
    sent(f"{TUESDAY}T09:00", claimed=True, assignee=worker)

    assert told("2026-11-18T16:00") == [("reminder", worker.email)]


def reached(appointment_request, desk):
    moves.log_call(appointment_request.public_id, result="reached", note="", by=desk)


def booked(appointment_request, desk):
    moves.move(
        appointment_request.public_id,
        "schedule",
        seen_version=1,
        by=desk,
        starts_at=at("2026-11-30T10:00"),
        location=LocationFactory(),
    )


def cancelled(appointment_request, desk):
    booked(appointment_request, desk)
    moves.move(appointment_request.public_id, "cancel_visit", seen_version=2, by=desk, comment="Moves away")


def closed(appointment_request, desk):
    moves.move(
        appointment_request.public_id, "close", seen_version=1, by=desk, outcome="scheduled-elsewhere", comment=""
    )


def asked_and_answered(appointment_request, desk):
    question, later = "Which knee?", at("2026-11-19T10:00")
    asked = moves.move(
        appointment_request.public_id, "ask", seen_version=1, by=desk, question=question, next_action_at=later
    )
    answers = {asked.patient_questions.get().public_id: "The left one."}
    moves.move(asked.public_id, "answer", seen_version=2, by=None, answers=answers)


@pytest.mark.parametrize("answer", [reached, booked, cancelled, closed, asked_and_answered])
def test_nothing_is_sent_once_the_patient_has_an_answer(sent, told, desk, supervisor, answer):
    answer(sent(f"{TUESDAY}T09:00"), desk)

    assert told("2026-11-18T18:00") == []


def test_nothing_is_sent_about_what_lies_in_quarantine(sent, told, desk, supervisor):
    appointment_request = sent(f"{TUESDAY}T09:00", status="quarantined")

    assert told("2026-11-18T18:00") == []

    moves.move(appointment_request.public_id, "release", seen_version=1, by=desk)
    assert ("escalation", supervisor.email) in told("2026-11-18T18:01")


def test_without_a_supervisor_an_owner_is_told(sent, told, desk):
    owner = UserFactory(group="owner")
    UserFactory(group="supervisor", is_active=False)
    sent(f"{TUESDAY}T09:00")

    assert ("escalation", owner.email) in told("2026-11-18T17:00")


@pytest.mark.parametrize("kind", ["staff-reminder", "staff-escalation"])
def test_the_notice_names_nobody(sent, told, supervisor, kind):  # P16
    appointment_request = sent(f"{TUESDAY}T09:00", first_name="Canaryname", reason="Canarywords", topic="accident")
    told("2026-11-18T17:00")

    mail = render(Message.objects.get(kind=kind))

    text = f"{mail.subject}\n{mail.body}"
    assert appointment_request.reference in mail.subject
    assert "Wednesday, November\xa018, 5\xa0p.m." in mail.body
    assert f"/admin/appointments/appointmentrequest/{appointment_request.pk}/change/" in mail.body
    assert [word for word in ("Canary", "Demo", "accident", "1950", "813-555-0142") if word in text] == []


def test_more_requests_on_the_clock_take_no_more_queries(sent, django_assert_num_queries):
    for number in (1, 3):
        while AppointmentRequest.objects.count() < number:
            sent(f"{TUESDAY}T09:00")
        with django_assert_num_queries(6):  # requests; office, hours, closures; who was told, of each kind
            clock.run()
