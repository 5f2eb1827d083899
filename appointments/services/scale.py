"""Made-up requests in bulk, to measure with: ten years of work behind the desk, and a few per cent still open."""

import datetime
import random
from collections.abc import Iterator
from itertools import islice

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from appointments.models import (
    AppointmentRequest,
    ContactAttempt,
    ContactPoint,
    Referral,
    ReferralUpdate,
    ReferringPractice,
    StatusEvent,
    Visit,
    words,
)
from appointments.reference import new_reference
from appointments.transitions import OPEN, Outcome, Status, WaitingOn
from appointments.update_kinds import UpdateKind
from practice.models import Location

BATCH = 1000
YEARS = 10
OPEN_SHARE = 0.03
FIRST_NAMES = ("Ada", "Bruno", "Clara", "Dora", "Emil", "Flora", "Gustav", "Hilda", "Iris", "Jonas", "Kira", "Leo")
BEGINNINGS = ("Ander", "Bell", "Carl", "Dan", "Ever", "Fal", "Grim", "Hart", "Iver", "Jen", "Kess", "Lind")
BEGINNINGS += ("Mor", "Nel", "Oster", "Pal", "Quin", "Rid", "Sand", "Tor", "Ul", "Vester", "Wal", "Yor")
ENDINGS = ("berg", "croft", "dale", "field", "ford", "gate", "holm", "ley", "man", "sen", "son", "ton", "wick", "worth")
AREA_CODES = ("239", "305", "321", "352", "386", "407", "561", "727", "772", "813", "850", "863", "904", "941", "954")
OPEN_STATUSES = sorted(OPEN)
OFFICE, FAX = "Made-up Family Medicine", "+18135550199"


class ScaleRefused(Exception):
    """Made-up people do not belong into a production site."""


def make(count: int) -> None:
    """Add `count` made-up requests, each with its first event, a call, and a visit where one was booked.

    Raises ScaleRefused in production; needs a location.
    """
    if not settings.DEBUG:
        raise ScaleRefused("Made-up requests are made with APOLLO_DEBUG=1 only.")
    add(count)


def add(count: int) -> None:
    location = Location.objects.earliest("order", "pk")
    rows = made_up(count)
    while batch := list(islice(rows, BATCH)):
        _write(batch, location)


@transaction.atomic
def _write(batch, location):
    # What save() does for one row.
    for row in batch:
        for column, value in row.hashed_columns().items():
            setattr(row, column, value)
        row.due_at = row.respond_by
    rows = AppointmentRequest.objects.bulk_create(batch)
    StatusEvent.objects.bulk_create(
        StatusEvent(appointment_request=row, move="receive", to_status=Status.RECEIVED, version=1) for row in rows
    )
    ContactAttempt.objects.bulk_create(
        ContactAttempt(appointment_request=row, result=_result_of_call(row)) for row in rows if row.pk % 2
    )
    Visit.objects.bulk_create(
        Visit(
            appointment_request=row,
            status=Visit.Status.BOOKED if row.status == Status.SCHEDULED else Visit.Status.FULFILLED,
            starts_at=row.submitted_at + datetime.timedelta(days=14),
            location=location,
        )
        for row in rows
        if row.status in (Status.SCHEDULED, Status.COMPLETED)
    )
    _refer([row for row in rows if row.pk % 4 == 0])


def _refer(rows):
    """A referral for each. Of 100 that are finished one waits for its answer, and of one the patient said no."""
    practice, __ = ReferringPractice.objects.get_or_create(name=OFFICE)
    fax, __ = ContactPoint.objects.get_or_create(practice=practice, kind="fax", value=FAX)
    referrals = Referral.objects.bulk_create(
        Referral(appointment_request=row, source=Referral.Source.OFFICE, practice=practice) for row in rows
    )
    over = [one for one in referrals if one.appointment_request.status not in OPEN]
    told = [one for number, one in enumerate(over) if number % 100 > 1]
    for one, letter in zip(told, ReferralUpdate.objects.bulk_create(_letter(one, fax) for one in told), strict=True):
        one.loop_closed_at, one.loop_closed_how, one.closing_update = letter.confirmed_at, "update", letter
    for one in over:
        one.letter_due_at = one.appointment_request.submitted_at + datetime.timedelta(days=20)
    Referral.objects.bulk_update(over, ["loop_closed_at", "loop_closed_how", "closing_update", "letter_due_at"])
    refused = [one.appointment_request_id for one in over[::100]]
    AppointmentRequest.objects.filter(pk__in=refused).update(may_contact_referrer=False)


def _letter(referral, fax):
    then = referral.appointment_request.submitted_at + datetime.timedelta(days=17)
    return ReferralUpdate(
        referral=referral,
        kind=UpdateKind.FINAL,
        status=ReferralUpdate.Status.CONFIRMED,
        contact_point=fax,
        number=fax.value,
        approved_at=then,
        sent_at=then,
        confirmed_at=then,
        proof="Made up, to measure with.",
    )


def _result_of_call(row):
    return ContactAttempt.Result.NO_ANSWER if row.status in OPEN else ContactAttempt.Result.REACHED


def made_up(count: int) -> Iterator[AppointmentRequest]:
    """Unsaved requests, the oldest first; the same people every time, under other references."""
    chance = random.Random(count)  # noqa: S311  (nothing here is a secret)
    taken = set(AppointmentRequest.objects.values_list("reference", flat=True))
    now = timezone.now()
    for number in range(count):
        left = count - number
        is_open = left <= count * OPEN_SHARE
        yield AppointmentRequest(
            reference=_free_reference(taken),
            submitted_at=now - datetime.timedelta(days=365 * YEARS) * left / count,
            **_person(chance, number),
            **(_open_work(chance, now) if is_open else _finished_work(chance, now - datetime.timedelta(days=left))),
        )


def _free_reference(taken):
    """Of 100,000 references two are equal once in five times."""
    while (reference := new_reference()) in taken:
        pass
    taken.add(reference)
    return reference


def _person(chance, number):
    first_name, last_name = chance.choice(FIRST_NAMES), chance.choice(BEGINNINGS) + chance.choice(ENDINGS)
    return {
        "first_name": first_name,
        "last_name": last_name,
        "date_of_birth": datetime.date(1930, 1, 1) + datetime.timedelta(days=chance.randrange(365 * 60)),
        "phone": f"+1{chance.choice(AREA_CODES)}55501{chance.randrange(100):02}",
        "email": f"{first_name}.{last_name}.{number}@example.org".lower() if chance.random() < 0.6 else "",
        "zip_code": "33573",
        "reason": "Made up, to measure with.",
        "channel": chance.choice(words.Channel.values),
        "language": "es" if chance.random() < 0.15 else "en",
        "topic": chance.choice(words.Topic.values),
        "payer_kind": chance.choice(words.PayerKind.values),
        "best_time": chance.choice(words.BestTime.values),
        "reach_by": chance.choice(words.ReachBy.values),
        "priority": words.Priority.URGENT if chance.random() < 0.02 else words.Priority.ROUTINE,
    }


def _open_work(chance, now):
    """Work of the last days, some of it late."""
    status = chance.choice(OPEN_STATUSES)
    soon = now + datetime.timedelta(hours=chance.randrange(-72, 240))
    look_again = soon if status in (Status.WAITING, Status.OFFERED) else None
    waiting_on = chance.choice(WaitingOn.values) if status == Status.WAITING else ""
    return {"status": status, "respond_by": soon, "next_action_at": look_again, "waiting_on": waiting_on}


def _finished_work(chance, then):
    if chance.random() < 0.6:
        return {"status": Status.COMPLETED, "respond_by": then}
    return {"status": Status.CLOSED, "respond_by": then, "outcome": chance.choice(Outcome.values)}
