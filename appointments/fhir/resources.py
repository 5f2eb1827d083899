"""Rows as FHIR R4B resources: plain dicts, nothing read that is not at hand. No word that anybody typed but the name.

A referral is three resources under one id: ServiceRequest (what was asked), Task (where it stands) and Patient (about
whom). Whether somebody may read them is not decided here.
"""

import datetime

from django.conf import settings
from django.utils import timezone

from appointments.fhir.outcomes import PREFIX
from appointments.models import Physician, Referral, ReferralUpdate, ReferringPractice, Visit
from appointments.telling import ReferralStatus
from appointments.transitions import Outcome, Status

NPI = "http://hl7.org/fhir/sid/us-npi"

# ReferralStatus: (ServiceRequest.status, Task.status)
STATUSES = {
    ReferralStatus.RECEIVED: ("active", "requested"),
    ReferralStatus.UNDER_REVIEW: ("active", "received"),
    ReferralStatus.MORE_INFO: ("on-hold", "on-hold"),
    ReferralStatus.ACCEPTED: ("active", "accepted"),
    ReferralStatus.BOOKED: ("active", "in-progress"),
    ReferralStatus.SEEN: ("active", "in-progress"),
    ReferralStatus.COMPLETED: ("completed", "completed"),
    ReferralStatus.DECLINED: ("revoked", "rejected"),
    ReferralStatus.CANCELLED: ("revoked", "cancelled"),
    ReferralStatus.FAILED: ("revoked", "failed"),
}
ENDED = frozenset({"completed", "revoked"})
# A loop that a supervisor closed: nothing more comes, wherever the referral stood.
CLOSED_AFTER_VISIT, CLOSED_WITHOUT = ("completed", "completed"), ("revoked", "cancelled")

PRIORITIES = {
    Referral.Urgency.ROUTINE: "routine",
    Referral.Urgency.SOON: "urgent",
    Referral.Urgency.URGENT: "asap",
}

# The letters that left, or tried to.
COMMUNICATION_STATUSES = {
    ReferralUpdate.Status.SENDING: "in-progress",
    ReferralUpdate.Status.SENT: "in-progress",
    ReferralUpdate.Status.CONFIRMED: "completed",
    ReferralUpdate.Status.FAILED: "stopped",
}

# Our own slips, of which an office is told by a person.
UNTOLD_OUTCOMES = frozenset({Outcome.DUPLICATE, Outcome.SPAM, Outcome.ENTERED_IN_ERROR})


def service_request(referral: Referral) -> dict:
    """`referral` is from services.partners.readable_by, as in all functions here."""
    return _resource(
        "ServiceRequest",
        referral.public_id,
        meta=_meta(referral.version, referral.changed_at),
        identifier=[{"system": system("reference"), "value": referral.appointment_request.reference}],
        status=_statuses(referral)[0],
        intent=_intent(referral),
        priority=PRIORITIES[referral.urgency],
        subject=_reference("Patient", referral),
        authoredOn=_moment(referral.created_at),
        requester=_requester(referral),
    )


def task(referral: Referral) -> dict:
    return _resource(
        "Task",
        referral.public_id,
        meta=_meta(referral.version, referral.changed_at),
        basedOn=[_reference("ServiceRequest", referral)],
        status=_statuses(referral)[1],
        statusReason=_outcome(referral.appointment_request),
        businessStatus=_concept("referral-status", referral.status, referral.get_status_display()),
        intent=_intent(referral),
        focus=_reference("ServiceRequest", referral),
        authoredOn=_moment(referral.created_at),
        lastModified=_moment(referral.changed_at),
        requester=_requester(referral),
        **{"for": _reference("Patient", referral)},
    )


def patient(referral: Referral) -> dict:
    """Whom the referral is about: only what an office needs to find its own patient."""
    person = referral.appointment_request
    return _resource(
        "Patient",
        referral.public_id,
        meta=_meta(person.version, referral.changed_at),
        name=[_filled(family=person.last_name, given=_filled_list(person.first_name))],
        birthDate=person.date_of_birth and person.date_of_birth.isoformat(),
    )


def appointment(referral: Referral, visit: Visit) -> dict:
    """`visit` is of the request of `referral`, with its location and clinician at hand."""
    where, who = visit.location.one_line, visit.clinician and str(visit.clinician)
    actors = [_reference("Patient", referral), _filled(display=where), _filled(display=who)]
    return _resource(
        "Appointment",
        visit.ics_uid,
        meta=_meta(referral.appointment_request.version, referral.changed_at),
        status=visit.status,
        start=_moment(visit.starts_at),
        end=_moment(visit.starts_at + datetime.timedelta(minutes=visit.duration_minutes)),
        basedOn=[_reference("ServiceRequest", referral)],
        participant=[{"actor": actor, "status": "accepted"} for actor in actors if actor],
    )


def communication(referral: Referral, update: ReferralUpdate) -> dict:
    """That a letter of this kind left, and whether it arrived; not what it says."""
    times = [update.created_at, update.prepared_at, update.approved_at, update.sent_at, update.confirmed_at]
    failure = update.failure and _concept("failure", update.failure, update.get_failure_display())
    return _resource(
        "Communication",
        update.public_id,
        meta=_meta(update.version, max(time for time in times if time)),
        basedOn=[_reference("ServiceRequest", referral)],
        status=COMMUNICATION_STATUSES[update.status],
        statusReason=failure,
        category=[_concept("update-kind", update.kind, update.get_kind_display())],
        subject=_reference("Patient", referral),
        recipient=[_reference("Organization", referral.practice, referral.practice.name)],
        sent=update.sent_at and _moment(update.sent_at),
        received=update.confirmed_at and _moment(update.confirmed_at),
    )


def practitioner(physician: Physician) -> dict:
    return _resource(
        "Practitioner",
        physician.public_id,
        identifier=[{"system": NPI, "value": physician.npi}] if physician.npi else [],
        active=physician.is_active,
        name=[
            _filled(
                family=physician.last_name,
                given=_filled_list(physician.first_name),
                suffix=_filled_list(physician.credentials),
            )
        ],
    )


def organization(practice: ReferringPractice) -> dict:
    address = _filled(
        line=_filled_list(practice.street), city=practice.city, state=practice.state, postalCode=practice.zip_code
    )
    return _resource(
        "Organization", practice.public_id, active=practice.is_active, name=practice.name, address=[address]
    )


def bundle(resources: list[dict], **links: str) -> dict:
    """What a search found, in order; `links` are addresses by their relation ("self", "next")."""
    return _resource(
        "Bundle",
        None,
        type="searchset",
        link=[{"relation": relation, "url": url} for relation, url in links.items()],
        entry=[{"fullUrl": address(f"{one['resourceType']}/{one['id']}"), "resource": one} for one in resources],
    )


def address(path: str) -> str:
    return f"{settings.PUBLIC_URL}{PREFIX}{path}"


def system(name: str) -> str:
    """The name of a list of codes of ours; docs/fhir.md says what stands in it."""
    return address(f"CodeSystem/{name}")


def _statuses(referral):
    """(ServiceRequest.status, Task.status)"""
    statuses = STATUSES[referral.status]
    if referral.loop_closed_at is None or statuses[0] in ENDED:
        return statuses
    return CLOSED_AFTER_VISIT if referral.status == ReferralStatus.SEEN else CLOSED_WITHOUT


def _intent(referral):
    """A doctor whom the patient only named has ordered nothing."""
    return "order" if referral.source == Referral.Source.OFFICE else "proposal"


def _requester(referral):
    if referral.source == Referral.Source.PATIENT:
        return _reference("Patient", referral)
    if referral.physician:
        return _reference("Practitioner", referral.physician, referral.physician.full_name)
    return _reference("Organization", referral.practice, referral.practice.name)


def _outcome(appointment_request):
    outcome = appointment_request.outcome
    if appointment_request.status != Status.CLOSED or outcome in UNTOLD_OUTCOMES:
        return None
    return _concept("outcome", outcome, appointment_request.get_outcome_display())


def _resource(kind, public_id, **elements):
    return _filled(resourceType=kind, id=public_id and str(public_id), **elements)


def _filled(**elements):
    """Without the empty ones, since no element of FHIR is empty. False stays."""
    plain = {name: _plain(value) if isinstance(value, str) else value for name, value in elements.items()}
    return {name: value for name, value in plain.items() if value not in (None, "", [], [{}], {})}


def _filled_list(text):
    return [_plain(text)] if _plain(text) else []


def _plain(text):
    """A string of FHIR knows no space but the plain one."""
    return " ".join(text.split())


def _meta(version, changed_at):
    return {"versionId": str(version), "lastUpdated": _moment(changed_at)}


def _reference(kind, row, display=""):
    return _filled(reference=f"{kind}/{row.public_id}", display=display)


def _concept(name, code, display):
    return {"coding": [{"system": system(name), "code": code, "display": str(display)}]}


def _moment(at):
    return timezone.localtime(at).isoformat()
