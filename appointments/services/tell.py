"""The messages about a request, to staff and to the patient: no name, no word about health, in any of them (P16)."""

from django.contrib.auth import get_user_model
from django.db import transaction
from django.urls import reverse

from appointments.models import AppointmentRequest, Referral, Visit
from appointments.services import rates, spam
from appointments.services.access import new_link
from appointments.services.routing import route
from appointments.transitions import BOOKED, COORDINATOR
from outbox.services import enqueue, is_queued, withdraw
from practice.services import practice_row


def of_new_request(appointment_request, people):
    """One notice to each of `people`, one acknowledgement if there is an e-mail, one receipt to an office that wrote.

    However often this is called, each of them leaves once.
    """
    respond_by = {"respond_by": appointment_request.respond_by.isoformat()}
    _desk("staff-notice", appointment_request, people, cause="received", context=respond_by)
    to_patient(
        appointment_request,
        "acknowledgement",
        dedupe_key=f"{appointment_request.reference}:received:patient",
        context=respond_by,
    )
    _office_of_receipt(appointment_request, respond_by)


def _office_of_receipt(appointment_request, respond_by):
    """The reference, to the address that an office typed. Nobody has verified it: nothing else ever goes there.

    Whoever has the mailbox may have asked for none, so that a day's flood of them ends.
    """
    referral = Referral.objects.filter(appointment_request=appointment_request, source=Referral.Source.OFFICE).first()
    if referral is None or not referral.sender_email:
        return
    mailbox = spam.mailbox_of(referral.sender_email)
    if rates.count("receipt", mailbox, seconds=24 * 3600) <= spam.SAME_MAILBOX_PER_DAY:
        enqueue(
            "referral-receipt",
            to=referral.sender_email,
            about=appointment_request.reference,
            dedupe_key=f"{appointment_request.reference}:received:office",
            context=_shared(appointment_request) | respond_by,
        )


def desk_of_update(appointment_request, cause):
    """One notice for each `cause`, what the patient did, to those who mind it."""
    _desk("staff-update", appointment_request, who_minds(appointment_request), cause=cause, context={})


def desk_of_office(appointment_request, cause):
    """One notice for each `cause`, what the referring office did on its page, to whoever answers offices."""
    people = list(get_user_model().objects.filter(is_active=True, groups__name=COORDINATOR).exclude(email=""))
    people = people or who_minds(appointment_request)
    path = {"path": reverse("admin:appointments_referral_change", args=[appointment_request.referral.pk])}
    _desk("staff-office", appointment_request, people, cause=cause, context=path)


def of_clock(appointment_request, kind, people):
    """One notice that the time to answer runs out, or has run out, to each of `people`."""
    due_by = {"due_by": appointment_request.due_at.isoformat()}
    _desk(kind, appointment_request, people, cause=kind, context=due_by)


def who_minds(appointment_request) -> list:
    """Whoever works on it, or those its route names."""
    worker = appointment_request.assignee
    if worker and worker.is_active and worker.email:
        return [worker]
    _, people = route(appointment_request)
    return people


def patient_of_move(appointment_request, kind, *, wait_seconds=0):
    """One message about the move that made this version of the request, if there is an e-mail."""
    to_patient(
        appointment_request,
        kind,
        dedupe_key=_key_of_move(appointment_request, appointment_request.version),
        wait_seconds=wait_seconds,
        context=_details_of_visit(appointment_request) if kind == BOOKED else {},
    )


def take_back(appointment_request, version) -> bool:
    """Let the message about the move that made `version` never leave; False if it is on its way, or has gone."""
    return withdraw(_key_of_move(appointment_request, version))


def has_told(appointment_request, version) -> bool:
    """Whether there is a message to the patient about the move that made `version`."""
    return is_queued(_key_of_move(appointment_request, version))


def _key_of_move(appointment_request, version):
    return f"{appointment_request.reference}:moved:{version}:patient"


def _details_of_visit(appointment_request):
    """When and where, if the patient ticked that a mail may say so."""
    if not appointment_request.visit_details_by_email:
        return {}
    visit = appointment_request.visits.select_related("location").get(status=Visit.Status.BOOKED)
    return {"visit_at": visit.starts_at.isoformat(), "place": visit.location.one_line}


@transaction.atomic
def to_patient(
    appointment_request: AppointmentRequest,
    kind: str,
    *,
    dedupe_key: str,
    context: dict | None = None,
    wait_seconds: int = 0,
) -> bool:
    """One message with a new link to the patient's page, once per `dedupe_key`; False if there is no e-mail."""
    if not appointment_request.email:
        return False
    if not is_queued(dedupe_key):
        mail_patient(
            appointment_request,
            kind,
            dedupe_key=dedupe_key,
            context=context,
            secrets={"path": new_link(appointment_request)},
            wait_seconds=wait_seconds,
        )
    return True


def mail_patient(appointment_request, kind, *, dedupe_key, context=None, secrets, wait_seconds=0):
    enqueue(
        kind,
        to=appointment_request.email,
        about=appointment_request.reference,
        language=appointment_request.language,
        dedupe_key=dedupe_key,
        context=_shared(appointment_request) | (context or {}),
        secrets=secrets,
        wait_seconds=wait_seconds,
    )


def mail_office(appointment_request, kind, *, to, dedupe_key, context=None, secrets):
    """To an office, in English: the language of the request is the patient's."""
    enqueue(
        kind,
        to=to,
        about=appointment_request.reference,
        dedupe_key=dedupe_key,
        context=_shared(appointment_request) | (context or {}),
        secrets=secrets,
    )


def _desk(kind, appointment_request, people, *, cause, context):
    reference = appointment_request.reference
    path = reverse("admin:appointments_appointmentrequest_change", args=[appointment_request.pk])
    context = _shared(appointment_request) | {"path": path} | context
    for user in people:
        enqueue(
            kind,
            to=user.email,
            about=reference,
            dedupe_key=f"{reference}:{cause}:staff:{user.pk}",
            context=context,
        )


def _shared(appointment_request):
    practice = practice_row()
    return {
        "reference": appointment_request.reference,
        "phone_display": practice.phone_display,
        "from_name": practice.short_name,
    }
