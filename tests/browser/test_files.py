"""A patient sends a photo and a report, without a script, and takes one back."""

import pytest

from appointments.services import access
from tests.appointments.access_steps import mailed_code
from tests.browser.conftest import SIZES, axe_finds_nothing, fits_its_width
from tests.factories import AppointmentRequestFactory
from tests.patient_files import document, picture


@pytest.fixture
def site(bare_site):
    return bare_site


@pytest.fixture
def files_page(page, site, settings, tmp_path):
    """The page of files, opened with a code."""
    settings.FILES_ROOT = tmp_path / "files"
    page.goto(site + access.new_link(AppointmentRequestFactory(email="walter@example.org")))
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("Code from the e-mail").fill(mailed_code())
    page.get_by_role("button", name="Open my page").click()
    page.goto(page.url + "files/")
    return page


def choose(page, name, content):
    page.get_by_label("Choose a file").set_input_files({"name": name, "mimeType": "image/heic", "buffer": content})
    page.get_by_role("button", name="Send this file").click()


@pytest.mark.parametrize(("size", "scheme"), [("narrow", "light"), ("phone", "dark"), ("desk", "light")])
def test_files_are_sent_shown_and_taken_back(visitor, files_page, size, scheme):
    page, address = files_page, files_page.url
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(SIZES[size])

    choose(page, "IMG_0815.HEIC", picture("HEIF", (400, 300)))
    page.goto(address)
    choose(
        page, "A report with a name as long as some hospitals like to give to their files_2026-11-27_v2.pdf", document()
    )
    page.goto(f"{address}?file=kept")
    axe_finds_nothing(page)
    fits_its_width(page)
    page.get_by_role("button", name="Remove IMG_0815.HEIC").click()
    page.goto(address)

    assert page.get_by_text("IMG_0815").count() == 0
    assert page.get_by_text("You can send 4 more files.").count() == 1


@pytest.mark.parametrize(("size", "megabytes"), [("narrow", 11), ("desk", 20)])
def test_a_file_that_is_too_big_is_told_in_words(files_page, tmp_path, size, megabytes):
    page = files_page
    page.set_viewport_size(SIZES[size])
    film = tmp_path / "film.mov"
    film.write_bytes(b"x" * (megabytes * 2**20))

    with page.expect_response("**/files/") as answer:
        page.get_by_label("Choose a file").set_input_files(film)
        page.get_by_role("button", name="Send this file").click()

    assert answer.value.status == 422
    assert page.get_by_role("alert").inner_text().splitlines()[0] == "Please fix 1 thing"
    assert page.get_by_text("This file is larger than 10 MB. Take a photo of each page").count() == 1
    axe_finds_nothing(page)
    fits_its_width(page)
