"""What is due by the clock: the worker calls `run` every minute (settings.WORKER_CHORES)."""

import datetime

from django.db import transaction
from django.utils import timezone

from appointments.models import AppointmentRequest
from appointments.services import tell
from appointments.services.routing import supervisors
from outbox.services import told_of
from practice.services import calendar_since

REMIND_AFTER = 0.8  # of the business time between sending and being due
COLUMNS = (
    "reference", "submitted_at", "respond_by", "due_at", "priority", "assignee", "topic", "language", "returning",
    "payer_kind", "assignee__email", "assignee__is_active",
)  # fmt: skip


def nearly_due_at(appointment_request: AppointmentRequest, calendar) -> datetime.datetime:
    """When most of the time is over; at once if the office is closed for all of it, by a storm."""
    sent = appointment_request.submitted_at
    time = calendar.open_between(sent, appointment_request.due_at)
    return calendar.after(sent, time * REMIND_AFTER) if time else sent


# Kind of the message: (when, to whom). Each is sent once for a request.
NOTICES = {
    "staff-reminder": (nearly_due_at, tell.who_minds),
    "staff-escalation": (lambda appointment_request, calendar: appointment_request.due_at, lambda _: supervisors()),
}


def run(now: datetime.datetime | None = None) -> None:
    """Set the clocks of the requests that are owed an answer by today's calendar, and send the notices that are due.

    May run as often as one likes, and in several workers.
    """
    now = now or timezone.now()
    owed = list(AppointmentRequest.objects.unanswered().select_related("assignee").only(*COLUMNS))
    if not owed:
        return
    calendar = calendar_since(timezone.localdate(min(row.submitted_at for row in owed)))
    for appointment_request in owed:
        _set(appointment_request, calendar)
    for kind, (when, whom) in NOTICES.items():
        told = told_of(kind, [appointment_request.reference for appointment_request in owed])
        for appointment_request in owed:
            if appointment_request.reference not in told and when(appointment_request, calendar) <= now:
                with transaction.atomic():
                    tell.of_clock(appointment_request, kind, whom(appointment_request))


def _set(appointment_request, calendar):
    """A closure entered after the request was sent stops its clock, but moves no promise."""
    due_at = appointment_request.clock_ends(calendar)
    if due_at != appointment_request.due_at:
        AppointmentRequest.objects.filter(pk=appointment_request.pk).update(due_at=due_at)
        appointment_request.due_at = due_at
