"""Chromium as Debian ships it: without it these tests are skipped, or fail where APOLLO_REQUIRE_BROWSER=1."""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.management import call_command
from django.db import connection
from pytest_django.live_server_helper import LiveServer

from tests.factories import LocationFactory, PracticeFactory, RoutingRuleFactory, UserFactory

SHOTS = os.environ.get("APOLLO_SHOTS")
CHROMIUM = Path("/usr/bin/chromium")
PASSWORD = "a-long-password-for-tests"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {
    "phone": {"width": 360, "height": 740},
    "narrow": {"width": 320, "height": 568},
    "desk": {"width": 1280, "height": 900},
}


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    if not CHROMIUM.exists():
        message = "Chromium is not installed: apt-get install chromium"
        if os.environ.get("APOLLO_REQUIRE_BROWSER") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return browser_type_launch_args | {"executable_path": str(CHROMIUM), "args": FLAGS}


@pytest.fixture(scope="session")
def server(django_db_setup):
    """The address of a running site. Unlike pytest-django's `live_server` it empties no table after a test."""
    running = LiveServer("localhost")
    running.thread.httpd.daemon_threads = False  # it ends when its answers have, and with them their connections
    yield running.url
    running.stop()


@pytest.fixture(scope="session")
def browser(server, browser):
    """Closed before the server is: what a browser holds open would hold the database too."""
    return browser


@pytest.fixture
def site(transactional_db, server):
    """The address of a running site with its starter content."""
    call_command("seed", verbosity=0)
    return server


@pytest.fixture(scope="module")
def library(server, django_db_blocker):
    """As `site`, loaded once for all tests of a file: for those that only read."""
    with django_db_blocker.unblock():
        call_command("seed", verbosity=0)
        yield server
        call_command("flush", interactive=False, verbosity=0)
        # Playwright's loop has a connection of its own, which nobody else would close.
        connection.close()


@pytest.fixture
def bare_site(transactional_db, server):
    """The address of a running site with a practice and somebody at the desk, but without articles."""
    PracticeFactory()
    LocationFactory(hours=True)
    RoutingRuleFactory(everyone=True).staff.add(UserFactory())
    return server


@pytest.fixture
def visitor(context, page):
    """A page that fails the test for whatever the browser complains about: scripts, styles, missing files."""
    complaints = []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert complaints == []


@pytest.fixture
def scheduler():
    user = UserFactory(username="dana", group="scheduler")
    user.set_password(PASSWORD)
    user.save()
    return user


def axe_finds_nothing(page):
    """Asserts that axe sees no violation on the page as it stands."""
    # Without "preload" axe does not fetch the sheets once more, to look for their imports beside the page. What is in
    # order is not written up, which halves its time.
    options = {"preload": False, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    assert [(rule["id"], [node["html"][:160] for node in rule["nodes"]]) for rule in found] == [], page.url


def fits_its_width(page):
    """Asserts that nobody has to scroll sideways."""
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], page.url


def look_through(page, addresses, *, size, scheme):
    """Axe and the width on each of `addresses`, in one size and theme."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(SIZES[size])
    for address in addresses:
        page.goto(address)
        axe_finds_nothing(page)
        fits_its_width(page)


def look_at(page, name):
    """Axe and the width on the smallest screen and at a desk; `APOLLO_SHOTS` names a folder for pictures."""
    for size in ("narrow", "desk", *(["phone"] if SHOTS else [])):
        page.set_viewport_size(SIZES[size])
        axe_finds_nothing(page)
        fits_its_width(page)
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"{name}-{size}.png", full_page=True)
