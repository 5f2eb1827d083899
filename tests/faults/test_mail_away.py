"""A form is received whatever the mail server does, and its mails leave once it is back (P13)."""

import socket
from contextlib import contextmanager

import pytest

from appointments.models import AppointmentRequest
from outbox.clock import database_now
from outbox.models import Message
from outbox.worker import Worker
from tests.answers import filled_draft
from tests.factories import RoutingRuleFactory, UserFactory
from tests.mail import Sink, free_port, use

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("practice")]


@contextmanager
def refusing(settings):
    use(settings, free_port())
    yield


@contextmanager
def hanging(settings):
    """It takes the call and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        use(settings, listener.getsockname()[1], timeout=0.2)
        yield


@contextmanager
def unset(settings):
    settings.EMAIL_BACKEND = "outbox.backends.UnsetBackend"
    yield


@pytest.mark.parametrize("broken", [refusing, hanging, unset])
def test_a_form_is_received_and_each_mail_leaves_once_when_the_server_is_back(client, settings, broken):
    RoutingRuleFactory(everyone=True).staff.add(UserFactory(email="desk@example.org"))
    draft, secret = filled_draft()

    with broken(settings):
        answer = client.post(f"/appointments/request/{draft.public_id}/check/", {"draft_secret": secret})
        Worker().run_once()

    assert answer.status_code == 303
    assert "We have your request" in client.get(answer["Location"]).content.decode()
    assert AppointmentRequest.objects.count() == 1
    assert list(Message.objects.values_list("state", "attempts")) == [("failed-temporary", 1)] * 2

    Message.objects.update(next_attempt_at=database_now())
    with Sink().on() as sink:
        use(settings, sink.port)
        Worker().run_once()
        Worker().run_once()

    assert sorted(sink.recipients) == ["desk@example.org", "walter@example.org"]
    assert set(Message.objects.values_list("state", flat=True)) == {"sent"}
