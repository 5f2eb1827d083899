"""What the page of one referral shows: who it is from, how it stands, what is owed, what was done."""

from django.db.models import Prefetch, prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.admin.letters import DONE as LETTERS_DONE
from appointments.admin.letters import because_of
from appointments.admin.office_links import DONE as OFFICE_DONE
from appointments.admin.outstanding import is_unverified, letters_of, of_letters
from appointments.admin.page import Entry, entry_of_event, name_of
from appointments.admin.referral_forms import AcceptForm, ConsentForm, DealtForm, FindForm, LoopForm, MatchForm
from appointments.admin.standing import known
from appointments.admin.with_office import may_deal, with_office
from appointments.models import ContactPoint, Referral, ReferralEvent, ReferringPractice
from appointments.services import matching, referrals
from appointments.transitions import DECIDERS, DESK, LOOP_CLOSERS, MOVES, OPEN, READERS, REFERRERS
from appointments.update_kinds import UpdateKind

WHAT = {
    "matched": gettext_lazy("Said which office it is from"),
    "accepted": gettext_lazy("Accepted"),
    "patient-said": gettext_lazy("Noted what the patient said"),
    "dealt-with": gettext_lazy("Dealt with what the office wrote or sent"),
    "loop-closed": gettext_lazy("Closed without telling the office"),
    **LETTERS_DONE,
    **OFFICE_DONE,
}


def context_of(referral, groups, *, bound=None, since=(), found=None, added=None) -> dict:
    """Everything the template needs.

    `bound` is the form that was posted and goes back with what was typed; `since` is what happened meanwhile, as
    `events_since` gives it; `found` are the offices that were looked for, if any were; `added` is the key of one that
    was just added for this referral.
    """
    points = Prefetch("practice__contact_points", ContactPoint.objects.order_by("kind", "pk"))
    prefetch_related_objects([referral], points, of_letters())
    row, now, words = referral.appointment_request, timezone.now(), bool(groups & READERS)
    may_match = bool(groups & REFERRERS)
    return {
        "referral": referral,
        "appointment_request": row,
        "words": words,
        **forms_of(referral, groups, bound),
        "is_unverified": is_unverified(referral, now),
        "is_office_next": not referral.practice and not referral.is_blocked,
        "office_said": with_office(row) if words else [],
        "contact_points": [(point, point.is_verified(now)) for point in points_of(referral)],
        "known": known([referral.physician], now) if referral.physician else [],
        "letters_left": letters_of(referral, now),
        "is_letter_late": Referral.objects.outstanding(now).filter(pk=referral.pk).exists(),
        "may_decline": row.status in MOVES["close"].sources and bool(groups & MOVES["close"].by),
        "may_match": may_match,
        "found": found,
        "suggestions": matching.suggestions(referral, added=added)
        if may_match and (not referral.practice or added not in (None, referral.practice_id))
        else [],
        "history": history_of(referral, words),
        "stale": _entries_of(since, words),
        "errors": bound is not None and bool(bound.errors),
    }


def points_of(referral):
    return referral.practice.contact_points.all() if referral.practice else []


def forms_of(referral, groups, bound) -> dict:
    """A form for each thing that a member of `groups` may do now; what was typed into another goes back as `kept`."""
    row = referral.appointment_request
    is_due = row.status not in OPEN and not referral.loop_closed_at
    possible = {
        DealtForm: may_deal(referral, groups),
        ConsentForm: bool(groups & DESK),
        AcceptForm: bool(groups & DECIDERS) and referrals.can_accept(referral, row),
        MatchForm: bool(groups & REFERRERS),
        FindForm: bool(groups & REFERRERS),
        LoopForm: bool(groups & LOOP_CLOSERS) and is_due,
    }
    shown = {form_class: _own(form_class, bound) for form_class, can_be in possible.items() if can_be}
    is_kept = type(bound) in possible and type(bound) not in shown
    return {form_class.name: shown.get(form_class) for form_class in possible} | {"kept": bound if is_kept else None}


def _own(form_class, bound):
    return bound if isinstance(bound, form_class) else form_class()


def history_of(referral, words) -> list[Entry]:
    """What was done about the referral, and the moves of its request, the newest first."""
    row = referral.appointment_request
    moved = row.status_events.exclude(from_status="").select_related("by")
    return _entries_of([*row.referral_events.select_related("by"), *moved], words)[::-1]


def events_since(stale, seen_move: int) -> list:
    """What happened since the page was opened that showed version `seen_move` of the request."""
    moved = stale.referral.appointment_request.status_events.filter(version__gt=seen_move).select_related("by")
    return [*stale.events, *moved]


def _entries_of(events, words) -> list[Entry]:
    """Of ReferralEvents and StatusEvents, the oldest first."""
    ours = [event.details for event in events if isinstance(event, ReferralEvent)]
    offices = ReferringPractice.objects.in_bulk({details["practice"] for details in ours if "practice" in details})
    events = sorted(events, key=lambda event: event.at)
    return [
        _entry_of(event, offices, words) if isinstance(event, ReferralEvent) else entry_of_event(event, words)
        for event in events
    ]


def _entry_of(event, offices, words):
    steps = [str(WHAT.get(event.what, event.what)), *_details(event.details, offices)]
    by = _("the office") if event.what in OFFICE_DONE and event.by is None else name_of(event.by)
    return Entry(event.at, by, " · ".join(steps), event.comment if words else "")


def _details(details, offices):
    if practice := offices.get(details.get("practice")):
        yield practice.name
    if details.get("kind") in UpdateKind.values:
        yield str(UpdateKind(details["kind"]).label)
    if because := because_of(details):
        yield because
    if "may" in details:
        yield _("yes, we may tell the office") if details["may"] else _("no: nothing may leave")
