"""A page's HTML and CSS arrive in one network flight."""

import io
import re

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client, override_settings

FLIGHT = 14_480  # ten segments of 1,448 bytes: what a server may send before it hears back
LINK = re.compile(r'<link rel="stylesheet" href="([^"]+)">')

# What the web server adds to each answer.
HEAD = "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sat, 21 Nov 2026 12:00:00 GMT\r\nConnection: keep-alive\r\n\r\n"

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """Settings with static files as in production: bundled, hashed, compressed. Once, since it takes half a minute."""
    storages = settings.STORAGES | {"staticfiles": {"BACKEND": "apollo_site.storage.BundledStorage"}}
    with override_settings(STATIC_ROOT=tmp_path_factory.mktemp("static"), STORAGES=storages):
        call_command("collectstatic", interactive=False, verbosity=0)
        yield


@pytest.fixture
def site(collected, settings):
    """A client with the starter articles, as a browser that takes brotli and speaks HTTPS."""
    settings.SECURE_HSTS_SECONDS = 31_536_000
    call_command("seed", stdout=io.StringIO())
    return Client(headers={"accept-encoding": "gzip, deflate, br"})


def fetch(site, address):
    """(the encoding, the bytes on the wire with status line and headers) of an answer."""
    response = site.get(address, secure=True)
    headers = sum(len(f"{name}: {value}\r\n".encode()) for name, value in response.items())
    body = b"".join(response)
    response.close()
    return response["Content-Encoding"], len(HEAD) + headers + len(body)


@pytest.mark.parametrize(
    "address",
    [
        "/procedures/mild/",
        "/conditions/lumbar-spinal-stenosis/",
        "/articles/opioid-pain-medicines/",
        "/",
        "/urgent/",
    ],
)
def test_page_and_sheet_arrive_in_one_flight(site, address):
    sheets = LINK.findall(Client().get(address).content.decode())
    answers = [fetch(site, one) for one in (address, *sheets)]

    assert {encoding for encoding, _ in answers} == {"br"}
    assert sum(size for _, size in answers) <= FLIGHT, answers
