"""Every change of a letter to a referring office. Nothing else assigns its status, except referrals that takes it back.

Whatever lets something leave asks services.may_leave once more, with the rows held, whoever pressed and however.
"""

import datetime
import re
import uuid

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from appointments.letter_moves import LETTER_MOVES, SECTIONS, LetterMove
from appointments.models import ContactPoint, Referral, ReferralUpdate
from appointments.models.referral import BLOCKED
from appointments.services import contact_points, held, incidents, may_leave, referrals, ways_out
from appointments.services.fax_gateway import key_of, letter_of
from appointments.services.letter_content import content_of
from appointments.services.rights import MoveNotAllowed, NoRight, check_right, groups_of
from appointments.transitions import CLINICIAN, PREPARERS
from appointments.update_kinds import UpdateKind
from outbox import services as outbox
from outbox.models import Message
from practice import hours
from practice.models import Clinician

Status = ReferralUpdate.Status
Failure = ReferralUpdate.Failure
REQUIRED = _("This is needed.")
MOST_PAGES = 999
UNSENT = frozenset({Status.DUE, Status.PREPARED, Status.APPROVED, Status.SENDING, Status.FAILED})


class LetterNotAllowed(MoveNotAllowed):
    says = _("A letter in this state cannot be moved that way.")


class OnItsWay(MoveNotAllowed):
    says = _("The machine has this letter already. Wait until it says that it was sent, or that it failed.")


class SuchALetter(MoveNotAllowed):
    says = _("There is such a letter already. Go on with that one.")


class NotSigned(MoveNotAllowed):
    """The clinician whom the letter names has to sign it first, and nobody else can."""

    def __init__(self, update):
        super().__init__()
        self.says = waits_for(update)


class Stale(Exception):
    """Somebody else moved the letter first: `events` (of ReferralEvent) says who, when and what, the oldest first."""

    def __init__(self, update, events):
        super().__init__(f"{update} has moved on")
        self.update = update
        self.events = events


@transaction.atomic
def new_letter(public_id: uuid.UUID, kind: str, *, by: AbstractUser) -> ReferralUpdate:
    """One more letter of `kind` about the referral `public_id`, which no event asked for.

    Raises NoRight, MayNotLeave, SuchALetter while one of that kind has not left yet, or ValidationError.
    """
    check_right(PREPARERS, by)
    if kind not in UpdateKind.values:
        raise ValidationError({"kind": _("Choose what the letter says.")})
    referral = held.referral(Referral.objects.get(public_id=public_id))
    if referral.is_blocked:
        raise may_leave.MayNotLeave(BLOCKED)
    if referral.updates.filter(kind=kind, status__in=UNSENT).exists():
        raise SuchALetter
    update = ReferralUpdate.objects.create(referral=referral, kind=kind)
    referrals.record(referral, "letter-new", by=by, letter=update.pk, kind=kind, letter_version=update.version)
    return update


@transaction.atomic
def move_letter(public_id: uuid.UUID, name: str, *, seen_version: int, by: AbstractUser, **values) -> ReferralUpdate:
    """Move a letter as the table says; `values` are the fields of that move, already of their Python types.

    Writes the move, its ReferralEvent, and what belongs to it: a message, an incident, a closed loop.

    Raises Stale, MoveNotAllowed (MayNotLeave says why), or ValidationError for each field; nothing is saved then.
    """
    chosen = _chosen(name, by, values)
    update = _take(public_id, seen_version, chosen.sources)
    if not chosen.suits(update):
        raise NotSigned(update) if update.lacks_signature else LetterNotAllowed
    values = {field: value.strip() if isinstance(value, str) else value for field, value in values.items()}
    _check_filled_in(chosen, update, values)
    if chosen.leaves and name != "prepare":  # which makes it ready for where it may go now
        _check_may_leave(update)
    before = update.status
    details = _CONSEQUENCES[name](update, values, by)
    return _keep(update, chosen.target, f"letter-{name}", before=before, by=by, values=values, details=details)


@transaction.atomic
def confirm_read(public_id: uuid.UUID) -> ReferralUpdate:
    """The office says on its page that it has read a letter that was sent: it arrived, if not where it was sent to.

    Raises Stale, or LetterNotAllowed.
    """
    seen_version = ReferralUpdate.objects.values_list("version", flat=True).get(public_id=public_id)
    update = _take(public_id, seen_version, {Status.SENT})
    update.confirmed_at = timezone.now()
    when = date_format(timezone.localtime(update.confirmed_at), "N j, Y, P")
    update.proof = gettext("Read on the secure page, %(when)s") % {"when": when}
    return _keep(update, Status.CONFIRMED, "letter-read", before=Status.SENT, by=None, values={}, details={})


def _chosen(name, by, values) -> LetterMove:
    chosen = LETTER_MOVES.get(name)
    if chosen is None:
        raise LetterNotAllowed(name)
    if not chosen.by & groups_of(by):
        raise NoRight(name)
    if unknown := values.keys() - set(chosen.fields):
        raise TypeError(f"{name} takes no {', '.join(sorted(unknown))}")
    return chosen


def _as_seen(seen_version, sources) -> Q:
    """A function of its own, so that a test can take the guard away and see it missed."""
    return Q(version=seen_version, status__in=sources)


def _take(public_id, seen_version, sources):
    """The letter with its referral, request and contact point, ours until the transaction ends.

    Raises Stale, or LetterNotAllowed if its status is none of `sources`.
    """
    found = ReferralUpdate.objects.select_related("referral").get(public_id=public_id)
    referral = held.referral(found.referral)
    taken = ReferralUpdate.objects.filter(_as_seen(seen_version, sources), pk=found.pk).update(version=F("version") + 1)
    update = ReferralUpdate.objects.get(pk=found.pk)
    if not taken:
        _check_current(update, referral, seen_version)
        raise LetterNotAllowed
    update.referral = referral
    if update.contact_point_id:
        update.contact_point = held.contact_point(update.contact_point_id)
    return update


def _check_current(update, referral, seen_version):
    if update.version != seen_version:
        events = referral.appointment_request.referral_events.select_related("by")
        theirs = events.filter(details__letter=update.pk, details__letter_version__gt=seen_version)
        raise Stale(update, list(theirs))


def check_seen(update: ReferralUpdate, seen_version: int) -> None:
    """Raises Stale unless `seen_version` is the version of this row."""
    _check_current(update, update.referral, seen_version)


def _check_filled_in(chosen, update, values):
    empty = [field for field in chosen.needs_for(update.kind) if not values.get(field) and field != "history"]
    if empty:
        raise ValidationError(dict.fromkeys(empty, REQUIRED))


def _check_may_leave(update):
    may_leave.check(update.referral, update.contact_point, update.number, timezone.now())


def _check_words(update):
    if may_leave.is_outdated(update):
        raise may_leave.MayNotLeave(may_leave.OUTDATED)


def _keep(update, target, what, *, before, by, values, details):
    if target is not None:
        update.status = target
    update.save()
    comment = values.get("comment", "")
    referrals.record(
        update.referral,
        what,
        by=by,
        comment=comment,
        letter=update.pk,
        kind=update.kind,
        letter_version=update.version,
        **{"from": before, "to": update.status},
        **details,
    )
    if update.status == Status.CONFIRMED:
        referrals.settle(update.referral, update.referral.appointment_request)
    return update


# What each move brings with it. It sets columns of the letter, and returns details of the event: codes, dates, ids.


def _prepare(update, values, by):
    contact_point = held.contact_point(values["contact_point"].pk)
    may_leave.check(update.referral, contact_point, contact_point.value, timezone.now())
    update.clinician, sections = values.get("clinician"), {name: values.get(name, "") for name in SECTIONS}
    update.content = content_of(
        update.referral,
        update.kind,
        contact_point,
        clinician=update.clinician,
        sections=sections,
        note=values.get("note", ""),
        by=by,
    )
    update.contact_point, update.number = contact_point, contact_point.value
    update.prepared_by, update.prepared_at = by, timezone.now()
    update.signed_by = update.signed_at = update.approved_by = update.approved_at = None
    update.sent_by = update.sent_at = None
    update.way, update.failure, update.pages = "", "", None
    return {"contact_point": contact_point.pk}


def signers() -> QuerySet[Clinician]:
    """The clinicians who can sign: each with an account of their group, which the owner has joined to them."""
    return Clinician.objects.filter(user__is_active=True, user__groups__name=CLINICIAN)


def is_theirs(update: ReferralUpdate, user: AbstractUser) -> bool:
    """Whether `user` is the clinician whom the letter names."""
    return update.clinician is not None and update.clinician.user_id == user.pk


def waits_for(update: ReferralUpdate) -> str:
    """Whose signature a letter lacks, as a sentence."""
    return gettext(
        "%(clinician)s has to read and sign this letter. If that is not possible, change the letter, and name the "
        "clinician who does."
    ) % {"clinician": update.clinician or gettext("A clinician")}


def _sign(update, values, by):
    _check_words(update)
    if not is_theirs(update, by):
        raise NotSigned(update)
    update.signed_by, update.signed_at, update.pages = by, timezone.now(), None  # no draft any more: counted anew
    update.content["signed_on"] = timezone.localdate(timezone=hours.zone()).isoformat()
    return {"clinician": update.clinician_id}


def _approve(update, values, by):
    _check_words(update)
    if _letters_and_digits(values["last_four"]) != last_four(update.contact_point):
        raise ValidationError(
            {
                "last_four": _(
                    "These are not the last four of where this letter goes. Look the number up in the directory or "
                    "the registry, compare it digit by digit with the one above, and type its last four."
                )
            }
        )
    update.approved_by, update.approved_at = by, timezone.now()
    return {"contact_point": update.contact_point_id}


def last_four(contact_point: ContactPoint) -> str:
    """The last four digits of a number, or letters and digits of an address."""
    return _letters_and_digits(contact_point.value.partition(";")[0])[-4:]  # behind the ";" is an extension


def _letters_and_digits(text):
    return re.sub(r"[\W_]", "", text).casefold()


def _send(update, values, by):
    _check_words(update)
    way = ways_out.open_to(update.contact_point).get(values["way"])
    if way is None:
        raise ValidationError({"way": _("Choose how it leaves.")})
    update.way, update.sent_by = values["way"], by
    update.status = way.send(update, by)
    if update.status == Status.SENT:
        update.sent_at = timezone.now()
    return {"way": update.way, "contact_point": update.contact_point_id}


def _confirm(update, values, by):
    if not 1 <= values["pages"] <= MOST_PAGES:
        raise ValidationError({"pages": _("Enter the number of pages, the cover sheet included.")})
    _check_arrival(update, values["arrived_at"])
    update.pages, update.proof, update.confirmed_at = values["pages"], values["proof"], values["arrived_at"]
    contact_points.delivered(update.contact_point)
    if update.kind == UpdateKind.FINAL:  # which says all that an interim letter would
        others = update.referral.updates.filter(kind=UpdateKind.INTERIM, status__in=referrals.STAYS_HERE)
        outdated = list(others)
        others.update(status=Status.WITHDRAWN, version=F("version") + 1)
        referrals.record_outdated(update.referral, outdated, update.kind, by=by)
    return {"pages": update.pages, "contact_point": update.contact_point_id}


def _check_arrival(update, at: datetime.datetime):
    """Machines print minutes, so that a letter may have arrived in the minute in which it was approved."""
    if at > timezone.now():
        raise ValidationError({"arrived_at": _("This is still ahead. Enter when it arrived.")})
    if at < update.approved_at.replace(second=0, microsecond=0):
        raise ValidationError({"arrived_at": _("This was before the letter was approved. Enter when it arrived.")})


def _fail(update, values, by):
    if values["failure"] not in Failure.values:
        raise ValidationError({"failure": _("Choose why it did not arrive.")})
    update.failure = values["failure"]
    contact_point, is_wrong = update.contact_point, update.failure == Failure.WRONG_NUMBER
    # A number that was changed since, and verified, has not failed. One that was only changed may be changed back.
    if update.number in (contact_point.value, contact_point.verified_value):
        contact_points.failed(contact_point, wrong=is_wrong)
    if is_wrong:
        before = incidents.sent_to(contact_point, update.number)  # whoever answers now may have answered then
        for letter in {letter.pk: letter for letter in [*before, update]}.values():
            incidents.open_for(letter, by=by)
    return {"failure": update.failure, "contact_point": contact_point.pk}


def _withdraw(update, values, by):
    if update.status == Status.SENDING and not outbox.withdraw(key_of(update)):
        raise OnItsWay
    return {}


_CONSEQUENCES = {
    "prepare": _prepare,
    "sign": _sign,
    "approve": _approve,
    "send": _send,
    "confirm": _confirm,
    "fail": _fail,
    "withdraw": _withdraw,
}


# What the machine says


def after_fax(message: Message) -> None:
    """The message of a letter has reached its end. Call it in the transaction that records so.

    "Sent" means that the machine has it: whether it arrived, a person says. One that failed, or that was held because
    it might no longer leave, is back in the hands of staff.
    """
    found = letter_of(message)
    if found is None:
        return
    referral = held.referral(found.referral)
    update = ReferralUpdate.objects.get(pk=found.pk)
    if update.status != Status.SENDING:
        return
    update.referral, update.version = referral, update.version + 1
    target = _came_back(update, message.state)
    if target is not None:
        _keep(update, target, "letter-machine", before=Status.SENDING, by=None, values={}, details={})


def catch_up() -> None:
    """Hear of the ends that `after_fax` missed, so that no letter stays on its way for ever. The worker calls it."""
    for update in ReferralUpdate.objects.filter(status=Status.SENDING):
        for message in Message.objects.filter(dedupe_key=key_of(update)):
            with transaction.atomic():
                after_fax(message)


def _came_back(update, state):
    """Where the letter stands after its message has ended as `state`; None as long as that is no end."""
    if state == Message.State.SENT:
        update.sent_at = timezone.now()
        return Status.SENT
    if state == Message.State.HELD:
        update.approved_by = update.approved_at = None
        return Status.PREPARED
    if state in (Message.State.FAILED_PERMANENT, Message.State.NEEDS_HUMAN):
        update.failure = Failure.REFUSED
        return Status.FAILED
    return None
