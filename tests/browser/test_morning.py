"""A morning at the front desk, over the forty requests of the demo: every press that a receptionist makes."""

import re
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import expect

from appointments.models import AppointmentRequest
from appointments.services import demo, setup
from appointments.transitions import DESK
from tests.appointments.desk import LIST, page_of
from tests.browser.conftest import PASSWORD, SHOTS, SIZES, axe_finds_nothing, fits_its_width
from tests.factories import ClinicianFactory, UserFactory

TUESDAY_AT_10 = "2026-12-08T15:00Z"
SIGHTS = {"phone": SIZES["phone"], "zoomed": {"width": 320, "height": 256}}  # 1280 × 1024 at 400 %


@pytest.fixture
def desk(bare_site, page, time_machine):
    """The list in the browser of Dana, a scheduler; no `visitor`, since the browser complains about answers 409."""
    time_machine.move_to(TUESDAY_AT_10)
    setup.make_groups()
    ClinicianFactory()
    for group in DESK:
        user = UserFactory(username=group.replace(" ", "-"), first_name=group.title(), group=group)
        user.set_password(PASSWORD)
        user.save()
    demo.make_requests()
    return sign_in(page, bare_site, "scheduler")


def sign_in(page, site, username):
    page.set_viewport_size(SIZES["desk"])
    page.goto(f"{site}{LIST}")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.locator("#result_list").wait_for()
    return page


def of(last_name):
    return next(row for row in AppointmentRequest.objects.order_by("pk") if row.last_name == last_name)


def shot(page, name):
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"morning-{name}.png", full_page=True)


def go(page, address):
    page.goto(urljoin(page.url, address))


def open_page(desk, last_name):
    appointment_request = of(last_name)
    go(desk, page_of(appointment_request))
    return appointment_request


def choose(desk, move):
    """The box of a move, opened."""
    desk.locator("summary", has_text=move).click()
    return desk.locator("details[open]", has=desk.get_by_role("button", name=move, exact=True))


def told(desk):
    return desk.locator(".messagelist").inner_text()


def is_now(appointment_request):
    appointment_request.refresh_from_db()
    return appointment_request.status


def sees_the_worklists(desk):
    tabs = desk.get_by_role("navigation", name="Worklists")
    counts = dict(re.findall(r"([A-Z][\w -]+) \((\d+)\)", tabs.inner_text()))
    expect(desk.get_by_role("heading", name="Requests: 22 open, 2 late")).to_be_visible()
    assert (counts["To do"], counts["New"], counts["Overdue"], counts["Quarantine"]) == ("18", "8", "2", "2")
    assert desk.locator("#result_list tbody tr").count() == 18
    axe_finds_nothing(desk)
    shot(desk, "list")


def takes_the_first_and_calls(desk):
    desk.locator("#result_list th a").first.click()
    nora = of("Testcase")
    desk.get_by_role("button", name="I take this one").click()
    desk.get_by_text("is now: In review.").wait_for()
    axe_finds_nothing(desk)
    shot(desk, "taken")
    desk.get_by_label("Note about the call").fill("Rang eight times")
    desk.get_by_label("Call again at").fill("2026-12-08T11:30")
    desk.get_by_role("button", name="No answer").click()
    desk.get_by_text("The call is noted.").wait_for()
    expect(desk.locator(".callcard")).to_contain_text("Call again today 11:30 a.m.")
    shot(desk, "called")
    desk.get_by_role("button", name="Reached").click()
    desk.get_by_text("The call is noted.").wait_for()
    assert [attempt.result for attempt in nora.contact_attempts.all()] == ["no-answer", "reached"]


def offers_times(desk):
    walter = open_page(desk, "Demo")
    box = choose(desk, "Offer times")
    shot(desk, "offer")
    box.get_by_label("First time").fill("2026-12-14T09:00")
    box.get_by_label("Second time").fill("2026-12-15T23:00")
    box.get_by_role("button", name="Offer times").click()
    desk.get_by_text("is now: Times offered.").wait_for()
    shot(desk, "offered")
    assert "The office is closed at that time (Tuesday, December 15, 11 p.m.). If" in told(desk)
    assert (is_now(walter), walter.time_offers.count()) == ("offered", 2)


def asks_a_question(desk):
    carl = open_page(desk, "Fender")
    box = choose(desk, "Ask the patient")
    box.get_by_role("button", name="Ask the patient").click()
    tops = desk.locator(".moves > *").evaluate_all("boxes => boxes.map(box => box.offsetTop)")
    assert (len(tops), len(set(tops))) == (5, 1)  # in one row, though one is open
    shot(desk, "asking")
    box.get_by_label("Question").fill("Do you have a claim number?")
    box.get_by_role("button", name="Ask the patient").click()
    desk.get_by_text("is now: Waiting.").wait_for()
    assert "There is no e-mail address: please tell the patient by phone." in told(desk)
    assert (is_now(carl), carl.waiting_on) == ("waiting", "patient")


def books_a_visit(desk):
    kenji = open_page(desk, "Sample")
    box = choose(desk, "Book a visit")
    box.get_by_label("Starts").fill("2026-12-01T10:30")
    box.get_by_role("button", name="Book a visit").click()
    desk.get_by_text("Nothing was saved.").wait_for()
    expect(box.get_by_label("Starts")).to_be_focused()
    shot(desk, "book-wrong")
    box.get_by_label("Starts").fill("2026-12-15T10:30")
    box.get_by_role("button", name="Book a visit").click()
    desk.get_by_text("is now: Scheduled.").wait_for()
    shot(desk, "booked")
    assert is_now(kenji) == "scheduled"


def undoes_a_wrong_press(desk):
    emil = open_page(desk, "Writer")
    desk.get_by_role("button", name="I take this one").click()
    desk.get_by_role("button", name="Undo").click()
    desk.get_by_text("is now: Received.").wait_for()
    shot(desk, "undone")
    assert (is_now(emil), emil.assignee) == ("received", None)


def corrects_a_number(desk):
    rosa = open_page(desk, "Example")
    desk.get_by_role("button", name="Wrong number").click()
    desk.get_by_label("What is right").fill("813-555-0199")
    desk.get_by_label("How we know").fill("Her daughter told us")
    shot(desk, "correcting")
    desk.get_by_role("button", name="Correct it").click()
    desk.get_by_text("What the patient typed stays beside it.").wait_for()
    shot(desk, "corrected")
    rosa.refresh_from_db()
    assert rosa.phone == "+18135550199"


def keys_in_a_call_and_closes_the_duplicate(desk):
    harold = of("Probe")
    go(desk, LIST)
    desk.get_by_role("link", name="Add request").click()
    for label, text in {
        "First name": "Harold",
        "Last name": "Probe",
        "Month": "5",
        "Day": "6",
        "Year": "1949",
        "ZIP code": "33573",
        "What would you like help with?": "I sent a fax on Monday and heard nothing.",
    }.items():
        desk.get_by_label(label).first.fill(text)
    desk.get_by_label("Phone number", exact=True).fill("813-555-0115")
    desk.get_by_role("button", name="Keep the request").click()
    desk.get_by_text("Kept as").wait_for()
    shot(desk, "keyed")
    desk.get_by_role("button", name=f"Close this one, {harold.reference} goes on").click()
    desk.get_by_text("is now: Closed.").wait_for()
    shot(desk, "closed")
    assert AppointmentRequest.objects.get(duplicate_of=harold).outcome == "duplicate"
    assert "by phone" not in told(desk)
    desk.get_by_role("link", name=harold.reference).first.click()
    desk.get_by_text("was closed as a duplicate of this one").wait_for()


def releases_from_quarantine(desk):
    tina = of("Hasty")
    go(desk, LIST)
    desk.get_by_role("link", name="Quarantine (2)").click()
    desk.get_by_role("link", name=tina.reference).click()
    shot(desk, "aside")
    desk.get_by_role("button", name="Not spam").click()
    desk.get_by_text("is now: Received.").wait_for()
    shot(desk, "released")
    assert is_now(tina) == "received"
    desk.get_by_role("link", name="Requests", exact=True).click()  # back to the list she came from
    expect(desk.get_by_role("link", name="Quarantine (1)")).to_have_attribute("aria-current", "true")


def finds_a_misspelt_name(desk):
    go(desk, LIST)
    desk.get_by_label("Find a request").fill("Nordern")
    desk.keyboard.press("Enter")
    desk.get_by_role("heading", name="Found for your search: 1").wait_for()
    shot(desk, "found")
    assert of("Northern").reference in desk.locator("#result_list").inner_text()
    axe_finds_nothing(desk)


def filters_the_list(desk):
    go(desk, LIST + "?show=all")
    desk.get_by_text("Filter", exact=True).click()
    desk.get_by_label("Language").select_option("es")
    desk.get_by_role("button", name="Filter the list").click()
    desk.get_by_text("Only:").wait_for()
    shot(desk, "filtered")
    assert desk.locator("#result_list tbody tr").count() == 2


def learns_that_a_colleague_was_faster(desk, colleague):
    ada = open_page(desk, "Nightly")
    box = choose(desk, "Ask the patient")
    box.get_by_label("Question").fill("Who made your MRI?")
    go(colleague, page_of(ada))
    colleague.get_by_role("button", name="I take this one").click()
    colleague.get_by_text("is now: In review.").wait_for()
    box.get_by_role("button", name="Ask the patient").click()
    desk.get_by_role("heading", name="Somebody was faster. Nothing of yours was saved.").wait_for()
    shot(desk, "stale")
    assert is_now(ada) == "in_review"
    assert box.get_by_label("Question").input_value() == "Who made your MRI?"
    box.get_by_role("button", name="Ask the patient").click()
    desk.get_by_text("is now: Waiting.").wait_for()
    assert is_now(ada) == "waiting"


def looks_on_a_phone_and_zoomed(desk):
    for name, size in SIGHTS.items():
        desk.set_viewport_size(size)
        for page, address in (("page", page_of(of("Late"))), ("list", LIST)):
            go(desk, address)
            fits_its_width(desk)
            shot(desk, f"{name}-{page}")


def test_morning(desk, browser, bare_site):
    sees_the_worklists(desk)
    takes_the_first_and_calls(desk)
    offers_times(desk)
    asks_a_question(desk)
    books_a_visit(desk)
    undoes_a_wrong_press(desk)
    corrects_a_number(desk)
    keys_in_a_call_and_closes_the_duplicate(desk)
    releases_from_quarantine(desk)
    finds_a_misspelt_name(desk)
    filters_the_list(desk)
    with browser.new_context() as other:
        colleague = sign_in(other.new_page(), bare_site, "referral-coordinator")
        learns_that_a_colleague_was_faster(desk, colleague)
    looks_on_a_phone_and_zoomed(desk)
