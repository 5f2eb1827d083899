"""A page's HTML and CSS arrive in one network flight."""

import io
import re
import tomllib
from unittest.mock import patch

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.test import Client, override_settings

from procedures.anatomy import ArticleKind

FLIGHT = 14_480  # ten segments of 1,448 bytes: what a server may send before it hears back
LINK = re.compile(r'<link rel="stylesheet" href="([^"]+)">')

# What the web server adds to each answer.
HEAD = "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sat, 21 Nov 2026 12:00:00 GMT\r\nConnection: keep-alive\r\n\r\n"

pytestmark = pytest.mark.django_db

CONTENT = settings.BASE_DIR / "content"
FILES = [tomllib.loads(path.read_text()) for path in sorted(CONTENT.rglob("*.toml"))]
LIBRARY = [
    ("/" if data["language"] == "en" else f"/{data['language']}/") + f"{data['kind']}s/{data['slug']}/"
    for data in FILES
    if data.get("kind") in ArticleKind.values
]
ADDRESSES = ("/", "/urgent/", *LIBRARY)


@pytest.fixture(scope="module")
def answers(as_deployed, django_db_setup, django_db_blocker):
    """Address → what arrives for it and for each of its sheets, as (encoding, bytes on the wire).

    With static files as in production and all starter articles, loaded once for all addresses, and outside opening
    hours, when the pages say so.
    """
    production = override_settings(SECURE_HSTS_SECONDS=31_536_000, **as_deployed)
    closed = patch("practice.hours.Calendar.is_open", return_value=False)
    with production, closed, django_db_blocker.unblock(), transaction.atomic():
        call_command("seed", stdout=io.StringIO())
        site = Client(headers={"accept-encoding": "gzip, deflate, br"})
        found = {address: [fetch(site, address), *sheets(site, address)] for address in ADDRESSES}
        transaction.set_rollback(True)
    return found


def sheets(site, address):
    page = Client().get(address, secure=True).content.decode()
    return [fetch(site, sheet) for sheet in LINK.findall(page)]


def fetch(site, address):
    """(the encoding, the bytes on the wire with status line and headers) of an answer."""
    response = site.get(address, secure=True)
    headers = sum(len(f"{name}: {value}\r\n".encode()) for name, value in response.items())
    body = b"".join(response)
    return response["Content-Encoding"], len(HEAD) + headers + len(body)


@pytest.mark.parametrize("address", ADDRESSES)
def test_page_and_sheets_arrive_in_one_flight(answers, address):
    assert {encoding for encoding, _ in answers[address]} == {"br"}
    assert len(answers[address]) >= 2  # the page and the public sheet
    assert sum(size for _, size in answers[address]) <= FLIGHT, answers[address]
