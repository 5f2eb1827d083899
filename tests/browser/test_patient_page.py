"""From the first mail to a visit and back out of it, on the patient's page, with mails through a real server."""

import datetime
import re

import pytest
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import expect

from appointments.models import AppointmentRequest, Visit
from appointments.services import moves, tell
from practice.models import Location
from tests.browser.conftest import fits_its_width, look_at
from tests.factories import AppointmentRequestFactory, UserFactory
from tests.mail import Sink, use

DAY = datetime.timedelta(days=1)


@pytest.fixture
def site(bare_site):
    return bare_site


@pytest.fixture
def inbox(settings):
    """The mails that a real server on loopback has taken, as (recipient, message)."""
    with Sink().on() as sink:
        use(settings, sink.port)
        yield sink.mails


@pytest.fixture
def dana():
    return UserFactory(username="dana", group="scheduler")


@pytest.fixture
def walter(site):
    appointment_request = AppointmentRequestFactory(email="walter@example.org")
    tell.of_new_request(appointment_request, [])
    return appointment_request


def last_mail(inbox, to="walter@example.org"):
    call_command("run_outbox", "--once", verbosity=0)
    return [mail.get_payload(decode=True).decode() for recipient, mail in inbox if recipient == to][-1]


def at_the_desk(appointment_request, by, name, **values):
    version = AppointmentRequest.objects.get(pk=appointment_request.pk).version
    moves.move(appointment_request.public_id, name, seen_version=version, by=by, **values)


def three_times():
    return {f"offer_{day}": timezone.now() + day * DAY for day in (1, 2, 3)} | {"location": Location.objects.first()}


def open_by_mail(page, site, inbox):
    """From the link in the last mail, over a code in the next one, to the page."""
    page.goto(site + re.search(r"https?://[^/]+(/\S*r/\S+)", last_mail(inbox))[1])
    page.locator("[name=send-code]").click()
    code = re.search(r"\b(\d{4} \d{4})\b", last_mail(inbox))[1]
    page.locator("[name=code]").fill(code)
    page.locator("form:has([name=code]) button").click()
    page.wait_for_url("**/appointments/status/**")


def send(page, action):
    page.locator(f"form[action$='/{action}/'] button").click()
    page.locator("p.sum").wait_for()


@pytest.mark.parametrize(("language", "scripts"), [("en", True), ("en", False), ("es", True)])
def test_question_times_visit_and_goodbye(browser, site, inbox, dana, language, scripts):
    walter = AppointmentRequestFactory(email="walter@example.org", language=language)
    tell.of_new_request(walter, [])
    page = browser.new_context(java_script_enabled=scripts).new_page()

    open_by_mail(page, site, inbox)
    assert page.locator("html").get_attribute("lang") == language
    home = page.url
    if scripts:
        look_at(page, f"received-{language}")

    at_the_desk(walter, dana, "ask", question="Which blood thinner?", next_action_at=timezone.now() + DAY)
    assert "Which blood thinner?" not in last_mail(inbox)
    page.goto(home)
    if scripts:
        look_at(page, f"asked-{language}")
    page.locator("textarea[name^=answer_]").fill("Warfarin, since May")
    send(page, "answer")
    assert walter.patient_questions.get().answer == "Warfarin, since May"
    assert "Warfarin" not in last_mail(inbox, to=dana.email)

    at_the_desk(walter, dana, "offer", **three_times())
    page.goto(home)
    if scripts:
        look_at(page, f"offered-{language}")
    page.locator("[name=offer]").nth(1).check()
    send(page, "choose")
    visit = Visit.objects.get()
    assert visit.starts_at == walter.time_offers.get(status="picked").starts_at
    if scripts:
        look_at(page, f"booked-{language}")

    page.locator("details", has=page.locator("form[action$='/drop-visit/']")).locator("summary").click()
    page.locator("[name=drop_words]").fill("I have a cold")
    send(page, "drop-visit")
    visit.refresh_from_db()
    assert visit.status == "cancelled"
    if scripts:
        look_at(page, f"dropped-{language}")

    page.locator("details", has=page.locator("form[action$='/withdraw/']")).locator("summary").click()
    send(page, "withdraw")
    if scripts:
        look_at(page, f"ended-{language}")
    walter.refresh_from_db()
    assert (walter.status, walter.outcome) == ("closed", "patient-withdrew")
    assert walter.status_events.filter(by=None).count() == 4
    assert page.locator("html").get_attribute("lang") == language


def tab_to(page, selector):
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} is not reached by Tab")


def test_everything_by_keyboard_alone(page, site, inbox, dana, walter):
    open_by_mail(page, site, inbox)
    at_the_desk(walter, dana, "offer", **three_times())
    page.reload()

    tab_to(page, "[name=offer]")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    tab_to(page, "form[action$='/choose/'] button")
    page.keyboard.press("Enter")
    page.locator("p.sum").wait_for()
    assert Visit.objects.get().starts_at == walter.time_offers.get(status="picked").starts_at

    tab_to(page, "details:has(form[action$='/drop-visit/']) summary")
    page.keyboard.press("Enter")
    tab_to(page, "[name=drop_words]")
    page.keyboard.type("A cold")
    tab_to(page, "form[action$='/drop-visit/'] button")
    page.keyboard.press("Enter")
    page.locator("p.sum").wait_for()
    assert Visit.objects.get().status == "cancelled"


def test_at_four_times_the_size_nothing_is_cut_off(page, site, inbox, dana, walter):
    open_by_mail(page, site, inbox)
    at_the_desk(walter, dana, "offer", **three_times())
    page.set_viewport_size({"width": 320, "height": 256})  # 1280 by 1024 at 400 %
    page.reload()

    fits_its_width(page)
    for control in page.locator("main :is(button, input:not([type=hidden]), summary, a)").all():
        control.scroll_into_view_if_needed()
        box = control.bounding_box()
        assert box is None or (box["x"] >= 0 and box["x"] + box["width"] <= 320)


def test_what_came_too_late_takes_focus_and_is_kept(page, site, inbox, dana, walter):
    open_by_mail(page, site, inbox)
    at_the_desk(walter, dana, "offer", **three_times())
    page.reload()
    page.locator("[name=offer]").last.check()
    page.locator("[name=other_times]").fill("Only on Fridays")
    at_the_desk(walter, dana, "resume")
    page.locator("form[action$='/choose/'] button").click()

    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    assert page.title().startswith("Error:")
    assert "Only on Fridays" in summary.inner_text()
    look_at(page, "too-late")


def test_characters_are_counted_on_this_page_too(visitor, site, inbox, dana, walter):
    open_by_mail(visitor, site, inbox)
    at_the_desk(walter, dana, "offer", **three_times())
    visitor.reload()

    visitor.locator("[name=other_times]").fill("a" * 990)

    expect(visitor.locator("[name=other_times] + [role=status]")).to_have_text("Characters left: 10")


def test_calendar_file_is_downloaded(page, site, inbox, dana, walter):
    open_by_mail(page, site, inbox)
    at_the_desk(walter, dana, "schedule", starts_at=timezone.now() + DAY, location=Location.objects.first())
    page.reload()

    with page.expect_download() as download:
        page.locator("a[href$='.ics']").click()

    assert download.value.suggested_filename == "visit.ics"
    assert "BEGIN:VEVENT" in download.value.path().read_text()
