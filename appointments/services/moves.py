"""Every change of a request's status, and what staff add beside it. Nothing else assigns a status."""

import datetime
import uuid
from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.models import (
    AppointmentRequest,
    ContactAttempt,
    PatientQuestion,
    ReadEvent,
    StaffNote,
    StatusEvent,
    TimeOffer,
    Visit,
)
from appointments.services import duplicates, referrals, tell, undo
from appointments.services.rights import MoveNotAllowed, NoRight, check_right, groups_of
from appointments.services.routing import route
from appointments.transitions import (
    CALLED_AGAIN,
    CALLERS,
    COMMENT_NEEDED,
    MOVES,
    NOSHOW_AFTER_MINUTES,
    NOTERS,
    ON_THE_CLOCK,
    OUTCOME_BY,
    QUIET_OUTCOMES,
    TRIES_NEEDED,
    Move,
    Outcome,
    Status,
    WaitingOn,
)
from practice.models import Clinician

REQUIRED = _("This is needed.")
FARTHEST = datetime.timedelta(days=2 * 365)  # a slip of the finger, and past the year 9999 no row could be read again


class TooLate(MoveNotAllowed):
    """The last move cannot be taken back, or not any more."""

    says = _("Too late to undo: time is over, the mail has left, or a call was noted. Please correct it below.")


class TimeTaken(MoveNotAllowed):
    """The clinician of `offer` was booked for that time meanwhile."""

    def __init__(self, offer):
        super().__init__(offer)
        self.offer = offer


class Stale(Exception):
    """Somebody else moved the request first: `events` says who, when and what, the oldest first."""

    def __init__(self, appointment_request, events):
        super().__init__(f"{appointment_request} has moved on")
        self.appointment_request = appointment_request
        self.events = events


class OtherEntryError(Exception):
    """Something else is kept under this `entry_id` already: a page was used twice."""


@transaction.atomic
def move(
    public_id: uuid.UUID, name: str, *, seen_version: int, by: AbstractUser | None, **values
) -> AppointmentRequest:
    """Move a request as the table says; `values` are the fields of that move, already of their Python types.

    Writes the move, its StatusEvent, what belongs to it (a visit, an assignee), and the messages about it. `by` is
    None for the patient.

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

    if values.get("duplicate_of"):
        duplicates.hold_both(public_id, values["duplicate_of"])
    appointment_request = take(public_id, seen_version, chosen.sources)
    values = {field: value.strip() if isinstance(value, str) else value for field, value in values.items()}
    _check_filled_in(chosen, values)
    comment = values.pop("comment", "")
    before = _state_of(appointment_request) if chosen.undo else None
    consequence = _CONSEQUENCES.get(name, _no_consequence)
    changes, details = consequence(appointment_request, values, comment=comment, by=by, groups=groups)
    changes = {"status": chosen.target} | changes
    changes = _end_what_belonged(appointment_request, changes["status"]) | changes

    AppointmentRequest.objects.filter(pk=appointment_request.pk).update(**changes)
    event = StatusEvent.objects.create(
        appointment_request=appointment_request,
        move=name,
        from_status=appointment_request.status,
        to_status=changes["status"],
        version=appointment_request.version,
        by=by,
        details=details,
        before=before,
        comment=comment,
    )
    moved = AppointmentRequest.objects.get(pk=appointment_request.pk)
    referrals.follow(moved, event)
    _tell(moved, chosen, by)
    return moved


def _state_of(appointment_request):
    return undo.state_of(appointment_request) | {"referral": referrals.state_of(appointment_request)}


def _as_seen(seen_version: int, sources: Iterable[Status]) -> Q:
    """A function of its own, so that a test can take the guard away and see it missed."""
    return Q(version=seen_version, status__in=sources)


def take(public_id: uuid.UUID, seen_version: int, sources: Iterable[Status]) -> AppointmentRequest:
    """The request, ours until the transaction ends: of several people at once the update lets one pass (P7).

    Raises Stale, or MoveNotAllowed if its status is none of `sources`.
    """
    taken = AppointmentRequest.objects.filter(_as_seen(seen_version, sources), public_id=public_id).update(
        version=F("version") + 1
    )
    appointment_request = AppointmentRequest.objects.get(public_id=public_id)
    if not taken:
        check_current(appointment_request, seen_version)
        raise MoveNotAllowed
    return appointment_request


def read_version(text: str) -> int:
    """The version that a page showed; 0, which no request has, if `text` is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def check_current(appointment_request: AppointmentRequest, seen_version: int) -> None:
    """Raises Stale unless `seen_version` is the version of this row."""
    if appointment_request.version != seen_version:
        events = appointment_request.status_events.filter(version__gt=seen_version).select_related("by")
        raise Stale(appointment_request, list(events))


def _check_filled_in(chosen, values):
    empty = [field for field in chosen.needs if not values.get(field)]
    if empty:
        raise ValidationError(dict.fromkeys(empty, REQUIRED))


def _end_what_belonged(appointment_request, target):
    """End the offers and open questions that `target` has no place for. Returns the columns that go blank with them."""
    if target != Status.OFFERED:
        _withdraw_offers(appointment_request)
    if target != Status.WAITING:
        appointment_request.patient_questions.filter(answered_at=None).update(answered_at=timezone.now())

    gone = {} if target == Status.WAITING else {"waiting_on": ""}
    # Whoever takes a request takes over the call that was agreed on.
    keeps_next_step = target in (Status.WAITING, Status.OFFERED) or {appointment_request.status, target} <= ON_THE_CLOCK
    gone |= {} if keeps_next_step else {"next_action_at": None}
    return gone | ({} if target == Status.CLOSED else {"outcome": "", "duplicate_of": None})


def _tell(moved, chosen, by):
    """Tell the desk what the patient did, and the patient what the table says, unless news would be wrong or cruel."""
    if by is None:
        tell.desk_of_update(moved, f"moved:{moved.version}")
    if tells_patient(moved, chosen):
        tell.patient_of_move(moved, chosen.tells, wait_seconds=settings.UNDO_SECONDS if chosen.undo else 0)


def tells_patient(moved: AppointmentRequest, chosen: Move) -> bool:
    """Whether the patient is to hear of `chosen`, which made `moved` what it is."""
    return bool(chosen.tells) and not (chosen.target == Status.CLOSED and moved.outcome in QUIET_OUTCOMES)


# What each move brings with it: (columns of the request, details of the event). Details are codes and dates only.


def _no_consequence(appointment_request, values, *, comment, by, groups):
    return {}, {}


def _release(appointment_request, values, *, comment, by, groups):
    """What would have left at once leaves now; the promise stands as the patient was shown it."""
    _, people = route(appointment_request)
    tell.of_new_request(appointment_request, people)
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


def _ask(appointment_request, values, *, comment, by, groups):
    _check_ahead("next_action_at", values["next_action_at"])
    question = PatientQuestion.objects.create(
        appointment_request=appointment_request, text=values["question"], asked_by=by
    )
    changes = {
        "assignee": appointment_request.assignee or by,
        "waiting_on": WaitingOn.PATIENT,
        "next_action_at": values["next_action_at"],
    }
    details = {"question": question.pk, "next_action_at": values["next_action_at"].isoformat()}
    return changes, details


def _answer(appointment_request, values, *, comment, by, groups):
    """`answers` says what was written to each open question, by its id."""
    answers = values["answers"]
    questions = list(appointment_request.patient_questions.filter(answered_at=None))
    if {question.public_id for question in questions} != answers.keys():
        raise MoveNotAllowed
    if not all(answers.values()):
        raise ValidationError({"answers": REQUIRED})
    for question in questions:
        question.answer, question.answered_at = answers[question.public_id], timezone.now()
        question.save(update_fields=["answer", "answered_at"])
    return {}, {"questions": [question.pk for question in questions]}


def _offer(appointment_request, values, *, comment, by, groups):
    _withdraw_offers(appointment_request)
    fields = [field for field in ("offer_1", "offer_2", "offer_3") if values.get(field)]
    for field in fields:
        _check_ahead(field, values[field])
    times = sorted({values[field] for field in fields})
    place = {"location": values["location"], "clinician": values.get("clinician")}
    for at in times:
        TimeOffer.objects.create(appointment_request=appointment_request, starts_at=at, **place)
    changes = {"assignee": appointment_request.assignee or by, "next_action_at": times[0]}
    return changes, {"offers": [at.isoformat() for at in times], "location": place["location"].pk}


def _pick_time(appointment_request, values, *, comment, by, groups):
    offer = appointment_request.time_offers.open(timezone.now()).filter(public_id=values["offer"]).first()
    if offer is None:  # taken back, or past
        raise MoveNotAllowed
    _hold(offer.clinician)
    if _is_taken(offer):
        raise TimeTaken(offer)
    offer.status = TimeOffer.Status.PICKED
    offer.save(update_fields=["status"])
    booked = {"starts_at": offer.starts_at, "location": offer.location, "clinician": offer.clinician}
    return {}, _book(appointment_request, booked)


def _is_taken(offer):
    return offer.clinician is not None and Visit.objects.in_the_way(offer.clinician, offer.starts_at).exists()


def _refuse_times(appointment_request, values, *, comment, by, groups):
    appointment_request.time_offers.filter(status=TimeOffer.Status.OPEN).update(status=TimeOffer.Status.REFUSED)
    return {}, {}


def _withdraw_offers(appointment_request):
    appointment_request.time_offers.filter(status=TimeOffer.Status.OPEN).update(status=TimeOffer.Status.WITHDRAWN)


def _schedule(appointment_request, values, *, comment, by, groups):
    _check_ahead("starts_at", values["starts_at"])
    return {"assignee": appointment_request.assignee or by}, _book(appointment_request, values)


def _book(appointment_request, values):
    _hold(values.get("clinician"))
    visit = Visit.objects.create(appointment_request=appointment_request, **values)
    return _details_of(visit)


def _hold(clinician):
    """Whoever books this clinician too waits until we are done, and then sees our visit."""
    if clinician is not None:
        Clinician.objects.select_for_update(no_key=True).get(pk=clinician.pk)


def _details_of(visit):
    return {"visit": visit.pk, "starts_at": visit.starts_at.isoformat(), "location": visit.location_id}


def _move_visit(appointment_request, values, *, comment, by, groups):
    """The same visit at another time: calendars move theirs, because its id stays and its sequence rises."""
    _check_ahead("starts_at", values["starts_at"])
    visit = _booked_visit(appointment_request)
    if visit is None:
        raise ValidationError({"starts_at": _("No visit is booked.")})
    _hold(values.get("clinician"))
    visit.starts_at, visit.location = values["starts_at"], values["location"]
    visit.clinician = values.get("clinician")
    visit.ics_sequence += 1
    visit.save(update_fields=["starts_at", "location", "clinician", "ics_sequence"])
    return {}, _details_of(visit)


def _booked_visit(appointment_request):
    return appointment_request.visits.filter(status=Visit.Status.BOOKED).first()


def _cancel_visit(appointment_request, values, *, comment, by, groups):
    appointment_request.visits.filter(status=Visit.Status.BOOKED).update(
        status=Visit.Status.CANCELLED, ics_sequence=F("ics_sequence") + 1
    )
    return {}, {}


def _drop_visit(appointment_request, values, *, comment, by, groups):
    visit = _booked_visit(appointment_request)
    if visit is None or visit.starts_at <= timezone.now():  # too late to say so: staff record how it ended
        raise MoveNotAllowed
    return _cancel_visit(appointment_request, values, comment=comment, by=by, groups=groups)


def _withdraw(appointment_request, values, *, comment, by, groups):
    if appointment_request.status == Status.SCHEDULED:
        _drop_visit(appointment_request, values, comment=comment, by=by, groups=groups)
    return {"outcome": Outcome.PATIENT_WITHDREW}, {"outcome": Outcome.PATIENT_WITHDREW}


def _complete(appointment_request, values, *, comment, by, groups):
    visit_status = values["visit_status"]
    if visit_status not in (Visit.Status.FULFILLED, Visit.Status.NOSHOW):
        raise ValidationError({"visit_status": _("Choose how the visit ended.")})
    visit = _booked_visit(appointment_request)
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
    duplicates.check(appointment_request, values.get("duplicate_of"), outcome)
    if outcome == Outcome.UNABLE_TO_REACH and (lacking := tries_lacking(appointment_request)):
        raise ValidationError({"outcome": lacking})
    return {"outcome": outcome, "duplicate_of": values.get("duplicate_of")}, {"outcome": outcome}


def _undo(appointment_request, values, *, comment, by, groups):
    """Back to how it stood before the last move, if that is theirs, just made, and no message about it has left."""
    event = undo.open_to(appointment_request, by)
    if event is None or not tell.take_back(appointment_request, event.version):
        raise TooLate
    back = undo.put_back(appointment_request, event.before)
    # Reopened, it may have got the other one as its own duplicate; whoever did that held both rows.
    if duplicates.leads_to(AppointmentRequest.objects.filter(pk=back["duplicate_of"]).first(), appointment_request):
        raise TooLate
    if not referrals.put_back(appointment_request, event.before.get("referral"), event.version, by=by):
        raise TooLate
    if visit := _booked_visit(appointment_request):
        _hold(visit.clinician)
    return back, {"undone": event.move}


_CONSEQUENCES = {
    "release": _release,
    "reject_spam": _reject_spam,
    "claim": _claim,
    "wait": _wait,
    "ask": _ask,
    "answer": _answer,
    "offer": _offer,
    "pick_time": _pick_time,
    "refuse_times": _refuse_times,
    "schedule": _schedule,
    "move_visit": _move_visit,
    "cancel_visit": _cancel_visit,
    "drop_visit": _drop_visit,
    "complete": _complete,
    "close": _close,
    "withdraw": _withdraw,
    "undo": _undo,
}


def _check_ahead(field, at):
    now = timezone.now()
    if at <= now:
        raise ValidationError({field: _("This must be in the future.")})
    if at > now + FARTHEST:
        raise ValidationError({field: _("That is more than two years away. Please check the year.")})


def tries_lacking(appointment_request: AppointmentRequest) -> str:
    """What is still to be tried before the patient counts as out of reach, in a sentence; "" if nothing is."""
    every = appointment_request.contact_attempts.all()  # which a page has read already
    channels = [attempt.channel for attempt in every if attempt.result != ContactAttempt.Result.REACHED]
    if len(channels) < TRIES_NEEDED:
        tried = {"tries": len(channels), "needed": TRIES_NEEDED, "left": TRIES_NEEDED - len(channels)}
        return _("Tried %(tries)d of %(needed)d times so far: %(left)d still needed.") % tried
    if appointment_request.email and len(set(channels)) < 2:
        return _("Tried in one way only: there is a phone number and an e-mail address.")
    return ""


# What is added beside the status


@transaction.atomic
def log_call(
    public_id: uuid.UUID,
    *,
    result: str,
    note: str,
    by: AbstractUser,
    channel: str = ContactAttempt.Channel.PHONE,
    call_again_at: datetime.datetime | None = None,
    entry_id: uuid.UUID | None = None,
) -> ContactAttempt:
    """Record how a try to reach the patient ended. `entry_id` names the try: sent twice, it counts once.

    `call_again_at` becomes the next step of the request.

    Raises NoRight, OtherEntryError, or ValidationError for a result, channel or time that cannot be.
    """
    check_right(CALLERS, by)
    if result not in ContactAttempt.Result.values:
        raise ValidationError({"call": _("Choose how the call ended.")})
    if channel not in ContactAttempt.Channel.values:
        raise ValidationError({"channel": _("Choose how you tried.")})
    values = {"result": result, "channel": channel, "note": note.strip(), "call_again_at": call_again_at}
    attempt = _add_once(ContactAttempt, public_id, entry_id, by=by, **values)
    _set_next_call(attempt)
    return attempt


def _set_next_call(attempt):
    """The latest call says when the next one is due. One that is still ahead stays, unless somebody was reached."""
    its_request = AppointmentRequest.objects.filter(pk=attempt.appointment_request_id)
    if attempt.call_again_at:
        _check_ahead("call_again_at", attempt.call_again_at)
        if not its_request.filter(status__in=CALLED_AGAIN).update(next_action_at=attempt.call_again_at):
            raise ValidationError({"call_again_at": _("This request waits for no call now. Please empty this box.")})
        return
    over = its_request.filter(status__in=ON_THE_CLOCK)
    if attempt.result != ContactAttempt.Result.REACHED:
        over = over.filter(next_action_at__lte=timezone.now())
    over.update(next_action_at=None)


def add_note(public_id: uuid.UUID, *, text: str, by: AbstractUser, entry_id: uuid.UUID | None = None) -> StaffNote:
    """Write a note beside the patient's words. `entry_id` and errors as in `log_call`."""
    check_right(NOTERS, by)
    if not text.strip():
        raise ValidationError({"text": REQUIRED})
    return _add_once(StaffNote, public_id, entry_id, by=by, text=text.strip())


def record_read(appointment_request: AppointmentRequest, *, by: AbstractUser) -> ReadEvent:
    """Record that somebody opened the request (P28)."""
    return ReadEvent.objects.create(appointment_request=appointment_request, by=by)


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
