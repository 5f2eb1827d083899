"""The referral beside a request: how it follows the request's moves, what its office is owed, when its loop closes."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from appointments.models import (
    AppointmentRequest,
    Physician,
    Referral,
    ReferralEvent,
    ReferralUpdate,
    ReferringPractice,
    StatusEvent,
)
from appointments.services import held
from appointments.services.fax_gateway import key_of
from appointments.services.rights import MoveNotAllowed, check_right
from appointments.telling import BY_EVENT, LETTER_DAYS, ReferralStatus, Telling, event_of
from appointments.transitions import DECIDERS, DESK, LOOP_CLOSERS, OPEN, REFERRERS, Status
from appointments.update_kinds import AFTER_VISIT, ENDING, UpdateKind
from outbox import services as outbox
from practice.services import current_practice

LetterStatus = ReferralUpdate.Status
# What has not left yet, and is withdrawn when it is no longer true or its move is taken back.
STAYS_HERE = frozenset({LetterStatus.DUE, LetterStatus.PREPARED, LetterStatus.APPROVED})
ACCEPTABLE = frozenset({ReferralStatus.RECEIVED, ReferralStatus.UNDER_REVIEW, ReferralStatus.MORE_INFO})
COLUMNS = ("status", "accepted_at", "letter_due_at", "loop_closed_at", "loop_closed_how", "closing_update_id")
TIMES = ("accepted_at", "letter_due_at", "loop_closed_at")


class Stale(Exception):
    """Something was done about the referral since `seen_version`: `events` say who and what, the oldest first."""

    def __init__(self, referral, events):
        super().__init__(f"{referral} has moved on")
        self.referral = referral
        self.events = events


# How it follows its request


def begin(appointment_request: AppointmentRequest, event: StatusEvent, said: dict | None = None) -> Referral | None:
    """The referral of a request that was just received; None if nobody referred the patient.

    `said` is what an office wrote, as fields of Referral; None if the patient asked. Call it in the transaction of
    the request.
    """
    if said is None and not names_a_doctor(appointment_request):
        return None
    source = Referral.Source.PATIENT if said is None else Referral.Source.OFFICE
    referral = Referral.objects.create(appointment_request=appointment_request, source=source, **(said or {}))
    if appointment_request.status == Status.RECEIVED:
        follow(appointment_request, event)
    return referral


def names_a_doctor(appointment_request: AppointmentRequest) -> bool:
    return bool(appointment_request.referrer_name or appointment_request.referrer_practice)


def follow(appointment_request: AppointmentRequest, event: StatusEvent) -> None:
    """Bring the referral, if there is one, to where the table says after `event`, and note what its office is owed.

    Call it in the transaction of the move.
    """
    telling = BY_EVENT.get(event_of(event.move, event.details))
    referral = telling and _held(appointment_request)
    if not referral:
        return
    _set_status(referral, telling)
    outdated = _withdraw_old_news(referral) if telling.kinds or event.move == "reopen" else []
    _owe(referral, telling, event)
    _set_loop(referral, telling, event)
    _close_if_told(referral, appointment_request)
    _save(referral)
    record_outdated(referral, outdated, telling.kinds[0][0] if telling.kinds else event.move, by=event.by)


def _held(appointment_request):
    """The referral, ours until the transaction ends."""
    return Referral.objects.select_for_update(no_key=True).filter(appointment_request=appointment_request).first()


def _save(referral):
    referral.version += 1
    referral.save(update_fields=[*COLUMNS, "version"])


def _set_status(referral, telling):
    if telling.status is None:
        return
    is_back = telling.status == ReferralStatus.UNDER_REVIEW and referral.accepted_at
    referral.status = ReferralStatus.ACCEPTED if is_back else telling.status


def _withdraw_old_news(referral):
    """Only the latest news leaves: a visit that was booked and called off on one day is one letter. Of a visit that
    took place, the letter stays owed. Returns what was withdrawn.
    """
    news = referral.updates.exclude(kind__in=AFTER_VISIT).defer("content", "proof")
    old = list(news.filter(status__in=STAYS_HERE))
    news.filter(pk__in=[update.pk for update in old]).update(status=LetterStatus.WITHDRAWN)
    for update in news.filter(status=LetterStatus.SENDING):
        if outbox.withdraw(key_of(update)):
            news.filter(pk=update.pk).update(status=LetterStatus.WITHDRAWN, version=F("version") + 1)
            old.append(update)
    return old


def record_outdated(referral: Referral, updates, because: str, *, by: AbstractUser | None) -> None:
    """Write down why letters were withdrawn though nobody pressed so: `because` is the kind of the newer letter, or a
    move. Call it once the version of the referral is new.
    """
    for update in updates:
        record(referral, "letter-outdated", by=by, letter=update.pk, kind=update.kind, because=because)


def _owe(referral, telling: Telling, event):
    owed = set(referral.updates.filter(status__in=STAYS_HERE).values_list("kind", flat=True)) if telling.kinds else ()
    kinds = [(kind, days) for kind, days in telling.kinds if kind not in owed and _is_owed(referral, kind)]
    if not kinds:
        return
    calendar = current_practice().calendar
    for kind, days in kinds:
        due_at = calendar.promise(event.at, days)
        ReferralUpdate.objects.create(referral=referral, kind=kind, due_at=due_at, caused_by=event)
    if any(kind in AFTER_VISIT for kind, __ in kinds):
        referral.letter_due_at = calendar.promise(event.at, LETTER_DAYS)


def _is_owed(referral, kind):
    """A doctor whom the patient only named sent us nothing whose receipt could be acknowledged."""
    return referral.source == Referral.Source.OFFICE or kind != UpdateKind.RECEIVED


def _set_loop(referral, telling, event):
    """What was opened again owes its office an answer again. Spam from the quarantine never was a referral."""
    if event.move == "reopen":
        referral.loop_closed_at, referral.loop_closed_how, referral.closing_update = None, "", None
        referral.letter_due_at = None
    elif telling.ends:
        referral.loop_closed_at, referral.loop_closed_how = event.at, Referral.LoopEnd.SPAM


# What can be taken back


def state_of(appointment_request: AppointmentRequest) -> dict | None:
    """All that a move can change on the referral, as codes, dates and ids; None without one."""
    referral = Referral.objects.filter(appointment_request=appointment_request).values("pk", *COLUMNS).first()
    if referral is None:
        return None
    here = ReferralUpdate.objects.filter(referral=referral.pop("pk"), status__in=STAYS_HERE | {LetterStatus.SENDING})
    times = {name: referral[name] and referral[name].isoformat() for name in TIMES}
    # What was taken back from the machine has to be approved anew.
    stood = {
        pk: LetterStatus.PREPARED if status == LetterStatus.SENDING else status
        for pk, status in here.values_list("pk", "status")
    }
    return {"columns": referral | times, "updates": stood}


def put_back(
    appointment_request: AppointmentRequest, before: dict | None, version: int, *, by: AbstractUser | None
) -> bool:
    """Undo what the move that made `version` did to the referral; False if it was accepted since, or a letter about
    that move has left.

    `before` is what `state_of` gave before that move.
    """
    if before is None or (referral := _held(appointment_request)) is None:
        return True
    columns = before["columns"]
    columns = columns | {name: columns[name] and parse_datetime(columns[name]) for name in TIMES}
    caused = referral.updates.filter(caused_by__version=version)
    has_left = caused.exclude(status__in=STAYS_HERE | {LetterStatus.WITHDRAWN}).exists()
    if has_left or referral.accepted_at != columns["accepted_at"]:  # no move accepts: somebody did that since
        return False
    undone = list(caused.exclude(status=LetterStatus.WITHDRAWN))
    caused.update(status=LetterStatus.WITHDRAWN)
    for pk, status in before["updates"].items():
        referral.updates.filter(pk=pk, status=LetterStatus.WITHDRAWN).update(status=status)
    elsewhere = _made(referral).exclude(contact_point=None).exclude(contact_point__practice=referral.practice_id)
    _back_to_owed(elsewhere)  # withdrawn before another office was chosen
    for name, value in columns.items():
        setattr(referral, name, value)
    _save(referral)
    record_outdated(referral, undone, "undo", by=by)
    return True


# The loop


def settle(referral: Referral, appointment_request: AppointmentRequest) -> bool:
    """Close the loop if the request has its end and the office was told, with proof; whether it is closed now.

    Call it in a transaction, with the referral held.
    """
    if _close_if_told(referral, appointment_request):
        _save(referral)
    return referral.loop_closed_at is not None


def _close_if_told(referral, appointment_request):
    """Whether the loop was closed just now; saves nothing."""
    if referral.loop_closed_at or appointment_request.status in OPEN:
        return False
    told = _last_proven(referral, appointment_request)
    if told is None:
        return False
    referral.loop_closed_at, referral.loop_closed_how = timezone.now(), Referral.LoopEnd.UPDATE
    referral.closing_update = told
    if told.kind == UpdateKind.FINAL:
        referral.status = ReferralStatus.COMPLETED
    return True


def _last_proven(referral, appointment_request):
    """The update that answers the referral: of a kind that tells this end, arrived at the office that the referral is
    from, and after it was last opened again.
    """
    events = appointment_request.status_events.order_by("-version")
    proven = referral.updates.filter(
        kind__in=_kinds_that_end(events.filter(to_status=appointment_request.status).first()),
        status=LetterStatus.CONFIRMED,
        contact_point__practice=referral.practice_id,
    )
    reopened = events.filter(move="reopen").first()
    if reopened:
        proven = proven.filter(confirmed_at__gt=reopened.at)
    return proven.order_by("-confirmed_at").first()


def _kinds_that_end(event):
    """What the office of a patient who was seen waits for is no letter that he could not be reached, which went
    before. Of an end that owes no letter, a person tells the office with any.
    """
    telling = event and BY_EVENT.get(event_of(event.move, event.details))
    kinds = {kind for kind, __ in telling.kinds} if telling else set()
    return kinds & ENDING or ENDING


@transaction.atomic
def close_loop(public_id: uuid.UUID, *, reason: str, seen_version: int, by: AbstractUser) -> Referral:
    """A supervisor closes the loop though the office was not told, and says why.

    Raises NoRight, Stale, MoveNotAllowed if it is closed already, or ValidationError; nothing is saved then.
    """
    referral, appointment_request = _taken(public_id, LOOP_CLOSERS, seen_version, by)
    if referral.loop_closed_at:
        raise MoveNotAllowed
    if appointment_request.status in OPEN:
        raise ValidationError({"reason": _("The request is still open. It must be finished first.")})
    if not reason.strip():
        raise ValidationError({"reason": _("This is needed.")})
    referral.loop_closed_at, referral.loop_closed_how = timezone.now(), Referral.LoopEnd.REASON
    referral.loop_reason = reason.strip()
    referral.version += 1
    referral.save(update_fields=[*COLUMNS, "loop_reason", "version"])
    record(referral, "loop-closed", by=by, comment=referral.loop_reason)
    return referral


# What staff decide


@transaction.atomic
def match(
    public_id: uuid.UUID,
    *,
    practice: ReferringPractice,
    physician: Physician | None,
    seen_version: int,
    by: AbstractUser,
) -> Referral:
    """Say which practice, and which of its physicians, the referral is from. What is still here then goes nowhere.

    Raises NoRight, Stale, or ValidationError if the physician is not of that practice.
    """
    referral, __ = _taken(public_id, REFERRERS, seen_version, by)
    if physician is not None and physician.practice_id != practice.pk:
        raise ValidationError({"physician": _("This physician is of another practice.")})
    if referral.practice_id not in (None, practice.pk):
        _owe_again(referral)
    is_other = (referral.practice_id, referral.physician_id) != (practice.pk, physician and physician.pk)
    if referral.practice_id and is_other:
        _back_to_owed(_made(referral))
    referral.practice, referral.physician = practice, physician
    referral.version += 1
    referral.save(update_fields=[*COLUMNS, "practice", "physician", "version"])
    record(referral, "matched", by=by, practice=practice.pk, physician=physician and physician.pk)
    return referral


def unmatch(appointment_request: AppointmentRequest) -> None:
    """The office says that the referral is none of theirs: until a person chooses another one, nothing leaves.

    Call it in a transaction.
    """
    referral = _held(appointment_request)
    _back_to_owed(_made(referral))
    _owe_again(referral)
    referral.practice = referral.physician = None
    referral.version += 1
    referral.save(update_fields=[*COLUMNS, "practice", "physician", "version"])


def _made(referral):
    return referral.updates.filter(status__in=STAYS_HERE - {LetterStatus.DUE})


def _back_to_owed(made):
    """Letters made for another office, or for another of its physicians, are made anew."""
    for update in made:
        update.status, update.content, update.number, update.contact_point = LetterStatus.DUE, {}, "", None
        update.version += 1
        update.save(update_fields=["status", "content", "number", "contact_point", "version"])


def _owe_again(referral):
    """What another office was told about the end, this one has not heard: it counts as no answer."""
    gone = {LetterStatus.SENDING, LetterStatus.SENT, LetterStatus.CONFIRMED}
    kinds = set(referral.updates.filter(kind__in=ENDING | AFTER_VISIT, status__in=gone).values_list("kind", flat=True))
    due_at = current_practice().calendar.promise(timezone.now(), 1)
    for kind in sorted(kinds - set(referral.updates.filter(status=LetterStatus.DUE).values_list("kind", flat=True))):
        ReferralUpdate.objects.create(referral=referral, kind=kind, due_at=due_at)
    if referral.loop_closed_how == Referral.LoopEnd.UPDATE:
        referral.loop_closed_at, referral.loop_closed_how, referral.closing_update = None, "", None


@transaction.atomic
def accept(public_id: uuid.UUID, *, seen_version: int, by: AbstractUser) -> Referral:
    """Accept the referral, and owe its office that news. Declining is closing the request, with a reason.

    Raises NoRight, Stale, or MoveNotAllowed if it has gone past that.
    """
    referral, appointment_request = _taken(public_id, DECIDERS, seen_version, by)
    if not can_accept(referral, appointment_request):
        raise MoveNotAllowed
    referral.status, referral.accepted_at = ReferralStatus.ACCEPTED, timezone.now()
    outdated = _withdraw_old_news(referral)
    due_at = current_practice().calendar.promise(referral.accepted_at, 1)
    ReferralUpdate.objects.create(referral=referral, kind=UpdateKind.ACCEPTED, due_at=due_at)
    _save(referral)
    record(referral, "accepted", by=by)
    record_outdated(referral, outdated, UpdateKind.ACCEPTED, by=by)
    return referral


def can_accept(referral: Referral, appointment_request: AppointmentRequest) -> bool:
    """Not what lies in quarantine, nor what was closed as a duplicate: the referral of these stands where it stood.
    Nor while the patient's word keeps the news from the office, which is all that accepting is for.
    """
    in_work = appointment_request.status in OPEN - {Status.QUARANTINED}
    return in_work and referral.status in ACCEPTABLE and not referral.accepted_at and not referral.is_blocked


@transaction.atomic
def record_consent(public_id: uuid.UUID, *, may: bool, seen_version: int, by: AbstractUser) -> Referral:
    """Note what the patient said: may we tell the referring doctor, or not. A "no" holds from this moment on.

    Raises NoRight, or Stale.
    """
    referral, appointment_request = _taken(public_id, DESK, seen_version, by)
    AppointmentRequest.objects.filter(pk=appointment_request.pk).update(may_contact_referrer=may)
    referral.appointment_request.may_contact_referrer = may
    _save(referral)
    record(referral, "patient-said", by=by, may=may)
    return referral


# What the office says


def hear(
    appointment_request: AppointmentRequest,
    what: str,
    *,
    comment: str = "",
    event_id: uuid.UUID | None = None,
    **details,
) -> ReferralEvent:
    """The office wrote or sent something on its page. It waits for a person until somebody deals with it.

    The version is new, so that nobody deals with what their page does not show. Call it in a transaction, with the
    request held.
    """
    referral = _held(appointment_request)
    referral.appointment_request = appointment_request
    referral.office_waits_since = referral.office_waits_since or timezone.now()
    _save_heard(referral)
    return record(referral, what, by=None, comment=comment, event_id=event_id, **details)


@transaction.atomic
def deal_with(public_id: uuid.UUID, *, note: str, seen_version: int, by: AbstractUser) -> Referral:
    """Somebody took care of all that the office wrote and sent so far; `note` says how, or is "".

    Raises NoRight, Stale, or MoveNotAllowed if nothing waits.
    """
    referral, __ = _taken(public_id, DESK, seen_version, by)
    if referral.office_waits_since is None:
        raise MoveNotAllowed
    referral.office_waits_since = None
    _save_heard(referral)
    record(referral, "dealt-with", by=by, comment=note)
    return referral


def _save_heard(referral):
    referral.version += 1
    referral.save(update_fields=["office_waits_since", "version"])


def record(
    referral: Referral,
    what: str,
    *,
    by: AbstractUser | None,
    comment: str = "",
    event_id: uuid.UUID | None = None,
    **details,
) -> ReferralEvent:
    """Write down what was done; `details` are codes, dates and ids. Call it once the version of the referral is new."""
    return ReferralEvent.objects.create(
        public_id=event_id or uuid.uuid4(),
        appointment_request=referral.appointment_request,
        what=what,
        by=by,
        comment=comment,
        details=details | {"version": referral.version},
    )


def check_current(referral: Referral, seen_version: int) -> None:
    """Raises Stale unless `seen_version` is the version of this row. What a move did stands beside its request."""
    if referral.version != seen_version:
        events = referral.appointment_request.referral_events.filter(details__version__gt=seen_version)
        raise Stale(referral, list(events.select_related("by")))


def _taken(public_id, allowed, seen_version, by):
    """The referral and its request, ours until the transaction ends."""
    check_right(allowed, by)
    referral = held.referral(Referral.objects.get(public_id=public_id))
    check_current(referral, seen_version)
    return referral, referral.appointment_request
