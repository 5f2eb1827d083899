"""P23: what the table says a group may do, a hand-made POST of a member may, and no other. Every action, every role."""

import uuid

import pytest
from django.utils import timezone

from appointments.management.commands import describe_roles
from appointments.models import ContactAttempt, Correction, Export, ReferralEvent, StaffNote
from appointments.transitions import (
    CALLERS,
    CORRECTORS,
    COUNTERS,
    DESK,
    GROUPS,
    NOTERS,
    PATIENT,
    REFERRERS,
    SUPERVISOR,
    TRANSITIONS,
    Status,
)
from tests.appointments.desk import LIST, page_of, sign_in
from tests.appointments.test_admin_change import typed
from tests.appointments.test_admin_referral import ACTS, seen
from tests.appointments.test_admin_referral import page_of as referral_page
from tests.appointments.test_intake import typed as keyed
from tests.appointments.test_moves import in_status, stored
from tests.factories import ReferralFactory

CORRECTION = {"correct": "it", "field": "phone", "value": "813-555-0199", "why": "x", "seen_version": 1}

# Who is tried: the group they are in, more about the account, and the groups whose rights they have by the table.
PEOPLE = {
    **{group: (group, {}, {group}) for group in GROUPS if group != "owner"},
    "owner": ("owner", {}, {"owner", SUPERVISOR}),
    "nobody": (None, {}, set()),
    "superuser": (None, {"is_superuser": True}, {SUPERVISOR}),
    "supervisor who left": (SUPERVISOR, {"is_active": False}, set()),
    "supervisor who is no staff": (SUPERVISOR, {"is_staff": False}, set()),
}


@pytest.fixture(params=PEOPLE)
def person(request, client, practice):
    """(browser of somebody, the groups whose rights they have, how a refusal answers)."""
    group, values, counts_as = PEOPLE[request.param]
    user = sign_in(client, group, **values)
    # Whoever is no member of staff is asked to sign in, as if the page were not theirs to know of.
    return client, counts_as, 403 if user.is_active and user.is_staff else 302


def answer(response):
    """Status, and 302 only where it leads to the sign-in; what was done answers "done"."""
    leads_away = response.status_code == 302 and not response["Location"].startswith("/admin/login/")
    return "done" if leads_away or response.status_code == 200 else response.status_code


def test_every_move_is_made_by_its_groups_and_refused_to_all_others(person):
    client, counts_as, refusal = person
    answers, expected, changed = {}, {}, []

    for move in TRANSITIONS:
        appointment_request = in_status(next(status for status in Status if status in move.sources))
        before = stored(appointment_request)
        answers[move.name] = answer(client.post(page_of(appointment_request), typed(move)))
        done = "done" if move.target else 409  # there is nothing of theirs to undo
        expected[move.name] = done if move.by & counts_as else refusal
        if answers[move.name] != "done" and stored(appointment_request) != before:
            changed.append(move.name)

    assert (answers, changed) == (expected, [])


def test_what_stands_beside_the_moves_is_done_by_its_groups_and_refused_to_all_others(person):
    client, counts_as, refusal = person
    page = page_of(in_status(Status.IN_REVIEW))
    file = {"weeks": 4, "tab": "all", "reason": "A count for the yearly meeting."}

    answers = {
        "call": answer(client.post(page, {"call": "reached", "note": "x", "entry_id": uuid.uuid4()})),
        "note": answer(client.post(page, {"note": "add", "text": "x", "entry_id": uuid.uuid4()})),
        "numbers": answer(client.get(f"{LIST}numbers/")),
        "correct": answer(client.post(page, CORRECTION)),
        "key in": answer(client.post(f"{LIST}add/", keyed())),
        "export": answer(client.post("/admin/appointments/export/add/", file)),
        "exports": answer(client.get("/admin/appointments/export/")),
    }

    allowed = {
        "call": CALLERS,
        "note": NOTERS,
        "numbers": COUNTERS,
        "correct": CORRECTORS,
        "key in": DESK,
        "export": {SUPERVISOR},
        "exports": {SUPERVISOR, "auditor"},
    }
    assert answers == {what: "done" if groups & counts_as else refusal for what, groups in allowed.items()}
    kept = [model.objects.count() for model in (ContactAttempt, StaffNote, Export, Correction)]
    assert kept == [answers[what] == "done" for what in ("call", "note", "export", "correct")]


def test_what_is_decided_about_a_referral_is_decided_by_its_groups_and_refused_to_all_others(person):
    client, counts_as, refusal = person
    answers, expected = {}, {}

    for button, (allowed, status, data, __) in ACTS.items():
        referral = ReferralFactory(appointment_request=in_status(status), office_waits_since=timezone.now())
        answers[button] = answer(client.post(referral_page(referral), seen(referral, **data())))
        expected[button] = "done" if allowed & counts_as else refusal
    referral = ReferralFactory()
    answers["find"] = answer(client.post(referral_page(referral), seen(referral, find="Pattern")))
    expected["find"] = "done" if REFERRERS & counts_as else refusal

    assert answers == expected
    assert ReferralEvent.objects.count() == sum(answers[button] == "done" for button in ACTS)


def test_no_move_of_the_patient_has_a_group():
    assert {PATIENT} & set(GROUPS) == set()
    assert [move.name for move in TRANSITIONS if PATIENT in move.by and move.by != {PATIENT}] == []


def test_documentation_is_current():
    assert describe_roles.path().read_text() == describe_roles.document(), "run describe_roles"
