"""A patient reads about MILD and asks for a visit; the front desk answers; the mails leave through a real server."""

import datetime
import re

import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from appointments.models import AppointmentRequest
from outbox.models import Message
from tests.browser.conftest import PASSWORD, SIZES, axe_finds_nothing, fits_its_width
from tests.mail import Sink, use

CANARIES = ("Walter", "Probe", "1948", "555-0142", "heavy", "stenosis", "MILD", "Sampleton")


@pytest.fixture
def inbox(settings):
    """The mails that a real server on loopback has taken, as (recipient, message)."""
    with Sink().on() as sink:
        use(settings, sink.port)
        yield sink.mails


def choose(page, question, answer):
    page.get_by_role("group", name=question).get_by_label(answer, exact=True).check()


def ask_for_a_visit(page, site):
    """From the home page to `sent`; answers with the reference that the page shows."""
    page.goto(site + "/")
    axe_finds_nothing(page)
    page.get_by_role("main").get_by_role("link", name="MILD", exact=True).click()
    axe_finds_nothing(page)
    page.get_by_role("main").get_by_role("link", name="Request an appointment").last.click()
    assert page.url == site + "/appointments/request/?for=mild"
    axe_finds_nothing(page)
    page.get_by_role("button", name="Start now").click()

    return answer_the_questions(page, check=axe_finds_nothing)


def answer_the_questions(page, check=lambda page: None):
    """From the first step to `sent`; answers with the reference. `check` looks at each page."""

    def press(button):
        check(page)
        fits_its_width(page)
        page.get_by_role("button", name=button).click()

    choose(page, "Do you have any of these signs now?", "No")
    press("Continue")
    about_walter(page)
    choose(page, "Have you been here before?", "No, this is my first time")
    press("Continue")
    page.get_by_label("Phone number").fill("813.555.0142")
    page.get_by_label("E-mail address (optional)").fill("walter@example.org")
    choose(page, "May we leave a voicemail?", "Yes, but only your name and number")
    press("Continue")
    page.get_by_label("What would you like help with?").fill("My legs get heavy after one block.")
    choose(page, "Which days suit you?", "Tuesday")
    press("Continue")
    page.get_by_label("Doctor's name").fill("Dr. Ines Sampleton")
    choose(page, "May we contact this doctor about your request?", "Yes")
    press("Continue")
    press("Send request")

    page.get_by_role("heading", name="We have your request").wait_for()
    check(page)
    fits_its_width(page)
    return re.search(r"APM-\w{4}-\w{4}", page.get_by_role("main").inner_text())[0]


def about_walter(page):
    page.get_by_label("First name").fill("Walter")
    page.get_by_label("Last name").fill("Probe")
    page.get_by_label("Month").fill("3")
    page.get_by_label("Day", exact=True).fill("14")
    page.get_by_label("Year").fill("1948")
    page.get_by_label("ZIP code").fill("33573")
    choose(page, "I am asking for", "Myself")


def send_what_is_due():
    call_command("run_outbox", "--once", verbosity=0)


def test_a_request_is_read_about_asked_for_answered_and_told(visitor, site, scheduler, inbox, settings):
    settings.UNDO_SECONDS = 0  # so that the mail about the visit leaves at once
    visitor.set_viewport_size(SIZES["phone"])

    reference = ask_for_a_visit(visitor, site)

    appointment_request = AppointmentRequest.objects.get()
    assert (appointment_request.reference, appointment_request.source_slug) == (reference, "mild")
    assert appointment_request.phone == "+18135550142"
    send_what_is_due()
    assert sorted(recipient for recipient, mail in inbox) == sorted([scheduler.email, "walter@example.org"])
    texts = [f"{mail['Subject']} {mail.get_payload(decode=True).decode()}" for _, mail in inbox]
    assert [word for word in CANARIES for text in texts if word in text] == []
    assert [text for text in texts if reference not in text] == []

    answer_at_the_desk(visitor, site, reference)

    appointment_request.refresh_from_db()
    assert appointment_request.status == "scheduled"
    moves = appointment_request.status_events.values_list("move", "to_status")
    assert list(moves) == [("receive", "received"), ("claim", "in_review"), ("schedule", "scheduled")]
    assert appointment_request.contact_attempts.get().result == "reached"
    send_what_is_due()
    assert set(Message.objects.values_list("state", flat=True)) == {"sent"}
    assert len(inbox) == Message.objects.count()


def answer_at_the_desk(page, site, reference):
    """The scheduler takes the request, calls, and books a visit in a week."""
    page.set_viewport_size(SIZES["desk"])
    page.goto(site + "/admin/")
    page.get_by_label("Username").fill("dana")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.goto(site + "/admin/appointments/appointmentrequest/")
    axe_finds_nothing(page)
    page.get_by_role("link", name=reference).first.click()
    axe_finds_nothing(page)
    assert page.get_by_text("My legs get heavy after one block.").count() == 1
    assert page.get_by_text("Dr. Ines Sampleton").count() == 1
    page.get_by_role("button", name="I take this one").click()
    page.get_by_role("button", name="Reached").click()
    in_a_week = datetime.date.today() + datetime.timedelta(days=7)  # noqa: DTZ011
    page.locator("summary", has_text="Book a visit").click()
    page.get_by_label("Starts").fill(f"{in_a_week}T09:30")
    page.get_by_role("button", name="Book a visit").click()
    page.get_by_text("Scheduled").first.wait_for()
    axe_finds_nothing(page)


def test_errors_take_focus_and_lead_to_their_questions(visitor, bare_site):
    visitor.goto(bare_site + "/appointments/request/")
    visitor.get_by_role("button", name="Start now").click()
    visitor.get_by_role("button", name="Continue").click()
    visitor.get_by_label("First name").fill("Walter")
    visitor.get_by_label("Month").fill("2")
    visitor.get_by_label("Day", exact=True).fill("30")
    visitor.get_by_label("Year").fill("1948")
    visitor.get_by_role("button", name="Continue").click()

    summary = visitor.get_by_role("alert")
    expect(summary).to_be_focused()
    assert visitor.title().startswith("Error:")
    assert visitor.get_by_label("First name").input_value() == "Walter"
    assert visitor.get_by_label("Day", exact=True).input_value() == "30"
    asked = summary.get_by_role("link").evaluate_all("links => links.map(link => link.hash.slice(1))")
    assert asked == ["id_last_name", "id_date_of_birth_0", "id_zip_code"]
    summary.get_by_role("link").first.click()
    assert visitor.evaluate("document.activeElement.id") == "id_last_name"


def test_a_request_is_sent_without_scripts(browser, bare_site):
    context = browser.new_context(java_script_enabled=False, viewport=SIZES["narrow"])
    page = context.new_page()
    page.goto(bare_site + "/appointments/request/?for=mild")
    page.get_by_role("button", name="Start now").click()

    reference = answer_the_questions(page)

    assert AppointmentRequest.objects.get().reference == reference
    context.close()


TOKENS = {
    "you": {
        "first_name": "given-name",
        "last_name": "family-name",
        "date_of_birth_month": "bday-month",
        "date_of_birth_day": "bday-day",
        "date_of_birth_year": "bday-year",
        "zip_code": "postal-code",
    },
    "reach": {"phone": "tel", "email": "email"},
}


def test_the_browser_may_fill_in_what_it_knows_and_nothing_of_others(page, bare_site):
    page.goto(bare_site + "/appointments/request/")
    page.get_by_role("button", name="Start now").click()
    page.get_by_role("button", name="Continue").click()
    found = {"you": tokens(page)}
    about_walter(page)
    page.get_by_role("button", name="Continue").click()
    found["reach"] = tokens(page)

    assert found == TOKENS


def tokens(page):
    """The `autocomplete` of the controls that a person fills in, by name."""
    return page.locator("main form :is(input:not([type=hidden]), textarea)[autocomplete]").evaluate_all(
        "controls => Object.fromEntries(controls.map(control => [control.name, control.autocomplete]))"
    )
