import logging
import smtplib
import threading
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection
from django.utils import timezone

from outbox import worker
from outbox.clock import database_now
from outbox.models import Message
from outbox.worker import Outcome, Worker
from tests.outbox.factories import MessageFactory

State = Message.State


class Backend(BaseEmailBackend):
    """A mail server of which a test says how it behaves."""

    error = None
    error_at_the_end = None
    accepts = 1
    in_transaction: list[bool] = []

    def send_messages(self, email_messages):
        self.in_transaction.append(connection.in_atomic_block)
        if self.error:
            raise self.error
        return self.accepts

    def close(self):
        if self.error_at_the_end:
            raise self.error_at_the_end


@pytest.fixture
def backend(settings, monkeypatch):
    """Set `error`, `error_at_the_end` or `accepts` on it."""
    settings.EMAIL_BACKEND = f"{__name__}.{Backend.__name__}"
    for name in ("error", "error_at_the_end", "accepts"):
        monkeypatch.setattr(Backend, name, getattr(Backend, name))
    monkeypatch.setattr(Backend, "in_transaction", [])
    return Backend


def sent_to():
    return [email.to[0] for email in mail.outbox]


def refused(code):
    return smtplib.SMTPRecipientsRefused({"walter@example.org": (code, b"walter@example.org is not here")})


@pytest.mark.django_db
def test_step_sends_one_message_and_writes_it_down():
    message = MessageFactory()

    assert Worker().step() is True

    message.refresh_from_db()
    assert (message.state, message.attempts, message.lease, message.leased_until) == (State.SENT, 1, None, None)
    assert database_now() - message.sent_at < timedelta(seconds=30)
    assert sent_to() == [message.to]


@pytest.mark.django_db
def test_step_says_that_there_is_nothing_to_do():
    MessageFactory(later=True)

    assert Worker().step() is False
    assert sent_to() == []


@pytest.mark.django_db
def test_what_is_due_longest_leaves_first():
    now = database_now()
    for minutes in (2, 5, 3):
        MessageFactory(to=f"due-{minutes}@example.org", next_attempt_at=now - timedelta(minutes=minutes))

    Worker().run_once()

    assert sent_to() == ["due-5@example.org", "due-3@example.org", "due-2@example.org"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "after"),
    [
        ({"state": State.QUEUED}, State.SENT),
        ({"state": State.FAILED_TEMPORARY}, State.SENT),
        ({"abandoned": True}, State.SENT),
        ({"held_by_a_worker": True}, State.SENDING),
        ({"later": True}, State.QUEUED),
        ({"state": State.SENT}, State.SENT),
        ({"state": State.DELIVERED}, State.DELIVERED),
        ({"state": State.FAILED_PERMANENT}, State.FAILED_PERMANENT),
        ({"state": State.NEEDS_HUMAN}, State.NEEDS_HUMAN),
        ({"state": State.HELD}, State.HELD),
    ],
)
def test_only_what_waits_is_sent_and_what_was_abandoned(given, after):  # P12
    message = MessageFactory(**given)
    before = message.state

    Worker().run_once()

    message.refresh_from_db()
    assert (message.state, len(mail.outbox)) == (after, int(before != after))


def test_every_state_is_in_the_sweep():  # P12
    marks = {mark.name: mark for mark in test_only_what_waits_is_sent_and_what_was_abandoned.pytestmark}

    assert {after for _, after in marks["parametrize"].args[1]} | {State.FAILED_TEMPORARY} == set(State)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "state", "last_error"),
    [
        (refused(550), State.FAILED_PERMANENT, "SMTPRecipientsRefused 550"),
        (refused(451), State.FAILED_TEMPORARY, "SMTPRecipientsRefused 451"),
        (smtplib.SMTPDataError(554, b"no"), State.FAILED_PERMANENT, "SMTPDataError 554"),
        (smtplib.SMTPDataError(452, b"full"), State.FAILED_TEMPORARY, "SMTPDataError 452"),
        # What is wrong with us is not the end of the message.
        (smtplib.SMTPAuthenticationError(535, b"no"), State.FAILED_TEMPORARY, "SMTPAuthenticationError 535"),
        (smtplib.SMTPSenderRefused(550, b"no", "a@b"), State.FAILED_TEMPORARY, "SMTPSenderRefused 550"),
        (smtplib.SMTPServerDisconnected("gone"), State.FAILED_TEMPORARY, "SMTPServerDisconnected"),
        (TimeoutError("walter@example.org"), State.FAILED_TEMPORARY, "TimeoutError"),
        (ConnectionRefusedError(), State.FAILED_TEMPORARY, "ConnectionRefusedError"),
        (KeyError("walter@example.org"), State.FAILED_TEMPORARY, "KeyError"),
    ],
)
def test_a_failure_is_written_down_without_a_word_of_the_server(backend, error, state, last_error):
    backend.error = error
    message = MessageFactory()

    Worker().step()

    message.refresh_from_db()
    assert (message.state, message.last_error) == (state, last_error)


@pytest.mark.django_db
def test_without_a_mail_server_nothing_counts_as_sent(settings):
    settings.EMAIL_BACKEND = "outbox.backends.UnsetBackend"
    message = MessageFactory()

    Worker().step()

    message.refresh_from_db()
    assert (message.state, message.last_error) == (State.FAILED_TEMPORARY, "MailServerUnset")


@pytest.mark.django_db
def test_a_server_that_neither_takes_it_nor_complains_has_not_taken_it(backend):
    backend.accepts = 0
    message = MessageFactory()

    Worker().step()

    message.refresh_from_db()
    assert (message.state, message.last_error) == (State.FAILED_TEMPORARY, "NothingSent")


@pytest.mark.django_db
def test_a_farewell_that_fails_does_not_make_it_unsent(backend):
    backend.error_at_the_end = smtplib.SMTPResponseException(500, b"what?")
    message = MessageFactory()

    Worker().step()

    message.refresh_from_db()
    assert message.state == State.SENT


@pytest.mark.django_db
@pytest.mark.parametrize("tries_before", range(9))
def test_a_failed_message_waits_as_long_as_the_settings_say(backend, settings, tries_before):
    backend.error = TimeoutError()
    message = MessageFactory(attempts=tries_before)

    Worker().step()

    message.refresh_from_db()
    wait = message.next_attempt_at - database_now()
    assert message.state == State.FAILED_TEMPORARY
    assert abs(wait.total_seconds() - settings.OUTBOX_BACKOFF_SECONDS[tries_before]) < 10


@pytest.mark.django_db
def test_after_the_last_try_a_person_is_asked(backend):
    backend.error = TimeoutError()
    message = MessageFactory(attempts=9)

    Worker().step()

    message.refresh_from_db()
    assert (message.state, message.last_error) == (State.NEEDS_HUMAN, "TimeoutError")


def test_all_tries_together_span_two_days(settings):
    assert sum(settings.OUTBOX_BACKOFF_SECONDS) >= 48 * 3600


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "last_error"),
    [
        ({"kind": "broken"}, "TemplateSyntaxError"),
        ({"kind": "unknown"}, "TemplateDoesNotExist"),
        ({"to": "walter@example.org\nBcc: x@example.org"}, "ValidationError"),
        ({"context": {"path": "//", "reference": "x\ny"}}, "RenderError"),
    ],
)
def test_what_cannot_become_a_mail_goes_to_a_person_at_once(wrong, last_error):
    message = MessageFactory(**wrong)

    Worker().step()

    message.refresh_from_db()
    assert (message.state, message.last_error, mail.outbox) == (State.NEEDS_HUMAN, last_error, [])


@pytest.mark.django_db
def test_a_recipient_the_keys_do_not_read_goes_to_a_person_at_once():
    first, second = MessageFactory(next_attempt_at=database_now() - timedelta(hours=1)), MessageFactory()
    moved = Message._meta.get_field("to").seal(second, second.to)
    Message.objects.filter(pk=first.pk).update(to=moved)

    Worker().run_once()

    failed = Message.objects.get(pk=first.pk)
    assert (failed.state, failed.last_error) == (State.NEEDS_HUMAN, "UnreadableError")
    assert sent_to() == [second.to]


@pytest.mark.django_db
def test_a_message_whose_workers_always_die_goes_to_a_person():
    message = MessageFactory(abandoned=True, attempts=10)

    Worker().step()

    message.refresh_from_db()
    assert (message.state, message.last_error, mail.outbox) == (State.NEEDS_HUMAN, "Abandoned", [])


@pytest.mark.django_db
def test_record_changes_nothing_once_the_lease_has_passed_to_another():
    MessageFactory()
    late = worker.claim()
    Message.objects.update(leased_until=database_now() - timedelta(seconds=1))
    holder = worker.claim()

    assert worker.record(late, Outcome(State.FAILED_TEMPORARY, "TimeoutError")) is False

    late.refresh_from_db()
    assert (late.state, late.lease, late.last_error) == (State.SENDING, holder.lease, "")


@pytest.mark.django_db
def test_logs_say_which_message_and_not_to_whom(backend, caplog):
    caplog.set_level(logging.DEBUG)
    backend.error = refused(550)
    message = MessageFactory(to="canary@example.org", context={"reference": "canary", "path": "/canary/"})

    Worker().step()

    assert f"message {message.pk} plain: failed-permanent SMTPRecipientsRefused 550" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_sending_happens_outside_every_transaction(backend):  # P11
    MessageFactory()

    Worker().step()

    assert backend.in_transaction == [False]


# Clocks


@pytest.mark.django_db
@pytest.mark.parametrize("minutes", [10, -10])
def test_a_worker_whose_clock_is_wrong_sends_nothing_early_and_nothing_late(minutes):  # P18
    held, later, due = MessageFactory(held_by_a_worker=True), MessageFactory(later=True), MessageFactory()

    with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
        Worker().run_once()

    assert sent_to() == [due.to]
    assert set(Message.objects.exclude(state=State.SENT)) == {held, later}


@pytest.mark.django_db
def test_with_the_clock_of_the_worker_it_would_send_early_and_twice(monkeypatch):  # P18, negative control
    held, later, due = MessageFactory(held_by_a_worker=True), MessageFactory(later=True), MessageFactory()
    monkeypatch.setattr(worker, "database_now", timezone.now)

    with time_machine.travel(timezone.now() + timedelta(minutes=10)):
        Worker().run_once()

    assert set(sent_to()) == {held.to, later.to, due.to}


# Several workers


def claims_at_once(monkeypatch, take, *, in_turn, workers=6):
    """How many of `workers` claim the one message, and how many do not, when all have seen it as due before anyone
    takes it; then they take it all at once, or `in_turn`."""
    MessageFactory()
    everybody, turn = threading.Barrier(workers), threading.RLock()
    claimed = []

    def take_after_all_have_seen_it(*arguments):
        everybody.wait(10)
        if in_turn:
            turn.acquire()
        return take(*arguments)

    def work():
        try:
            claimed.append(worker.claim() is not None)
        finally:
            connection.close()
            if in_turn:
                turn.release()

    monkeypatch.setattr(worker, "take", take_after_all_have_seen_it)
    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return claimed.count(True), claimed.count(False)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("in_turn", [False, True])
def test_one_worker_of_six_gets_the_message(monkeypatch, in_turn):  # P14
    assert claims_at_once(monkeypatch, worker.take, in_turn=in_turn) == (1, 5)


@pytest.mark.django_db(transaction=True)
def test_without_the_condition_all_six_get_it(monkeypatch):  # P14, negative control
    def take(pk, now, lease):
        leased_until = now + worker.LEASE
        return Message.objects.filter(pk=pk).update(state=State.SENDING, lease=lease, leased_until=leased_until)

    assert claims_at_once(monkeypatch, take, in_turn=True) == (6, 0)
