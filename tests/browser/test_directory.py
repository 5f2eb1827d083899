"""A practice comes into the directory, its fax is verified, and one wrong digit takes that back: in a real browser."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from appointments.models import ContactPoint
from appointments.services.setup import make_groups
from tests.browser.conftest import PASSWORD, look_at
from tests.factories import UserFactory


@pytest.fixture
def coordinator(page, bare_site):
    """Signed in, on the list of practices. No `visitor`: the browser complains about answers 422, which are meant."""
    make_groups()
    user = UserFactory(username="robin", group="referral coordinator")
    user.set_password(PASSWORD)
    user.save()
    page.goto(f"{bare_site}/admin/login/?next=/admin/appointments/referringpractice/")
    page.get_by_label("Username").fill("robin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("link", name="Add referring practice")).to_be_visible()
    return page


def open_box(page, name):
    page.locator("summary", has_text=name).click()


def is_verified():
    return ContactPoint.objects.get().is_verified(timezone.now())


def test_a_fax_is_verified_and_one_digit_takes_it_back(coordinator):
    page = coordinator
    look_at(page, "directory-empty")
    page.get_by_role("link", name="Add referring practice").click()
    page.get_by_label("Name:", exact=True).fill("Pattern Family Medicine")
    page.get_by_label("City:").fill("Ruskin")
    page.get_by_label("First name:").first.fill("Paula")
    page.get_by_label("Last name:").first.fill("Pattern")
    page.get_by_label("NPI:").first.fill("1234567890")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("This is no NPI: ten digits, of which the last one checks the others.")).to_be_visible()
    look_at(page, "directory-npi")

    page.get_by_label("NPI:").first.fill("1234567893")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("None yet. Nothing can be sent to this practice.")).to_be_visible()
    page.get_by_role("link", name="Add contact point").click()
    expect(page.get_by_role("button", name="Add it")).to_be_visible()
    look_at(page, "directory-add-fax")
    page.get_by_label("Number or address").fill("813 555 0150")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("Not verified")).to_be_visible()

    open_box(page, "Call the practice back")
    page.get_by_label("Number that you called").fill("813 555 0177")
    page.get_by_label("Where you found it").fill("Their website")
    look_at(page, "directory-call")
    page.get_by_role("button", name="They said yes").click()
    expect(page.get_by_text("Verified for twelve months.")).to_be_visible()
    assert is_verified()
    look_at(page, "directory-verified")

    open_box(page, "Use another number or address")
    page.get_by_label("New number or address").fill("813-555-0160")
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_text("Is this a slip of the finger?")).to_be_visible()
    assert is_verified()
    look_at(page, "directory-slip")
    page.get_by_label("The new number once more").fill("813-555-0160")
    page.get_by_role("button", name="Change it").click()
    expect(page.locator(".badge.late")).to_have_text("Verification ended")
    assert not is_verified()
    look_at(page, "directory-changed")

    page.get_by_role("link", name="Pattern Family Medicine").first.click()
    expect(page.get_by_role("heading", name="Ways to reach it")).to_be_visible()
    look_at(page, "directory-practice")
    page.get_by_role("link", name="Paula Pattern").click()
    expect(page.get_by_role("heading", name="NPI registry")).to_be_visible()
    look_at(page, "directory-physician")
    page.get_by_role("link", name="Look in the registry").click()
    expect(page.get_by_role("heading", name="I looked there myself")).to_be_visible()
    look_at(page, "directory-registry")


def test_an_office_types_the_code_of_the_sheet(coordinator, bare_site):
    page = coordinator
    page.goto(f"{bare_site}/admin/appointments/referringpractice/add/")
    page.get_by_label("Name:", exact=True).fill("Pattern Family Medicine")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="Add contact point").click()
    page.get_by_label("Number or address").fill("813 555 0150")
    page.get_by_role("button", name="Add it").click()
    open_box(page, "Send a sheet with a code")
    page.get_by_role("button", name="Make the sheet").click()
    code = page.locator(".code").inner_text()
    look_at(page, "directory-sheet")

    page.goto(f"{bare_site}/refer/verify/")
    look_at(page, "verify")
    page.get_by_label("Code from our sheet").fill("7K4M")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("alert")).to_contain_text("This code does not work.")
    look_at(page, "verify-wrong")
    page.get_by_label("Code from our sheet").fill(code.lower().replace("-", " "))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    look_at(page, "verified")
    assert is_verified()


def test_a_file_is_looked_at_and_taken_in(coordinator, tmp_path):
    page = coordinator
    file = tmp_path / "practices.csv"
    file.write_text(
        "practice;zip;last_name;first_name;npi;fax\nPattern;33570;Pattern;Paula;1234567893;8135550150\nB;1\n"
    )
    page.get_by_role("link", name="Take in a file of practices").click()
    expect(page.get_by_role("button", name="Look at it")).to_be_visible()
    look_at(page, "import")
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_text("1 new, 0 with changes, 0 as before, 1 to be left out.")).to_be_visible()
    look_at(page, "import-preview")

    page.get_by_role("button", name="Import these, leave out the rest").click()

    expect(page.get_by_text("Taken in: 1 new")).to_be_visible()
    look_at(page, "directory-list")
    page.goto(page.url.replace("referringpractice", "physician"))
    look_at(page, "physicians")
    page.goto(page.url.replace("physician", "contactpoint"))
    look_at(page, "contact-points")
