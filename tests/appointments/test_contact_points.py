"""A contact point is verified for the value that was proved, by whoever may, and no longer than that holds."""

import datetime
import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connections
from django.utils import timezone

from appointments.models import Challenge, ContactPoint, ContactPointEvent, RateCount
from appointments.reference import new_code
from appointments.services import contact_points
from appointments.services.rights import MoveNotAllowed, NoRight
from tests.factories import (
    ContactPointFactory,
    PhysicianFactory,
    ReferralFactory,
    ReferringPracticeFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)
WEBSITE = "Website of the practice"


@pytest.fixture
def coordinator():
    return UserFactory(group="referral coordinator")


def now_verified(contact_point):
    contact_point.refresh_from_db()
    return contact_point.is_verified(timezone.now())


def events(contact_point):
    return [(event.what, event.value, event.by) for event in contact_point.events.select_related("by")]


def verify(contact_point, by, **changes):
    values = {"called": "813-555-0177", "found_at": WEBSITE, "seen_version": contact_point.version, "by": by}
    return contact_points.verify_by_call(contact_point.public_id, **values | changes)


# What is written there


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("fax", " (813) 555-0150", "+18135550150"),
        ("phone", "813.555.0150 x12", "+18135550150;ext=12"),
        ("email", "Office@Example.org", "office@example.org"),
        ("direct", "Pattern@Direct.Example.org", "pattern@direct.example.org"),
        ("mail", "100 Sample St, Ruskin FL 33570", "100 Sample St, Ruskin FL 33570"),
    ],
)
def test_a_contact_point_is_added_and_is_not_verified(coordinator, kind, text, value):
    contact_point = contact_points.add(ReferringPracticeFactory(), kind, text, by=coordinator)

    assert (contact_point.value, now_verified(contact_point)) == (value, False)
    assert events(contact_point) == [("added", value, coordinator)]


@pytest.mark.parametrize(
    ("kind", "text", "sentence"),
    [
        ("fax", "813-555-015", "One digit is missing. A phone number has 10 digits, like 813‑555‑0142."),
        ("fax", "813-555-0150 x2", "A fax machine cannot dial an extension. Please leave it out."),
        ("email", "office", "This does not look like an e-mail address. It should look like name@example.com."),
        ("mail", "a\0b", "Something in this answer could not be read, and we took it out. Please check it."),
    ],
)
def test_what_cannot_be_reached_is_refused(coordinator, kind, text, sentence):
    with pytest.raises(ValidationError) as refused:
        contact_points.add(ReferringPracticeFactory(), kind, text, by=coordinator)

    assert refused.value.message_dict == {"value": [sentence]}
    assert ContactPoint.objects.count() == 0


def test_the_same_number_is_added_once(coordinator):
    fax = ContactPointFactory()

    with pytest.raises(ValidationError, match="already"):
        contact_points.add(fax.practice, "fax", "8135550150", by=coordinator)

    assert (ContactPoint.objects.count(), ContactPointEvent.objects.count()) == (1, 0)


def test_a_changed_number_is_verified_no_more_and_not_when_it_is_changed_back(coordinator):
    fax = ContactPointFactory(verified=True)

    contact_points.change(fax.public_id, "813-555-0151", seen_version=1, by=coordinator)
    was = now_verified(fax)
    contact_points.change(fax.public_id, "813-555-0150", seen_version=2, by=coordinator)

    assert (was, now_verified(fax), fax.value, fax.version) == (False, False, "+18135550150", 3)
    assert events(fax) == [
        ("ended", "+18135550150", coordinator),
        ("changed", "+18135550151", coordinator),
        ("changed", "+18135550150", coordinator),
    ]


@pytest.mark.parametrize(("text", "said"), [("8135550150", "what stands there now"), ("8135550151", "already")])
def test_a_change_to_what_stands_there_is_refused(coordinator, text, said):
    fax = ContactPointFactory(verified=True)
    ContactPointFactory(practice=fax.practice, value="+18135550151")

    with pytest.raises(ValidationError, match=said):
        contact_points.change(fax.public_id, text, seen_version=1, by=coordinator)

    assert (now_verified(fax), fax.version, events(fax)) == (True, 1, [])


def test_what_is_no_longer_used_is_verified_no_more(coordinator):
    fax = ContactPointFactory(verified=True)

    contact_points.set_active(fax.public_id, False, seen_version=1, by=coordinator)
    with pytest.raises(MoveNotAllowed):
        verify(ContactPoint.objects.get(), coordinator)
    contact_points.set_active(fax.public_id, True, seen_version=2, by=coordinator)

    assert (now_verified(fax), fax.is_active) == (False, True)


@pytest.mark.parametrize(
    ("old", "new", "places"),
    [
        ("813-555-0150", "813-555-0151", (11,)),
        ("813-555-0150", "813-555-0105", (10, 11)),
        ("813-545-0150", "813-554-0150", (5, 6)),
        ("813-455-0150", "814-355-0150", (2, 4)),  # neighbours on both sides of the hyphen
        ("813-555-0150", "813-555-0150", ()),
        ("813-555-0150", "813-555-0161", ()),  # two digits
        ("813-555-0150", "513-555-0180", ()),
        ("813-555-0123", "813-555-0321", ()),  # swapped, but no neighbours
        ("813-555-0150", "+44 20 7946 0018", ()),
    ],
)
def test_a_slip_is_one_digit_or_two_neighbours(old, new, places):
    assert contact_points.slip(old, new) == places


# Who may, and who was first


def acts(contact_point):
    at = {"seen_version": contact_point.version}
    return {
        "add": lambda by: contact_points.add(contact_point.practice, "fax", "813-555-0199", by=by),
        "change": lambda by: contact_points.change(contact_point.public_id, "813-555-0198", **at, by=by),
        "retire": lambda by: contact_points.set_active(contact_point.public_id, False, **at, by=by),
        "call": lambda by: verify(contact_point, by),
        "direct": lambda by: contact_points.verify_direct(contact_point.public_id, found_at="x", **at, by=by),
        "challenge": lambda by: contact_points.challenge(contact_point.public_id, **at, by=by),
    }


@pytest.mark.parametrize("act", ["add", "change", "retire", "call", "direct", "challenge"])
@pytest.mark.parametrize("group", ["scheduler", "clinician", "editor", "auditor", None])
def test_nobody_else_does_anything_with_a_contact_point(act, group):
    fax = ContactPointFactory()

    with pytest.raises(NoRight):
        acts(fax)[act](UserFactory(group=group))

    assert (ContactPointEvent.objects.count(), Challenge.objects.count()) == (0, 0)


@pytest.mark.parametrize("act", ["change", "retire", "call", "direct", "challenge"])
def test_whoever_saw_an_older_version_is_told(coordinator, act):
    fax = ContactPointFactory()
    ContactPoint.objects.update(version=2)

    with pytest.raises(contact_points.Stale) as told:
        acts(fax)[act](coordinator)

    assert (told.value.contact_point, ContactPointEvent.objects.count()) == (fax, 0)


def together(*tries):
    """What each of `tries` gave, called at once from threads with connections of their own."""
    barrier, told = threading.Barrier(len(tries)), []

    def run(act):
        try:
            barrier.wait()
            told.append(act())
        except contact_points.Stale:
            told.append("stale")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[act]) for act in tries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def changing(fax, by):
    return [
        lambda number=number: contact_points.change(
            fax.public_id, f"813-555-016{number}", seen_version=1, by=by
        ).get_kind_display()
        for number in range(6)
    ]


@pytest.mark.django_db(transaction=True)
def test_of_six_changes_at_once_one_passes(coordinator):
    fax = ContactPointFactory()

    told = together(*changing(fax, coordinator))

    fax.refresh_from_db()
    assert (sorted(told), fax.version, fax.events.count()) == (["Fax", *["stale"] * 5], 2, 1)


@pytest.mark.django_db(transaction=True)
def test_without_the_guard_more_than_one_would_pass(coordinator, monkeypatch):  # the control
    monkeypatch.setattr(contact_points, "_as_seen", lambda seen_version: {})
    fax = ContactPointFactory()

    assert together(*changing(fax, coordinator)).count("Fax") > 1


# Called back


def test_a_call_verifies_for_twelve_months(coordinator, time_machine):
    time_machine.move_to("2028-02-29T15:00:00-05:00", tick=False)
    fax = ContactPointFactory(failed_deliveries=2)

    verify(fax, coordinator)

    assert now_verified(fax)
    assert (fax.verified_how, fax.verified_by, fax.failed_deliveries) == ("call-back", coordinator, 0)
    assert fax.verified_until == datetime.datetime(2029, 2, 28, 20, tzinfo=datetime.UTC)
    [event] = fax.events.all()
    assert (event.what, event.how, event.found_at) == ("verified", "call-back", f"813-555-0177: {WEBSITE}")
    time_machine.move_to("2029-02-28T15:00:00-05:00", tick=False)
    assert not now_verified(fax)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"called": "12"}, "called"),
        ({"called": ""}, "called"),
        ({"called": "(813) 555-0150"}, "called"),  # the fax itself
        ({"found_at": "  "}, "found_at"),
    ],
)
def test_a_call_without_where_and_whom_verifies_nothing(coordinator, changes, field):
    fax = ContactPointFactory()

    with pytest.raises(ValidationError) as refused:
        verify(fax, coordinator, **changes)

    assert list(refused.value.message_dict) == [field]
    assert (now_verified(fax), fax.version, events(fax)) == (False, 1, [])


@pytest.mark.parametrize("called", ["813 555 0177", "813-555-0177 ext 3"])
@pytest.mark.parametrize("is_matched", [True, False])
@pytest.mark.parametrize("field", ["phone", "fax"])
def test_a_number_of_a_referral_proves_nothing(coordinator, called, is_matched, field):
    fax = ContactPointFactory()
    referral = ReferralFactory(practice=fax.practice if is_matched else None)
    if field == "fax":
        referral.sender_fax = "(813) 555-0177"
        referral.save()
    else:
        referral.appointment_request.referrer_phone = "(813) 555-0177"
        referral.appointment_request.save()

    with pytest.raises(ValidationError, match="stands on a referral"):
        verify(fax, coordinator, called=called)

    assert not now_verified(fax)


def test_a_number_of_a_referral_that_the_registry_gives_too_was_found_independently(coordinator):
    fax = ContactPointFactory()
    record = {"number": "1234567893", "phones": ["813-555-0177"]}
    PhysicianFactory(practice=fax.practice, npi="1234567893", registry_record=record)
    ReferralFactory(practice=fax.practice, sender_fax="8135550177")

    verify(fax, coordinator)

    assert now_verified(fax)


def test_numbers_of_other_practices_and_of_patients_keep_nobody_from_calling(coordinator):
    fax = ContactPointFactory()
    ReferralFactory(practice=ReferringPracticeFactory(name="Other"), sender_fax="8135550177")
    ReferralFactory(named=True, sender_fax="8135550177")

    verify(fax, coordinator)

    assert now_verified(fax)


# Known Direct addresses


def test_a_known_direct_address_is_verified(coordinator):
    direct = ContactPointFactory(kind="direct", value="pattern@direct.example.org")

    contact_points.verify_direct(direct.public_id, found_at="DirectTrust directory", seen_version=1, by=coordinator)

    assert (now_verified(direct), direct.verified_how) == (True, "direct")
    assert direct.events.get().found_at == "DirectTrust directory"


def test_only_a_direct_address_is_verified_as_one_and_only_if_somebody_says_from_where(coordinator):
    fax, direct = ContactPointFactory(), ContactPointFactory(kind="direct", value="pattern@direct.example.org")

    with pytest.raises(MoveNotAllowed):
        contact_points.verify_direct(fax.public_id, found_at="x", seen_version=1, by=coordinator)
    with pytest.raises(ValidationError):
        contact_points.verify_direct(direct.public_id, found_at=" ", seen_version=1, by=coordinator)

    assert (now_verified(fax), now_verified(direct)) == (False, False)


# A code on paper


@pytest.fixture
def challenged(coordinator):
    """(a fax, the code on the sheet that was sent there)"""
    fax = ContactPointFactory()
    __, code = contact_points.challenge(fax.public_id, seen_version=1, by=coordinator)
    return fax, code


def answer(code):
    return contact_points.answer_challenge(code, block="203.0.113.0/24")


def test_a_code_stands_nowhere(challenged):
    __, code = challenged

    stored = str([*Challenge.objects.values_list(), *ContactPointEvent.objects.values_list()])

    assert (code in stored, code.replace("-", "") in stored) == (False, False)


@pytest.mark.parametrize("typed", ["{}", " {} ", "lower", "plain"])
def test_the_typed_code_verifies(challenged, coordinator, typed):
    fax, code = challenged
    typed = {"lower": code.lower(), "plain": code.replace("-", "").lower()}.get(typed, typed.format(code))

    assert answer(typed) == fax

    assert (now_verified(fax), fax.verified_how, fax.verified_by) == (True, "challenge", coordinator)
    assert events(fax)[-1] == ("verified", "+18135550150", None)


def test_a_code_works_once(challenged):
    __, code = challenged
    answer(code)

    assert answer(code) is None
    assert ContactPointEvent.objects.filter(what="verified").count() == 1


@pytest.mark.parametrize("code", ["", "x", "2222-2222-2222", "\0", "7K4M-X2QS", new_code()])
def test_another_code_verifies_nothing(challenged, code):
    fax, __ = challenged

    assert (answer(code), now_verified(fax)) == (None, False)


def test_a_code_is_over_after_fourteen_days(challenged, time_machine):
    fax, code = challenged
    time_machine.move_to(timezone.now() + 14 * DAY)

    assert (answer(code), now_verified(fax)) == (None, False)


def changed(fax, by):
    contact_points.change(fax.public_id, "813-555-0151", seen_version=2, by=by)


def retired(fax, by):
    contact_points.set_active(fax.public_id, False, seen_version=2, by=by)


def wrong_number(fax, by):
    contact_points.failed(fax, wrong=True)


@pytest.mark.parametrize("what", [changed, retired, wrong_number])
def test_a_code_of_a_sheet_that_went_elsewhere_verifies_nothing(challenged, coordinator, what):
    fax, code = challenged
    what(fax, coordinator)

    assert (answer(code), now_verified(fax)) == (None, False)


@pytest.mark.parametrize("kind", ["phone", "email", "direct"])
def test_no_sheet_goes_where_there_is_no_paper(coordinator, kind):
    contact_point = ContactPointFactory(kind=kind)

    with pytest.raises(MoveNotAllowed):
        contact_points.challenge(contact_point.public_id, seen_version=1, by=coordinator)

    assert Challenge.objects.count() == 0


def test_ten_tries_from_a_network_in_a_quarter_of_an_hour(challenged, time_machine):
    __, code = challenged
    time_machine.move_to(timezone.now().replace(minute=0), tick=False)
    for _ in range(10):
        answer("wrong")

    with pytest.raises(contact_points.TooManyTries):
        answer(code)
    assert contact_points.answer_challenge(code, block="198.51.100.0/24") is not None
    assert "203" not in str(list(RateCount.objects.values_list("key")))


@pytest.mark.django_db(transaction=True)
def test_of_six_who_type_one_code_at_once_one_verifies(coordinator):
    fax = ContactPointFactory()
    __, code = contact_points.challenge(fax.public_id, seen_version=1, by=coordinator)

    told = together(
        *[lambda number=number: bool(contact_points.answer_challenge(code, block=f"{number}")) for number in range(6)]
    )

    assert (sorted(told), fax.events.filter(what="verified").count()) == ([False] * 5 + [True], 1)


# Deliveries


def test_the_second_failed_delivery_ends_the_verification(coordinator):
    fax = ContactPointFactory(verified=True)

    contact_points.failed(fax, wrong=False)
    first = now_verified(fax)
    contact_points.failed(fax, wrong=False)

    assert (first, now_verified(fax)) == (True, False)
    assert [what for what, *__ in events(fax)] == ["failed", "failed", "ended"]


def test_a_wrong_number_ends_it_at_once():
    fax = ContactPointFactory(verified=True)

    contact_points.failed(fax, wrong=True)

    assert (now_verified(fax), [what for what, *__ in events(fax)]) == (False, ["failed", "ended"])


def test_what_arrives_sets_the_count_back():
    fax = ContactPointFactory(verified=True)

    contact_points.failed(fax, wrong=False)
    contact_points.delivered(fax)
    contact_points.failed(fax, wrong=False)

    assert (now_verified(fax), fax.failed_deliveries) == (True, 1)


def test_a_letter_that_arrives_late_brings_no_verification_back(coordinator):
    fax = ContactPointFactory(verified=True)
    for _ in range(2):
        contact_points.failed(fax, wrong=False)

    contact_points.delivered(fax)

    assert (now_verified(fax), fax.failed_deliveries) == (False, 2)  # the page goes on saying why
    verify(fax, coordinator)
    assert now_verified(fax)


def test_whoever_has_an_older_page_verifies_no_number_that_failed_meanwhile(coordinator):
    fax = ContactPointFactory(verified=True)

    contact_points.failed(fax, wrong=True)

    with pytest.raises(contact_points.Stale):
        verify(fax, coordinator)  # with the version before
    assert not now_verified(fax)


def test_a_fax_with_an_extension_is_no_other_number(coordinator):
    fax = ContactPointFactory(value="+18135550151")

    with pytest.raises(ValidationError, match="That is the fax itself"):
        verify(fax, coordinator, called="813-555-0151 x1")


def test_what_the_registry_says_of_another_npi_shows_nothing(coordinator):
    fax = ContactPointFactory()
    record = {"number": "1234567893", "phones": ["813-555-0177"]}
    PhysicianFactory(practice=fax.practice, npi="1003000126", registry_record=record)
    ReferralFactory(practice=fax.practice, sender_fax="8135550177")

    with pytest.raises(ValidationError, match="stands on a referral"):
        verify(fax, coordinator)


def test_nothing_of_a_practice_that_is_given_up_is_verified(coordinator):
    fax = ContactPointFactory(verified=True, practice__is_active=False)

    assert (now_verified(fax), ContactPoint.objects.verified(timezone.now()).count()) == (False, 0)
