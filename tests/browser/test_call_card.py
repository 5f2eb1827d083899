"""At the desk: a request keyed in from the phone, a number put right, and the papers, by mouse and by keyboard."""

import io

import pikepdf
import pytest

from appointments.models import AppointmentRequest, ContactAttempt
from appointments.services import moves
from appointments.services.setup import make_groups
from practice.models import Location
from tests.browser.conftest import PASSWORD, SIZES, look_at
from tests.factories import AppointmentRequestFactory, ClinicianFactory, UserFactory

LIST = "/admin/appointments/appointmentrequest/"
CHANGE = r"**/appointmentrequest/*/change/"


def queue(page, site):
    """The queue in the browser of a scheduler."""
    make_groups()
    user = UserFactory(username="dana", group="scheduler", first_name="Dana")
    user.set_password(PASSWORD)
    user.save()
    page.set_viewport_size(SIZES["desk"])
    page.goto(f"{site}{LIST}")
    page.get_by_label("Username").fill("dana")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Add request").wait_for()
    return page


@pytest.fixture
def desk(visitor, bare_site):
    return queue(visitor, bare_site)


@pytest.fixture
def rosa(desk, bare_site):
    """A request with much on its card, open at the desk."""
    appointment_request = AppointmentRequestFactory(
        first_name="Rosa",
        last_name="Example",
        name_pronunciation="ROH-sah eg-ZEM-plo",
        phone="+18135550117",
        phone_as_typed="(813) 555-0117",
        email="rosa@example.org",
        language="es",
        voicemail="name-only",
        best_time="morning",
        needs=["interpreter", "wheelchair"],
        interpreter_language="Spanish",
        on_behalf_name="Lucia Example",
        on_behalf_phone="+18135550119",
        patient_knows="yes",
        urgent_flags={"signs": "yes", "leg-weakness": "yes"},
        reason="My legs get heavy after one block. " * 28,
        referrer_name="Dr. Paula Pattern",
        referrer_practice="Pattern Family Medicine",
        may_contact_referrer=True,
        payer_kind="medicare",
    )
    desk.goto(f"{bare_site}{LIST}{appointment_request.pk}/change/")
    return appointment_request


def test_request_from_the_phone_is_keyed_in_by_keyboard(page, bare_site):
    desk = queue(page, bare_site)  # no `visitor`: the browser complains about the answer 422, which is meant
    desk.get_by_role("link", name="Add request").click()
    desk.get_by_role("heading", name="Add request").wait_for()
    look_at(desk, "intake")
    desk.set_viewport_size(SIZES["desk"])

    desk.get_by_label("First name").focus()
    for text in ("Walter", "Probeman", "", "3", "14", "1948", "33573"):
        desk.keyboard.type(text)
        desk.keyboard.press("Tab")
    desk.get_by_label("Phone number", exact=True).fill("813-555-01")
    desk.get_by_label("What would you like help with?").fill("My legs get heavy.")
    desk.keyboard.press("Tab")
    desk.get_by_role("button", name="Keep the request").focus()
    desk.keyboard.press("Enter")

    desk.get_by_role("link", name="Phone number: 2 digits are missing").wait_for()
    assert desk.title().startswith("Error:")
    look_at(desk, "intake-wrong")
    desk.keyboard.press("Tab")
    desk.keyboard.press("Enter")  # the link in the summary leads to the box
    assert desk.evaluate("document.activeElement.name") == "phone"
    desk.get_by_label("Phone number", exact=True).fill("813-555-0142")
    desk.keyboard.press("Enter")

    desk.wait_for_url(CHANGE)
    kept = AppointmentRequest.objects.get()
    assert f"Kept as {kept.reference}." in desk.locator(".messagelist").inner_text()
    assert (kept.full_name, kept.channel, kept.status) == ("Walter Probeman", "phone", "in_review")


def test_wrong_number_is_put_right(desk, rosa):
    look_at(desk, "card")
    desk.set_viewport_size(SIZES["desk"])
    desk.get_by_label("Note about the call").fill("A stranger answered")
    desk.get_by_role("button", name="Wrong number").click()
    desk.get_by_text("The call is noted.").wait_for()

    box = desk.get_by_label("What is right")  # open by itself after a wrong number
    box.fill("813-555-0199")
    desk.get_by_label("How we know").fill("Her daughter told us")
    look_at(desk, "card-correcting")
    desk.set_viewport_size(SIZES["desk"])
    box.focus()
    desk.keyboard.press("Enter")

    desk.get_by_text("What the patient typed stays beside it.").wait_for()
    assert desk.locator(".callcard .num a").get_attribute("href") == "tel:+18135550199"
    assert "Patient typed (813) 555-0117 · corrected by Dana Demo" in desk.locator(".callcard").inner_text()
    look_at(desk, "card-corrected")


def test_words_in_another_box_are_not_lost_without_a_question(desk, rosa):
    asked = []
    desk.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    desk.get_by_label("New note").fill("Comes with her daughter")
    # A link, such as the number to call, asks nothing.
    assert desk.evaluate("dispatchEvent(new Event('beforeunload', {cancelable: true}))")
    with desk.expect_event("dialog"):
        desk.get_by_role("button", name="No answer").click()

    assert asked == ["beforeunload"]
    assert desk.get_by_label("New note").input_value() == "Comes with her daughter"
    assert not ContactAttempt.objects.exists()

    desk.get_by_role("button", name="Add the note").click()  # its own button asks nothing
    desk.get_by_text("The note is kept.").wait_for()
    assert len(asked) == 1


@pytest.mark.parametrize("paper", ["summary", "print"])
def test_papers_are_in_order(desk, rosa, bare_site, paper):
    desk.goto(f"{bare_site}{LIST}{rosa.pk}/{paper}/")

    look_at(desk, paper)


def test_summary_is_copied_by_a_button(context, desk, rosa, bare_site):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.goto(f"{bare_site}{LIST}{rosa.pk}/summary/")

    desk.get_by_role("button", name="Copy").click()

    desk.get_by_text("Copied.").wait_for()
    assert desk.evaluate("navigator.clipboard.readText()").startswith(f"Reference: {rosa.reference}")


def test_sheet_is_one_page_of_letter_paper_without_buttons(desk, rosa, bare_site):
    dana = UserFactory(group="scheduler")
    for number in range(3):
        rosa.patient_questions.create(text=f"Which blood thinner? {number}", asked_by=dana, answer="Warfarin " * 20)
        moves.add_note(rosa.public_id, text="A long note. " * 40, by=dana)
    rosa.visits.create(starts_at=rosa.respond_by, location=Location.objects.get(), clinician=ClinicianFactory())
    desk.goto(f"{bare_site}{LIST}{rosa.pk}/print/")

    with pikepdf.open(io.BytesIO(desk.pdf(prefer_css_page_size=True))) as pdf:
        assert len(pdf.pages) == 1
        assert [float(side) for side in pdf.pages[0].mediabox[2:]] == pytest.approx([612, 792], abs=1)
    desk.emulate_media(media="print")
    assert desk.locator("button:visible").count() == 0
    look_at(desk, "on-paper")
