"""A clerk refers a patient by keyboard, with one file and one slip, and takes the receipt along; the form on paper."""

import pikepdf
import pytest

from appointments.models import AppointmentRequest
from tests.browser.conftest import SIZES, axe_finds_nothing, fits_its_width, look_at, look_through
from tests.patient_files import document

FILLED = [
    ("Referring physician", "Ines Sampleton, MD"),
    ("NPI (optional)", "1234567890"),
    ("Practice", "Sampleton Family Care"),
    ("Office fax (optional)", "813-555-0178"),
    ("Office phone", "813-555-0177"),
    ("Office e-mail (optional)", ""),
    ("Your own name", "Gilda Muster"),
    ("First name", "Walter"),
    ("Last name", "Probeman"),
    ("Month", "3/14/1948"),
    ("Phone number", "813-555-0142"),
    ("E-mail address (optional)", ""),
    ("ZIP code (optional)", ""),
]


@pytest.fixture
def site(bare_site, settings, tmp_path):
    settings.FILES_ROOT = tmp_path / "files"
    return bare_site


def focused(page) -> str:
    """The name that the control with the focus is read out by."""
    return page.evaluate("document.activeElement.labels?.[0]?.innerText ?? document.activeElement.innerText")


def fill_by_keyboard(page):
    """From the first field on, with nothing but Tab, arrows and letters."""
    page.get_by_label(FILLED[0][0]).focus()
    for label, text in FILLED:
        assert focused(page) == label
        page.keyboard.type(text)
        if label == "Month":  # what it is typed in goes on by itself
            assert focused(page) == "Year"
        page.keyboard.press("Tab")
    assert focused(page) == "English"
    page.keyboard.press("Space")  # nothing was chosen for her
    for _past_language_and_needs in range(4):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")  # Does the patient know? Yes
    page.keyboard.press("Tab")
    page.keyboard.type("Heavy legs after one block. Would MILD help?")
    page.keyboard.press("Tab")
    page.keyboard.type("M48.062")
    page.keyboard.press("Tab")
    assert focused(page) == "Routine: the next free visit"
    page.keyboard.press("ArrowDown")  # Soon
    page.keyboard.press("Tab")
    page.keyboard.type("Medicare")


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_a_clerk_refers_a_patient(visitor, site, size, tmp_path):
    page = visitor
    page.set_viewport_size(SIZES[size])
    page.goto(f"{site}/refer/")
    fill_by_keyboard(page)
    mri, disc = tmp_path / "mri.pdf", tmp_path / "cd.zip"  # on disk: 31 MB take long through the pipe to the browser
    mri.write_bytes(document())
    disc.write_bytes(bytes(31 * 2**20))
    page.get_by_label("Choose files").set_input_files([mri, disc])
    page.get_by_role("button", name="Send referral").click()
    assert page.get_by_role("alert").inner_text().startswith("This is more than 30 MB together.")
    assert (page.url, focused(page)) == (f"{site}/refer/", "Choose files (optional)")
    page.get_by_label("Choose files").set_input_files(mri)

    page.get_by_role("button", name="Send referral").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/refer/*-*/")
    page.reload()

    assert page.title().startswith("Error: ")
    assert page.get_by_role("alert").inner_text().splitlines() == [
        "Please fix 1 thing",
        "NPI (optional): A digit of this NPI is off, or two are swapped",
    ]
    assert page.get_by_label("mri.pdf").count() == 1
    assert page.get_by_label("Your question for us").input_value().startswith("Heavy legs")
    axe_finds_nothing(page)
    fits_its_width(page)
    page.get_by_role("link", name="NPI (optional)").press("Enter")
    assert focused(page) == "NPI (optional)"
    page.keyboard.press("Control+a")
    page.keyboard.type("1234567893")
    page.keyboard.press("Enter")  # as in any form of one line

    page.wait_for_url("**/sent/")
    asked = AppointmentRequest.objects.get()
    page.reload()
    assert page.get_by_text(asked.reference).count() == 1
    assert (asked.priority, asked.payer_kind) == (2, "medicare")
    assert [file.name for file in asked.patient_files.all()] == ["mri.pdf"]
    axe_finds_nothing(page)
    fits_its_width(page)
    page.emulate_media(media="print")
    assert page.get_by_text(asked.reference).is_visible()
    assert page.get_by_role("button", name="Print this page").count() == 0
    page.emulate_media(media="screen")
    page.get_by_role("link", name="Refer another patient").click()
    assert page.get_by_label("Your own name").input_value() == "Gilda Muster"
    assert page.get_by_label("First name").input_value() == ""
    page.go_back()
    page.go_back()
    assert AppointmentRequest.objects.count() == 1


def test_without_a_script_one_press_sends(browser, site):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{site}/refer/")
    page.get_by_label("Referring physician").fill("Ines Sampleton")
    page.get_by_role("button", name="Send referral").click()

    page.wait_for_url("**/refer/*-*/")
    assert page.get_by_label("Referring physician").input_value() == "Ines Sampleton"
    assert page.get_by_label("Which language?").is_hidden()
    page.get_by_label("Another language").check()
    assert page.get_by_label("Which language?").is_visible()
    page.context.close()


@pytest.mark.parametrize(("size", "scheme"), [("narrow", "light"), ("phone", "dark"), ("desk", "light")])
def test_pages_are_in_order_on_every_screen(visitor, site, size, scheme):
    addresses = [f"{site}{prefix}/refer/{name}" for prefix in ("", "/es") for name in ("", "fax-form/")]

    look_through(visitor, addresses, size=size, scheme=scheme)


def test_pages_are_looked_at(visitor, site):
    visitor.goto(f"{site}/refer/")
    look_at(visitor, "refer")
    visitor.goto(f"{site}/refer/fax-form/")
    look_at(visitor, "refer-fax")


@pytest.mark.parametrize("prefix", ["", "/es"])
def test_paper_is_one_leaf(visitor, site, tmp_path, prefix):
    visitor.goto(f"{site}{prefix}/refer/fax-form/")

    visitor.pdf(path=tmp_path / "fax.pdf", format="Letter")

    with pikepdf.open(tmp_path / "fax.pdf") as paper:
        assert len(paper.pages) == 1
