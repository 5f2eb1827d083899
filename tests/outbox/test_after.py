"""Who wants to know the end of a message is told in the transaction that records it."""

import smtplib

import pytest
from django.core import mail
from django.db import connection

from outbox import services, worker
from outbox.clock import database_now
from outbox.models import Heartbeat, Message
from outbox.worker import Outcome, Worker
from tests.outbox.factories import MessageFactory

State = Message.State


@pytest.fixture
def told(monkeypatch):
    """(state, error, whether in a transaction) of each message of which somebody was told."""
    calls = []

    def tell(message):
        calls.append((message.state, message.last_error, connection.in_atomic_block))

    monkeypatch.setitem(services.AFTER, "plain", tell)
    return calls


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome(State.SENT), [(State.SENT, "", True)]),
        (Outcome(State.FAILED_PERMANENT, "SMTPDataError 554"), [(State.FAILED_PERMANENT, "SMTPDataError 554", True)]),
        (Outcome(State.NEEDS_HUMAN, "KeyError"), [(State.NEEDS_HUMAN, "KeyError", True)]),
        (Outcome(State.HELD, Message.OUTDATED), [(State.HELD, Message.OUTDATED, True)]),
        (Outcome(State.FAILED_TEMPORARY, "TimeoutError"), []),
    ],
)
def test_an_end_is_told_and_what_will_be_tried_again_is_not(told, outcome, expected):
    worker.record(MessageFactory(held_by_a_worker=True), outcome)

    assert told == expected


@pytest.mark.django_db
def test_nothing_is_told_once_the_lease_has_passed_to_another(told):
    message = MessageFactory(held_by_a_worker=True)
    Message.objects.update(lease="00000000-0000-4000-8000-000000000000")

    assert worker.record(message, Outcome(State.SENT)) is False
    assert told == []


@pytest.mark.django_db
def test_other_kinds_tell_nobody(told):
    worker.record(MessageFactory(held_by_a_worker=True, kind="dated"), Outcome(State.SENT))

    assert told == []


@pytest.mark.django_db(transaction=True)
def test_what_fails_afterwards_is_undone_and_the_record_stays(monkeypatch, caplog):
    def fail(message):
        Heartbeat.objects.create(worker="written by the hook", seen_at=database_now())
        raise smtplib.SMTPDataError(554, b"walter@example.org")

    monkeypatch.setitem(services.AFTER, "plain", fail)
    message = MessageFactory()
    runner = Worker()

    runner.run_once()

    message.refresh_from_db()
    assert (message.state, len(mail.outbox)) == (State.SENT, 1)
    assert [beat.worker for beat in Heartbeat.objects.all()] == [runner.name]
    assert f"message {message.pk} plain: after its end: SMTPDataError" in caplog.messages
    assert "walter" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_database_that_goes_away_afterwards_takes_the_record_with_it_and_both_come_again(monkeypatch):
    calls = []

    def break_once(message):
        calls.append(message.state)
        if len(calls) == 1:
            connection.connection.close()  # below Django, as when the server is restarted

    monkeypatch.setattr(worker, "IDLE_SECONDS", 0)
    monkeypatch.setitem(services.AFTER, "plain", break_once)
    message = MessageFactory()

    Worker().run_once()

    message.refresh_from_db()
    assert (message.state, calls, len(mail.outbox)) == (State.SENT, [State.SENT, State.SENT], 1)
