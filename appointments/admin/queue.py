"""The list: what stands over it, and what each row says: the badge by when to act, and the last try."""

import datetime
import logging
from dataclasses import dataclass

from django.db.models import prefetch_related_objects
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.timesince import timeuntil
from django.utils.translation import gettext as _

from appointments.admin import outstanding
from appointments.admin.search import SearchForm
from appointments.admin.times import short_when
from appointments.admin.worklists import FOUND, REFERRALS, count_all
from appointments.models import AppointmentRequest, ContactAttempt, Visit
from appointments.services import duplicates, moves
from appointments.transitions import COUNTERS, ON_THE_CLOCK, READERS, Status
from outbox.models import Message
from vault.crypto import UnreadableError

logger = logging.getLogger(__name__)
SHOWN = ("first_name", "last_name", "phone")  # of the encrypted values, in a row


def list_context(request, changelist, search_form=None) -> dict:
    """What the list's template needs. `search_form` goes back with what was typed."""
    lists, narrow = changelist.filter_specs
    now, groups = lists.look.now, moves.groups_of(request.user)
    counts = count_all(narrow.queryset(request, AppointmentRequest.objects.all()), lists.look)
    rows = list(changelist.result_list)
    prefetch_related_objects(rows, "contact_attempts", "visits", outstanding.for_rows())
    is_search = lists.name == FOUND
    chosen = narrow.form.chosen()
    words = bool(groups & READERS)
    return {
        "title": _heading_of_search(changelist.result_count) if is_search else _heading(counts, bool(chosen)),
        "rows": [(row, badge(row, now), last_try(row, now), outstanding.of_row(row, now)) for row in rows],
        "tabs": _with_referrals(lists.tabs(changelist, counts), request.user),
        "shown": lists.name,
        "worklist": lists.worklist,
        "is_search": is_search,
        "narrow_form": narrow.form,
        "chosen": chosen,
        "twice": duplicates.twice_among(rows),
        "words": words,
        "unreadable": unreadable_among(rows) if words else set(),
        "numbers": bool(groups & COUNTERS),
        "search_form": search_form or SearchForm(),
        "stuck": _stuck_messages(request.user),
    }


def unreadable_among(rows) -> set[int]:
    """Those that no key of ours reads, by id: one lost value must not take the rest of a list with it (P32)."""
    return {row.pk for row in rows if not _is_readable(row)}


def _is_readable(row):
    try:
        for name in SHOWN:
            getattr(row, name)
    except UnreadableError as error:
        logger.error("%s", error)
        return False
    return True


def _heading(counts, is_narrowed):
    """Counts what the filters leave, and then says so: nobody may read "0 late" where somebody waits."""
    what = _("Chosen requests") if is_narrowed else _("Requests")
    heading = _("%(what)s: %(count)d open") % {"what": what, "count": counts["open"]}
    late = counts["overdue"]
    return _("%(heading)s, %(late)d late") % {"heading": heading, "late": late} if late else heading


def _heading_of_search(count):
    return _("Found for your search: %(count)d") % {"count": count}


def _with_referrals(tabs, user):
    """After the worklists about referrals, their own list: it has those as well for which nothing is to be done."""
    if user.has_perm("appointments.view_referral"):
        address = f"{reverse('admin:appointments_referral_changelist')}?letters=all"
        tabs[REFERRALS].append({"selected": False, "query_string": address, "display": _("All referrals")})
    return tabs


def _stuck_messages(user):
    """How many messages need a person, and where they are; None for who may not see them."""
    if not user.has_perm("outbox.view_message"):
        return None
    state = Message.State.NEEDS_HUMAN
    return {
        "count": Message.objects.filter(state=state).count(),
        "address": f"{reverse('admin:outbox_message_changelist')}?state__exact={state}",
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
            if again := appointment_request.next_action_at:
                return _of_date(again, now, late=_("Call again"), since=_("since %(when)s"))
            return Badge("ok", "yes", _("Reached"), short_when(attempt.at, now))
    return _of_date(appointment_request.due_at, now, late=_("Late"), since=_("was due %(when)s"))


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
