"""What the page of one request shows: the card, what can be done now, and what was done."""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.admin.forms import CallForm, NoteForm, moves_for
from appointments.admin.outstanding import is_unverified
from appointments.admin.queue import badge
from appointments.admin.times import short_when
from appointments.models import Correction, Referral, Visit
from appointments.models.words import Need, UrgentSign, Voicemail
from appointments.services import moves, spam
from appointments.services.corrections import CORRECT
from appointments.transitions import (
    AUDITORS,
    CALLERS,
    MOVES,
    NOTERS,
    PATIENT,
    READERS,
    Outcome,
    Status,
    WaitingOn,
)
from practice import phones

READS_SHOWN = 20


@dataclass(frozen=True)
class Entry:
    """One line of history; `words` are somebody's own words and shown to those who may read them."""

    at: object
    by: str
    what: str
    words: str = ""


def context_of(appointment_request, groups, *, bound=None, stale=None) -> dict:
    """Everything the template needs; reads `contact_attempts` as `badge` does.

    `bound` is the form that was posted and goes back with what was typed.
    """
    now = timezone.now()
    referral = _referral_of(appointment_request)
    words = bool(groups & READERS)
    # How it came in stands on the last line of the history.
    every = list(appointment_request.status_events.select_related("by"))
    events, came = [event for event in every if event.from_status], [event for event in every if not event.from_status]
    attempts = list(appointment_request.contact_attempts.all())
    lacking = moves.tries_lacking(appointment_request)
    forms = _with_bound(moves_for(appointment_request.status, groups, lacking), bound)
    return {
        "appointment_request": appointment_request,
        "badge": badge(appointment_request, now),
        "put_aside": _why_put_aside(appointment_request, came),
        "keyed_by": [name_of(event.by) for event in came if event.by],
        "words": words,
        "referral": referral if words else None,
        "office_waits": referral is not None and referral.office_waits_since is not None,
        "unverified": referral is not None and is_unverified(referral, now),
        "voicemail": VOICEMAIL[appointment_request.voicemail],
        "needs": needs_of(appointment_request),
        "urgent_flags": flags_of(appointment_request.urgent_flags) if words else [],
        "on_behalf_phone": phones.display(appointment_request.on_behalf_phone) if words else "",
        "tries": [_entry_of_try(attempt, now) for attempt in attempts],
        "visits": appointment_request.visits.select_related("location", "clinician"),
        "questions": appointment_request.patient_questions.select_related("asked_by") if words else [],
        "offers": appointment_request.time_offers.select_related("location", "clinician") if words else [],
        "said": [entry_of_event(event, words) for event in reversed(events) if words and is_said(event)],
        "files": list(appointment_request.patient_files.select_related("office")) if words else [],
        "notes": appointment_request.staff_notes.select_related("by") if words else [],
        "history": history_of(events, attempts, words),
        "reads": _reads(appointment_request) if groups & AUDITORS else [],
        "move_forms": forms,
        # A move that is no longer possible is shown without its button, so that nothing typed is lost.
        "kept": bound if bound and bound not in forms and hasattr(bound, "move") else None,
        "call_form": _own(CallForm, bound) if groups & CALLERS else None,
        "note_form": _own(NoteForm, bound) if groups & NOTERS else None,
        "stale": [entry_of_event(event, words) for event in stale.events] if stale else [],
        "is_stale": stale is not None,
    }


def _referral_of(appointment_request):
    found = Referral.objects.select_related("practice", "physician").filter(appointment_request=appointment_request)
    referral = found.first()
    if referral:
        referral.appointment_request = appointment_request
    return referral


def history_of(events, attempts, words) -> list[Entry]:
    """Moves and calls, the newest first."""
    entries = [entry_of_event(event, words) for event in events] + [_entry_of_call(call, words) for call in attempts]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


FLAGS = {"signs": gettext_lazy("Said yes to a sign of an emergency"), **dict(UrgentSign.choices)}


# The patient's answers as the person who calls needs them.
VOICEMAIL = {
    Voicemail.FULL: gettext_lazy("May say why we call"),
    Voicemail.NAME_ONLY: gettext_lazy("Name and number only"),
    Voicemail.NONE: gettext_lazy("None: leave no message"),
}
NEEDS = {
    Need.INTERPRETER: gettext_lazy("Interpreter"),
    Need.HEARING: gettext_lazy("Hard of hearing: speak slowly, or use relay"),
    Need.WHEELCHAIR: gettext_lazy("Wheelchair or walker"),
    Need.LARGE_PRINT: gettext_lazy("Large print"),
}


def needs_of(appointment_request):
    language = appointment_request.interpreter_language
    needs = [NEEDS[need] for need in Need if need in appointment_request.needs]
    return [*needs, _("speaks %(language)s") % {"language": language}] if language else needs


def _why_put_aside(appointment_request, came):
    """Why the request is in quarantine, as sentences; None if it is not."""
    if appointment_request.status != Status.QUARANTINED:
        return None
    return [spam.SAYS.get(code, code) for event in came for code in event.details.get("spam", [])]


def flags_of(ticked):
    """The urgent signs of a request as sentences: a code that has none is shown as it is."""
    return [FLAGS.get(code, code) for code, answer in ticked.items() if answer and answer != "no"]


def name_of(user) -> str:
    return (user.get_full_name() or user.get_username()) if user else _("the website")


def is_of_patient(event) -> bool:
    move = MOVES.get(event.move)
    return move is not None and move.by == {PATIENT}


def is_said(event) -> bool:
    """Whether the patient wrote something with this move, such as other days."""
    return is_of_patient(event) and bool(event.comment)


def entry_of_event(event, words) -> Entry:
    """A move, in words: what was pressed, from where to where, and the codes and dates that went with it."""
    if event.move == CORRECT:
        return Entry(event.at, name_of(event.by), _("Corrected: %(field)s") % {"field": _corrected(event)})
    move = MOVES.get(event.move)
    label = move.label if move else event.get_to_status_display()
    by = _("the patient") if is_of_patient(event) else name_of(event.by)
    steps = [str(label), f"{event.get_from_status_display()} → {event.get_to_status_display()}"]
    steps += _details(event.details)
    return Entry(event.at, by, " · ".join(steps), event.comment if words else "")


def _corrected(event):
    return Correction.Field(event.details["field"]).label


def _details(details):
    if undone := MOVES.get(details.get("undone")):
        yield str(undone.label)
    named = {"outcome": Outcome, "waiting_on": WaitingOn, "visit_status": Visit.Status}
    for key, choices in named.items():
        if details.get(key) in choices.values:
            yield str(choices(details[key]).label)
    for key in ("starts_at", "next_action_at"):
        if at := parse_datetime(details.get(key, "")):
            yield short_when(at, timezone.now())


def _entry_of_call(attempt, words):
    what = f"{attempt.get_channel_display()}: {attempt.get_result_display()}"
    return Entry(attempt.at, name_of(attempt.by), what, attempt.note if words else "")


def _entry_of_try(attempt, now):
    what = attempt.get_result_display()
    if attempt.call_again_at:
        again = _("call again %(when)s") % {"when": short_when(attempt.call_again_at, now)}
        what = f"{what} ({again})"
    return Entry(short_when(attempt.at, now), name_of(attempt.by), what, attempt.note)


def _reads(appointment_request):
    return [
        Entry(read.at, name_of(read.by) if read.by else str(read.office or _("the patient")), "")
        for read in appointment_request.read_events.select_related("by", "office").order_by("-at", "-pk")[:READS_SHOWN]
    ]


def _with_bound(forms, bound):
    move = getattr(bound, "move", None)
    return [bound if form.move == move else form for form in forms]


def _own(form_class, bound):
    return bound if isinstance(bound, form_class) else form_class()
