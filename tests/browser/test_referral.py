"""The page and the list of referrals at the desk, on a wide and on a narrow screen."""

import datetime

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone

from appointments.models import Referral
from tests.browser.conftest import look_at
from tests.browser.test_call_card import queue
from tests.factories import (
    AppointmentRequestFactory,
    ContactPointFactory,
    PhysicianFactory,
    ReferralFactory,
    ReferralUpdateFactory,
)

LIST = "/admin/appointments/referral/"


@pytest.fixture
def desk(visitor, bare_site):
    page = queue(visitor, bare_site)
    User.objects.get(username="dana").groups.set([Group.objects.get(name="supervisor")])
    return page


@pytest.fixture
def referral(bare_site):
    physician = PhysicianFactory()
    ContactPointFactory(practice=physician.practice, verified=True)
    ContactPointFactory(practice=physician.practice, kind="phone", value="+18135550151")
    row = AppointmentRequestFactory(
        referrer_name="Dr. Paula Patern",
        referrer_practice="Pattern Family Medicine",
        referrer_phone="813-555-0150",
        completed=True,
    )
    referral = ReferralFactory(
        appointment_request=row,
        sender_npi="1234567893",
        sender_fax="813-555-0150",
        sender_name="Front desk, Pattern",
        question="Is a procedure an option? " * 8,
        diagnosis="Lumbar spinal stenosis",
        urgency="soon",
        letter_due_at=timezone.now() - datetime.timedelta(days=1),
    )
    for kind, days in (("interim", -1), ("final", 6)):
        ReferralUpdateFactory(referral=referral, kind=kind, due_at=timezone.now() + datetime.timedelta(days=days))
    return referral


def test_office_is_chosen_and_the_patient_says_no(desk, bare_site, referral):
    desk.goto(f"{bare_site}{LIST}")
    look_at(desk, "referrals")
    desk.get_by_role("link", name=referral.appointment_request.reference).click()
    look_at(desk, "referral-unmatched")

    desk.get_by_role("button", name="It is from Paula Pattern, MD").click()
    desk.get_by_role("button", name="Patient said: no, do not tell").click()

    desk.get_by_text("The patient said no: nothing leaves.").wait_for()
    look_at(desk, "referral-blocked")
    after = Referral.objects.get()
    assert (after.physician.last_name, after.is_blocked) == ("Pattern", True)
