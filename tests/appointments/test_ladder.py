"""How well we know a physician, and what is missing for the next step."""

import datetime

import pytest
from django.utils import timezone

from appointments.services.ladder import level, standings
from tests.appointments.test_registry import RECORD
from tests.factories import ContactPointFactory, PhysicianFactory, ReferralFactory, ReferralUpdateFactory

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)
BASIC = RECORD["basic"]

NO_NPI = "Write down the NPI."
NOT_LOOKED_UP = "Look the NPI up in the registry."
NOT_ACTIVE = "In the registry the NPI is not that of an active person. Ask for the right one."
OTHER_NAME = "In the registry the NPI stands under another last name. Ask for the right one."
NOT_VERIFIED = "Verify a contact point of the practice."
NOBODY_TO_ASK = "Write down whom to ask for at the practice."
NOT_ANSWERED = "Answer a referral of theirs with a letter that arrives."


def known(**values):
    return PhysicianFactory(**{"registry_record": RECORD} | values)


def standing(physician):
    found = standings([physician], timezone.now())[physician.pk]
    return found.level, [str(sentence) for sentence in found.missing]


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"npi": None}, NO_NPI),
        ({"npi": "1234567890"}, NO_NPI),
        ({"registry_record": {}}, NOT_LOOKED_UP),
        ({"npi": "1003000126"}, NOT_LOOKED_UP),  # changed since
        ({"registry_record": {"number": "1234567893"}}, NOT_ACTIVE),
        ({"registry_record": RECORD | {"enumeration_type": "NPI-2"}}, NOT_ACTIVE),
        ({"registry_record": RECORD | {"basic": BASIC | {"status": "D"}}}, NOT_ACTIVE),
        ({"last_name": "Other"}, OTHER_NAME),
    ],
)
def test_named(values, missing):
    assert standing(known(**values)) == ("named", [missing, NOT_VERIFIED])


@pytest.mark.parametrize("last_name", ["Pattern", "PATTERN", "Pättern", "Pat-tern"])
def test_exists(last_name):
    assert standing(known(last_name=last_name)) == ("exists", [NOT_VERIFIED])


def test_reachable():
    physician = known()
    ContactPointFactory(practice=physician.practice, verified=True)

    assert standing(physician) == ("reachable", [NOBODY_TO_ASK, NOT_ANSWERED])


def test_reachable_is_whoever_has_a_verified_contact_point_and_what_was_left_out_is_said():
    physician = PhysicianFactory(npi=None)
    ContactPointFactory(practice=physician.practice, verified=True)

    assert standing(physician) == ("reachable", [NO_NPI, NOBODY_TO_ASK, NOT_ANSWERED])


def lapsed(fax):
    fax.verified_until = timezone.now()


def changed(fax):
    fax.value = "+18135550151"


def retired(fax):
    fax.is_active = False


@pytest.mark.parametrize("change", [lapsed, changed, retired])
def test_a_verification_that_ended_takes_the_step_back(change):
    physician = known()
    fax = ContactPointFactory(practice=physician.practice, verified=True)
    change(fax)
    fax.save()

    assert standing(physician) == ("exists", [NOT_VERIFIED])


def partner(**referral):
    physician = known()
    physician.practice.contact_name = "Rita"
    physician.practice.save()
    fax = ContactPointFactory(practice=physician.practice, verified=True)
    closed = ReferralFactory(physician=physician, practice=physician.practice)
    update = ReferralUpdateFactory(confirmed=True, referral=closed, contact_point=fax)
    told = {"loop_closed_how": "update", "closing_update": update, "loop_closed_at": timezone.now()}
    for name, value in (told | referral).items():
        setattr(closed, name, value)
    closed.save()
    return physician


def test_partner():
    physician = partner()

    assert (standing(physician), level(physician, timezone.now())) == (("partner", []), "partner")


@pytest.mark.parametrize(
    "referral",
    [
        {"loop_closed_how": "reason", "loop_reason": "They know."},
        {"loop_closed_how": "spam"},
        {"loop_closed_at": timezone.now() - 366 * DAY},
        {"practice": None, "physician": None},
    ],
)
def test_no_partner_without_an_answer_of_the_last_twelve_months(referral):
    assert standing(partner(**referral)) == ("reachable", [NOT_ANSWERED])


@pytest.mark.parametrize("many", [1, 3])
def test_standings_take_two_queries(many, django_assert_num_queries):
    physicians = [known(npi=npi) for npi in ("1234567893", "1003000126", "1558598797")[:many]]

    with django_assert_num_queries(2):
        assert len(standings(physicians, timezone.now())) == many
