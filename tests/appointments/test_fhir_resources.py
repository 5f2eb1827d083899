"""Every resource that we give is FHIR R4B, whatever state its rows are in. The functions need no database."""

import datetime
import json
import re

import pytest
from django.conf import settings
from django.utils import timezone
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import given
from hypothesis import settings as trial
from hypothesis import strategies as st

from appointments.fhir import metadata, resources
from appointments.models import (
    AppointmentRequest,
    Physician,
    Referral,
    ReferralUpdate,
    ReferringPractice,
    Visit,
)
from appointments.telling import ReferralStatus
from appointments.transitions import Outcome
from appointments.update_kinds import UpdateKind
from practice.models import Clinician, Location

# The required bindings, which the models of fhir.resources do not check.
# Source: hl7.org/fhir/R4B, value sets request-status, task-status, appointmentstatus, event-status, request-priority.
CODES = {
    ("ServiceRequest", "status"): {"draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown"},
    ("ServiceRequest", "priority"): {"routine", "urgent", "asap", "stat"},
    ("ServiceRequest", "intent"): {"proposal", "plan", "directive", "order"},
    ("Task", "intent"): {"unknown", "proposal", "plan", "order"},
    ("Task", "status"): {
        "draft",
        "requested",
        "received",
        "accepted",
        "rejected",
        "ready",
        "cancelled",
        "in-progress",
        "on-hold",
        "failed",
        "completed",
        "entered-in-error",
    },
    ("Appointment", "status"): {
        "proposed",
        "pending",
        "booked",
        "arrived",
        "fulfilled",
        "cancelled",
        "noshow",
        "entered-in-error",
        "checked-in",
        "waitlist",
    },
    ("Communication", "status"): {
        "preparation",
        "in-progress",
        "not-done",
        "on-hold",
        "stopped",
        "completed",
        "entered-in-error",
        "unknown",
    },
}
NAMES = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=20)
YEARS = {"min_value": datetime.datetime(2000, 1, 1), "max_value": datetime.datetime(2090, 1, 1)}  # noqa: DTZ001
MOMENTS = st.datetimes(**YEARS, timezones=st.just(datetime.UTC))
PRACTICES = st.builds(ReferringPractice, name=NAMES.filter(bool), street=NAMES, city=NAMES, zip_code=NAMES)
PHYSICIANS = st.builds(
    Physician,
    first_name=NAMES.filter(bool),
    last_name=NAMES.filter(bool),
    credentials=NAMES,
    npi=st.sampled_from([None, "", "1234567893"]),
)


def check(resource):
    """Raises unless `resource` is FHIR R4B."""
    resource = json.loads(json.dumps(resource))
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    for (kind, element), codes in CODES.items():
        if kind == resource["resourceType"]:
            assert resource[element] in codes


@st.composite
def referrals(draw):
    person = AppointmentRequest(
        first_name=draw(NAMES),
        last_name=draw(NAMES.filter(bool)),
        date_of_birth=draw(st.dates()),
        status=draw(st.sampled_from(["received", "closed", "completed"])),
        outcome=draw(st.sampled_from(Outcome)),
    )
    referral = Referral(
        appointment_request=person,
        practice=draw(PRACTICES),
        physician=draw(st.none() | PHYSICIANS),
        source=draw(st.sampled_from(Referral.Source)),
        status=draw(st.sampled_from(ReferralStatus)),
        urgency=draw(st.sampled_from(Referral.Urgency)),
        loop_closed_at=draw(st.none() | MOMENTS),
        created_at=draw(MOMENTS),
    )
    referral.changed_at = draw(MOMENTS)
    return referral


VISITS = st.builds(
    Visit,
    status=st.sampled_from(Visit.Status),
    starts_at=MOMENTS,
    duration_minutes=st.integers(1, 600),
    location=st.just(Location(name="Main office", street="100 Sample Plaza", city="Ruskin", zip_code="33570")),
    clinician=st.none() | st.just(Clinician(first_name="Elena", last_name="Sample", credentials="MD")),
)
LETTERS = st.builds(
    ReferralUpdate,
    kind=st.sampled_from(UpdateKind),
    status=st.sampled_from(sorted(resources.COMMUNICATION_STATUSES)),
    failure=st.sampled_from(["", *ReferralUpdate.Failure]),
    created_at=MOMENTS,
    sent_at=st.none() | MOMENTS,
    confirmed_at=st.none() | MOMENTS,
)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("\N{NO-BREAK SPACE}", []),
        ("Ana\N{EM SPACE}Maria ", [{"family": "Ana Maria", "given": ["Ana Maria"]}]),
        ("Ana\N{LINE SEPARATOR}Maria", [{"family": "Ana Maria", "given": ["Ana Maria"]}]),
    ],
)
def test_spaces_that_fhir_does_not_know_become_plain_ones(typed, told):
    person = AppointmentRequest(first_name=typed, last_name=typed, status="in_review")

    resource = resources.patient(a_referral(appointment_request=person))

    check(resource)
    assert resource.get("name", []) == told


@trial(deadline=None)  # the first one loads the models of fhir.resources
@given(referrals(), st.lists(VISITS, max_size=3), st.lists(LETTERS, max_size=3))
def test_every_state_of_a_referral_is_fhir(referral, visits, letters):
    found = [resources.service_request(referral), resources.task(referral), resources.patient(referral)]
    found += [resources.organization(referral.practice)]
    found += [resources.practitioner(referral.physician)] if referral.physician else []
    found += [resources.appointment(referral, visit) for visit in visits]
    found += [resources.communication(referral, update) for update in letters]

    for resource in [*found, resources.bundle(found, self="https://practice.example.org/fhir/ServiceRequest")]:
        check(resource)


def test_what_is_no_fhir_would_be_found():  # the control
    with pytest.raises(ValueError):
        check({"resourceType": "Task", "status": "requested"})
    with pytest.raises(AssertionError):
        check({"resourceType": "Task", "status": "under-review", "intent": "order"})


def test_the_capability_statement_is_fhir_and_names_every_resource():
    statement = metadata.capability_statement()

    check(statement)
    assert [one["type"] for one in statement["rest"][0]["resource"]] == list(metadata.READABLE)


def a_referral(**values):
    practice = ReferringPractice(name="Pattern Family Medicine")
    person = AppointmentRequest(last_name="Demo", status="in_review")
    referral = Referral(
        **{"appointment_request": person, "practice": practice, "source": "office", "created_at": timezone.now()}
        | values
    )
    referral.changed_at = referral.created_at
    return referral


def statuses(referral):
    return resources.service_request(referral)["status"], resources.task(referral)["status"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("received", ("active", "requested")),
        ("under-review", ("active", "received")),
        ("more-info", ("on-hold", "on-hold")),
        ("accepted", ("active", "accepted")),
        ("booked", ("active", "in-progress")),
        ("seen", ("active", "in-progress")),
        ("completed", ("completed", "completed")),
        ("declined", ("revoked", "rejected")),
        ("cancelled", ("revoked", "cancelled")),
        ("failed", ("revoked", "failed")),
    ],
)
def test_status_is_mapped(status, expected):
    referral = a_referral(status=status)

    assert statuses(referral) == expected
    assert resources.task(referral)["businessStatus"]["coding"][0]["code"] == status


def test_every_status_is_mapped():
    assert set(resources.STATUSES) == set(ReferralStatus)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("seen", ("completed", "completed")),
        ("under-review", ("revoked", "cancelled")),
        ("declined", ("revoked", "rejected")),
        ("completed", ("completed", "completed")),
    ],
)
def test_a_closed_loop_is_over_wherever_the_referral_stood(status, expected):
    assert statuses(a_referral(status=status, loop_closed_at=timezone.now())) == expected


@pytest.mark.parametrize(
    ("status", "outcome", "told"),
    [
        ("closed", "payer-not-accepted", "payer-not-accepted"),
        ("closed", "duplicate", None),
        ("closed", "spam", None),
        ("closed", "entered-in-error", None),
        ("in_review", "payer-not-accepted", None),  # opened again
    ],
)
def test_the_reason_is_the_outcome_unless_it_is_our_own_slip(status, outcome, told):
    person = AppointmentRequest(status=status, outcome=outcome)

    reason = resources.task(a_referral(appointment_request=person, status="declined")).get("statusReason")

    assert (reason and reason["coding"][0]["code"]) == told


def test_who_asked_is_the_physician_or_the_office_or_the_patient():
    physician = Physician(first_name="Paula", last_name="Pattern", credentials="MD")
    by_office = a_referral()
    by_physician = a_referral(physician=physician)
    by_patient = a_referral(physician=physician, source="patient")

    found = [resources.service_request(referral) for referral in (by_office, by_physician, by_patient)]

    assert [(one["intent"], one["requester"]) for one in found] == [
        (
            "order",
            {"reference": f"Organization/{by_office.practice.public_id}", "display": "Pattern Family Medicine"},
        ),
        ("order", {"reference": f"Practitioner/{physician.public_id}", "display": "Paula Pattern, MD"}),
        ("proposal", {"reference": f"Patient/{by_patient.public_id}"}),
    ]


def test_times_have_the_zone_of_the_practice():
    referral = a_referral(created_at=datetime.datetime(2026, 11, 30, 17, 5, tzinfo=datetime.UTC))

    resource = resources.service_request(referral)

    assert resource["authoredOn"] == "2026-11-30T12:05:00-05:00"
    assert resource["meta"] == {"versionId": "1", "lastUpdated": "2026-11-30T12:05:00-05:00"}


# The page for developers


def page_for_developers():
    return (settings.BASE_DIR / "docs" / "fhir.md").read_text()


def test_the_example_for_developers_is_fhir():
    example = page_for_developers().partition("```json")[2].partition("```")[0]

    check(json.loads(example))


def test_the_page_for_developers_names_every_code():
    page = page_for_developers()
    rows = {tuple(re.findall(r"`([\w-]+)`", line)) for line in page.splitlines() if line.startswith("| `")}

    assert {(status, task, request) for status, (request, task) in resources.STATUSES.items()} <= rows
    codes = {
        *UpdateKind,
        *ReferralUpdate.Failure,
        *(set(Outcome) - resources.UNTOLD_OUTCOMES),
        *resources.PRIORITIES.values(),
    }
    assert [code for code in codes if f"`{code}`" not in page] == []
    assert [code for code in resources.UNTOLD_OUTCOMES if f"`{code}`" in page] == []
