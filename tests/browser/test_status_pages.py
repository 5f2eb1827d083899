"""From a link in a mail to the patient's page and back, in a browser, without a script."""

import datetime

import pytest
from django.utils import timezone

from appointments.models import AccessLink, AccessSession
from appointments.reference import new_reference
from tests.appointments.access_steps import mailed_code, request_with_link, wrong_code
from tests.browser.conftest import look_at

PREFIXES = {"en": "", "es": "/es"}
SEND_CODE, SEND_LINK = "[name=send-code]", "[name=send-link]"
ENTER = "form:has([name=code]) button"
SHOW = "form:has([name=typed_reference]) button"
END = "form[action$='/end/'] button"


@pytest.fixture
def site(bare_site):
    return bare_site


def press(page, selector):
    page.locator(f"main {selector}").click()
    page.wait_for_load_state()  # a page that is still arriving cannot be loaded again


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("en", "dark"), ("es", "light")])
def test_link_code_page_and_end(visitor, site, language, scheme):
    visitor.emulate_media(color_scheme=scheme)
    _, link = request_with_link(language=language)
    kind = f"{language}-{scheme}"

    visitor.goto(site + link)
    look_at(visitor, f"gate-{kind}")
    press(visitor, SEND_CODE)
    look_at(visitor, f"code-{kind}")
    visitor.locator("[name=code]").fill(wrong_code())
    press(visitor, ENTER)
    look_at(visitor, f"wrong-{kind}")
    press(visitor, SEND_CODE)
    look_at(visitor, f"too-soon-{kind}")
    visitor.locator("[name=code]").fill(mailed_code())
    press(visitor, ENTER)
    home = f"{site}{PREFIXES[language]}/appointments/status/{AccessSession.objects.get().public_id}/"
    assert visitor.url == home
    AccessSession.objects.update(expires_at=timezone.now())
    visitor.reload()
    look_at(visitor, f"over-{kind}")
    AccessSession.objects.update(expires_at=timezone.now() + datetime.timedelta(minutes=5))
    visitor.goto(home)
    press(visitor, END)
    look_at(visitor, f"ended-{kind}")


def test_no_request_carries_the_token_but_those_to_its_own_address(page, site):  # P26
    _, link = request_with_link()
    sent = []
    page.on("request", lambda request: sent.append((request.url, request.all_headers().get("referer"))))

    page.goto(site + link)
    press(page, SEND_CODE)
    page.locator("[name=code]").fill(mailed_code())
    press(page, ENTER)
    page.goto(site + link)
    page.get_by_role("contentinfo").get_by_role("link").first.click()

    token = link.rpartition("/")[2]
    assert {url for url, _ in sent if token in url} == {site + link}
    assert {referer for _, referer in sent if referer and token in referer} == set()
    assert f"{site}/" in {referer for _, referer in sent}


@pytest.mark.parametrize("language", PREFIXES)
def test_a_link_that_has_ended(page, site, language):
    _, link = request_with_link(language=language)
    AccessLink.objects.update(expires_at=timezone.now())

    page.goto(site + link)
    look_at(page, f"expired-{language}")
    press(page, SEND_LINK)
    look_at(page, f"new-link-{language}")


@pytest.mark.parametrize("language", PREFIXES)
def test_looking_up(page, site, language):
    appointment_request, _ = request_with_link()
    address = f"{site}{PREFIXES[language]}/appointments/status/"

    page.goto(address)
    look_at(page, f"look-up-{language}")
    press(page, SHOW)
    look_at(page, f"look-up-errors-{language}")
    page.locator("[name=typed_reference]").fill(new_reference())
    for part, text in (("month", "3"), ("day", "4"), ("year", "1950")):
        page.locator(f"[name=date_of_birth_{part}]").fill(text)
    press(page, SHOW)
    look_at(page, f"look-up-none-{language}")
    page.locator("[name=typed_reference]").fill(appointment_request.reference.lower())
    press(page, SHOW)
    look_at(page, f"look-up-found-{language}")
    assert page.url == address
