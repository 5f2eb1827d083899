"""From a link in a mail to the patient's page and back, in a browser, without a script."""

import datetime
import os
from pathlib import Path

import pytest
from django.utils import timezone

from appointments.models import AccessLink, AccessSession
from appointments.reference import new_reference
from tests.appointments.access_steps import mailed_code, request_with_link, wrong_code
from tests.browser.conftest import SIZES, axe_finds_nothing, fits_its_width

SHOTS = os.environ.get("APOLLO_SHOTS")  # a folder, to look at the pages


def look_at(page, name):
    for size in ("phone", "narrow", "desk"):
        page.set_viewport_size(SIZES[size])
        axe_finds_nothing(page)
        fits_its_width(page)
        if SHOTS and size != "narrow":
            page.screenshot(path=Path(SHOTS) / f"{name}-{size}.png", full_page=True)


def press(page, name):
    page.get_by_role("main").get_by_role("button", name=name).click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_link_code_page_and_end(visitor, site, scheme):
    visitor.emulate_media(color_scheme=scheme)
    _, link = request_with_link()

    visitor.goto(site + link)
    look_at(visitor, f"gate-{scheme}")
    press(visitor, "Send me a code")
    look_at(visitor, f"code-{scheme}")
    visitor.get_by_label("Code from the e-mail").fill(wrong_code())
    press(visitor, "Open my page")
    look_at(visitor, f"wrong-{scheme}")
    press(visitor, "Send me a new code")
    look_at(visitor, f"too-soon-{scheme}")
    visitor.get_by_label("Code from the e-mail").fill(mailed_code())
    press(visitor, "Open my page")
    home = f"{site}/appointments/status/{AccessSession.objects.get().public_id}/"
    assert visitor.url == home
    AccessSession.objects.update(expires_at=timezone.now())
    visitor.reload()
    look_at(visitor, f"over-{scheme}")
    AccessSession.objects.update(expires_at=timezone.now() + datetime.timedelta(minutes=5))
    visitor.goto(home)
    press(visitor, "Finish and clear this screen")
    look_at(visitor, f"ended-{scheme}")


def test_no_request_carries_the_token_but_those_to_its_own_address(page, site):  # P26
    _, link = request_with_link()
    sent = []
    page.on("request", lambda request: sent.append((request.url, request.all_headers().get("referer"))))

    page.goto(site + link)
    press(page, "Send me a code")
    page.get_by_label("Code from the e-mail").fill(mailed_code())
    press(page, "Open my page")
    page.goto(site + link)
    page.get_by_role("contentinfo").get_by_role("link").first.click()

    token = link.rpartition("/")[2]
    assert {url for url, _ in sent if token in url} == {site + link}
    assert {referer for _, referer in sent if referer and token in referer} == set()
    assert f"{site}/" in {referer for _, referer in sent}


def test_a_link_that_has_ended(page, site):
    _, link = request_with_link()
    AccessLink.objects.update(expires_at=timezone.now())

    page.goto(site + link)
    look_at(page, "expired")
    press(page, "Send me a new link")
    look_at(page, "new-link")


def test_looking_up(page, site):
    appointment_request, _ = request_with_link()

    page.goto(site + "/appointments/status/")
    look_at(page, "look-up")
    press(page, "Show the status")
    look_at(page, "look-up-errors")
    page.get_by_label("Your reference").fill(new_reference())
    for label, text in (("Month", "3"), ("Day", "4"), ("Year", "1950")):
        page.get_by_label(label, exact=True).fill(text)
    press(page, "Show the status")
    look_at(page, "look-up-none")
    page.get_by_label("Your reference").fill(appointment_request.reference.lower())
    press(page, "Show the status")
    look_at(page, "look-up-found")
    assert page.url == site + "/appointments/status/"
