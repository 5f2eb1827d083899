"""A referring office in a browser: five wrong codes, then the right one, read out by the coordinator; and its page."""

import datetime
import re

import pytest
from django.utils import timezone

from appointments.models import AccessLink, AccessSession, ContactPoint, ReferralEvent, StaffNote
from tests.appointments.desk import sign_in
from tests.appointments.office_steps import MAILBOX, letter_of, office_link, read_out
from tests.appointments.test_admin_referral import page_of
from tests.browser.conftest import axe_finds_nothing, look_at
from tests.factories import ContactPointFactory
from tests.patient_files import document

ENTER = "form:has([name=code]) button"


@pytest.fixture
def site(bare_site):
    return bare_site


@pytest.fixture
def coordinator(site, browser, client):
    """The page of a browser in which the coordinator is signed in."""
    sign_in(client, "referral coordinator", username="robin")
    context = browser.new_context()
    cookie = client.cookies["sessionid"]
    context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": site}])
    page = context.new_page()
    yield page
    context.close()


def press(page, selector):
    page.locator(f"main {selector}").first.click()
    page.wait_for_load_state()


def enter(page, code):
    page.locator("[name=code]").fill(code)
    press(page, ENTER)


def make_link(coordinator):
    """The address on the sheet that the coordinator prints."""
    coordinator.locator("select[name=contact_point]").select_option(index=1)
    coordinator.get_by_role("button", name="Make a link for this office").click()
    return "".join(coordinator.locator("code").inner_text().split())


def make_code(coordinator):
    coordinator.locator("select[name=called]").select_option(index=1)
    coordinator.get_by_role("button", name="Make a code to read out").click()
    return coordinator.locator("p.whose strong").inner_text()


def test_five_wrong_codes_then_the_right_one_that_was_read_out(page, site, coordinator):
    referral, _ = office_link()
    ContactPointFactory(practice=referral.practice, kind="phone", value="+18135550151", verified=True)
    AccessLink.objects.all().delete()
    coordinator.goto(site + page_of(referral))
    axe_finds_nothing(coordinator)
    path = re.search(r"/r/\S+", make_link(coordinator))[0]
    look_at(coordinator, "office-sheet")

    page.goto(site + path)
    look_at(page, "office-gate")
    coordinator.goto(site + page_of(referral))
    right = make_code(coordinator)
    wrong = f"{(int(right.replace(' ', '')) + 1) % 10**8:08}"
    for _ in range(4):
        enter(page, wrong)
        assert "This is not the code." in page.locator("main").inner_text()
    look_at(page, "office-wrong-code")
    enter(page, wrong)
    assert page.locator("h1").inner_text() == "This link has ended"
    look_at(page, "office-locked")
    assert "Five wrong codes" in StaffNote.objects.get().text

    coordinator.goto(site + page_of(referral))
    path = re.search(r"/r/\S+", make_link(coordinator))[0]
    page.goto(site + path)
    coordinator.goto(site + page_of(referral))
    look_at(coordinator, "office-links")
    code = make_code(coordinator)
    look_at(coordinator, "office-code")
    enter(page, code)

    assert page.url == f"{site}/appointments/office/{AccessSession.objects.get().public_id}/"
    look_at(page, "office-page")
    page.locator("[name=message]").fill("She takes warfarin.")
    press(page, "form[action$='/message/'] button")
    assert "She takes warfarin." in page.locator("section:has(#sent)").inner_text()

    coordinator.goto(f"{site}/admin/appointments/appointmentrequest/")
    coordinator.get_by_role("link", name="Messages from offices (1)").click()
    look_at(coordinator, "office-wrote-queue")
    coordinator.get_by_role("link", name=referral.appointment_request.reference).click()
    coordinator.get_by_role("link", name="Office wrote").click()
    look_at(coordinator, "office-wrote-request")
    coordinator.get_by_label("What was done, if it is worth a note").fill("Called them.")
    coordinator.get_by_role("button", name="Dealt with").click()
    coordinator.get_by_text("It is noted that this is dealt with.").wait_for()
    look_at(coordinator, "office-dealt-with")


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("en", "dark"), ("es", "light")])
def test_all_that_an_office_can_do(visitor, site, language, scheme, tmp_path):
    visitor.emulate_media(color_scheme=scheme)
    referral, link = office_link(status="under-review")
    letter = letter_of(referral, link, sent=True)
    letter_of(referral, link, confirmed=True, kind="accepted")
    referral.updates.create(kind="booked", due_at=timezone.now() + datetime.timedelta(days=1))
    prefix = {"en": "", "es": "/es"}[language]
    kind = f"{language}-{scheme}"

    visitor.goto(site + prefix + link)
    enter(visitor, read_out(link))
    home = f"{site}{prefix}/appointments/office/{AccessSession.objects.get().public_id}/"
    assert visitor.url == home
    look_at(visitor, f"office-letters-{kind}")
    press(visitor, "form[action$='/full/'] button")
    assert "Walter Demo" in visitor.locator("main").inner_text()
    look_at(visitor, f"office-full-{kind}")
    with visitor.expect_download() as download:
        visitor.locator(f"form[action$='/letters/{letter.public_id}/'] button").click()
    assert re.fullmatch(r"APM-.{4}-.{4}-\w{8}\.pdf", download.value.suggested_filename)
    press(visitor, f"form[action$='/letters/{letter.public_id}/read/'] button")
    look_at(visitor, f"office-read-{kind}")
    records = tmp_path / "mri.pdf"
    records.write_bytes(document())
    visitor.locator("[name=file]").set_input_files(records)
    press(visitor, "form[action$='/files/'] button")
    visitor.locator("[name=message]").fill("She takes warfarin.")
    press(visitor, "form[action$='/message/'] button")
    look_at(visitor, f"office-sent-{kind}")
    visitor.locator("main details summary").click()
    look_at(visitor, f"office-wrong-{kind}")
    press(visitor, "form[action$='/wrong/'] button")
    look_at(visitor, f"office-thanks-{kind}")

    letter.refresh_from_db()
    whats = list(ReferralEvent.objects.values_list("what", flat=True))
    assert letter.status == "confirmed"
    assert [what for what in whats if not what.startswith("incident")] == [
        "shown-in-full",
        "letter-opened",
        "letter-read",
        "office-sent-file",
        "office-wrote",
        "wrong-office",
    ]
    assert not ContactPoint.objects.get().is_verified(timezone.now())


def test_a_code_by_mail(visitor, site):
    _, link = office_link(MAILBOX)

    visitor.goto(site + link)
    look_at(visitor, "office-gate-mail")
    press(visitor, "[name=send-code]")
    look_at(visitor, "office-gate-sent")
    enter(visitor, read_out(link))
    press(visitor, "form[action$='/end/'] button")
    look_at(visitor, "office-cleared")
