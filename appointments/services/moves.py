"""Every change of a request's status, and what staff add beside it. Nothing else assigns a status."""

import datetime
import uuid

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.models import AppointmentRequest, ContactAttempt, ReadEvent, StaffNote, StatusEvent, Visit
from appointments.services.request import tell
from appointments.services.routing import route
from appointments.transitions import (
    CALLERS,
    COMMENT_NEEDED,
    MOVES,
    NOSHOW_AFTER_MINUTES,
    NOTERS,
    OUTCOME_BY,
    OWNER,
    SUPERVISOR,
    TRIES_NEEDED,
    Move,
    Outcome,
    Status,
    WaitingOn,
)
from practice.services import current_practice

REQUIRED = _("This is needed.")
FARTHEST = datetime.timedelta(days=2 * 365)  # a slip of the finger, and past the year 9999 no row could be read again


class MoveNotAllowed(Exception):
    """The table has no such move for this request as it stands now."""


class NoRight(MoveNotAllowed):
    """None of this person's groups may do that."""


class Stale(Exception):
    """Somebody else moved the request first: `events` says who, when and what, the oldest first."""

    def __init__(self, appointment_request, events):
        super().__init__(f"{appointment_request} has moved on")
        self.appointment_request = appointment_request
        self.events = events


class OtherEntryError(Exception):
    """Something else is kept under this `entry_id` already: a page was used twice."""


def groups_of(user: AbstractUser) -> frozenset[str]:
    """The groups whose rights `user` has now. An owner or superuser counts as supervisor: nobody is above the table."""
    if not user.is_active:
        return frozenset()
    names = set(user.groups.values_list("name", flat=True))
    if user.is_superuser or OWNER in names:
        names.add(SUPERVISOR)
    return frozenset(names)


@transaction.atomic
def move(public_id: uuid.UUID, name: str, *, seen_version: int, by: AbstractUser, **values) -> AppointmentRequest:
    """Move a request as the table says; `values` are the fields of that move, already of their Python types.

    Writes the move, its StatusEvent and what belongs to it (a visit, an assignee).

    Raises Stale, MoveNotAllowed, or ValidationError with a message for each field; nothing is saved then.
    """
    chosen = MOVES.get(name)
    if chosen is None:
        raise MoveNotAllowed(name)
    groups = groups_of(by)
    if not chosen.by & groups:
        raise NoRight(name)
    if unknown := values.keys() - set(chosen.fields):
        raise TypeError(f"{name} takes no {', '.join(sorted(unknown))}")

    appointment_request = _take(public_id, chosen, seen_version)
    values = {field: value.strip() if isinstance(value, str) else value for field, value in values.items()}
    _check_filled_in(chosen, values)
    comment = values.pop("comment", "")
    consequence = _CONSEQUENCES.get(name, _no_consequence)
    changes, details = consequence(appointment_request, values, comment=comment, by=by, groups=groups)

    gone = {} if chosen.target == Status.WAITING else {"waiting_on": "", "next_action_at": None}
    gone |= {} if chosen.target == Status.CLOSED else {"outcome": ""}
    AppointmentRequest.objects.filter(pk=appointment_request.pk).update(status=chosen.target, **gone, **changes)
    StatusEvent.objects.create(
        appointment_request=appointment_request,
        move=name,
        from_status=appointment_request.status,
        to_status=chosen.target,
        version=appointment_request.version,
        by=by,
        details=details,
        comment=comment,
    )
    return AppointmentRequest.objects.get(pk=appointment_request.pk)


def _as_seen(chosen: Move, seen_version: int) -> Q:
    """A function of its own, so that a test can take the guard away and see it missed."""
    return Q(version=seen_version, status__in=chosen.sources)


def _take(public_id, chosen, seen_version):
    """The request, ours until the transaction ends: of several people at once the update lets one pass (P7)."""
    taken = AppointmentRequest.objects.filter(_as_seen(chosen, seen_version), public_id=public_id).update(
        version=F("version") + 1
    )
    appointment_request = AppointmentRequest.objects.get(public_id=public_id)
    if not taken:
        check_current(appointment_request, seen_version)
        raise MoveNotAllowed(chosen.name)
    return appointment_request


def check_current(appointment_request: AppointmentRequest, seen_version: int) -> None:
    """Raises Stale unless `seen_version` is the version of this row."""
    if appointment_request.version != seen_version:
        events = appointment_request.status_events.filter(version__gt=seen_version).select_related("by")
        raise Stale(appointment_request, list(events))


def _check_filled_in(chosen, values):
    empty = [field for field in chosen.needs if not values.get(field)]
    if empty:
        raise ValidationError(dict.fromkeys(empty, REQUIRED))


# What each move brings with it: (columns of the request, details of the event). Details are codes and dates only.


def _no_consequence(appointment_request, values, *, comment, by, groups):
    return {}, {}


def _release(appointment_request, values, *, comment, by, groups):
    """What would have left at once leaves now; the promise stands as the patient was shown it."""
    _, people = route(appointment_request)
    tell(appointment_request, people, current_practice())
    return {}, {}


def _reject_spam(appointment_request, values, *, comment, by, groups):
    return {"outcome": Outcome.SPAM}, {"outcome": Outcome.SPAM}


def _claim(appointment_request, values, *, comment, by, groups):
    return {"assignee": by}, {}


def _wait(appointment_request, values, *, comment, by, groups):
    if values["waiting_on"] not in WaitingOn.values:
        raise ValidationError({"waiting_on": _("Choose whom we wait for.")})
    _check_ahead("next_action_at", values["next_action_at"])
    return values, {"waiting_on": values["waiting_on"], "next_action_at": values["next_action_at"].isoformat()}


def _schedule(appointment_request, values, *, comment, by, groups):
    _check_ahead("starts_at", values["starts_at"])
    visit = Visit.objects.create(appointment_request=appointment_request, **values)
    details = {"visit": visit.pk, "starts_at": visit.starts_at.isoformat(), "location": visit.location_id}
    return {"assignee": appointment_request.assignee or by}, details


def _cancel_visit(appointment_request, values, *, comment, by, groups):
    appointment_request.visits.filter(status=Visit.Status.BOOKED).update(
        status=Visit.Status.CANCELLED, ics_sequence=F("ics_sequence") + 1
    )
    return {}, {}


def _complete(appointment_request, values, *, comment, by, groups):
    visit_status = values["visit_status"]
    if visit_status not in (Visit.Status.FULFILLED, Visit.Status.NOSHOW):
        raise ValidationError({"visit_status": _("Choose how the visit ended.")})
    visit = appointment_request.visits.filter(status=Visit.Status.BOOKED).first()
    if visit is None:
        raise ValidationError({"visit_status": _("No visit is booked.")})
    now = timezone.now()
    if visit_status == Visit.Status.NOSHOW and now < visit.starts_at + datetime.timedelta(minutes=NOSHOW_AFTER_MINUTES):
        raise ValidationError(
            {"visit_status": _("Wait until %(minutes)d minutes after the start.") % {"minutes": NOSHOW_AFTER_MINUTES}}
        )
    if timezone.localdate(now) < timezone.localdate(visit.starts_at):
        raise ValidationError({"visit_status": _("The day of the visit has not come yet.")})
    Visit.objects.filter(pk=visit.pk).update(status=visit_status)
    return {}, {"visit": visit.pk, "visit_status": visit_status}


def _close(appointment_request, values, *, comment, by, groups):
    outcome = values["outcome"]
    if outcome not in Outcome.values:
        raise ValidationError({"outcome": _("Choose why it is closed.")})
    if not OUTCOME_BY.get(outcome, groups) & groups:
        raise ValidationError({"outcome": _("A supervisor closes with this reason.")})
    if outcome in COMMENT_NEEDED and not comment:
        raise ValidationError({"comment": _("This reason needs a comment.")})
    if outcome == Outcome.UNABLE_TO_REACH and (lacking := _tries_lacking(appointment_request)):
        raise ValidationError({"outcome": lacking})
    return {"outcome": outcome}, {"outcome": outcome}


_CONSEQUENCES = {
    "release": _release,
    "reject_spam": _reject_spam,
    "claim": _claim,
    "wait": _wait,
    "schedule": _schedule,
    "cancel_visit": _cancel_visit,
    "complete": _complete,
    "close": _close,
}


def _check_ahead(field, at):
    now = timezone.now()
    if at <= now:
        raise ValidationError({field: _("This must be in the future.")})
    if at > now + FARTHEST:
        raise ValidationError({field: _("That is more than two years away. Please check the year.")})


def _tries_lacking(appointment_request):
    """What is still to be tried before the patient counts as out of reach, in a sentence; "" if nothing is."""
    tries = appointment_request.contact_attempts.exclude(result=ContactAttempt.Result.REACHED)
    channels = list(tries.values_list("channel", flat=True))
    if len(channels) < TRIES_NEEDED:
        return _("Tried %(tries)d of %(needed)d times so far.") % {"tries": len(channels), "needed": TRIES_NEEDED}
    if appointment_request.email and len(set(channels)) < 2:
        return _("Tried in one way only: there is a phone number and an e-mail address.")
    return ""


# What is added beside the status


def log_call(
    public_id: uuid.UUID,
    *,
    result: str,
    note: str,
    by: AbstractUser,
    channel: str = ContactAttempt.Channel.PHONE,
    entry_id: uuid.UUID | None = None,
) -> ContactAttempt:
    """Record how a try to reach the patient ended. `entry_id` names the try: sent twice, it counts once.

    Raises NoRight, OtherEntryError, or ValidationError for a result or channel that does not exist.
    """
    _check_right(CALLERS, by)
    if result not in ContactAttempt.Result.values:
        raise ValidationError({"call": _("Choose how the call ended.")})
    if channel not in ContactAttempt.Channel.values:
        raise ValidationError({"channel": _("Choose how you tried.")})
    return _add_once(ContactAttempt, public_id, entry_id, by=by, result=result, channel=channel, note=note.strip())


def add_note(public_id: uuid.UUID, *, text: str, by: AbstractUser, entry_id: uuid.UUID | None = None) -> StaffNote:
    """Write a note beside the patient's words. `entry_id` and errors as in `log_call`."""
    _check_right(NOTERS, by)
    if not text.strip():
        raise ValidationError({"text": REQUIRED})
    return _add_once(StaffNote, public_id, entry_id, by=by, text=text.strip())


def record_read(appointment_request: AppointmentRequest, *, by: AbstractUser) -> ReadEvent:
    """Record that somebody opened the request (P28)."""
    return ReadEvent.objects.create(appointment_request=appointment_request, by=by)


def _check_right(allowed, by):
    if not allowed & groups_of(by):
        raise NoRight


def _add_once(model, public_id, entry_id, **values):
    appointment_request = AppointmentRequest.objects.get(public_id=public_id)
    try:
        with transaction.atomic():
            return model.objects.create(
                public_id=entry_id or uuid.uuid4(), appointment_request=appointment_request, **values
            )
    except IntegrityError:
        entry = model.objects.filter(public_id=entry_id, appointment_request=appointment_request).first()
        if entry is None:  # the id of an entry beside some other request: only a hand-made form has that
            raise MoveNotAllowed from None
        if any(getattr(entry, name) != value for name, value in values.items()):
            raise OtherEntryError from None
        return entry
