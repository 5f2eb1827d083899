"""Short ways from a link to a patient's page, for tests."""

import re

from appointments.services import access
from outbox.models import Message
from outbox.render import render
from tests.factories import AppointmentRequestFactory


def request_with_link(**values):
    """(request, path of a link to its page)."""
    appointment_request = AppointmentRequestFactory(**{"email": "walter@example.org"} | values)
    return appointment_request, access.new_link(appointment_request)


def row_of(link):
    return access.find_link(link.rpartition("/")[2])


def mailed_code(kind="access-code"):
    """The code of the newest mail, as it stands there."""
    message = Message.objects.filter(kind=kind).order_by("-pk").first()
    return re.search(r"^\d{4} \d{4}$", render(message).body, re.MULTILINE)[0]


def wrong_code():
    return f"{(int(mailed_code().replace(' ', '')) + 1) % 10**8:08}"


def ask(client, link):
    return client.post(link, {"send-code": "1"})


def enter(client, link, code=None):
    """Enter `code`, the one of the newest mail by default; the answer."""
    return client.post(link, {"code": code or mailed_code()})


def open_page(client, link):
    """The address of the page, opened by a code."""
    ask(client, link)
    return enter(client, link)["Location"]
