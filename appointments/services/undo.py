"""Taking back what staff have just done: how a request stood before a move, and how it stands so again."""

import datetime

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db.models import F
from django.utils import timezone

from appointments.models import AppointmentRequest, StatusEvent, TimeOffer, Visit

COLUMNS = ("status", "waiting_on", "outcome", "next_action_at", "assignee", "duplicate_of")
OF_VISIT = ("starts_at", "location", "clinician")


def state_of(appointment_request: AppointmentRequest) -> dict:
    """All that a move can change, as codes, dates and ids."""
    booked = appointment_request.visits.filter(status=Visit.Status.BOOKED)
    return {
        "columns": _plain(AppointmentRequest.objects.filter(pk=appointment_request.pk).values(*COLUMNS).get()),
        "offers": list(_open_offers(appointment_request).values_list("pk", flat=True)),
        "questions": list(_open_questions(appointment_request).values_list("pk", flat=True)),
        "visits": {str(visit.pop("pk")): _plain(visit) for visit in booked.values("pk", *OF_VISIT)},
    }


def put_back(appointment_request: AppointmentRequest, before: dict) -> dict:
    """Undo what happened to offers, questions and visits since `before`; the columns that the request goes back to.

    What was made since is not deleted: offers are taken back, questions stay without an answer, and a visit was
    entered in error. Sequences rise, so that calendars follow.
    """
    _open_offers(appointment_request).exclude(pk__in=before["offers"]).update(status=TimeOffer.Status.WITHDRAWN)
    appointment_request.time_offers.filter(pk__in=before["offers"]).update(status=TimeOffer.Status.OPEN)

    _open_questions(appointment_request).exclude(pk__in=before["questions"]).update(answered_at=timezone.now())
    appointment_request.patient_questions.filter(pk__in=before["questions"]).update(answered_at=None)

    visits, follow = appointment_request.visits, {"ics_sequence": F("ics_sequence") + 1}
    made_since = visits.filter(status=Visit.Status.BOOKED).exclude(pk__in=before["visits"])
    made_since.update(status=Visit.Status.ENTERED_IN_ERROR, **follow)
    for pk, values in before["visits"].items():
        visits.filter(pk=pk).update(status=Visit.Status.BOOKED, **_typed(Visit, values), **follow)
    return _typed(AppointmentRequest, before["columns"])


def open_to(appointment_request: AppointmentRequest, by: AbstractUser) -> StatusEvent | None:
    """The last move, if `by` made it and can still take it back; not after a call, which may have agreed on another."""
    event = appointment_request.status_events.select_related("by").order_by("-version").first()
    is_theirs = event is not None and event.by_id == by.pk and event.before is not None
    if not is_theirs or timezone.now() >= until(event):
        return None
    return None if appointment_request.contact_attempts.filter(at__gt=event.at).exists() else event


def until(event: StatusEvent) -> datetime.datetime:
    return event.at + datetime.timedelta(seconds=settings.UNDO_SECONDS)


def _open_offers(appointment_request):
    return appointment_request.time_offers.filter(status=TimeOffer.Status.OPEN)


def _open_questions(appointment_request):
    return appointment_request.patient_questions.filter(answered_at=None)


def _plain(values):
    """Times as text, to the microsecond."""
    return {name: at.isoformat() if isinstance(at, datetime.datetime) else at for name, at in values.items()}


def _typed(model, values):
    return {name: model._meta.get_field(name).to_python(value) for name, value in values.items()}
