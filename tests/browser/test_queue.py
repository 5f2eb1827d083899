"""The desk's list in a browser: worklists, search and filters at every size, by keyboard, and in the dark."""

import datetime

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from appointments.services.setup import make_groups
from tests.appointments.desk import LIST
from tests.browser.conftest import SIZES, axe_finds_nothing, fits_its_width, look_at
from tests.factories import AppointmentRequestFactory


@pytest.fixture
def queue(page, bare_site, context, scheduler):
    """The list in the browser of a signed-in scheduler, with some work on it."""
    make_groups()
    now = timezone.now()
    AppointmentRequestFactory(last_name="Example", respond_by=now - datetime.timedelta(hours=1))
    AppointmentRequestFactory(last_name="Muster", waiting=True)
    AppointmentRequestFactory(last_name="Probe", closed=True, outcome="not-a-service-we-offer")
    client = Client()
    client.force_login(scheduler)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": bare_site}])
    page.goto(f"{bare_site}{LIST}")
    return page


def test_list_reads_well_at_every_size_and_in_the_dark(queue):
    queue.get_by_text("Filter", exact=True).click()
    look_at(queue, "queue")
    queue.set_viewport_size(SIZES["phone"])
    fits_its_width(queue)

    queue.emulate_media(color_scheme="dark")
    queue.reload()  # colours of links change slowly
    axe_finds_nothing(queue)


def test_search_by_keyboard_leaves_its_words_in_no_address(queue):
    queue.get_by_label("Find a request").focus()
    queue.keyboard.type("Exampel")
    queue.keyboard.press("Enter")
    queue.get_by_role("heading", name="Found for your search: 1").wait_for()

    assert (queue.get_by_label("Find a request").input_value(), "xamp" in queue.url) == ("", False)
    look_at(queue, "queue-found")
    queue.go_back()
    assert "xamp" not in queue.url
    queue.go_forward()
    queue.get_by_role("button", name="Show all").press("Enter")
    queue.get_by_role("heading", name="Requests: 2 open, 1 late").wait_for()


def test_bad_search_is_told_and_kept(queue):
    queue.get_by_label("Find a request").fill("2/30/1950")
    queue.get_by_role("button", name="Search").click()
    queue.get_by_role("alert").wait_for()

    box = queue.get_by_label("Find a request")
    expect(box).to_be_focused()
    assert (box.input_value(), box.get_attribute("aria-invalid")) == ("2/30/1950", "true")
    assert "id_words_error" in box.get_attribute("aria-describedby")
    look_at(queue, "queue-refused")


def test_filters_are_chosen_and_cleared(queue):
    queue.get_by_text("Filter", exact=True).click()
    queue.get_by_label("Language").select_option("es")
    queue.get_by_role("button", name="Filter the list").click()
    queue.get_by_text("None of these requests is as you chose.").wait_for()
    look_at(queue, "queue-filtered")

    queue.get_by_role("link", name="Clear the filters").click()
    queue.locator("#result_list").wait_for()
