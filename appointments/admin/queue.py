"""The list: which requests a tab shows, and the badge that says by when to act."""

import datetime
from dataclasses import dataclass

from django.contrib.admin import SimpleListFilter
from django.db.models import Count
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.timesince import timeuntil
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.models import ContactAttempt, Visit
from appointments.transitions import ON_THE_CLOCK, OPEN, Status


@dataclass(frozen=True)
class Tab:
    """`empty` is what the list says when nothing stands on it."""

    label: str
    statuses: frozenset[Status]
    empty: str


TABS = {
    "open": Tab(
        gettext_lazy("Open"),
        OPEN - {Status.QUARANTINED},
        gettext_lazy("No open requests: everybody who wrote to us has been taken care of."),
    ),
    "new": Tab(
        gettext_lazy("New"),
        frozenset({Status.RECEIVED}),
        gettext_lazy("No new requests: somebody works on each one."),
    ),
    "in-review": Tab(
        gettext_lazy("In review"),
        frozenset({Status.IN_REVIEW}),
        gettext_lazy("Nobody works on a request right now."),
    ),
    "waiting": Tab(gettext_lazy("Waiting"), frozenset({Status.WAITING}), gettext_lazy("We wait for nobody.")),
    "offers": Tab(
        gettext_lazy("Times offered"), frozenset({Status.OFFERED}), gettext_lazy("No patient has times to choose from.")
    ),
    "scheduled": Tab(gettext_lazy("Scheduled"), frozenset({Status.SCHEDULED}), gettext_lazy("No visits are booked.")),
    "quarantine": Tab(
        gettext_lazy("Quarantine"),
        frozenset({Status.QUARANTINED}),
        gettext_lazy("Nothing was put aside as possible spam."),
    ),
    "finished": Tab(
        gettext_lazy("Finished"),
        frozenset({Status.COMPLETED, Status.CLOSED}),
        gettext_lazy("No request has been finished yet."),
    ),
    "all": Tab(
        gettext_lazy("All"),
        frozenset(Status),
        gettext_lazy("No requests yet. The first one will stand here as soon as it is sent."),
    ),
}


class TabFilter(SimpleListFilter):
    """Requests by status, as tabs with counts; the open ones unless told otherwise."""

    title = gettext_lazy("status")
    parameter_name = "show"

    def __init__(self, request, params, model, model_admin):
        super().__init__(request, params, model, model_admin)
        self.by_status = dict(model.objects.order_by().values_list("status").annotate(Count("pk")))

    def lookups(self, request, model_admin):
        return [(name, tab.label) for name, tab in TABS.items()]

    def tab(self):
        return self.value() if self.value() in TABS else "open"

    def queryset(self, request, queryset):
        return queryset.filter(status__in=TABS[self.tab()].statuses)

    def count(self, name):
        return sum(self.by_status.get(status, 0) for status in TABS[name].statuses)

    def choices(self, changelist):
        for name, tab in TABS.items():
            yield {
                "selected": name == self.tab(),
                "query_string": changelist.get_query_string({self.parameter_name: name}),
                "display": _("%(tab)s (%(count)d)") % {"tab": tab.label, "count": self.count(name)},
            }


@dataclass(frozen=True)
class Badge:
    """`kind` is late, today, ok or "" (no hurry); `icon` gives it a shape, so that colour is never alone."""

    kind: str
    icon: str
    text: str
    more: str = ""


def badge(appointment_request, now: datetime.datetime) -> Badge:
    """By when to act; reads `contact_attempts` and `visits` with `all()`, so that a list can prefetch them."""
    status = appointment_request.status
    if status == Status.SCHEDULED:
        return _of_visit(appointment_request, now)
    if status == Status.WAITING:
        return _of_date(appointment_request.next_action_at, now, late=_("Look again"), since=_("since %(when)s"))
    if status == Status.OFFERED:
        return _of_date(appointment_request.next_action_at, now, late=_("Time has passed"), since=_("was %(when)s"))
    if status not in ON_THE_CLOCK:
        return Badge("", "", appointment_request.get_status_display())
    for attempt in appointment_request.contact_attempts.all():
        if attempt.result == ContactAttempt.Result.REACHED:
            return Badge("ok", "yes", _("Reached"), short_when(attempt.at, now))
    return _of_date(appointment_request.respond_by, now, late=_("Late"), since=_("was due %(when)s"))


def _of_visit(appointment_request, now):
    for visit in appointment_request.visits.all():
        if visit.status == Visit.Status.BOOKED:
            if visit.starts_at < now:
                return Badge("today", "cir", _("Visit over?"), short_when(visit.starts_at, now))
            return Badge("ok", "send", _("Visit"), short_when(visit.starts_at, now))
    return Badge("", "", appointment_request.get_status_display())


def _of_date(due, now, *, late, since):
    when = short_when(due, now)
    if due < now:
        return Badge("late", "oct", late, since % {"when": when})
    if timezone.localdate(due) == timezone.localdate(now):
        left = _("%(time)s left") % {"time": timeuntil(due, now, depth=1)}
        return Badge("today", "cir", capfirst(when), left)
    return Badge("ok", "yes", when)


def last_try(appointment_request, now: datetime.datetime) -> str:
    """How the last try to reach the patient ended, and when; "" if there was none. Reads as `badge` does."""
    for attempt in reversed(appointment_request.contact_attempts.all()):
        return f"{attempt.get_result_display()}, {short_when(attempt.at, now)}"
    return ""


def short_when(at: datetime.datetime, now: datetime.datetime) -> str:
    """`at` as staff say it: "today 5 p.m.", "Mon 5 p.m.", "Dec 14, 5 p.m."."""
    local = timezone.localtime(at)
    days = (local.date() - timezone.localdate(now)).days
    if days == 0:
        return _("today %(time)s") % {"time": date_format(local, "P")}
    return date_format(local, "D P" if abs(days) < 7 else "M j, P")
