"""P30: no state changes on GET, foreign origins are refused, nobody is led away from our host."""

from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.test import Client

from appointments.models import ReadEvent
from tests.attacks.conftest import PASSWORD

RECORDED_BY_DESIGN = {ReadEvent}  # who opened a request is written down


def everything():
    """Every row of every table, except sessions and what is recorded by design."""
    models = [model for model in apps.get_models() if model not in RECORDED_BY_DESIGN]
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values_list())
        for model in models
        if model._meta.label != "sessions.Session"
    }


def test_no_address_changes_anything_on_get(addresses, owner, visitor):
    visitor.force_login(owner)
    before = everything()

    statuses = {address: visitor.get(address).status_code for address in addresses}

    assert everything() == before
    assert {address: status for address, status in statuses.items() if status >= 500 and address != "/readyz"} == {}
    assert visitor.get("/admin/").status_code == 200  # not even the sign-in is gone


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://testserver.evil.example"])
def test_no_address_takes_a_post_from_a_foreign_origin(addresses, owner, origin):
    browser = Client(raise_request_exception=False, enforce_csrf_checks=True)
    browser.force_login(owner)
    browser.cookies["csrftoken"] = "a" * 32
    before = everything()

    statuses = {
        address: browser.post(address, {"csrfmiddlewaretoken": "a" * 32}, headers={"origin": origin}).status_code
        for address in addresses
    }

    # Where nothing can be sent from any origin, the answer says so.
    assert {status for address, status in statuses.items() if address.startswith("/fhir/")} == {405}
    assert {status for address, status in statuses.items() if not address.startswith("/fhir/")} == {403}
    assert everything() == before


def test_the_same_post_from_our_own_page_is_taken(db):  # the control
    browser = Client(enforce_csrf_checks=True)
    browser.cookies["csrftoken"] = "a" * 32
    data = {"csrfmiddlewaretoken": "a" * 32}

    assert browser.post("/appointments/request/", data, headers={"origin": "http://testserver"}).status_code == 303


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "http:///evil.example/",
    "https:evil.example",
    "javascript:alert(1)",
    "%2F%2Fevil.example",
    "/%09/evil.example",
    "/admin/\r\nLocation: https://evil.example/",
]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_signing_in_leads_to_our_own_pages_only(owner, client, target):
    response = client.post(
        "/admin/login/", {"username": "owner", "password": PASSWORD, "next": target}, query_params={"next": target}
    )

    assert response.status_code == 302
    assert "\n" not in response["Location"]
    assert leads_to(response["Location"]) == "testserver"


def leads_to(location):
    """The host that a browser would go to; it takes backslashes for slashes and drops tabs."""
    parts = urlsplit(location.replace("\\", "/").replace("\t", ""))
    return parts.netloc or ("testserver" if parts.scheme in ("", "http") else parts.scheme)


LEADING_AWAY = [
    "//evil.example/about",
    "///evil.example",
    "/es//evil.example",
    "/\\evil.example/about",
    "/blog//evil.example",
    "/blog/evil.example",
    "/admin//evil.example",
    "/%2F%2Fevil.example/about",
    "/about?next=//evil.example",
]


def test_no_address_leads_away(site, visitor):
    hosts = {path: leads_to(visitor.get(path).get("Location", "/")) for path in LEADING_AWAY}

    assert hosts == dict.fromkeys(LEADING_AWAY, "testserver")
