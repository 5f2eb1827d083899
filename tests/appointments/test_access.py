"""From the link in a mail to the patient's page: the gate, the code, the half hour, and its end."""

import re

import pytest

from appointments.models import AccessLink, AccessSession, ReadEvent
from appointments.services import access, tell
from outbox.models import Message
from outbox.render import render
from tests.factories import AppointmentRequestFactory


@pytest.fixture
def appointment_request(practice):
    return AppointmentRequestFactory(email="walter@example.org")


@pytest.fixture
def link(appointment_request):
    """The path of a link."""
    return access.new_link(appointment_request)


def mailed_code():
    """The code of the newest mail, as it stands there."""
    message = Message.objects.filter(kind="access-code").first()
    return re.search(r"^\d{4} \d{4}$", render(message).body, re.MULTILINE)[0]


def enter(client, link):
    """Ask for a code, enter it; the answer."""
    client.post(link, {"send-code": "1"})
    return client.post(link, {"code": mailed_code()})


def test_a_link_names_its_language_and_stands_nowhere(appointment_request):
    appointment_request.language = "es"

    path = access.new_link(appointment_request)

    assert re.fullmatch(r"/es/r/[\w-]{43}", path)
    token = path.rpartition("/")[2]
    row = AccessLink.objects.get()
    assert token not in str(vars(row))
    assert access.find_link(token) == row


def test_a_patient_gets_one_link_however_often_they_are_told(appointment_request):
    for _ in range(2):
        assert tell.to_patient(appointment_request, "access-link", dedupe_key="once")

    message = Message.objects.get()
    assert (AccessLink.objects.count(), message.secrets["path"][:3]) == (1, "/r/")


def test_nobody_is_told_without_an_address(practice):
    appointment_request = AppointmentRequestFactory()

    assert not tell.to_patient(appointment_request, "access-link", dedupe_key="once")
    assert (Message.objects.count(), AccessLink.objects.count()) == (0, 0)


def test_the_right_code_opens_the_page_at_an_address_without_token(client, link):
    answer = enter(client, link)

    session = AccessSession.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/appointments/status/{session.public_id}/")
    assert client.get(answer["Location"]).status_code == 200
    assert list(ReadEvent.objects.values_list("by", flat=True)) == [None]
