"""Undo: every move that can be undone leaves everything as it was, and what it told the patient never leaves."""

import datetime

import pytest
from django.utils import timezone

from appointments.models import StatusEvent, TimeOffer, Visit
from appointments.services import moves, tell, undo
from appointments.transitions import DESK, MOVES, TRANSITIONS, Status
from outbox import worker
from outbox.models import Message
from tests.appointments.desk import page_of, sign_in
from tests.appointments.test_admin_change import html, text_of
from tests.appointments.test_moves import in_status, ready_for, stored
from tests.factories import AppointmentRequestFactory, ClinicianFactory, LocationFactory, UserFactory
from tests.patient import offer

DAY = datetime.timedelta(days=1)
MINUTE = datetime.timedelta(seconds=60)
UNDOABLE = [(move, source) for move in TRANSITIONS if move.undo for source in sorted(move.sources)]


@pytest.fixture
def supervisor(practice):
    return UserFactory(group="supervisor", first_name="Ana")


def furnished(status, by):
    """A request in `status` with all that such a one can have, and an address for mails."""
    appointment_request = in_status(status)
    appointment_request.email, appointment_request.assignee = "walter@example.org", UserFactory()
    appointment_request.save()
    if status == Status.OFFERED:
        offer(appointment_request, days=3), offer(appointment_request, days=4)
    if status == Status.WAITING:
        appointment_request.patient_questions.create(text="Which pills?", asked_by=by)
    return appointment_request


def all_of(appointment_request):
    """Everything that stands now, without what was taken back or entered in error."""
    row = stored(appointment_request)
    del row["version"]
    visits = appointment_request.visits.exclude(status="entered-in-error").order_by("pk")
    return {
        "row": row,
        "offers": set(appointment_request.time_offers.exclude(status="withdrawn").values_list("pk", "status")),
        "questions": set(appointment_request.patient_questions.filter(answered_at=None).values_list("pk", flat=True)),
        "visits": list(visits.values("pk", "status", "starts_at", "location", "clinician", "ics_uid")),
    }


def make(name, appointment_request, by, **values):
    version = stored(appointment_request)["version"]
    return moves.move(appointment_request.public_id, name, seen_version=version, by=by, **values)


# Every move there is


@pytest.mark.parametrize(("move", "status"), UNDOABLE, ids=lambda value: getattr(value, "name", value))
def test_undone_everything_is_as_it_was(supervisor, move, status):
    appointment_request = furnished(status, supervisor)
    values = ready_for(move, appointment_request, supervisor)
    before = all_of(appointment_request)
    made = make(move.name, appointment_request, supervisor, **values)
    assert all_of(appointment_request) != before

    undone = make("undo", made, supervisor)

    assert all_of(appointment_request) == before
    event = StatusEvent.objects.latest("version")
    assert (event.move, event.by, event.from_status, event.to_status) == ("undo", supervisor, move.target, status)
    assert (event.details, undone.version) == ({"undone": move.name}, 3)


def test_the_table_says_which_moves_can_be_undone():
    # Released, all leaves that would have left at once, under keys that serve once: the way back is "Spam: close it".
    by_staff = {move.name for move in TRANSITIONS if move.by & DESK}
    assert by_staff - {move.name for move in TRANSITIONS if move.undo} == {"release", "undo"}
    assert {move.target for move in TRANSITIONS if move.undo} == MOVES["undo"].sources
    assert not any(move.undo for move in TRANSITIONS if not move.by & DESK)


def test_calendars_follow_an_undone_move_of_a_visit(supervisor):
    appointment_request = furnished(Status.SCHEDULED, supervisor)
    values = ready_for(MOVES["move_visit"], appointment_request, supervisor)
    moved = make("move_visit", appointment_request, supervisor, **values)

    make("undo", moved, supervisor)

    assert Visit.objects.get().ics_sequence == 2


def test_a_visit_that_was_booked_in_error_is_nowhere_on_the_patients_page(supervisor):
    booked = make(
        "schedule", furnished(Status.RECEIVED, supervisor), supervisor, **ready_for(MOVES["schedule"], None, supervisor)
    )

    make("undo", booked, supervisor)

    visit = Visit.objects.get()
    assert (visit.status, visit.ics_sequence, visit.is_cancelled_ahead(timezone.now())) == (
        "entered-in-error",
        1,
        False,
    )


def test_times_offered_before_can_be_picked_again(supervisor):
    appointment_request = furnished(Status.OFFERED, supervisor)
    old = appointment_request.time_offers.first()
    values = ready_for(MOVES["offer"], appointment_request, supervisor) | {"clinician": ClinicianFactory()}
    make("undo", make("offer", appointment_request, supervisor, **values), supervisor)

    picked = make("pick_time", appointment_request, None, offer=old.public_id)

    assert (picked.status, picked.visits.get().starts_at) == (Status.SCHEDULED, old.starts_at)
    assert TimeOffer.objects.filter(status="open").count() == 0


def test_undone_a_move_can_be_made_again_and_told(supervisor):
    appointment_request = furnished(Status.RECEIVED, supervisor)
    values = ready_for(MOVES["schedule"], appointment_request, supervisor)
    make("undo", make("schedule", appointment_request, supervisor, **values), supervisor)

    make("schedule", appointment_request, supervisor, **values)

    assert list(Message.objects.order_by("pk").values_list("kind", "state")) == [
        ("visit-booked", "held"),
        ("visit-booked", "queued"),
    ]


# Who, and until when


def test_only_who_made_the_move_undoes_it(supervisor):
    claimed = make("claim", furnished(Status.RECEIVED, supervisor), supervisor)

    with pytest.raises(moves.TooLate):
        make("undo", claimed, UserFactory(group="supervisor"))

    assert StatusEvent.objects.count() == 1


def test_after_its_time_nothing_is_undone(supervisor, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    claimed = make("claim", furnished(Status.RECEIVED, supervisor), supervisor)
    before = stored(claimed)
    time_machine.shift(MINUTE)

    with pytest.raises(moves.TooLate):
        make("undo", claimed, supervisor)

    assert stored(claimed) == before


def test_what_was_moved_since_is_not_undone(supervisor):
    claimed = make("claim", furnished(Status.RECEIVED, supervisor), supervisor)
    make("withdraw", claimed, None)

    with pytest.raises(moves.Stale):
        moves.move(claimed.public_id, "undo", seen_version=claimed.version, by=supervisor)
    with pytest.raises(moves.TooLate):  # the patient's move is not theirs
        make("undo", claimed, supervisor)


def test_undo_itself_is_not_undone(supervisor):
    undone = make(
        "undo", make("close", furnished(Status.IN_REVIEW, supervisor), supervisor, outcome="seen"), supervisor
    )

    with pytest.raises(moves.TooLate):
        make("undo", undone, supervisor)


# What it told the patient


def test_message_about_a_move_waits_as_long_as_it_can_be_undone(supervisor, settings):
    make(
        "ask",
        furnished(Status.RECEIVED, supervisor),
        supervisor,
        question="Pills?",
        next_action_at=timezone.now() + DAY,
    )

    message = Message.objects.get()

    assert worker.claim() is None
    assert message.next_attempt_at - message.created_at >= 0.9 * MINUTE  # by two clocks


def test_message_about_a_move_of_the_patient_does_not_wait(supervisor):
    appointment_request = furnished(Status.OFFERED, supervisor)
    make("pick_time", appointment_request, None, offer=appointment_request.time_offers.first().public_id)

    kinds = set()
    while message := worker.claim():
        kinds.add(message.kind)
    assert kinds == {"staff-update", "visit-booked"}


def test_withdrawn_message_never_leaves_and_opens_nothing(supervisor):
    offered = make(
        "offer", furnished(Status.RECEIVED, supervisor), supervisor, **ready_for(MOVES["offer"], None, supervisor)
    )

    make("undo", offered, supervisor)

    Message.objects.update(next_attempt_at=timezone.now() - DAY)
    message = Message.objects.get()
    assert (message.state, message.last_error, message.secrets) == ("held", "Withdrawn", {})
    assert worker.claim() is None


@pytest.mark.parametrize("state", ["sending", "sent", "failed-temporary", "needs-human"])
def test_what_the_patient_may_have_read_is_not_undone(supervisor, state):
    booked = make(
        "schedule", furnished(Status.RECEIVED, supervisor), supervisor, **ready_for(MOVES["schedule"], None, supervisor)
    )
    before = all_of(booked)
    lease = {"lease": booked.public_id, "leased_until": timezone.now() + DAY} if state == "sending" else {}
    Message.objects.update(state=state, **lease)

    with pytest.raises(moves.TooLate):
        make("undo", booked, supervisor)

    assert all_of(booked) == before
    assert Message.objects.get().state == state


def test_without_the_guard_a_message_that_has_left_would_be_undone(supervisor, monkeypatch):
    booked = make(
        "schedule", furnished(Status.RECEIVED, supervisor), supervisor, **ready_for(MOVES["schedule"], None, supervisor)
    )
    Message.objects.update(state="sent")
    monkeypatch.setattr(tell, "withdraw", lambda key: True)

    assert make("undo", booked, supervisor).status == Status.RECEIVED


# On the page


def test_page_offers_undo_to_who_has_just_done_something(client, practice):
    sign_in(client, "scheduler", first_name="Ana", last_name="Demo")
    appointment_request = AppointmentRequestFactory(email="walter@example.org")
    address = page_of(appointment_request)
    answer = client.post(address, {"move": "claim", "seen_version": 1}, follow=True)
    assert "You have just done this: I take this one Undo Until" in text_of(answer)

    answer = client.post(address, {"move": "undo", "seen_version": 2}, follow=True)

    assert f"{appointment_request.reference} is now: Received." in text_of(answer)
    assert "Ana Demo : Undo · In review → Received · I take this one" in text_of(answer)
    assert 'value="undo"' not in html(answer)


def test_page_says_that_the_mail_waits(client, practice):
    user = sign_in(client, "scheduler")
    appointment_request = AppointmentRequestFactory(email="walter@example.org")
    make("ask", appointment_request, user, question="Which pills?", next_action_at=timezone.now() + DAY)

    assert "The e-mail to the patient waits until" in text_of(client.get(page_of(appointment_request)))


def test_page_speaks_of_no_mail_where_none_leaves(client, practice):
    user = sign_in(client, "scheduler")
    appointment_request = AppointmentRequestFactory(email="walter@example.org")
    make("close", appointment_request, user, outcome="seen")

    assert "The e-mail to the patient waits until" not in text_of(client.get(page_of(appointment_request)))


def test_page_offers_undo_to_nobody_else_and_not_for_longer(client, practice, settings):
    appointment_request = AppointmentRequestFactory()
    make("claim", appointment_request, UserFactory(group="scheduler"))
    user = sign_in(client, "scheduler")
    others = html(client.get(page_of(appointment_request)))
    make("resume", in_status(Status.WAITING), user)
    settings.UNDO_SECONDS = 0
    make("wait", appointment_request, user, waiting_on="payer", next_action_at=timezone.now() + DAY)
    later = html(client.get(page_of(appointment_request)))

    assert 'value="undo"' not in others + later


def test_undo_that_comes_too_late_is_told_plainly(client, practice, settings):
    settings.UNDO_SECONDS = 0
    user = sign_in(client, "scheduler")
    claimed = make("claim", AppointmentRequestFactory(), user)

    answer = client.post(page_of(claimed), {"move": "undo", "seen_version": 2})

    assert (answer.status_code, stored(claimed)["status"]) == (409, "in_review")
    assert "Too late to undo: time is over, the mail has left, or a call was noted." in text_of(answer)


def test_after_a_call_that_was_noted_nothing_is_undone(supervisor):
    claimed = make("claim", furnished(Status.RECEIVED, supervisor), supervisor)
    moves.log_call(claimed.public_id, result="no-answer", note="", by=supervisor)

    with pytest.raises(moves.TooLate):
        make("undo", claimed, supervisor)


def test_undo_after_somebody_was_faster_says_who(client, practice):
    user = sign_in(client, "scheduler")
    claimed = make("claim", AppointmentRequestFactory(), user)
    make("wait", claimed, UserFactory(group="scheduler"), waiting_on="payer", next_action_at=timezone.now() + DAY)

    answer = client.post(page_of(claimed), {"move": "undo", "seen_version": 2})

    assert answer.status_code == 409
    assert "Somebody was faster" in text_of(answer)
    assert "What you typed is kept" not in text_of(answer)


def test_until_when_stands_in_a_setting(supervisor, settings):
    settings.UNDO_SECONDS = 90
    make("claim", furnished(Status.RECEIVED, supervisor), supervisor)
    event = StatusEvent.objects.get()

    assert undo.until(event) == event.at + datetime.timedelta(seconds=90)


def test_visit_that_undo_brings_back_beside_another_is_pointed_at(client, practice):
    user = sign_in(client, "scheduler")
    clinician, at = ClinicianFactory(), timezone.now() + DAY
    one, other = AppointmentRequestFactory(), AppointmentRequestFactory()
    visit = {"starts_at": at, "location": LocationFactory(), "clinician": clinician}
    make("schedule", one, user, **visit)
    make("cancel_visit", one, user, comment="She rang")
    make("schedule", other, UserFactory(group="scheduler"), **visit)

    page = text_of(client.post(page_of(one), {"move": "undo", "seen_version": 3}, follow=True))

    assert f"has {other.reference} at that time" in page
    assert one.visits.get().status == "booked"
