"""Whether mail works at all, in one query."""

import datetime

import pytest

from outbox.models import Message
from outbox.services import failing_since
from tests.outbox.factories import MessageFactory

pytestmark = pytest.mark.django_db
NOON = datetime.datetime(2026, 11, 18, 17, tzinfo=datetime.UTC)
MINUTE = datetime.timedelta(minutes=1)


@pytest.fixture
def minutes_ago(time_machine):
    """A message made some minutes before noon; then it is noon."""

    def make(minutes, **values):
        time_machine.move_to(NOON - minutes * MINUTE, tick=False)
        message = MessageFactory(**values)
        time_machine.move_to(NOON, tick=False)
        return message

    time_machine.move_to(NOON, tick=False)
    return make


@pytest.mark.parametrize("state", ["queued", "failed-temporary"])
def test_mail_fails_once_a_message_has_waited_15_minutes(minutes_ago, django_assert_num_queries, state):
    message = minutes_ago(15, state=state)

    with django_assert_num_queries(1):
        assert failing_since() == message.created_at


def test_a_shorter_wait_is_no_failure(minutes_ago):
    minutes_ago(14)

    assert failing_since() is None


def test_mail_works_again_as_soon_as_one_message_has_left(minutes_ago):
    """What waits for its next try since the failure says nothing any more."""
    minutes_ago(240, state="failed-temporary", last_error="ConnectionRefusedError")
    minutes_ago(60, state="sent", sent_at=NOON - 60 * MINUTE)

    assert failing_since() is None


def test_what_fails_after_the_last_success_counts(minutes_ago):
    minutes_ago(240, state="failed-temporary")
    minutes_ago(60, state="sent", sent_at=NOON - 60 * MINUTE)
    newer = minutes_ago(30, state="failed-temporary", last_error="TimeoutError")

    assert failing_since() == newer.created_at


@pytest.mark.parametrize(
    "values",
    [
        {"state": "failed-temporary", "last_error": "SMTPRecipientsRefused 450"},  # only this address
        {"state": "failed-permanent"},
        {"state": "needs-human"},
        {"state": "held"},
        {"state": "sent", "sent_at": NOON},
    ],
)
def test_one_bad_address_and_what_nobody_tries_are_no_failure(minutes_ago, values):
    minutes_ago(60, **values)

    assert failing_since() is None


def test_every_state_is_waiting_stopped_or_gone():
    gone = {Message.State.SENT, Message.State.DELIVERED}

    assert {*Message.WAITING, *Message.STOPPED, *gone} == set(Message.State)
