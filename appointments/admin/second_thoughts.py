"""What the page of a request says to second thoughts: undo, requests that may be the same, times already given."""

from dataclasses import dataclass

from django.contrib import messages
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from appointments.admin.page import history_of
from appointments.models import TimeOffer, Visit
from appointments.services import duplicates, tell, undo
from appointments.transitions import MOVES, READERS
from practice.services import is_open


@dataclass(frozen=True)
class Undo:
    what: str
    until: object  # aware
    message_waits: bool


def context_of(appointment_request, user, groups) -> dict:
    """What the templates _undo, _alike and _linked need."""
    context = {"undo": _undo(appointment_request, user), "alike": [], "linked": []}
    if not groups & READERS:
        return context
    close = MOVES["close"]
    may_close = appointment_request.status in close.sources and bool(close.by & groups)
    context["alike"] = [
        (other, may_close and duplicates.can_go_on(other, appointment_request))
        for other in duplicates.maybe(appointment_request)
    ]
    context["linked"] = duplicates.open_linked(appointment_request, by=user)
    for other in context["linked"]:
        other.history_entries = history_of(other.status_events.all(), other.contact_attempts.all(), words=True)
    return context


def _undo(appointment_request, user):
    event = undo.open_to(appointment_request, user)
    if event is None:
        return None
    return Undo(str(MOVES[event.move].label), undo.until(event), tell.has_told(appointment_request, event.version))


def mind_the_times(request, moved):
    """Point at what stands in the calendar now, also by undo: both may be meant, and each may be a slip."""
    for one in [*moved.visits.filter(status=Visit.Status.BOOKED), *moved.time_offers.open(timezone.now())]:
        when = date_format(timezone.localtime(one.starts_at), "l, F j, P")
        if not is_open(one.location, one.starts_at):  # 3 a.m. instead of 3 p.m.
            text = _("The office is closed at that time (%(when)s). If you did not mean it, please change it.")
            messages.warning(request, text % {"when": when})
        for reference in _others_at(one.clinician, one.starts_at, besides=moved):
            text = _("%(clinician)s has %(reference)s at that time (%(when)s). If you did not mean it, change it.")
            messages.warning(request, text % {"clinician": one.clinician, "reference": reference, "when": when})


def _others_at(clinician, starts_at, *, besides):
    if clinician is None:
        return []
    found = set()
    for model in (Visit, TimeOffer):
        rows = model.objects.in_the_way(clinician, starts_at).exclude(appointment_request=besides)
        found |= set(rows.values_list("appointment_request__reference", flat=True))
    return sorted(found)
