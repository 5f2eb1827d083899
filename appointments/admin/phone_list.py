"""Whom to call because no mail could tell them: a list to print, for when mail is down."""

import datetime
from collections import defaultdict
from dataclasses import dataclass

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from appointments.admin.page import VOICEMAIL
from appointments.admin.queue import Badge, badge, unreadable_among
from appointments.models import AppointmentRequest, ContactAttempt, Visit
from appointments.services.moves import groups_of
from appointments.transitions import CALLERS, QUIET_OUTCOMES, Status
from outbox.models import Message
from outbox.services import FAILING_AFTER

# What the mail would have said. Other kinds that go to patients are news; links and codes are asked for once more.
NOT_SAID = {
    "acknowledgement": gettext_lazy("We have the request"),
    "visit-booked": gettext_lazy("A visit is booked"),
    "times-offered": gettext_lazy("There are times to choose from"),
    "patient-question": gettext_lazy("We have a question"),
}
NOBODY_WAITS = (Status.QUARANTINED, Status.COMPLETED)
NOT_FOR_PATIENTS = Q(kind__startswith="staff-") | Q(kind__startswith="access-")


@dataclass(frozen=True)
class Call:
    appointment_request: AppointmentRequest
    badge: Badge
    voicemail: str
    not_said: list[str]
    visit_at: datetime.datetime | None


@require_safe
def phone_list(request):
    if not CALLERS & groups_of(request.user):
        raise PermissionDenied
    now = timezone.now()
    found = calls(now)
    context = {
        **admin.site.each_context(request),
        "title": _("Phone list: whom no mail could tell"),
        "calls": found,
        "unreadable": unreadable_among([call.appointment_request for call in found]),
        "now": now,
    }
    return render(request, "admin/phone_list.html", context)


def calls(now: datetime.datetime) -> list[Call]:
    """Patients with a mail that has not left, and with whom nobody has spoken since, in the order of the queue."""
    unsent = defaultdict(list)
    waiting, stopped = Message.objects.waiting(now - FAILING_AFTER), Message.objects.stopped()
    for message in (waiting | stopped).exclude(NOT_FOR_PATIENTS).exclude(about="").order_by("created_at"):
        unsent[message.about].append(message)
    found = AppointmentRequest.objects.filter(reference__in=unsent.keys()).exclude(status__in=NOBODY_WAITS)
    found = found.exclude(outcome__in=QUIET_OUTCOMES).by_promise().prefetch_related("contact_attempts", "visits")
    listed = [(row, _not_told(row, unsent[row.reference])) for row in found]
    return [_call(row, messages, now) for row, messages in listed if messages]


def _not_told(appointment_request, messages):
    """Those of `messages` that nobody has said on the phone since; once a request is closed, one try is enough."""
    tries = appointment_request.contact_attempts.all()
    if appointment_request.status != Status.CLOSED:
        tries = [attempt for attempt in tries if attempt.result == ContactAttempt.Result.REACHED]
    return [message for message in messages if all(attempt.at < message.created_at for attempt in tries)]


def _call(appointment_request, messages, now):
    booked = (visit.starts_at for visit in appointment_request.visits.all() if visit.status == Visit.Status.BOOKED)
    return Call(
        appointment_request,
        badge(appointment_request, now),
        VOICEMAIL[appointment_request.voicemail],
        list(dict.fromkeys(NOT_SAID.get(message.kind, _("There is news")) for message in messages)),
        next(booked, None),
    )
