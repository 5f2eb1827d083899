"""Reminders of visits: when, of which, once, by mail or by phone, and never of a visit that is no more."""

import datetime
import re
import time

import pytest

from appointments.models import AppointmentRequest, Visit
from appointments.services import moves, remind
from outbox import worker
from outbox.models import Message
from outbox.render import render
from practice.models import Closure, OpeningHours
from tests.appointments.desk import sign_in
from tests.factories import AppointmentRequestFactory, LocationFactory, UserFactory
from vault.fields import Sealed

UTC = datetime.UTC
DAY = datetime.timedelta(days=1)
HOUR = datetime.timedelta(hours=1)
WEDNESDAY_TEN = datetime.datetime(2026, 11, 18, 15, tzinfo=UTC)  # 10 a.m. in New York
FRIDAY_TEN = WEDNESDAY_TEN + 2 * DAY


@pytest.fixture
def at(practice, time_machine):
    """Moves the clock: `at(moment)`."""

    def move_to(moment):
        time_machine.move_to(moment, tick=False)

    move_to(WEDNESDAY_TEN)
    return move_to


def visit_on(starts_at, *, by_mail=True, **values):
    values = {"email": "walter@example.org", "visit_details_by_email": by_mail, "status": "scheduled"} | values
    return Visit.objects.create(
        appointment_request=AppointmentRequestFactory(**values), starts_at=starts_at, location=LocationFactory()
    )


def reminded():
    """The references of the reminders in the outbox."""
    return list(Message.objects.filter(kind=remind.KIND).order_by("pk").values_list("about", flat=True))


def reference_of(visit):
    return visit.appointment_request.reference


# When, and of which


@pytest.mark.parametrize(
    ("now", "starts_at", "is_due"),
    [
        (WEDNESDAY_TEN, WEDNESDAY_TEN + DAY, True),
        (WEDNESDAY_TEN - datetime.timedelta(seconds=1), WEDNESDAY_TEN + DAY, False),
        (WEDNESDAY_TEN + 6 * HOUR, WEDNESDAY_TEN + DAY, True),  # the worker was down in the morning
        (WEDNESDAY_TEN, WEDNESDAY_TEN + HOUR, False),
        (WEDNESDAY_TEN, WEDNESDAY_TEN + 2 * DAY, False),
        (FRIDAY_TEN, FRIDAY_TEN + 3 * DAY, True),  # of Monday
        (FRIDAY_TEN, FRIDAY_TEN + DAY, True),  # of a Saturday
        (FRIDAY_TEN, FRIDAY_TEN + 4 * DAY, False),
        (FRIDAY_TEN + DAY, FRIDAY_TEN + 3 * DAY, False),  # on a Saturday nobody is reminded
        (WEDNESDAY_TEN + 7 * DAY, WEDNESDAY_TEN + 9 * DAY, True),  # Thursday is Thanksgiving
    ],
)
def test_reminder_is_due_at_ten_of_the_last_business_day_before(at, now, starts_at, is_due):
    visit = visit_on(starts_at)
    at(now)

    remind.remind()

    assert reminded() == ([reference_of(visit)] if is_due else [])


def test_closures_count_as_no_business_days(at):
    Closure.objects.create(starts_on=datetime.date(2026, 11, 19), ends_on=datetime.date(2026, 11, 20), reason="Storm")
    visit = visit_on(FRIDAY_TEN + 3 * DAY)

    remind.remind()

    assert reminded() == [reference_of(visit)]


def test_without_opening_hours_weekdays_are_business_days(at):
    OpeningHours.objects.all().delete()
    visit = visit_on(WEDNESDAY_TEN + DAY)

    remind.remind()

    assert reminded() == [reference_of(visit)]


def test_ten_is_ten_on_the_wall_after_the_clocks_change(at):
    visit_on(datetime.datetime(2027, 3, 16, 15, tzinfo=UTC))
    at(datetime.datetime(2027, 3, 15, 13, 59, tzinfo=UTC))  # Monday after the second Sunday in March
    remind.remind()
    early = reminded()
    at(datetime.datetime(2027, 3, 15, 14, 1, tzinfo=UTC))
    remind.remind()

    assert (len(early), len(reminded())) == (0, 1)


@pytest.mark.parametrize("status", ["cancelled", "fulfilled", "entered-in-error"])
def test_only_of_visits_that_are_booked(at, status):
    visit_on(WEDNESDAY_TEN + DAY)
    Visit.objects.update(status=status)

    remind.remind()

    assert reminded() == []


@pytest.mark.parametrize("name", ["schedule", "move_visit"])
def test_who_booked_since_ten_knows_of_it(at, name):
    user = UserFactory(group="scheduler")
    if name == "move_visit":
        one = visit_on(WEDNESDAY_TEN + 9 * DAY).appointment_request
    else:
        one = AppointmentRequestFactory(email="walter@example.org", visit_details_by_email=True)
    values = {"starts_at": WEDNESDAY_TEN + DAY, "location": LocationFactory()}
    moves.move(one.public_id, name, seen_version=1, by=user, **values)
    at(WEDNESDAY_TEN + HOUR)

    remind.remind()

    assert (reminded(), list(remind.visits_to_call_about(WEDNESDAY_TEN + HOUR))) == ([], [])


# Once


def test_each_visit_is_reminded_of_once_however_often_it_is_looked_for(at):
    visit = visit_on(WEDNESDAY_TEN + DAY)

    for hours in range(3):
        at(WEDNESDAY_TEN + hours * HOUR)
        remind.remind()

    assert reminded() == [reference_of(visit)]
    assert visit.appointment_request.access_links.count() == 1


def test_visit_at_another_time_is_reminded_of_again(at):
    visit = visit_on(WEDNESDAY_TEN + DAY)
    remind.remind()
    Visit.objects.update(starts_at=FRIDAY_TEN + 3 * DAY, ics_sequence=1)
    at(FRIDAY_TEN)

    remind.remind()

    assert reminded() == 2 * [reference_of(visit)]


def test_an_address_that_cannot_be_read_costs_nobody_else_a_reminder(at, caplog):  # P15, P32
    lost, other = visit_on(WEDNESDAY_TEN + DAY), visit_on(WEDNESDAY_TEN + DAY + HOUR)
    AppointmentRequest.objects.filter(pk=lost.appointment_request_id).update(email=Sealed("nonsense"))

    remind.remind()

    assert reminded() == [reference_of(other)]
    assert f"visit {lost.pk}: no reminder: UnreadableError" in caplog.text


def test_worker_looks_for_them_by_the_clock(at):
    visit = visit_on(WEDNESDAY_TEN + DAY)

    worker.Worker().do_chores()

    assert reminded() == [reference_of(visit)]


# What it says, and whether it still holds


@pytest.mark.parametrize(("language", "words"), [("en", "We look forward to seeing you"), ("es", "Le esperamos")])
def test_reminder_says_when_and_where_and_nothing_about_health(at, language, words):
    visit_on(WEDNESDAY_TEN + DAY, language=language, first_name="Canaryname", reason="Canaryreason")
    remind.remind()
    message = Message.objects.get()

    mail = render(message)

    assert (words in mail.body, "100 Sample Plaza" in mail.body, "Canary" in mail.body + mail.subject) == (
        True,
        True,
        False,
    )
    assert message.secrets["path"] in mail.body


CHANGES = {
    "moved": lambda visit: Visit.objects.update(starts_at=visit.starts_at + DAY, ics_sequence=1),
    "cancelled": lambda visit: Visit.objects.update(status="cancelled", ics_sequence=1),
    "over before its hour": lambda visit: Visit.objects.update(status="fulfilled"),
    "begun": lambda visit: Visit.objects.update(starts_at=WEDNESDAY_TEN - HOUR),
    "without the tick": lambda visit: AppointmentRequest.objects.update(visit_details_by_email=False),
    "at another address": lambda visit: changed_address(visit.appointment_request),
}


def changed_address(appointment_request):
    appointment_request.email = "elsewhere@example.org"
    appointment_request.save()


@pytest.mark.parametrize("change", CHANGES)
def test_reminder_that_is_no_longer_true_never_leaves(at, change):
    visit = visit_on(WEDNESDAY_TEN + DAY)
    remind.remind()
    CHANGES[change](visit)
    message = Message.objects.get()

    outcome = worker.attempt(message, deadline=time.monotonic() + worker.TALK_SECONDS)

    assert outcome == worker.Outcome(Message.State.HELD, "Outdated")


def test_reminder_that_is_held_opens_nothing(at):
    visit_on(WEDNESDAY_TEN + DAY)
    remind.remind()
    message = Message.objects.get()
    Message.objects.update(state="sending", lease=message.public_id, leased_until=WEDNESDAY_TEN)
    message.refresh_from_db()

    worker.record(message, worker.Outcome(Message.State.HELD, "Outdated"))

    message.refresh_from_db()
    assert (message.state, message.last_error, message.secrets) == ("held", "Outdated", {})


def test_reminder_that_is_true_is_sent(at, monkeypatch):
    sent = []
    monkeypatch.setattr(worker.talk, "send", lambda email, seconds: sent.append(email.to))
    visit_on(WEDNESDAY_TEN + DAY)
    remind.remind()

    assert worker.attempt(Message.objects.get(), deadline=time.monotonic() + worker.TALK_SECONDS) == worker.Outcome(
        Message.State.SENT
    )
    assert sent == [["walter@example.org"]]


# By phone


@pytest.mark.parametrize("values", [{"by_mail": False}, {"email": ""}])
def test_who_gets_no_mail_is_to_be_called(at, values):
    by_phone = visit_on(WEDNESDAY_TEN + DAY, **values)
    visit_on(WEDNESDAY_TEN + DAY)

    remind.remind()

    assert list(remind.visits_to_call_about(WEDNESDAY_TEN)) == [by_phone]
    assert reference_of(by_phone) not in reminded()


@pytest.mark.parametrize(
    ("result", "is_told"), [("reached", True), ("left-message", True), ("no-answer", False), ("wrong-number", False)]
)
def test_call_that_told_them_takes_a_visit_off_the_list(at, result, is_told):
    visit = visit_on(WEDNESDAY_TEN + DAY, by_mail=False)
    caller = UserFactory(group="scheduler")
    at(WEDNESDAY_TEN + HOUR)

    moves.log_call(visit.appointment_request.public_id, result=result, note="", by=caller)

    assert list(remind.visits_to_call_about(WEDNESDAY_TEN + HOUR)) == ([] if is_told else [visit])


def test_who_is_to_be_called_stands_on_a_worklist(client, at):
    visit = visit_on(WEDNESDAY_TEN + DAY, by_mail=False)
    visit_on(WEDNESDAY_TEN + DAY)
    sign_in(client, "scheduler")
    address = "/admin/appointments/appointmentrequest/?show=reminders"

    on_the_day = client.get(address).content.decode()
    at(WEDNESDAY_TEN - HOUR)
    too_early = client.get(address).content.decode()

    assert re.findall(r">(APM-[\w-]+)</a>", on_the_day) == [reference_of(visit)]
    assert "Nobody is to be reminded of a visit by phone." in too_early
