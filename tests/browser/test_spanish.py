"""A request in Spanish, in a browser: by keyboard alone, without a script, with mistakes, on the narrowest screen."""

import pytest

from appointments.models import AppointmentRequest
from tests.browser.conftest import SIZES, axe_finds_nothing, fits_its_width

START = "/es/appointments/request/"
ANSWERS = {
    "you": {
        "first_name": "Núria Inés",
        "last_name": "O'Farrill y Muñoz",
        "date_of_birth_month": "3",
        "date_of_birth_day": "14",
        "date_of_birth_year": "1948",
        "zip_code": "33573",
    },
    "reach": {"phone": "813-555-0142", "email": "nuria@example.org"},
    "visit": {"reason": "Me duele la espalda cuando estoy de pie."},
}


@pytest.fixture
def site(bare_site):
    return bare_site


def looks_right(page):
    axe_finds_nothing(page)
    fits_its_width(page)
    assert page.locator("html").get_attribute("lang") == "es"
    assert "/es/" in page.url


@pytest.mark.parametrize("size", [SIZES["narrow"], {"width": 320, "height": 256}], ids=["narrow", "zoomed"])
def test_a_request_with_every_mistake_made_first(browser, site, size):
    context = browser.new_context(viewport=size)  # axe is a script, so this one has scripts; the next has none
    page = context.new_page()
    page.goto(site + START)
    looks_right(page)
    page.locator("main form button.press").last.click()

    for step in ("urgent", "you", "reach", "visit", "referrer"):
        page.wait_for_url(f"**/{step}/")
        looks_right(page)
        if step in ANSWERS:
            page.locator("main form:has(.actions) button.press").first.click()
            page.get_by_role("alert").wait_for()
            assert page.title().startswith("Error:")
            looks_right(page)
        for name, text in ANSWERS.get(step, {}).items():
            page.locator(f"[name={name}]").fill(text)
        page.locator("main form:has(.actions) button.press").first.click()

    page.wait_for_url("**/check/")
    looks_right(page)
    page.locator("main form:has(.actions) button.press").first.click()
    page.wait_for_url("**/sent/")
    looks_right(page)
    received = AppointmentRequest.objects.get()
    assert (received.language, received.first_name, received.last_name) == ("es", "Núria Inés", "O'Farrill y Muñoz")


def test_the_language_stays_without_scripts_and_after_coming_back(browser, site):
    context = browser.new_context(java_script_enabled=False, viewport=SIZES["narrow"])
    page = context.new_page()
    page.goto(site + START)
    page.locator("main form button.press").last.click()
    page.locator("main form:has(.actions) button.press").first.click()
    page.wait_for_url("**/you/")
    page.locator("[name=first_name]").fill("Núria")
    page.locator("main form:has(.actions) button.press").first.click()
    assert page.locator("[name=first_name]").input_value() == "Núria"
    page.close()

    again = context.new_page()
    again.goto(site + START)
    again.locator("main .ask .actions a.press").click()

    assert "/es/appointments/request/" in again.url
    assert again.url.endswith("/you/")
    assert again.locator("html").get_attribute("lang") == "es"
    assert again.locator("[name=first_name]").input_value() == "Núria"


def test_by_keyboard_alone(page, site):
    page.goto(site + START)

    def tab_to(selector):
        for _ in range(120):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"{selector} is not reached by Tab")

    tab_to("main form button.press")
    page.keyboard.press("Enter")
    for step in ("urgent", "you", "reach", "visit", "referrer", "check"):
        page.wait_for_url(f"**/{step}/")
        for name, text in ANSWERS.get(step, {}).items():
            tab_to(f"[name={name}]")
            page.keyboard.type(text)
        tab_to("main .actions button.press")
        page.keyboard.press("Enter")

    page.wait_for_url("**/sent/")
    assert AppointmentRequest.objects.get().language == "es"
