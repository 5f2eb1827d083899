"""An editor's text boxes: what is pasted arrives clean, and a preview shows what readers will see."""

import datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from tests.browser.conftest import PASSWORD, SIZES, fits_its_width
from tests.factories import UserFactory
from tests.procedures import library

PASTES = Path(__file__).parent / "pastes"
PASTE = """(box, html) => {
  const data = new DataTransfer();
  data.setData("text/html", html);
  data.setData("text/plain", "plain");
  return box.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""


@pytest.fixture
def desk(visitor, transactional_db, practice, server):
    """The admin's page of a draft, open in the browser of a signed-in editor."""
    user = UserFactory(username="erin", is_superuser=True)
    user.set_password(PASSWORD)
    user.save()
    version = library.draft()
    visitor.set_viewport_size(SIZES["desk"])
    visitor.goto(f"{server}{reverse('admin:procedures_version_change', args=[version.pk])}")
    visitor.get_by_label("Username").fill("erin")
    visitor.get_by_label("Password").fill(PASSWORD)
    visitor.get_by_role("button", name="Log in").click()
    visitor.locator("#section_rows-heading").wait_for()
    visitor.evaluate("document.querySelectorAll('#content details').forEach((part) => (part.open = true))")
    return visitor


def box_of(page, name="section_rows-0-body"):
    box = page.locator(f"textarea[name='{name}']")
    box.scroll_into_view_if_needed()
    return box


def paste(box, html):
    """Whether the browser was left to paste by itself."""
    box.focus()
    return box.evaluate(PASTE, html)


@pytest.mark.parametrize("name", ["word", "google"])
def test_pasted_html_becomes_small_markdown(desk, name):
    box = box_of(desk)
    box.fill("")

    left_alone = paste(box, (PASTES / f"{name}.html").read_text())

    assert (left_alone, box.input_value()) == (False, (PASTES / f"{name}.md").read_text().rstrip("\n"))


def test_paste_goes_to_the_cursor_and_can_be_undone(desk):
    box = box_of(desk)
    box.fill("Before after.")
    box.evaluate("box => box.setSelectionRange(7, 7)")

    paste(box, "<p class=MsoNormal><b>much </b><o:p></o:p></p>")
    pasted = box.input_value()
    box.press("Control+z")

    assert (pasted, box.input_value()) == ("Before **much**after.", "Before after.")


def test_paste_of_plain_text_is_left_to_the_browser(desk):
    assert paste(box_of(desk), "") is True


def test_preview_shows_what_readers_will_see_and_unknown_keys(desk):
    library.source("old", checked_on=datetime.date(2020, 1, 1), expires_on=datetime.date(2021, 1, 1))
    box = box_of(desk)

    box.fill("Rest **a lot**.[^trial] <b>\n\n- one[^nobody]\n- two[^old]")

    preview = desk.get_by_role("region", name="As readers see it")
    preview.locator("mark").first.wait_for()
    assert preview.inner_html() == (
        "<p>Rest <strong>a lot</strong>.<sup>[trial]</sup> &lt;b&gt;</p>\n<ul>\n"
        "<li>one<mark>[nobody: there is no such source]</mark></li>\n"
        "<li>two<sup>[old]</sup> <mark>(source due to be checked again)</mark></li>\n</ul>"
    )


def test_preview_of_a_line_makes_no_list(desk):
    box_of(desk, "risk_rows-0-text").fill("- Bleeding")

    preview = desk.get_by_role("region", name="As readers see it")
    preview.get_by_text("- Bleeding").wait_for()
    assert preview.inner_html() == "- Bleeding"


@pytest.mark.parametrize(("size", "beside"), [("desk", True), ("phone", False)])
def test_preview_stands_beside_the_box_where_there_is_room(desk, size, beside):
    desk.set_viewport_size(SIZES[size])
    box = box_of(desk)
    box.focus()

    preview = desk.get_by_role("region", name="As readers see it")
    preview.get_by_text("About").wait_for()
    one, other = box.bounding_box(), preview.bounding_box()
    assert (other["x"] >= one["x"] + one["width"], other["y"] >= one["y"] + one["height"]) == (beside, not beside)
    fits_its_width(desk)


def test_preview_that_cannot_be_had_says_so(desk):
    desk.evaluate("() => { window.fetch = () => Promise.reject(new Error()) }")
    box_of(desk).fill("Words")

    desk.get_by_text("There is no preview right now. You can go on writing and save.").wait_for()


def test_box_added_later_has_a_preview_too(desk):
    desk.locator("#risk_rows-group .add-row a").click()
    box_of(desk, "risk_rows-1-text").fill("Words of a new row")

    desk.get_by_role("region", name="As readers see it").get_by_text("Words of a new row").wait_for()


def test_box_with_preview_has_no_barrier(desk):
    box_of(desk).focus()
    desk.get_by_role("region", name="As readers see it").wait_for()

    found = Axe().run(desk, context="#section_rows-0", options={"preload": False}).response["violations"]
    assert [rule["id"] for rule in found] == []
