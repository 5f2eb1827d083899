"""What was acknowledged exists, whenever the process is killed; what was not is whole or absent (P3)."""

import contextlib
import os
import random
import signal
import time
from urllib.parse import urlsplit

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from appointments.models import AppointmentRequest, StatusEvent
from appointments.services import request as requests
from appointments.services import spam
from appointments.steps import fingerprint
from outbox.models import Message
from tests.answers import filled_draft
from tests.factories import LocationFactory, PracticeFactory, RoutingRuleFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 30
LONGEST_SECONDS = 0.3


@pytest.fixture(autouse=True)
def desk():
    PracticeFactory()
    LocationFactory(hours=True)
    RoutingRuleFactory(everyone=True).staff.add(UserFactory())


def send_in_a_child(draft, secret):
    """A process of its own that presses "Send request"; its pid, and the pipe on which it says what it was told."""
    reading, writing = os.pipe()
    connections.close_all()  # nothing open may be shared with the child
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    with contextlib.suppress(BaseException):
        # Behind the browser tests the parent has an event loop, which a child has not: Django looks for connections
        # elsewhere then, and finds one that was opened before. It belongs to the parent.
        for connection in connections.all(initialized_only=True):
            del connections[connection.alias]
        values = {"draft_secret": secret, "seen": fingerprint(draft)}
        answer = Client().post(f"/appointments/request/{draft.public_id}/check/", values)
        os.write(writing, answer.headers.get("Location", "").encode())
    os._exit(0)


def told(pid, reading):
    """What the child was told before its end; "" if it was killed before. Any other end is a fault of the test."""
    _, status = os.waitpid(pid, 0)
    with os.fdopen(reading) as pipe:
        answer = pipe.read()
    assert answer or os.WTERMSIG(status) == signal.SIGKILL
    return answer


def parts_of(draft):
    """How many requests, events and messages this draft has led to."""
    key = draft.public_id
    found = AppointmentRequest.objects.filter(idempotency_key=key)
    references = list(found.values_list("reference", flat=True))
    events = StatusEvent.objects.filter(appointment_request__idempotency_key=key).count()
    return len(references), events, Message.objects.filter(about__in=references).count()


WHOLE, ABSENT = (1, 1, 2), (0, 0, 0)


def test_a_process_killed_at_any_moment_leaves_a_request_whole_or_absent(monkeypatch):
    monkeypatch.setattr(spam, "SENT_PER_HOUR", ROUNDS)  # this flood is not the point here
    monkeypatch.setattr(spam, "SAME_MAILBOX_PER_DAY", ROUNDS)
    for _ in range(ROUNDS):
        draft, secret = filled_draft()
        pid, reading = send_in_a_child(draft, secret)
        time.sleep(random.uniform(0, LONGEST_SECONDS))
        os.kill(pid, signal.SIGKILL)
        location = told(pid, reading)

        parts = parts_of(draft)
        assert parts in (WHOLE, ABSENT)
        if location:
            assert (urlsplit(location).path.endswith("/sent/"), parts) == (True, WHOLE)

        assert told(*send_in_a_child(draft, secret)).endswith("/sent/")
        assert parts_of(draft) == WHOLE


@pytest.mark.parametrize(("is_guarded", "left"), [(True, ABSENT), (False, (1, 1, 0))])
def test_a_process_killed_between_request_and_messages(monkeypatch, is_guarded, left):
    """The worst moment, and the negative control: without the transaction a request is left that nobody is told of."""
    monkeypatch.setattr(requests.tell, "of_new_request", lambda *args: os.kill(os.getpid(), signal.SIGKILL))
    if not is_guarded:
        reverse("appointments:start")  # what wears it as a decorator is read before it is gone
        monkeypatch.setattr(requests.transaction, "atomic", lambda **options: contextlib.nullcontext())
        monkeypatch.setattr(requests.referrals, "begin", lambda *args: None)  # which holds rows, in a transaction only
    draft, secret = filled_draft()

    location = told(*send_in_a_child(draft, secret))

    assert (location, parts_of(draft)) == ("", left)
