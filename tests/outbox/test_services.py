import uuid
from datetime import timedelta

import pytest

from outbox import services
from outbox.clock import database_now
from outbox.models import Heartbeat, Message
from tests.factories import UserFactory
from tests.outbox.factories import MessageFactory

pytestmark = pytest.mark.django_db
State = Message.State


def beat(**ago):
    Heartbeat.objects.create(worker=str(ago), seen_at=database_now() - timedelta(**ago))


def test_enqueue_makes_one_message_per_key():
    first = services.enqueue("plain", to="walter@example.org", dedupe_key="x")
    second = services.enqueue("plain", to="rosa@example.org", dedupe_key="x")

    assert first == second
    assert [message.to for message in Message.objects.all()] == ["walter@example.org"]


@pytest.mark.parametrize("state", State)
def test_release_takes_only_what_has_failed(state):
    given = {"held_by_a_worker": True} if state == State.SENDING else {"state": state}
    message = MessageFactory(**given | {"attempts": 10, "last_error": "TimeoutError"})
    may = state in {State.FAILED_TEMPORARY, State.FAILED_PERMANENT, State.NEEDS_HUMAN}

    try:
        services.release(message, by=UserFactory())
        released = True
    except services.NotReleasable:
        released = False

    message.refresh_from_db()
    assert released is may
    assert (message.state, message.attempts) == ((State.QUEUED, 0) if may else (state, 10))


def test_what_was_restored_is_released_unless_it_was_withdrawn_or_its_address_was_wrong():
    wanted, withdrawn, misdirected, released_before = MessageFactory.create_batch(
        4, state=State.HELD, last_error=Message.RESTORED
    )
    services.withdraw(withdrawn.dedupe_key)
    services.release(released_before, by=UserFactory())
    for message in (misdirected, released_before):
        services.hold(about=message.about, to=message.to)

    services.release(wanted, by=UserFactory())

    assert Message.objects.due(database_now()).get() == wanted
    for message in (withdrawn, misdirected, released_before):
        with pytest.raises(services.NotReleasable):
            services.release(message, by=UserFactory())


def test_released_messages_are_due_at_once():
    message = MessageFactory(state=State.NEEDS_HUMAN, later=True)

    services.release(message, by=UserFactory())

    assert Message.objects.due(database_now()).get() == message


def test_no_worker_has_ever_lived():
    assert (services.worker_seen_at(), services.worker_is_alive()) == (None, False)


def test_the_last_worker_to_be_seen_counts():
    beat(minutes=10)
    beat(seconds=100)

    assert services.worker_is_alive() is True
    assert timedelta(seconds=95) < database_now() - services.worker_seen_at() < timedelta(seconds=120)


def test_a_worker_silent_for_two_minutes_is_not_alive():
    beat(seconds=121)

    assert services.worker_is_alive() is False


def test_a_message_is_overdue_since_it_was_due_and_not_while_it_waits():
    MessageFactory(later=True, state=State.FAILED_TEMPORARY)
    MessageFactory(held_by_a_worker=True)
    assert services.oldest_due_age() is None

    MessageFactory(next_attempt_at=database_now() - timedelta(minutes=20))
    assert timedelta(minutes=19) < services.oldest_due_age() < timedelta(minutes=21)


def test_an_abandoned_message_is_due():
    MessageFactory(abandoned=True)

    assert services.oldest_due_age() > timedelta(seconds=50)


def test_hold_keeps_back_what_has_not_left_for_that_address_and_no_other():
    waiting = [MessageFactory(to="wrong@example.org", state=state) for state in (State.QUEUED, State.NEEDS_HUMAN)]
    sent = MessageFactory(to="wrong@example.org", state=State.SENT)
    others = [MessageFactory(), MessageFactory(to="wrong@example.org", about="APM-2222-222N")]

    held = services.hold(about="APM-2345-6789", to="wrong@example.org")

    assert held == 2
    assert set(Message.objects.filter(state=State.HELD)) == set(waiting)
    assert set(Message.objects.exclude(state=State.HELD)) == {sent, *others}


@pytest.mark.parametrize("state", State)
def test_withdraw_takes_only_what_nobody_has_tried(state):
    lease = {"lease": uuid.uuid4(), "leased_until": database_now()} if state == State.SENDING else {}
    message = MessageFactory(state=state, secrets={"path": "/r/x"}, **lease)

    done = services.withdraw(message.dedupe_key)

    message.refresh_from_db()
    assert done == (state in (State.QUEUED, State.HELD))
    assert message.state == (State.HELD if done else state)
    assert message.secrets == ({} if state == State.QUEUED else {"path": "/r/x"})


def test_withdraw_of_what_was_never_written_is_done():
    assert services.withdraw("nothing")


def test_a_message_that_waits_is_not_due():
    message = services.enqueue("note", to="walter@example.org", dedupe_key="waits", wait_seconds=60)

    assert list(Message.objects.due(database_now())) == []
    assert list(Message.objects.due(database_now() + timedelta(seconds=61))) == [message]
