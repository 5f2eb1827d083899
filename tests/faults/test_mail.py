"""What the outbox promises when something breaks: a real mail server, real processes, real kills."""

import random
import signal
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F

from outbox.clock import database_now
from outbox.models import Message
from outbox.services import enqueue
from outbox.worker import Worker
from tests.factories import AppointmentRequestFactory
from tests.mail import Sink, end, start_worker, use, wait_until, worker_process
from tests.outbox.conftest import own_templates  # noqa: F401 - used by every test here
from tests.outbox.factories import MessageFactory

pytestmark = pytest.mark.django_db(transaction=True)
State = Message.State


def states():
    return Counter(Message.objects.values_list("state", flat=True))


def pass_time(**time_that_passes):
    """Due times and leases move into the past, instead of a test that waits."""
    passed = timedelta(**time_that_passes)
    Message.objects.update(next_attempt_at=F("next_attempt_at") - passed)
    Message.objects.filter(state=State.SENDING).update(leased_until=F("leased_until") - passed)


def receive():
    """A request with its message, as the site stores it."""
    with transaction.atomic():
        appointment_request = AppointmentRequestFactory()
        enqueue("plain", to="desk@example.org", dedupe_key=f"{appointment_request.public_id}:notice")


# P11


def test_a_slow_talk_delays_no_write():  # P11
    MessageFactory()

    with Sink(seconds=6).on() as sink, worker_process(sink.port):
        wait_until(sink.talking.is_set)
        seconds = []
        for _ in range(10):
            started = time.monotonic()
            receive()
            seconds.append(time.monotonic() - started)
        still_talking = states()[State.SENDING] == 1 and not sink.mails

    assert still_talking
    assert max(seconds) < 1


# P12


def test_the_message_of_a_killed_worker_is_taken_by_the_next_one_when_its_lease_ends(settings):  # P12
    message = MessageFactory()
    slow = Sink(seconds=60)
    with slow.on(), worker_process(slow.port) as worker:
        wait_until(slow.talking.is_set)
        end(worker)

    with Sink().on() as sink:
        use(settings, sink.port)
        Worker().run_once()
        assert (sink.recipients, states()) == ([], {State.SENDING: 1})

        pass_time(seconds=60)
        Worker().run_once()
        assert (sink.recipients, states()) == ([message.to], {State.SENT: 1})


# P13


def test_after_two_hours_without_a_mail_server_all_leave_once_and_the_oldest_first(settings, client):  # P13
    sink = Sink()
    use(settings, sink.port)
    now = database_now()
    minutes = list(range(1, 21))
    random.shuffle(minutes)
    for minute in minutes:
        MessageFactory(to=f"due-{minute:02}@example.org", next_attempt_at=now - timedelta(minutes=minute))

    while Message.objects.filter(attempts__lt=4).exists():  # tried after 0, 1, 6 and 21 minutes
        Worker().run_once()
        assert set(states()) == {State.FAILED_TEMPORARY}
        assert client.get("/healthz").status_code == 200
        pass_time(hours=2)
    with sink.on():
        Worker().run_once()

    assert states() == {State.SENT: 20}
    assert sink.recipients == [f"due-{minute:02}@example.org" for minute in range(20, 0, -1)]


# P14

MESSAGES, WORKERS, KILLS = 60, 3, 8


def test_kills_lose_nothing_and_double_only_what_was_in_hand(settings):  # P14
    chance = random.Random(14)
    MessageFactory.create_batch(MESSAGES)

    with Sink(seconds=0.3).on() as sink:
        workers = [start_worker(sink.port) for _ in range(WORKERS)]
        try:
            wait_until(sink.talking.is_set)
            for _ in range(KILLS):
                time.sleep(chance.uniform(0.5, 1))
                end(workers.pop(0))
                workers.append(start_worker(sink.port))
        finally:
            for worker in workers:
                end(worker, signal.SIGTERM)
        in_hand = states()[State.SENDING]
        pass_time(seconds=60)
        sink.seconds = 0
        use(settings, sink.port)
        Worker().run_once()

    copies = Counter(sink.recipients)
    doubled = len(sink.recipients) - MESSAGES
    assert states() == {State.SENT: MESSAGES}
    assert len(copies) == MESSAGES
    assert 1 <= in_hand <= KILLS  # the kills did hit somebody who was sending
    assert doubled <= in_hand
    assert len(set(zip(sink.recipients, sink.message_ids, strict=True))) == MESSAGES


# P15


def test_bad_messages_hold_up_no_good_one(settings):  # P15
    bad = {
        "gone@example.org": (State.FAILED_PERMANENT, "SMTPRecipientsRefused 550"),
        "later@example.org": (State.FAILED_TEMPORARY, "SMTPRecipientsRefused 451"),
        "hang@example.org": (State.FAILED_TEMPORARY, "SMTPServerDisconnected"),
    }
    for to in bad:
        MessageFactory(to=to)
    broken = MessageFactory(kind="broken")
    good = MessageFactory.create_batch(10)

    with Sink().on() as sink:
        use(settings, sink.port, timeout=0.5)
        started = time.monotonic()
        Worker().run_once()
        seconds = time.monotonic() - started

    assert sink.recipients == [message.to for message in good]
    assert states()[State.SENT] == 10
    ends = {message.to: (message.state, message.last_error) for message in Message.objects.exclude(state=State.SENT)}
    assert ends == bad | {broken.to: (State.NEEDS_HUMAN, "TemplateSyntaxError")}
    assert seconds < 5


def test_no_step_of_a_talk_is_longer_than_ten_seconds(settings):  # P15
    assert settings.EMAIL_TIMEOUT == 10
