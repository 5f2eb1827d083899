"""Every pair of status and move, every group and move, what each needs, and what each leaves behind."""

import datetime
import threading
import uuid

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections
from django.db.models import Q
from django.utils import timezone

from appointments.management.commands import describe_transitions
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
from appointments.services import moves
from appointments.transitions import DESK, GROUPS, MOVES, PATIENT, TRANSITIONS, TRIES_NEEDED, Outcome, Status
from tests.factories import AppointmentRequestFactory, ClinicianFactory, LocationFactory, UserFactory

# Undo goes nowhere by itself: tests/appointments/test_undo.py.
FORWARD = [move for move in TRANSITIONS if move.target]
HOUR = datetime.timedelta(hours=1)
DAY = datetime.timedelta(days=1)


@pytest.fixture
def scheduler(db):
    return UserFactory(group="scheduler")


@pytest.fixture
def supervisor(db):
    return UserFactory(group="supervisor")


def in_status(status):
    values = {"status": status}
    if status == Status.WAITING:
        values |= {"waiting_on": "payer"}
    if status in (Status.WAITING, Status.OFFERED):
        values |= {"next_action_at": timezone.now() + DAY}
    if status == Status.CLOSED:
        values |= {"outcome": Outcome.PATIENT_WITHDREW}
    appointment_request = AppointmentRequestFactory(**values)
    if status == Status.SCHEDULED:
        book(appointment_request)
    return appointment_request


def book(appointment_request, starts_at=None):
    starts_at = starts_at or timezone.now() - HOUR
    return Visit.objects.create(
        appointment_request=appointment_request, starts_at=starts_at, location=LocationFactory()
    )


def ready_for(move, appointment_request, by):
    """What the move needs to have happened before, and its values."""
    if "answers" in move.needs:
        question = PatientQuestion.objects.create(appointment_request=appointment_request, text="Pills?", asked_by=by)
        return {"answers": {question.public_id: "Two a day."}}
    if "offer" in move.needs:
        return {"offer": offered(appointment_request).public_id}
    if move.name in ("drop_visit", "withdraw"):
        appointment_request.visits.update(starts_at=timezone.now() + DAY)
    return values_for(move)


def offered(appointment_request, starts_at=None):
    return TimeOffer.objects.create(
        appointment_request=appointment_request,
        starts_at=starts_at or timezone.now() + DAY,
        location=LocationFactory(),
    )


def actor(move, staff):
    return None if move.by == {PATIENT} else staff


def values_for(move):
    everything = {
        "question": "Do you take a blood thinner?",
        "offer_1": timezone.now() + DAY,
        "answers": {uuid.uuid4(): "Yes."},
        "offer": uuid.uuid4(),
        "waiting_on": "patient",
        "next_action_at": timezone.now() + DAY,
        "starts_at": timezone.now() + DAY,
        "location": LocationFactory(),
        "visit_status": Visit.Status.FULFILLED,
        "outcome": Outcome.PATIENT_WITHDREW,
        "comment": "Said so on the phone.",
    }
    return {field: everything[field] for field in move.needs}


def stored(appointment_request):
    """The whole row as it stands in the database, tokens of encrypted fields included."""
    return AppointmentRequest.objects.filter(pk=appointment_request.pk).values().get()


# The table


@pytest.mark.parametrize("status", Status.values)
@pytest.mark.parametrize("move", FORWARD, ids=lambda move: move.name)
def test_move_is_made_from_its_sources_only(supervisor, status, move):
    appointment_request = in_status(status)
    by, values = actor(move, supervisor), ready_for(move, appointment_request, supervisor)
    before = stored(appointment_request)

    if status in move.sources:
        moved = moves.move(appointment_request.public_id, move.name, seen_version=1, by=by, **values)

        assert (moved.status, moved.version) == (move.target, 2)
        event = StatusEvent.objects.get()
        assert (event.move, event.from_status, event.to_status) == (move.name, status, move.target)
        assert (event.version, event.by) == (2, by)
    else:
        with pytest.raises(moves.MoveNotAllowed):
            moves.move(appointment_request.public_id, move.name, seen_version=1, by=by, **values)

        assert stored(appointment_request) == before
        assert not StatusEvent.objects.exists()


@pytest.mark.parametrize("group", [*GROUPS, None, PATIENT])
@pytest.mark.parametrize("move", FORWARD, ids=lambda move: move.name)
def test_move_is_made_by_its_groups_only(db, group, move):
    user = None if group == PATIENT else UserFactory(group=group)
    appointment_request = in_status(next(status for status in Status if status in move.sources))
    values = ready_for(move, appointment_request, UserFactory())
    before = stored(appointment_request)
    counts_as = "supervisor" if group == "owner" else group

    if counts_as in move.by:
        moved = moves.move(appointment_request.public_id, move.name, seen_version=1, by=user, **values)
        assert moved.status == move.target
    else:
        with pytest.raises(moves.NoRight):
            moves.move(appointment_request.public_id, move.name, seen_version=1, by=user, **values)
        assert stored(appointment_request) == before


@pytest.mark.parametrize(("move", "field"), [(move, field) for move in TRANSITIONS for field in move.needs])
@pytest.mark.parametrize("empty", ["missing", "", "   ", None])
def test_move_names_each_field_that_is_not_filled_in(supervisor, move, field, empty):
    appointment_request = in_status(next(status for status in Status if status in move.sources))
    before = stored(appointment_request)
    values = values_for(move)
    values.pop(field)
    by = actor(move, supervisor)
    if empty != "missing":
        values[field] = empty

    with pytest.raises(ValidationError) as refused:
        moves.move(appointment_request.public_id, move.name, seen_version=1, by=by, **values)

    assert list(refused.value.message_dict) == [field]
    assert stored(appointment_request) == before
    assert not StatusEvent.objects.exists()


def test_superuser_is_not_above_the_table(db):
    user = UserFactory(is_superuser=True)
    appointment_request = in_status(Status.COMPLETED)

    with pytest.raises(moves.MoveNotAllowed):
        moves.move(appointment_request.public_id, "claim", seen_version=1, by=user)

    assert moves.groups_of(user) == {"supervisor"}


def test_right_ends_when_the_person_leaves_the_group_or_the_practice(scheduler):
    appointment_request = in_status(Status.RECEIVED)
    leaver = UserFactory(group="scheduler", is_active=False)
    scheduler.groups.clear()

    for user in (scheduler, leaver):
        with pytest.raises(moves.NoRight):
            moves.move(appointment_request.public_id, "claim", seen_version=1, by=user)


def test_unknown_move_and_unknown_field_are_refused(scheduler):
    appointment_request = in_status(Status.RECEIVED)

    with pytest.raises(moves.MoveNotAllowed):
        moves.move(appointment_request.public_id, "delete", seen_version=1, by=scheduler)
    with pytest.raises(TypeError, match="claim takes no priority"):
        moves.move(appointment_request.public_id, "claim", seen_version=1, by=scheduler, priority="urgent")


def test_every_move_has_a_field_for_each_name_and_every_status_is_reached():
    from appointments.admin.forms import FIELDS

    assert {field for move in TRANSITIONS if move.by != {PATIENT} for field in move.fields} == set(FIELDS)
    assert all(move.by <= set(GROUPS) or move.by == {PATIENT} for move in TRANSITIONS)
    assert len(MOVES) == len(TRANSITIONS)


def test_documentation_is_current():
    assert describe_transitions.path().read_text() == describe_transitions.document(), "run describe_transitions"


# What a move brings with it


def test_claim_names_who_works_on_it(scheduler):
    appointment_request = in_status(Status.RECEIVED)

    moved = moves.move(appointment_request.public_id, "claim", seen_version=1, by=scheduler)

    assert moved.assignee == scheduler


def test_wait_says_on_whom_until_when_and_ends_with_the_next_move(scheduler):
    appointment_request = in_status(Status.IN_REVIEW)
    until = timezone.now() + DAY

    waiting = moves.move(
        appointment_request.public_id, "wait", seen_version=1, by=scheduler, waiting_on="payer", next_action_at=until
    )
    assert (waiting.waiting_on, waiting.next_action_at) == ("payer", until)
    assert StatusEvent.objects.get().details == {"waiting_on": "payer", "next_action_at": until.isoformat()}

    resumed = moves.move(appointment_request.public_id, "resume", seen_version=2, by=scheduler)
    assert (resumed.waiting_on, resumed.next_action_at) == ("", None)


@pytest.mark.parametrize(
    ("name", "field", "others"),
    [("wait", "next_action_at", {"waiting_on": "payer"}), ("schedule", "starts_at", {"location": None})],
)
@pytest.mark.parametrize("text", ["0001-01-01T00:00", "now", "in three years", "9999-12-31T23:59"])
def test_dates_ahead_must_be_ahead_and_within_two_years(scheduler, name, field, others, text):
    appointment_request = in_status(Status.IN_REVIEW)
    others = {key: value or LocationFactory() for key, value in others.items()}
    now = timezone.now()
    # In the time zone of the practice, as the form makes it: the end of 9999 is a year that no database can tell.
    at = {"now": now, "in three years": now + 3 * 365 * DAY}.get(text) or timezone.make_aware(
        datetime.datetime.fromisoformat(text)
    )

    with pytest.raises(ValidationError) as refused:
        moves.move(appointment_request.public_id, name, seen_version=1, by=scheduler, **{field: at}, **others)

    assert list(refused.value.message_dict) == [field]
    assert not Visit.objects.exists()


def test_schedule_books_a_visit(scheduler):
    appointment_request = in_status(Status.RECEIVED)
    starts_at, location, clinician = timezone.now() + DAY, LocationFactory(), ClinicianFactory()

    moved = moves.move(
        appointment_request.public_id,
        "schedule",
        seen_version=1,
        by=scheduler,
        starts_at=starts_at,
        location=location,
        clinician=clinician,
    )

    visit = Visit.objects.get()
    assert (visit.appointment_request, visit.status, visit.starts_at) == (moved, "booked", starts_at)
    assert (visit.location, visit.clinician, moved.assignee) == (location, clinician, scheduler)


def test_cancel_visit_cancels_the_visit_and_lets_another_one_be_booked(scheduler):
    appointment_request = in_status(Status.SCHEDULED)

    moves.move(appointment_request.public_id, "cancel_visit", seen_version=1, by=scheduler, comment="Has a cold.")
    moves.move(
        appointment_request.public_id,
        "schedule",
        seen_version=2,
        by=scheduler,
        starts_at=timezone.now() + DAY,
        location=LocationFactory(),
    )

    assert sorted(Visit.objects.values_list("status", "ics_sequence")) == [("booked", 0), ("cancelled", 1)]


@pytest.mark.parametrize("visit_status", ["fulfilled", "noshow"])
def test_complete_records_how_the_visit_ended(scheduler, visit_status):
    appointment_request = in_status(Status.SCHEDULED)

    moves.move(appointment_request.public_id, "complete", seen_version=1, by=scheduler, visit_status=visit_status)

    assert Visit.objects.get().status == visit_status


@pytest.mark.parametrize(("minutes", "allowed"), [(14, False), (16, True)])
def test_noshow_waits_a_quarter_of_an_hour(scheduler, minutes, allowed):
    appointment_request = AppointmentRequestFactory(scheduled=True)
    book(appointment_request, timezone.now() - datetime.timedelta(minutes=minutes))

    def missed():
        moves.move(appointment_request.public_id, "complete", seen_version=1, by=scheduler, visit_status="noshow")

    if allowed:
        missed()
    else:
        with pytest.raises(ValidationError):
            missed()
    assert Visit.objects.get().status == ("noshow" if allowed else "booked")


@pytest.mark.parametrize("visit_status", ["fulfilled", "booked", "cancelled", "nonsense"])
def test_visit_of_another_day_cannot_be_over(scheduler, visit_status):
    appointment_request = AppointmentRequestFactory(scheduled=True)
    book(appointment_request, timezone.now() + 2 * DAY)

    with pytest.raises(ValidationError):
        moves.move(appointment_request.public_id, "complete", seen_version=1, by=scheduler, visit_status=visit_status)

    assert Visit.objects.get().status == "booked"


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome != Outcome.UNABLE_TO_REACH])
@pytest.mark.parametrize("group", ["scheduler", "supervisor"])
def test_close_asks_for_a_comment_and_a_supervisor_where_the_reason_does(db, outcome, group):
    from appointments.transitions import COMMENT_NEEDED

    user = UserFactory(group=group)
    appointment_request = in_status(Status.IN_REVIEW)
    allowed = group == "supervisor" or outcome != Outcome.ENTERED_IN_ERROR
    values = {"outcome": outcome, "duplicate_of": in_status(Status.RECEIVED) if outcome == Outcome.DUPLICATE else None}

    if outcome in COMMENT_NEEDED or not allowed:
        with pytest.raises(ValidationError):
            moves.move(appointment_request.public_id, "close", seen_version=1, by=user, **values)
    if allowed:
        closed = moves.move(appointment_request.public_id, "close", seen_version=1, by=user, comment="Why.", **values)
        assert (closed.status, closed.outcome) == (Status.CLOSED, outcome)


@pytest.mark.parametrize(
    ("email", "channels", "allowed"),
    [
        ("", ["phone"] * (TRIES_NEEDED - 1), False),
        ("", ["phone"] * TRIES_NEEDED, True),
        ("walter@example.org", ["phone"] * TRIES_NEEDED, False),
        ("walter@example.org", ["phone"] * (TRIES_NEEDED - 1) + ["email"], True),
    ],
)
def test_out_of_reach_needs_tries_on_every_channel_there_is(scheduler, email, channels, allowed):
    appointment_request = AppointmentRequestFactory(claimed=True, email=email)
    moves.log_call(appointment_request.public_id, result="reached", note="", by=scheduler)
    for channel in channels:
        moves.log_call(appointment_request.public_id, result="no-answer", note="", by=scheduler, channel=channel)

    def close():
        return moves.move(
            appointment_request.public_id, "close", seen_version=1, by=scheduler, outcome="unable-to-reach"
        )

    if allowed:
        assert close().outcome == Outcome.UNABLE_TO_REACH
    else:
        with pytest.raises(ValidationError) as refused:
            close()
        assert list(refused.value.message_dict) == ["outcome"]


def test_reopen_clears_the_outcome(supervisor):
    appointment_request = in_status(Status.CLOSED)

    reopened = moves.move(
        appointment_request.public_id, "reopen", seen_version=1, by=supervisor, comment="Called again."
    )

    assert (reopened.status, reopened.outcome) == (Status.IN_REVIEW, "")


def test_comment_is_encrypted_and_details_hold_no_words(scheduler):
    appointment_request = in_status(Status.IN_REVIEW)

    moves.move(
        appointment_request.public_id,
        "close",
        seen_version=1,
        by=scheduler,
        outcome="payer-not-accepted",
        comment="Canarycomment",
    )

    with connection.cursor() as cursor:
        cursor.execute("SELECT comment, details FROM appointments_statusevent")
        row = str(cursor.fetchall())
    assert "Canarycomment" not in row
    assert StatusEvent.objects.get().comment == "Canarycomment"
    assert StatusEvent.objects.get().details == {"outcome": "payer-not-accepted"}


# Two at once (P7)


def test_stale_says_who_when_and_what(scheduler):
    appointment_request = in_status(Status.RECEIVED)
    ana = UserFactory(first_name="Ana", group="scheduler")
    moves.move(appointment_request.public_id, "claim", seen_version=1, by=ana)
    before = stored(appointment_request)

    with pytest.raises(moves.Stale) as told:
        moves.move(appointment_request.public_id, "claim", seen_version=1, by=scheduler)

    (event,) = told.value.events
    assert (event.by, event.move, event.to_status) == (ana, "claim", "in_review")
    assert event.at <= timezone.now()
    assert stored(appointment_request) == before


def act_together(public_id, users):
    """Eight moves with the version of one page, from threads with connections of their own, released together."""
    barrier, told = threading.Barrier(len(users)), []

    def act(number, user):
        try:
            barrier.wait()
            if number % 2:
                moves.move(public_id, "claim", seen_version=1, by=user)
            else:
                moves.move(public_id, "close", seen_version=1, by=user, outcome="patient-withdrew")
            told.append("done")
        except moves.Stale as stale:
            told.append("told" if stale.events else "not told")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=act, args=pair) for pair in enumerate(users)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(told)


@pytest.fixture
def eight(transactional_db):
    return [UserFactory(group="scheduler") for _ in range(8)]


def test_of_eight_actions_at_once_one_changes_and_seven_are_told(eight):
    appointment_request = AppointmentRequestFactory()

    told = act_together(appointment_request.public_id, eight)

    assert told == ["done", *["told"] * 7]
    appointment_request.refresh_from_db()
    assert (appointment_request.version, StatusEvent.objects.count()) == (2, 1)


def test_without_the_guard_more_than_one_would_change(eight, monkeypatch):
    """The negative control: the test above fails when the version is not looked at."""
    monkeypatch.setattr(moves, "_as_seen", lambda seen_version, sources: Q())
    appointment_request = AppointmentRequestFactory()

    told = act_together(appointment_request.public_id, eight)

    assert told == ["done"] * 8
    assert StatusEvent.objects.count() == 8


# Beside the status


def test_call_sent_twice_counts_once(scheduler):
    appointment_request, entry_id = AppointmentRequestFactory(), uuid.uuid4()

    for _ in range(2):
        moves.log_call(appointment_request.public_id, result="reached", note="Twice", by=scheduler, entry_id=entry_id)

    (attempt,) = ContactAttempt.objects.all()
    assert (attempt.note, attempt.by, attempt.channel) == ("Twice", scheduler, "phone")


@pytest.mark.parametrize("other", [{"result": "no-answer"}, {"note": "Other words"}, {"channel": "email"}])
def test_another_call_under_the_same_entry_id_is_refused_and_not_taken_for_the_first(scheduler, other):
    appointment_request, entry_id = AppointmentRequestFactory(), uuid.uuid4()
    first = {"result": "reached", "note": "Words", "channel": "phone"}
    moves.log_call(appointment_request.public_id, by=scheduler, entry_id=entry_id, **first)

    with pytest.raises(moves.OtherEntryError):
        moves.log_call(appointment_request.public_id, by=scheduler, entry_id=entry_id, **first | other)

    assert list(ContactAttempt.objects.values_list("result", "channel")) == [("reached", "phone")]


def test_entry_of_another_request_is_never_shown(scheduler):
    first, second = AppointmentRequestFactory(), AppointmentRequestFactory()
    note = moves.add_note(first.public_id, text="About the first", by=scheduler)

    with pytest.raises(moves.MoveNotAllowed):
        moves.add_note(second.public_id, text="About the second", by=scheduler, entry_id=note.public_id)

    assert StaffNote.objects.count() == 1


@pytest.mark.parametrize("values", [{"result": "fine"}, {"result": "reached", "channel": "pigeon"}])
def test_call_with_unknown_words_is_refused(scheduler, values):
    appointment_request = AppointmentRequestFactory()

    with pytest.raises(ValidationError):
        moves.log_call(appointment_request.public_id, note="", by=scheduler, **values)

    assert not ContactAttempt.objects.exists()


@pytest.mark.parametrize("group", [*GROUPS, None])
def test_calls_and_notes_are_added_by_their_groups_only(db, group):
    user, appointment_request = UserFactory(group=group), AppointmentRequestFactory()
    counts_as = "supervisor" if group == "owner" else group

    for allowed, add in [
        (counts_as in DESK, lambda: moves.log_call(appointment_request.public_id, result="reached", note="", by=user)),
        (counts_as in DESK | {"clinician"}, lambda: moves.add_note(appointment_request.public_id, text="x", by=user)),
    ]:
        if allowed:
            assert add().by == user
        else:
            with pytest.raises(moves.NoRight):
                add()


def test_empty_note_is_refused(scheduler):
    with pytest.raises(ValidationError):
        moves.add_note(AppointmentRequestFactory().public_id, text="  ", by=scheduler)


def test_record_read_says_who_read_what(scheduler):
    appointment_request = AppointmentRequestFactory()

    moves.record_read(appointment_request, by=scheduler)

    assert ReadEvent.objects.values_list("appointment_request", "by").get() == (appointment_request.pk, scheduler.pk)
