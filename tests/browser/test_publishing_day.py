"""A day of an editor and a clinician: from a sample that nobody has signed to a page under a clinician's name."""

import datetime
import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from practice.models import Practice
from procedures.models import Source, Version
from tests.browser.conftest import PASSWORD, SIZES, axe_finds_nothing, fits_its_width
from tests.procedures import people

LAST_SECTION = "textarea[name='section_rows-9-body']"  # of the ten of a procedure: cost

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def editor(site):
    user = people.editor(first_name="Edith")
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def clinician(site):
    user = people.clinician(first_name="Elena")
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(page, site, user):
    page.goto(f"{site}/admin/login/")
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def sign_out(page):
    page.get_by_role("button", name="Log out").click()


def start_draft(page, site, slug="mild"):
    page.goto(f"{site}/admin/procedures/article/?q={slug}")
    page.get_by_role("row", name=slug).filter(has_text="English").get_by_role("link").first.click()
    page.get_by_role("button", name="Write: open the draft").click()
    expect(page.get_by_text("Draft", exact=True)).to_be_visible()


def test_an_editor_writes_and_a_clinician_signs(visitor, site, editor, clinician):
    sign_in(visitor, site, editor)
    start_draft(visitor, site)

    # A statement without its source is stopped, with the place where to mend it.
    cost = visitor.locator(LAST_SECTION)
    words = cost.input_value()
    cost.fill("Medicare pays 100 dollars for this.")
    visitor.get_by_label("What changed:").fill("We say more about cost.")
    visitor.get_by_role("button", name="Save and continue editing").click()
    visitor.get_by_role("button", name="Send for review").click()
    expect(visitor.get_by_text("Not yet: the list below says what to mend first.")).to_be_visible()
    expect(visitor.locator(".findings")).to_contain_text("Cost and coverage")

    visitor.locator(LAST_SECTION).fill(words + "\nBring your insurance card.")
    visitor.get_by_role("button", name="Save and continue editing").click()
    expect(visitor.get_by_role("heading", name="Nothing keeps this page from review")).to_be_visible()
    visitor.get_by_role("button", name="Send for review").click()
    expect(visitor.get_by_text("Sent. A clinician reads it now")).to_be_visible()
    expect(visitor.locator("textarea")).to_have_count(0)
    sign_out(visitor)

    sign_in(visitor, site, clinician)
    visitor.get_by_role("link", name="1 page waits for a signature").click()
    visitor.locator("#result_list tbody th a").first.click()
    visitor.get_by_role("link", name="Read, compare and decide").click()
    expect(visitor.locator("ins")).to_contain_text(["Bring your insurance card."])
    with visitor.expect_popup() as popup:
        visitor.get_by_role("link", name="Open the whole page").click()
    expect(popup.value.get_by_text("Bring your insurance card.")).to_be_visible()
    expect(popup.value.get_by_text("Preview of version")).to_be_visible()
    popup.value.close()
    visitor.get_by_label("I have read the whole page").check()
    visitor.get_by_role("button", name="Sign these words").click()
    expect(visitor.get_by_text("Your name stands under exactly these words.")).to_be_visible()

    Practice.objects.update(sample_content=False)
    visitor.goto(f"{site}/procedures/mild/")
    expect(visitor.locator(".byline").first).to_contain_text("Checked by Elena Sample, MD,")
    expect(visitor.get_by_text("Bring your insurance card.")).to_be_visible()
    expect(visitor.get_by_text("We say more about cost.")).to_be_visible()


def test_an_editor_does_not_lose_words_that_are_not_saved(visitor, site, editor):
    asked = []
    visitor.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    sign_in(visitor, site, editor)
    start_draft(visitor, site)
    visitor.get_by_role("navigation", name="Parts of this form").get_by_role("link", name="What can go wrong?").click()
    expect(visitor.get_by_role("heading", name="What can go wrong?", exact=True)).to_be_in_viewport()
    assert asked == []

    visitor.get_by_label("What changed:").fill("We say more about cost.")
    visitor.get_by_role("button", name="Send for review").click()

    expect(visitor.get_by_label("What changed:")).to_have_value("We say more about cost.")
    assert asked == ["beforeunload"]
    visitor.get_by_role("button", name="Save and continue editing").click()
    expect(visitor.get_by_text("was changed successfully")).to_be_visible()
    visitor.get_by_role("button", name="Send for review").click()
    expect(visitor.get_by_text("Sent. A clinician reads it now")).to_be_visible()
    assert asked == ["beforeunload"]


def test_a_clinician_sends_a_page_back_with_a_reason(visitor, site, editor, clinician):
    sign_in(visitor, site, editor)
    start_draft(visitor, site)
    visitor.get_by_role("button", name="Send for review").click()
    sign_out(visitor)

    sign_in(visitor, site, clinician)
    version = Version.objects.get(status="in-review")
    visitor.goto(f"{site}/admin/procedures/version/{version.pk}/review/")
    visitor.get_by_text("Send back", exact=True).first.click()
    visitor.get_by_label("What should change?").fill("Say who paid for the study.")
    visitor.get_by_role("button", name="Send back").click()

    expect(visitor.get_by_text("Sent back. It is a draft again.")).to_be_visible()
    expect(visitor.get_by_text("Say who paid for the study.")).to_be_visible()


def test_the_list_of_pages_due_leads_to_a_new_draft(visitor, site, editor):
    today = timezone.localdate()
    version = Version.objects.get(article__slug="mild", article__language="en")
    user = people.clinician()
    Version.objects.filter(pk=version.pk).update(
        status="approved", reviewer=user.clinician, signed_by=user, reviewed_on=today - datetime.timedelta(days=400),
        next_review=today - datetime.timedelta(days=1),
    )  # fmt: skip
    visitor.goto(f"{site}/procedures/mild/")
    expect(visitor.locator(".byline").first).to_contain_text("This check is overdue. We have been told.")

    sign_in(visitor, site, editor)
    visitor.get_by_role("link", name="1 page is due for its check now").click()
    visitor.locator("#result_list tbody th a").first.click()
    visitor.get_by_role("button", name="Make a new draft").click()

    expect(visitor.get_by_text("Readers go on seeing the other version.")).to_be_visible()


def test_an_expired_source_shows_at_the_statement_and_in_the_register(visitor, site, editor):
    Source.objects.filter(key="otani").update(
        checked_on=datetime.date(2020, 1, 1), expires_on=datetime.date(2021, 1, 1)
    )
    sign_in(visitor, site, editor)
    visitor.goto(f"{site}/admin/procedures/source/?due=expired")

    expect(visitor.locator("#result_list")).to_contain_text(re.compile("Expired. Used on:.*MILD"))


@pytest.mark.parametrize("size", SIZES)
def test_pages_of_editors_have_no_barrier(visitor, site, clinician, size):
    clinician.groups.add(people.editor().groups.get())
    visitor.set_viewport_size(SIZES[size])
    sign_in(visitor, site, clinician)
    start_draft(visitor, site)
    draft = Version.objects.get(status="draft")
    for path in (
        f"procedures/version/{draft.pk}/change/",
        f"procedures/version/{draft.pk}/review/",
        f"procedures/article/{draft.article_id}/change/",
        "procedures/version/?due=90",
        "procedures/source/",
        "",
    ):
        visitor.goto(f"{site}/admin/{path}")

        axe_finds_nothing(visitor)
        fits_its_width(visitor)
