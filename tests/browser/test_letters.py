"""A referral from its arrival to the proof that its office was told, as a coordinator does it, without any script."""

import datetime
import re

import pytest
from django.utils import timezone

from appointments.models import ContactPoint, Referral
from appointments.services import referrals
from appointments.services.setup import make_groups
from tests.browser.conftest import PASSWORD, SIZES, look_at
from tests.factories import (
    AppointmentRequestFactory,
    ContactPointFactory,
    PhysicianFactory,
    ReferralFactory,
    ReferralUpdateFactory,
    UserFactory,
)

pytestmark = pytest.mark.usefixtures("pango")


def signed_in(page, site, username, group):
    make_groups()
    user = UserFactory(username=username, group=group)
    user.set_password(PASSWORD)
    user.save()
    page.context.clear_cookies()
    page.goto(f"{site}/admin/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="View site").wait_for()
    return page


@pytest.fixture
def desk(bare_site, visitor):
    return signed_in(visitor, bare_site, "robin", "referral coordinator")


def verified(practice):
    """As a call to the office on a number that we found ourselves leaves it."""
    fax = ContactPointFactory(practice=practice)
    now = timezone.now()
    ContactPoint.objects.filter(pk=fax.pk).update(
        verified_value=fax.value,
        verified_how="call-back",
        verified_at=now,
        verified_until=now + datetime.timedelta(days=365),
    )


def letter(page, kind):
    return page.get_by_role("article", name=kind)


def test_coordinator_brings_a_referral_from_its_arrival_to_an_answer(page, bare_site):
    # No `visitor`: the browser complains about the answer 422, which is meant
    desk = signed_in(page, bare_site, "robin", "referral coordinator")
    row = AppointmentRequestFactory(status="closed", outcome="not-a-service-we-offer")
    referral = ReferralFactory(appointment_request=row)
    physician = PhysicianFactory()
    ReferralUpdateFactory(referral=referral, kind="declined", due_at=timezone.now() - datetime.timedelta(hours=2))
    address = f"{bare_site}/admin/appointments/referral/{referral.pk}/change/"

    desk.goto(address)
    look_at(desk, "letters-unmatched")
    declined = letter(desk, "Referral declined")
    declined.get_by_text("Nobody has said yet which office this referral is from.").wait_for()

    by = UserFactory(group="referral coordinator")
    referrals.match(referral.public_id, practice=physician.practice, physician=physician, seen_version=1, by=by)
    desk.goto(address)
    declined.get_by_text("This office has no verified fax number or address.").wait_for()

    verified(physician.practice)
    desk.goto(address)
    look_at(desk, "letters-owed")
    declined.get_by_label("Note").first.fill("Please refer to a center for infusions.")
    declined.get_by_role("button", name="Prepare the letter").press("Enter")
    desk.get_by_text("Referral declined is now: Prepared.").wait_for()

    with desk.expect_download() as download:
        declined.get_by_role("link", name="Open the PDF").click()
    assert re.fullmatch(rf"{row.reference}-declined-\d+\.pdf", download.value.suggested_filename)

    declined.get_by_label("Last four digits").fill("0151")
    declined.get_by_role("button", name="Approve letter and number").press("Enter")
    declined.get_by_text("These are not the last four of where this letter goes.").wait_for()
    look_at(desk, "letters-slip")
    assert declined.get_by_label("Last four digits").input_value() == "0151"
    declined.get_by_label("Last four digits").fill("0150")
    declined.get_by_role("button", name="Approve letter and number").press("Enter")
    desk.get_by_text("Referral declined is now: Approved.").wait_for()
    look_at(desk, "letters-approved")

    declined.get_by_role("button", name="I have faxed it, mailed it or handed it over").press("Enter")
    desk.get_by_text("Referral declined is now: Sent, no proof yet.").wait_for()
    assert declined.get_by_label("Pages").input_value() == "2"
    declined.get_by_label("Proof").fill("OK 10:42, 813 555 0150")
    look_at(desk, "letters-sent")
    declined.get_by_role("button", name="It arrived", exact=True).press("Enter")
    desk.get_by_text("Referral declined is now: Arrived.").wait_for()
    look_at(desk, "letters-arrived")

    referral = Referral.objects.get()
    assert (referral.loop_closed_how, referral.closing_update.pages) == ("update", 2)


def test_wrong_number_is_seen_by_the_supervisor(desk, bare_site):
    update = ReferralUpdateFactory(sent=True, kind="final")
    address = f"{bare_site}/admin/appointments/referral/{update.referral_id}/change/"
    desk.goto(address)

    final = letter(desk, "Final letter")
    final.get_by_text("It did not arrive").first.click()
    final.get_by_label("Why").select_option("wrong-number")
    final.get_by_role("button", name="It did not arrive").click()
    desk.get_by_text("Final letter is now: Failed. Nothing goes to this number until").wait_for()
    assert "Last arrived at" not in final.inner_text()
    look_at(desk, "letters-failed")

    signed_in(desk, bare_site, "sol", "supervisor")
    desk.goto(f"{bare_site}/admin/appointments/incident/?state=open")
    look_at(desk, "incidents")
    desk.set_viewport_size(SIZES["narrow"])
    cells = desk.locator("#result_list tbody :is(td, th)").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().right)"
    )
    assert max(cells) <= SIZES["narrow"]["width"]
    desk.locator("#result_list a").first.click()
    look_at(desk, "incident")
    desk.get_by_label("What was found, and what follows").fill("A bakery. They burned it.")
    desk.get_by_role("button", name="Close with this assessment").click()
    desk.get_by_text("Your assessment is kept, and this is closed.").wait_for()


def test_blocked_referral_shows_no_way_out(desk, bare_site):
    update = ReferralUpdateFactory(approved=True, referral__appointment_request__may_contact_referrer=False)

    desk.goto(f"{bare_site}/admin/appointments/referral/{update.referral_id}/change/")

    look_at(desk, "letters-blocked")
    assert desk.get_by_role("button", name="I have faxed it").count() == 0
