"""Two people at once: a letter is confirmed while its request is opened again, or while its number is given up."""

import threading

import pytest
from django.db import OperationalError, connection, connections
from django.utils import timezone

from appointments.models import AppointmentRequest, ContactPoint, Incident, Referral, ReferralUpdate
from appointments.services import contact_points, held, incidents, may_leave, moves, referrals, ways_out
from tests.appointments.test_letter_moves import letter_in, press, stored
from tests.factories import AppointmentRequestFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)
Status = ReferralUpdate.Status
# The controls show what happens without a guard. SQLite lets one transaction write at a time: there is nothing to show.
needs_two_writers = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="one writer at a time: nobody gets in between"
)
WAIT = 1.5  # seconds in which whoever does not wait is done


@pytest.fixture
def supervisor(practice):
    return UserFactory(group="supervisor")


@pytest.fixture
def update(supervisor):
    """A final letter that was sent, about a visit that took place."""
    return letter_in(Status.SENT, kind="final", referral__appointment_request=AppointmentRequestFactory(completed=True))


def in_the_middle(monkeypatch, module, name, other):
    """Run `other` on a connection of its own right before `module.name` is called; the thread to wait for."""
    step, started = getattr(module, name), threading.Event()

    def run():
        started.wait(10)
        try:
            other()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)

    def with_company(*args, **kwargs):
        started.set()
        thread.join(WAIT)
        return step(*args, **kwargs)

    monkeypatch.setattr(module, name, with_company)
    thread.start()
    return thread


def unlocked(monkeypatch):
    """Takes the guard away: the rows are read, and not held."""

    def read(referral):
        referral = Referral.objects.get(pk=referral.pk)
        referral.appointment_request = AppointmentRequest.objects.get(pk=referral.appointment_request_id)
        return referral

    monkeypatch.setattr(held, "referral", read)
    monkeypatch.setattr(held, "contact_point", lambda pk: ContactPoint.objects.get(pk=pk))


def confirm_while_it_is_reopened(monkeypatch, update, supervisor):
    row = update.referral.appointment_request

    def reopen():
        moves.move(row.public_id, "reopen", seen_version=1, by=supervisor, comment="Wants to come again.")

    thread = in_the_middle(monkeypatch, contact_points, "delivered", reopen)
    press(update, "confirm", supervisor)
    thread.join()
    return AppointmentRequest.objects.get().status, Referral.objects.get().loop_closed_at


def test_loop_stays_open_when_the_request_is_reopened_meanwhile(monkeypatch, update, supervisor):
    status, closed_at = confirm_while_it_is_reopened(monkeypatch, update, supervisor)

    assert (status, closed_at, stored(update)["status"]) == ("in_review", None, "confirmed")


@needs_two_writers
def test_without_its_guards_an_open_request_would_count_as_answered(monkeypatch, update, supervisor):  # the control
    unlocked(monkeypatch)
    # The second guard: proof from before the request was opened again counts no more.
    monkeypatch.setattr(referrals, "_last_proven", lambda referral, appointment_request: update)

    status, closed_at = confirm_while_it_is_reopened(monkeypatch, update, supervisor)

    assert (status, closed_at is not None) == ("in_review", True)


def test_letter_confirmed_after_the_request_was_reopened_closes_nothing(update, supervisor):
    row = update.referral.appointment_request
    moves.move(row.public_id, "reopen", seen_version=1, by=supervisor, comment="Wants to come again.")

    press(update, "confirm", supervisor)

    assert Referral.objects.get().loop_closed_at is None


def send_while_the_number_is_given_up(monkeypatch, supervisor):
    """Whether the number was verified when the letter was sent, as the database saw the two."""
    sent, order = letter_in(Status.APPROVED), []

    def give_up():
        ContactPoint.objects.update(verified_until=timezone.now())
        order.append("given up")

    open_to = ways_out.open_to

    def send(contact_point):  # noted while the transaction is open: afterwards either of the two may be quicker
        order.append("sent")
        return open_to(contact_point)

    monkeypatch.setattr(ways_out, "open_to", send)
    thread = in_the_middle(monkeypatch, ways_out, "open_to", give_up)
    press(sent, "send", supervisor)
    thread.join()
    return order


def test_number_is_given_up_after_the_letter_was_sent_or_before_and_not_between(monkeypatch, supervisor):
    assert send_while_the_number_is_given_up(monkeypatch, supervisor) == ["sent", "given up"]


@needs_two_writers
def test_without_the_guard_a_letter_would_be_sent_to_a_number_just_given_up(monkeypatch, supervisor):  # the control
    unlocked(monkeypatch)

    assert send_while_the_number_is_given_up(monkeypatch, supervisor) == ["given up", "sent"]


def test_letter_is_refused_when_the_patient_said_no_a_moment_before(supervisor):
    update = letter_in(Status.APPROVED)
    AppointmentRequest.objects.update(may_contact_referrer=False)

    with pytest.raises(may_leave.MayNotLeave):
        press(update, "send", supervisor)


def give_up_a_number_while_another_letter_there_fails(monkeypatch, supervisor):
    """Which of the two presses the database refused. Each holds a referral, and both need the number."""
    wrong = letter_in(Status.SENT)
    other = letter_in(
        Status.SENT, contact_point=wrong.contact_point, number=wrong.number, referral__physician__npi=None
    )
    refused = []

    def fail(update, failure):
        try:
            press(update, "fail", supervisor, failure=failure)
        except OperationalError:
            refused.append(failure)

    thread = in_the_middle(monkeypatch, incidents, "sent_to", lambda: fail(other, "busy"))
    fail(wrong, "wrong-number")
    thread.join()
    return refused


def test_incident_of_another_letter_waits_for_nobody_who_waits_for_the_number(monkeypatch, supervisor):
    refused = give_up_a_number_while_another_letter_there_fails(monkeypatch, supervisor)

    assert refused == []
    assert sorted(Incident.objects.values_list("update__failure", flat=True)) == ["busy", "wrong-number"]


@needs_two_writers
def test_rows_held_against_those_that_point_to_them_would_make_two_wait_for_each_other(monkeypatch, supervisor):
    def hold(seen):  # the control
        row = AppointmentRequest.objects.select_for_update().get(pk=seen.appointment_request_id)
        referral = Referral.objects.select_for_update().get(pk=seen.pk)
        referral.appointment_request = row
        return referral

    monkeypatch.setattr(held, "referral", hold)

    assert len(give_up_a_number_while_another_letter_there_fails(monkeypatch, supervisor)) == 1
