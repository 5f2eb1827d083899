"""The one-time code when the mail server is away or a worker dies: late, twice, but never wrong and never lost."""

import datetime
import re

import pytest
from django.utils import timezone

from appointments.models import AccessCode, AccessSession
from outbox.clock import database_now
from outbox.models import Message
from outbox.worker import Worker
from tests.appointments.access_steps import ask, enter, request_with_link
from tests.faults.test_mail import pass_time
from tests.mail import Sink, end, free_port, use, wait_until, worker_process

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("practice")]
CODE = re.compile(r"^\d{4} \d{4}\r?$", re.MULTILINE)


def codes_in(sink):
    return [CODE.search(mail.get_payload(decode=True).decode())[0] for _, mail in sink.mails]


def send(settings):
    with Sink().on() as sink:
        use(settings, sink.port)
        Worker().run_once()
    return codes_in(sink)


def test_a_code_leaves_once_when_the_mail_server_is_back(client, settings):
    _, link = request_with_link()
    use(settings, free_port())

    assert "We have sent you a code." in ask(client, link).content.decode()
    Worker().run_once()
    assert Message.objects.get().state == "failed-temporary"
    assert client.get(link).status_code == 200

    Message.objects.update(next_attempt_at=database_now())
    codes = send(settings)
    assert send(settings) == []
    assert enter(client, link, *codes).status_code == 303


def test_a_code_that_comes_too_late_says_so_and_a_new_one_opens(client, settings):
    _, link = request_with_link()
    ask(client, link)
    hour_ago = timezone.now() - datetime.timedelta(hours=1)
    AccessCode.objects.update(expires_at=hour_ago)
    Message.objects.update(created_at=hour_ago - datetime.timedelta(minutes=10))
    (late,) = send(settings)

    answer = enter(client, link, late)
    assert "This code is over." in answer.content.decode()

    ask(client, link)
    assert enter(client, link, *send(settings)).status_code == 303


def test_the_code_of_a_killed_worker_is_sent_again_and_works_once(client, settings):
    _, link = request_with_link()
    ask(client, link)
    slow = Sink(seconds=60)
    with slow.on(), worker_process(slow.port) as worker:
        wait_until(slow.talking.is_set)
        end(worker)
    pass_time(seconds=60)

    codes = send(settings)

    assert enter(client, link, *codes).status_code == 303
    assert "This code is over." in enter(client, link, *codes).content.decode()
    assert AccessSession.objects.count() == 1
    assert Message.objects.get().secrets == {}  # forgotten once it was sent


def test_a_code_and_its_mail_come_together_or_not_at_all(client, settings, monkeypatch):
    _, link = request_with_link()
    monkeypatch.setattr("appointments.services.access_mail.mail_patient", lambda *args, **named: 1 / 0)
    client.raise_request_exception = False

    assert ask(client, link).status_code == 500
    assert (AccessCode.objects.count(), Message.objects.count()) == (0, 0)


@pytest.mark.parametrize("step", ["read_events", "session"])
def test_a_code_is_not_used_up_by_an_error(client, settings, monkeypatch, step):
    _, link = request_with_link()
    ask(client, link)
    (code,) = send(settings)
    broken = {"read_events": "appointments.models.ReadEvent.save", "session": "appointments.models.AccessSession.save"}
    client.raise_request_exception = False
    with monkeypatch.context() as patched:
        patched.setattr(broken[step], lambda *args, **named: 1 / 0)
        assert enter(client, link, code).status_code == 500

    assert enter(client, link, code).status_code == 303
