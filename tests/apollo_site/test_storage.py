"""The style sheets as a visitor gets them: one file for each page, hashed, compressed, kept for ever."""

import re

import pytest
from django.test import Client, override_settings


@pytest.fixture(params=[False, True], ids=["production", "debug"])
def visitor(request, as_deployed, db):
    with override_settings(DEBUG=request.param, **as_deployed):
        yield Client()


def fetch(visitor, address, encoding="identity"):
    response = visitor.get(address, headers={"accept-encoding": encoding})
    body = b"".join(response) if response.streaming else response.content
    response.close()
    return response, body


@pytest.mark.parametrize("path", ["/urgent/", "/appointments/request/", "/admin/login/"])
def test_every_address_of_a_static_file_in_a_page_is_served(visitor, path):
    _, html = fetch(visitor, path)
    addresses = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', html.decode()))

    assert addresses
    assert {address: fetch(visitor, address)[0].status_code for address in addresses} == dict.fromkeys(addresses, 200)


def test_a_screen_waits_for_one_sheet_that_needs_no_other(visitor, settings):
    _, html = fetch(visitor, "/notices/")
    [address] = re.findall(r'<link rel="stylesheet" href="([^"]+)">', html.decode())
    if settings.DEBUG:
        assert address == "/static/css/apollo.css"  # the sources themselves, so that a change shows at once
        return

    response, sheet = fetch(visitor, address, "br")
    plain = fetch(visitor, address)[1].decode()
    assert re.fullmatch(r"/static/css/apollo\.[0-9a-f]{12}\.css", address)
    assert (response["Content-Encoding"], response["Cache-Control"]) == ("br", "max-age=315360000, public, immutable")
    assert len(sheet) < len(plain) / 3
    assert ("@import" in plain, "@layer components" in plain) == (False, True)
