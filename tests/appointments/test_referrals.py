"""The referral beside a request: how it follows, what can be taken back, when its loop closes, what staff decide."""

import datetime
from importlib import import_module

import pytest
import time_machine
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from appointments.models import Referral, ReferralEvent, ReferralUpdate, StatusEvent, Visit
from appointments.services import moves, referrals
from appointments.services.rights import MoveNotAllowed, NoRight
from appointments.telling import BY_EVENT, TELLINGS, ReferralStatus
from appointments.transitions import DECIDERS, DESK, GROUPS, LOOP_CLOSERS, MOVES, REFERRERS, Outcome, Status
from appointments.update_kinds import AFTER_VISIT, ENDING, UpdateKind
from tests.appointments.test_moves import actor, in_status, ready_for, stored
from tests.factories import (
    AppointmentRequestFactory,
    ContactPointFactory,
    PhysicianFactory,
    ReferralFactory,
    ReferralUpdateFactory,
    ReferringPracticeFactory,
    UserFactory,
)

DAY = datetime.timedelta(days=1)
MINUTE = datetime.timedelta(minutes=1)
FRIDAY = datetime.datetime(2026, 11, 20, 15, tzinfo=datetime.UTC)  # 10 a.m. in New York
# By the end of so many business days after that Friday; Thursday, November 26, is a holiday.
ENDS = {1: (11, 23), 2: (11, 24), 3: (11, 25), 10: (12, 7)}


@pytest.fixture
def friday():
    with time_machine.travel(FRIDAY, tick=False) as clock:
        yield clock


@pytest.fixture
def supervisor(practice):
    return UserFactory(group="supervisor")


def end_of(days):
    month, day = ENDS[days]
    return datetime.datetime(2026, month, day, 22, tzinfo=datetime.UTC)  # 5 p.m. in New York


def referred(of=Status.RECEIVED, **values):
    """A request in status `of` with a referral as it stands before anything was done."""
    return ReferralFactory(appointment_request=in_status(of), **values)


def make(name, referral, by, **values):
    """The move that `name` says, by the patient or by `by`, with what it needs."""
    move, row = MOVES[name], referral.appointment_request
    values = ready_for(move, row, by) | values if move.target else values
    version = stored(row)["version"]
    return moves.move(row.public_id, name, seen_version=version, by=actor(move, by), **values)


def now_of(referral):
    return Referral.objects.get(pk=referral.pk)


def letters(referral, *statuses):
    """[(kind, due)] of the letters in one of `statuses`, owed ones unless told otherwise."""
    found = referral.updates.filter(status__in=statuses or ["due"]).order_by("pk")
    return list(found.values_list("kind", "due_at"))


def confirmed(referral, kind, **values):
    """A letter of `kind` that arrived at a verified fax of the office that the referral is from."""
    values = {"contact_point": fax_of(referral.practice)} | values
    return ReferralUpdateFactory(referral=referral, kind=kind, confirmed=True, **values)


def fax_of(practice):
    return practice.contact_points.first() or ContactPointFactory(practice=practice, verified=True)


def settled(referral):
    with transaction.atomic():
        return referrals.settle(now_of(referral), referral.appointment_request)


def seen(referral):
    return {"seen_version": now_of(referral).version}


# Begun with the request


@pytest.mark.parametrize(
    ("named", "said", "source", "owed"),
    [
        ({"referrer_name": "Dr. Paula Pattern"}, None, "patient", []),
        ({"referrer_practice": "Pattern Family Medicine"}, None, "patient", []),
        ({"referrer_name": "Dr. Paula Pattern"}, {"question": "Is it the spine?"}, "office", ["received"]),
        ({}, {"question": "Is it the spine?"}, "office", ["received"]),
        ({}, {}, "office", ["received"]),
    ],
    ids=[
        "patient names a doctor",
        "patient names an office",
        "office",
        "office without a name",
        "office, nothing else",
    ],
)
def test_referral_is_begun(practice, friday, named, said, source, owed):
    row = AppointmentRequestFactory(**named)

    begun = referrals.begin(row, received(row), said)

    assert (begun.source, begun.status, begun.question) == (source, "received", (said or {}).get("question", ""))
    assert letters(begun) == [(kind, end_of(1)) for kind in owed]


def received(row):
    return StatusEvent.objects.create(appointment_request=row, move="receive", to_status=row.status, version=1)


@pytest.mark.parametrize("named", [{}, {"referrer_phone": "813-555-0177"}], ids=["nobody", "a number without a name"])
def test_nothing_is_begun_where_nobody_referred_the_patient(practice, named):
    row = AppointmentRequestFactory(**named)

    assert referrals.begin(row, received(row)) is None
    assert not Referral.objects.exists()


def test_what_is_put_aside_owes_nothing_until_it_is_released(supervisor, friday):
    row = in_status(Status.QUARANTINED)
    begun = referrals.begin(row, received(row), {})
    assert letters(begun) == []

    moves.move(row.public_id, "release", seen_version=1, by=supervisor)

    assert letters(begun) == [("received", end_of(1))]


BEFORE = {  # status of the request → of its referral, for what was open when there were no referrals yet
    Status.RECEIVED: "received",
    Status.QUARANTINED: "received",
    Status.IN_REVIEW: "under-review",
    Status.WAITING: "under-review",
    Status.OFFERED: "under-review",
    Status.SCHEDULED: "booked",
    Status.COMPLETED: None,
    Status.CLOSED: None,
}


@pytest.mark.parametrize("status", Status)
def test_what_was_open_before_gets_its_referral_once(practice, status):
    _nobody, doctor, office = in_status(status), in_status(status), in_status(status)
    for row, name in ((doctor, "referrer_name"), (office, "referrer_practice")):
        setattr(row, name, "Pattern")
        row.save()
    begin = import_module("appointments.migrations.0012_referrals_of_open_requests").begin

    begin(apps, None), begin(apps, None)

    rows = [doctor.pk, office.pk] if BEFORE[status] else []
    found = Referral.objects.order_by("appointment_request").values_list(
        "appointment_request", "source", "status", "version"
    )
    assert list(found) == [(pk, "patient", BEFORE[status], 1) for pk in rows]


# Following the request: every row of the table, by the moves that there are


def way_to(event):
    """(status that it starts from, name of the move, what makes it this row) for an event of the table."""
    name, __, closer = event.partition(":")
    closers = {"wait": "waiting_on", "complete": "visit_status", "close": "outcome"}
    return min(MOVES[name].sources), name, {closers[name]: closer, "comment": "They said so."} if closer else {}


def make_so(event, referral, by):
    """Make the move that is `event`, and what it needs before."""
    __, name, values = way_to(event)
    if event == f"close:{Outcome.UNABLE_TO_REACH}":
        for __ in range(3):
            moves.log_call(referral.appointment_request.public_id, result="no-answer", note="", by=by)
    if event == f"close:{Outcome.DUPLICATE}":
        values["duplicate_of"] = in_status(Status.RECEIVED)
    make(name, referral, by, **values)


@pytest.mark.parametrize("telling", [row for row in TELLINGS if row.event != "receive"], ids=lambda row: row.event)
def test_referral_follows_every_row_of_the_table(supervisor, friday, telling):
    referral = referred(way_to(telling.event)[0])

    make_so(telling.event, referral, supervisor)

    after = now_of(referral)
    assert after.status == (telling.status or "received")
    assert letters(referral) == [(kind, end_of(days)) for kind, days in telling.kinds]
    is_letter_due = bool({kind for kind, __ in telling.kinds} & AFTER_VISIT)
    assert after.letter_due_at == (end_of(3) if is_letter_due else None)
    assert (after.loop_closed_at, after.loop_closed_how) == ((FRIDAY, "spam") if telling.ends else (None, ""))
    assert set(referral.updates.values_list("caused_by", flat=True)) <= {StatusEvent.objects.get().pk}


def test_the_table_has_a_row_for_every_move():
    assert {row.event.partition(":")[0] for row in TELLINGS} == {"receive", *MOVES} - {"undo"}
    closed = {event.partition(":")[2] for event in BY_EVENT if event.startswith("close:")}
    assert closed == set(Outcome)


@pytest.mark.parametrize("status", [Status.SCHEDULED, Status.IN_REVIEW])
def test_request_that_nobody_referred_is_followed_by_nothing(supervisor, status):
    row = in_status(status)

    moves.move(row.public_id, "withdraw" if status == Status.IN_REVIEW else "cancel_visit", **by(status, supervisor))

    assert not ReferralUpdate.objects.exists()


def by(status, supervisor):
    who = None if status == Status.IN_REVIEW else supervisor
    return {"seen_version": 1, "by": who} | ({"comment": "x"} if who else {})


def test_doctor_whom_a_patient_named_hears_of_the_visit_and_not_that_something_was_received(supervisor, friday):
    referral = referred(Status.QUARANTINED, named=True)

    make("release", referral, supervisor)
    make("schedule", referral, supervisor, starts_at=FRIDAY + DAY)

    assert letters(referral) == [("booked", end_of(1))]


def test_only_the_latest_news_is_owed(supervisor, friday):
    referral = referred()

    make("schedule", referral, supervisor, starts_at=FRIDAY + DAY)
    make("cancel_visit", referral, supervisor)
    make("close", referral, supervisor, outcome=Outcome.PATIENT_WITHDREW)

    assert letters(referral) == [("cancelled", end_of(2))]
    assert [kind for kind, __ in letters(referral, "withdrawn")] == ["booked", "visit-cancelled"]
    assert outdated(referral) == [("booked", "visit-cancelled"), ("visit-cancelled", "cancelled")]


def outdated(referral):
    """(kind of each letter that was withdrawn by itself, because of what)."""
    events = referral.appointment_request.referral_events.filter(what="letter-outdated").order_by("pk")
    return [(event.details["kind"], event.details["because"]) for event in events]


def test_move_that_is_no_news_leaves_what_is_owed(supervisor, friday):
    referral = referred()
    ReferralUpdateFactory(referral=referral, kind="received", status="prepared")

    make("claim", referral, supervisor)

    assert letters(referral, "prepared") == [("received", None)]


def test_letter_of_a_visit_stays_owed_whatever_comes_next(supervisor, friday):
    referral = referred(Status.SCHEDULED)

    make("complete", referral, supervisor)
    make("reopen", referral, supervisor)
    make("close", referral, supervisor, outcome=Outcome.PATIENT_WITHDREW)

    assert [kind for kind, __ in letters(referral)] == ["interim", "final", "cancelled"]


def test_what_has_left_is_not_withdrawn(supervisor, friday):
    referral = referred(matched=True)
    confirmed(referral, "received")

    make("schedule", referral, supervisor, starts_at=FRIDAY + DAY)

    assert [kind for kind, __ in letters(referral, "confirmed")] == ["received"]


def test_accepted_it_is_accepted_when_it_comes_back_from_waiting(supervisor, friday):
    referral = referred(Status.IN_REVIEW)
    referrals.accept(referral.public_id, by=supervisor, **seen(referral))

    make("wait", referral, supervisor, waiting_on="referrer")
    assert now_of(referral).status == "more-info"
    make("resume", referral, supervisor)

    assert now_of(referral).status == "accepted"


@pytest.mark.parametrize("name", ["ask", "offer", "wait"])
def test_office_is_asked_for_nothing_once_we_wait_for_somebody_else(supervisor, friday, name):
    referral = referred(Status.IN_REVIEW)
    make("wait", referral, supervisor, waiting_on="referrer")
    event = "wait:payer" if name == "wait" else name

    make_so(event, referral, supervisor)

    assert now_of(referral).status == "under-review"


def test_visit_that_is_over_twice_owes_its_letters_once(supervisor, friday):
    referral = referred(Status.SCHEDULED)
    make_so("complete:fulfilled", referral, supervisor)
    make("reopen", referral, supervisor)
    make("schedule", referral, supervisor, starts_at=FRIDAY + DAY)

    Visit.objects.filter(status="booked").update(starts_at=FRIDAY)
    make("complete", referral, supervisor, visit_status="fulfilled")

    assert sorted(kind for kind, __ in letters(referral)) == ["final", "interim"]


def test_each_move_makes_one_version_of_the_referral(supervisor, friday):
    referral = referred(Status.SCHEDULED, matched=True)
    confirmed(referral, "no-show")

    make("complete", referral, supervisor, visit_status="noshow")

    assert (now_of(referral).version, now_of(referral).loop_closed_how) == (2, "update")


# Taking back


def everything(referral):
    """The row and its letters, without what was withdrawn."""
    row = Referral.objects.filter(pk=referral.pk).values().get()
    del row["version"]
    return row, list(referral.updates.exclude(status="withdrawn").order_by("pk").values("pk", "status", "due_at"))


UNDOABLE = [row for row in TELLINGS if row.event != "receive" and MOVES[row.event.partition(":")[0]].undo]


@pytest.mark.parametrize("telling", UNDOABLE, ids=lambda row: row.event)
def test_undone_the_referral_is_as_it_was(supervisor, telling):
    referral = referred(way_to(telling.event)[0], letter_due_at=timezone.now() + DAY, accepted_at=timezone.now() - DAY)
    ReferralUpdateFactory(referral=referral, kind="booked", status="prepared", due_at=timezone.now())
    before = everything(referral)
    make_so(telling.event, referral, supervisor)

    make("undo", referral, supervisor)

    assert everything(referral) == before
    assert [kind for kind, why in outdated(referral) if why == "undo"] == [kind for kind, __ in telling.kinds]


def test_reopened_by_mistake_the_loop_is_closed_again(supervisor):
    referral = referred(Status.COMPLETED, matched=True)
    confirmed(referral, "final")
    assert settled(referral)
    before = everything(referral)
    make("reopen", referral, supervisor)
    assert now_of(referral).loop_closed_at is None

    make("undo", referral, supervisor)

    assert everything(referral) == before


@pytest.mark.parametrize("status", ["sending", "sent", "failed", "confirmed"])
def test_move_is_not_undone_once_its_letter_has_left(supervisor, status):
    referral = referred(matched=True)
    make("schedule", referral, supervisor, starts_at=timezone.now() + DAY)
    leave(referral.updates.get(), status)
    before = everything(referral), stored(referral.appointment_request)

    with pytest.raises(moves.TooLate):
        make("undo", referral, supervisor)

    assert (everything(referral), stored(referral.appointment_request)) == before


def leave(letter, status):
    fax, now = fax_of(letter.referral.practice), timezone.now()
    values = {"approved_at": now, "confirmed_at": now, "proof": "OK 10:42", "failure": "busy"}
    for name, value in (values | {"contact_point": fax, "number": fax.value, "status": status}).items():
        setattr(letter, name, value)
    letter.save()


def test_move_is_not_undone_under_an_acceptance(supervisor):
    referral = referred()
    make("claim", referral, supervisor)
    referrals.accept(referral.public_id, by=supervisor, **seen(referral))

    with pytest.raises(moves.TooLate):
        make("undo", referral, supervisor)

    assert (now_of(referral).status, [kind for kind, __ in letters(referral)]) == ("accepted", ["accepted"])


def test_undone_after_another_office_was_chosen_no_letter_goes_to_the_first(supervisor):
    referral = referred(matched=True)
    letter = ReferralUpdateFactory(referral=referral, content={"to": "x"})
    leave(letter, "prepared")
    make("schedule", referral, supervisor, starts_at=timezone.now() + DAY)
    other = ReferringPracticeFactory(name="Sample Clinic")
    referrals.match(referral.public_id, practice=other, physician=None, by=supervisor, **seen(referral))

    make("undo", referral, supervisor)

    letter.refresh_from_db()
    assert (letter.status, letter.content, letter.number, letter.contact_point) == ("due", {}, "", None)


# The loop


@pytest.mark.parametrize("kind", UpdateKind)
def test_only_a_letter_that_tells_an_end_closes_the_loop(practice, kind):
    referral = referred(Status.CLOSED, matched=True)
    letter = confirmed(referral, kind)

    assert settled(referral) == (kind in ENDING)
    after = now_of(referral)
    assert (after.loop_closed_how, after.closing_update) == (("update", letter) if kind in ENDING else ("", None))
    assert after.status == ("completed" if kind == "final" else "received")


@pytest.mark.parametrize("status", [status for status in ReferralUpdate.Status if status != "confirmed"])
def test_letter_without_proof_closes_no_loop(practice, status):
    referral = referred(Status.CLOSED, matched=True)
    leave(ReferralUpdateFactory(referral=referral, kind="cancelled"), status)

    assert not settled(referral)


@pytest.mark.parametrize("status", [status for status in Status if status not in ("completed", "closed")])
def test_loop_of_an_open_request_stays_open(practice, status):
    referral = referred(status, matched=True)
    confirmed(referral, "final")

    assert not settled(referral)


def test_letter_at_another_office_closes_no_loop(practice):
    referral = referred(Status.CLOSED, matched=True)
    confirmed(referral, "final", contact_point=fax_of(ReferringPracticeFactory(name="Sample Clinic")))

    assert not settled(referral)


def test_letter_of_before_it_was_opened_again_closes_no_loop(supervisor):
    with time_machine.travel(FRIDAY, tick=False) as clock:
        referral = referred(Status.COMPLETED, matched=True)
        confirmed(referral, "final")
        assert settled(referral)
        clock.shift(MINUTE)
        make("reopen", referral, supervisor)
        make("close", referral, supervisor, outcome=Outcome.PATIENT_WITHDREW)
        assert now_of(referral).loop_closed_at is None
        clock.shift(MINUTE)
        letter = confirmed(referral, "cancelled")

        referral.appointment_request.refresh_from_db()
        assert settled(referral)
        assert now_of(referral).closing_update == letter


def test_that_a_patient_was_out_of_reach_is_no_answer_about_the_visit_that_came(supervisor):
    referral = referred(Status.SCHEDULED, matched=True)
    confirmed(referral, "unable-to-reach")

    make("complete", referral, supervisor)

    assert now_of(referral).loop_closed_at is None


def test_of_an_end_that_owes_no_letter_any_ending_one_tells(supervisor):
    referral = referred(Status.IN_REVIEW, matched=True)
    confirmed(referral, "cancelled")

    make("close", referral, supervisor, outcome=Outcome.DUPLICATE, duplicate_of=in_status(Status.RECEIVED))

    assert now_of(referral).loop_closed_how == "update"


def test_closed_once_the_loop_stays_closed(practice):
    referral = referred(Status.CLOSED, matched=True)
    first = confirmed(referral, "final")
    assert settled(referral)
    confirmed(referral, "cancelled")

    assert settled(referral)
    assert (now_of(referral).closing_update, now_of(referral).version) == (first, 2)


def test_supervisor_closes_the_loop_with_a_reason(supervisor, friday):
    referral = referred(Status.CLOSED)

    referrals.close_loop(referral.public_id, reason=" The office has closed. ", seen_version=1, by=supervisor)

    after = now_of(referral)
    assert (after.loop_closed_at, after.loop_closed_how, after.version) == (FRIDAY, "reason", 2)
    assert after.loop_reason == "The office has closed."
    assert events(referral) == [("loop-closed", supervisor.pk, {"version": 2}, "The office has closed.")]


def events(referral):
    found = ReferralEvent.objects.filter(appointment_request=referral.appointment_request)
    return [(event.what, event.by_id, event.details, event.comment) for event in found]


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_no_loop_is_closed_without_a_reason(supervisor, reason):
    referral = referred(Status.CLOSED)

    with pytest.raises(ValidationError) as refused:
        referrals.close_loop(referral.public_id, reason=reason, seen_version=1, by=supervisor)

    assert refused.value.message_dict == {"reason": ["This is needed."]}
    assert (now_of(referral).loop_closed_at, events(referral)) == (None, [])


@pytest.mark.parametrize("status", [status for status in Status if status not in ("completed", "closed")])
def test_no_loop_is_closed_before_the_request_is_finished(supervisor, status):
    referral = referred(status)

    with pytest.raises(ValidationError, match="still open"):
        referrals.close_loop(referral.public_id, reason="x", seen_version=1, by=supervisor)

    assert now_of(referral).loop_closed_at is None


def test_loop_is_closed_once(supervisor):
    referral = referred(Status.CLOSED)
    referrals.close_loop(referral.public_id, reason="The office has closed.", seen_version=1, by=supervisor)

    with pytest.raises(MoveNotAllowed):
        referrals.close_loop(referral.public_id, reason="Another reason.", seen_version=2, by=supervisor)

    assert now_of(referral).loop_reason == "The office has closed."


def test_opened_again_the_loop_is_open_and_the_reason_stays(supervisor):
    referral = referred(Status.CLOSED)
    referrals.close_loop(referral.public_id, reason="The office has closed.", seen_version=1, by=supervisor)

    make("reopen", referral, supervisor)

    after = now_of(referral)
    assert (after.loop_closed_at, after.loop_closed_how, after.loop_reason) == (None, "", "The office has closed.")


# Who decides what


ACTS = {
    "accepted": (referrals.accept, DECIDERS, Status.IN_REVIEW, lambda: {}),
    "patient-said": (referrals.record_consent, DESK, Status.IN_REVIEW, lambda: {"may": True}),
    "loop-closed": (referrals.close_loop, LOOP_CLOSERS, Status.CLOSED, lambda: {"reason": "The office has closed."}),
    "matched": (
        referrals.match,
        REFERRERS,
        Status.IN_REVIEW,
        lambda: {"practice": ReferringPracticeFactory(), "physician": None},
    ),
}


@pytest.mark.parametrize("group", [*GROUPS, None])
@pytest.mark.parametrize("what", ACTS)
def test_each_decision_is_made_by_its_groups_only(practice, what, group):
    act, allowed, status, values = ACTS[what]
    user, referral = UserFactory(group=group), referred(status)
    before = everything(referral)

    if ({group, "supervisor"} if group == "owner" else {group}) & allowed:
        act(referral.public_id, seen_version=1, by=user, **values())
        assert [(event[0], event[1]) for event in events(referral)] == [(what, user.pk)]
        assert now_of(referral).version == 2
    else:
        with pytest.raises(NoRight):
            act(referral.public_id, seen_version=1, by=user, **values())
        assert (everything(referral), events(referral)) == (before, [])


@pytest.mark.parametrize("what", ACTS)
def test_on_a_stale_page_nothing_is_decided(supervisor, what):
    act, __, status, values = ACTS[what]
    referral = referred(status)
    referrals.record_consent(referral.public_id, may=True, seen_version=1, by=supervisor)
    before = everything(referral)

    with pytest.raises(referrals.Stale) as refused:
        act(referral.public_id, seen_version=1, by=supervisor, **values())

    assert [(event.what, event.by) for event in refused.value.events] == [("patient-said", supervisor)]
    assert (everything(referral), len(events(referral))) == (before, 1)


@pytest.mark.parametrize("status", ReferralStatus)
def test_accepted_is_what_nobody_decided_about(supervisor, friday, status):
    referral = referred(Status.IN_REVIEW, status=status)
    ReferralUpdateFactory(referral=referral, kind="received")

    if status in ("received", "under-review", "more-info"):
        referrals.accept(referral.public_id, seen_version=1, by=supervisor)
        after = now_of(referral)
        assert (after.status, after.accepted_at) == ("accepted", FRIDAY)
        assert letters(referral) == [("accepted", end_of(1))]
    else:
        with pytest.raises(MoveNotAllowed):
            referrals.accept(referral.public_id, seen_version=1, by=supervisor)
        assert letters(referral) == [("received", None)]


@pytest.mark.parametrize("status", [Status.QUARANTINED, Status.CLOSED, Status.COMPLETED])
def test_what_lies_aside_or_is_over_is_not_accepted(supervisor, status):
    referral = referred(status)

    with pytest.raises(MoveNotAllowed):
        referrals.accept(referral.public_id, seen_version=1, by=supervisor)

    assert now_of(referral).accepted_at is None


def test_it_is_accepted_once(supervisor):
    referral = referred(Status.IN_REVIEW)
    referrals.accept(referral.public_id, seen_version=1, by=supervisor)
    make("wait", referral, supervisor, waiting_on="referrer")

    with pytest.raises(MoveNotAllowed):
        referrals.accept(referral.public_id, by=supervisor, **seen(referral))


@pytest.mark.parametrize("may", [True, False])
@pytest.mark.parametrize("named", [True, False], ids=["named by the patient", "sent by the office"])
def test_what_the_patient_says_holds_at_once(supervisor, named, may):
    referral = referred(named=named)

    referrals.record_consent(referral.public_id, may=may, seen_version=1, by=supervisor)

    assert now_of(referral).appointment_request.may_contact_referrer is may
    assert now_of(referral).is_blocked is not may
    assert Referral.objects.allowed().exists() is may
    assert events(referral) == [("patient-said", supervisor.pk, {"may": may, "version": 2}, "")]


def test_unasked_the_office_that_sent_the_patient_may_hear_and_a_doctor_only_named_may_not(practice):
    sent, named = referred(), referred(named=True)

    assert (sent.is_blocked, named.is_blocked) == (False, True)
    assert list(Referral.objects.allowed()) == [sent]


# Which office


def test_match_names_the_office_and_its_physician(supervisor):
    referral, physician = referred(), PhysicianFactory()

    referrals.match(referral.public_id, practice=physician.practice, physician=physician, seen_version=1, by=supervisor)

    assert (now_of(referral).practice, now_of(referral).physician) == (physician.practice, physician)
    details = {"practice": physician.practice_id, "physician": physician.pk, "version": 2}
    assert events(referral) == [("matched", supervisor.pk, details, "")]


def test_physician_of_another_office_is_refused(supervisor):
    referral, elsewhere = referred(), ReferringPracticeFactory(name="Sample Clinic")

    with pytest.raises(ValidationError) as refused:
        referrals.match(
            referral.public_id, practice=elsewhere, physician=PhysicianFactory(), seen_version=1, by=supervisor
        )

    assert refused.value.message_dict == {"physician": ["This physician is of another practice."]}
    assert now_of(referral).practice is None


@pytest.mark.parametrize("status", ["prepared", "approved"])
@pytest.mark.parametrize("chosen", ["another office", "another physician", "the same again"])
def test_letters_made_for_another_are_made_anew(supervisor, status, chosen):
    referral = referred(matched=True)
    letter = ReferralUpdateFactory(referral=referral, content={"to": "x"})
    leave(letter, status)
    office = ReferringPracticeFactory(name="Sample Clinic") if chosen == "another office" else referral.practice
    physician = referral.physician if chosen == "the same again" else None

    referrals.match(referral.public_id, practice=office, physician=physician, seen_version=1, by=supervisor)

    kept = (status, {"to": "x"}, letter.number, letter.contact_point, 1)
    letter.refresh_from_db()
    found = (letter.status, letter.content, letter.number, letter.contact_point, letter.version)
    assert found == (kept if chosen == "the same again" else ("due", {}, "", None, 2))


def test_first_office_keeps_letters_that_were_made_before_it_was_named(supervisor):
    referral = referred()
    ReferralUpdateFactory(referral=referral, status="prepared", content={"to": "x"})

    referrals.match(
        referral.public_id, practice=ReferringPracticeFactory(), physician=None, seen_version=1, by=supervisor
    )

    assert referral.updates.get().content == {"to": "x"}


def test_what_another_office_was_told_this_one_is_owed(supervisor, friday):
    referral = referred(Status.COMPLETED, matched=True)
    confirmed(referral, "booked"), confirmed(referral, "interim"), confirmed(referral, "final")
    assert settled(referral)
    other = ReferringPracticeFactory(name="Sample Clinic")

    referrals.match(referral.public_id, practice=other, physician=None, by=supervisor, **seen(referral))

    after = now_of(referral)
    assert (after.loop_closed_at, after.loop_closed_how, after.closing_update) == (None, "", None)
    assert letters(referral) == [("final", end_of(1)), ("interim", end_of(1))]


# Whose letter is outstanding


OUTSTANDING = {
    "late": ({}, True),
    "not due yet": ({"letter_due_at": FRIDAY + MINUTE}, False),
    "no letter owed": ({"letter_due_at": None}, False),
    "patient said no": ({"appointment_request__may_contact_referrer": False}, False),
    "answered": ({"loop_closed_at": FRIDAY, "loop_closed_how": "reason", "loop_reason": "x"}, False),
}


@pytest.mark.parametrize("case", OUTSTANDING)
def test_letter_is_outstanding(practice, case):
    values, expected = OUTSTANDING[case]
    referral = ReferralFactory(**{"letter_due_at": FRIDAY} | values)

    assert list(Referral.objects.outstanding(FRIDAY)) == ([referral] if expected else [])


@pytest.mark.parametrize(("kind", "counts"), [("interim", True), ("final", True), ("booked", False)])
def test_letter_after_the_visit_is_outstanding_until_it_arrived(practice, kind, counts):
    referral = ReferralFactory(matched=True, letter_due_at=FRIDAY)
    confirmed(referral, kind)

    assert Referral.objects.outstanding(FRIDAY).exists() is not counts


def test_letter_that_arrived_at_another_office_is_outstanding(practice):
    referral = ReferralFactory(matched=True, letter_due_at=FRIDAY)
    confirmed(referral, "interim", contact_point=fax_of(ReferringPracticeFactory(name="Sample Clinic")))

    assert list(Referral.objects.outstanding(FRIDAY)) == [referral]


def test_office_that_is_none_of_theirs_was_not_answered(supervisor):
    referral = referred(Status.COMPLETED, matched=True)
    confirmed(referral, "final")
    assert settled(referral)

    with transaction.atomic():
        referrals.unmatch(referral.appointment_request)

    after = now_of(referral)
    assert (after.practice, after.physician, after.loop_closed_at) == (None, None, None)
    assert [kind for kind, __ in letters(referral)] == ["final"]


# What the office says


@pytest.mark.django_db
def test_office_waits_since_its_first_message_that_nobody_dealt_with(friday):
    referral = ReferralFactory(matched=True)
    for _ in range(2):
        with transaction.atomic():
            referrals.hear(
                referral.appointment_request, "office-wrote", comment="A word", practice=referral.practice_id
            )
        friday.shift(DAY)

    assert Referral.objects.get().office_waits_since == FRIDAY
