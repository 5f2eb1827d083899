"""What staff ask and offer, what the patient does about it, what each leaves behind, and whom it tells."""

import datetime
import json
import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connections
from django.utils import timezone

from appointments.models import AppointmentRequest, PatientQuestion, StatusEvent, TimeOffer, Visit
from appointments.services import late_pick, moves, tell
from appointments.templatetags.promise import promise
from appointments.transitions import MOVES, QUIET_OUTCOMES, Outcome, Status
from outbox.models import Message
from outbox.render import render
from tests.factories import AppointmentRequestFactory, ClinicianFactory, LocationFactory, UserFactory
from tests.patient import offer, open_page

DAY = datetime.timedelta(days=1)


@pytest.fixture
def scheduler(practice):
    return UserFactory(group="scheduler")


@pytest.fixture
def asked(scheduler):
    """A request with a question for the patient."""
    appointment_request = AppointmentRequestFactory(email="walter@example.org")
    return moves.move(
        appointment_request.public_id,
        "ask",
        seen_version=1,
        by=scheduler,
        question="Canaryquestion: which blood thinner?",
        next_action_at=timezone.now() + 3 * DAY,
    )


@pytest.fixture
def offered(scheduler):
    """A request with three times for the patient to choose from."""
    appointment_request = AppointmentRequestFactory(email="walter@example.org", claimed=True)
    return moves.move(
        appointment_request.public_id,
        "offer",
        seen_version=1,
        by=scheduler,
        **{f"offer_{day}": timezone.now() + day * DAY for day in (1, 2, 3)},
        location=LocationFactory(),
        clinician=ClinicianFactory(),
    )


@pytest.fixture
def booked(scheduler):
    appointment_request = AppointmentRequestFactory(email="walter@example.org")
    return moves.move(
        appointment_request.public_id,
        "schedule",
        seen_version=1,
        by=scheduler,
        starts_at=timezone.now() + DAY,
        location=LocationFactory(),
    )


def as_patient(appointment_request, name, **values):
    version = AppointmentRequest.objects.get(pk=appointment_request.pk).version
    return moves.move(appointment_request.public_id, name, seen_version=version, by=None, **values)


def as_staff(appointment_request, name, by, **values):
    version = AppointmentRequest.objects.get(pk=appointment_request.pk).version
    return moves.move(appointment_request.public_id, name, seen_version=version, by=by, **values)


def kinds():
    return list(Message.objects.order_by("pk").values_list("kind", flat=True))


# Questions


def test_question_waits_on_the_patient_and_no_mail_says_what_it_is(asked, scheduler):
    assert (asked.status, asked.waiting_on, asked.assignee) == (Status.WAITING, "patient", scheduler)
    (message,) = Message.objects.all()
    assert (message.kind, message.to) == ("patient-question", "walter@example.org")
    mail = render(message)
    assert "Canaryquestion" not in mail.subject + mail.body + json.dumps(message.context)
    assert "/r/" in mail.body
    assert StatusEvent.objects.get().details.keys() == {"question", "next_action_at"}


def test_answer_goes_to_the_question_and_tells_whoever_asked(asked, scheduler):
    question = PatientQuestion.objects.get()

    answered = as_patient(asked, "answer", answers={question.public_id: "Canaryanswer: warfarin"})

    question.refresh_from_db()
    assert (question.answer, answered.status) == ("Canaryanswer: warfarin", Status.IN_REVIEW)
    assert question.answered_at is not None
    assert kinds() == ["patient-question", "staff-update"]
    message = Message.objects.get(kind="staff-update")
    mail = render(message)
    assert message.to == scheduler.email
    assert "Canaryanswer" not in mail.subject + mail.body
    event = StatusEvent.objects.get(move="answer")
    assert (event.by, event.comment) == (None, "")


def test_answer_must_be_to_the_questions_that_are_open(asked):
    other = PatientQuestion.objects.create(
        appointment_request=AppointmentRequestFactory(), text="Not yours", asked_by=asked.assignee
    )

    for answers in ({other.public_id: "Hello"}, {PatientQuestion.objects.first().public_id: "x", other.public_id: "y"}):
        with pytest.raises(moves.MoveNotAllowed):
            as_patient(asked, "answer", answers=answers)
    with pytest.raises(ValidationError):
        as_patient(asked, "answer", answers={PatientQuestion.objects.first().public_id: ""})

    assert not PatientQuestion.objects.exclude(answered_at=None).exists()


def test_question_is_over_when_staff_go_on_without_an_answer(asked, scheduler):
    as_staff(asked, "resume", scheduler)

    question = PatientQuestion.objects.get()
    assert (question.answer, question.answered_at is None) == ("", False)


# Times


def test_offered_times_are_kept_and_no_mail_says_when(offered):
    assert (offered.status, offered.time_offers.open(timezone.now()).count()) == (Status.OFFERED, 3)
    assert offered.next_action_at == offered.time_offers.first().starts_at
    (message,) = Message.objects.all()
    assert (message.kind, set(message.context)) == ("times-offered", {"reference", "phone_display", "from_name"})


def test_same_time_twice_is_offered_once(scheduler):
    at = timezone.now() + DAY
    appointment_request = AppointmentRequestFactory()

    as_staff(appointment_request, "offer", scheduler, offer_1=at, offer_2=at, location=LocationFactory())

    assert TimeOffer.objects.count() == 1


def test_new_offers_take_the_place_of_old_ones(offered, scheduler):
    as_staff(offered, "offer", scheduler, offer_1=timezone.now() + 5 * DAY, location=LocationFactory())

    assert sorted(offered.time_offers.values_list("status", flat=True)) == ["open", *["withdrawn"] * 3]


def test_picked_time_becomes_the_visit_and_the_others_are_taken_back(offered):
    picked = offered.time_offers.all()[1]

    moved = as_patient(offered, "pick_time", offer=picked.public_id, comment="I come by wheelchair")

    visit = Visit.objects.get()
    assert (visit.starts_at, visit.location, visit.clinician) == (picked.starts_at, picked.location, picked.clinician)
    assert (moved.status, moved.next_action_at) == (Status.SCHEDULED, None)
    assert sorted(offered.time_offers.values_list("status", flat=True)) == ["picked", "withdrawn", "withdrawn"]
    assert StatusEvent.objects.get(move="pick_time").comment == "I come by wheelchair"
    assert kinds() == ["times-offered", "staff-update", "visit-booked"]


@pytest.mark.parametrize("gone", ["past", "withdrawn", "of another request"])
def test_time_that_has_gone_is_not_booked(offered, gone):
    picked = offered.time_offers.first()
    if gone == "past":
        TimeOffer.objects.filter(pk=picked.pk).update(starts_at=timezone.now() - DAY)
    elif gone == "withdrawn":
        TimeOffer.objects.filter(pk=picked.pk).update(status="withdrawn")
    else:
        picked = offer(AppointmentRequestFactory())

    with pytest.raises(moves.MoveNotAllowed):
        as_patient(offered, "pick_time", offer=picked.public_id)

    assert not Visit.objects.exists()
    assert AppointmentRequest.objects.get(pk=offered.pk).status == Status.OFFERED


@pytest.fixture
def given_away(offered, scheduler):
    """The first of three offered times, at which the clinician was booked meanwhile."""
    first = offered.time_offers.first()
    Visit.objects.create(
        appointment_request=AppointmentRequestFactory(scheduled=True),
        starts_at=first.starts_at + datetime.timedelta(minutes=29),
        location=first.location,
        clinician=first.clinician,
    )
    return first


def test_time_at_which_the_clinician_was_booked_meanwhile_is_not_booked(offered, given_away):
    with pytest.raises(moves.TimeTaken):
        as_patient(offered, "pick_time", offer=given_away.public_id)

    offered.refresh_from_db()
    assert (offered.status, offered.visits.count()) == (Status.OFFERED, 0)


@pytest.mark.parametrize("away", ["half an hour", "cancelled", "another clinician"])
def test_time_that_no_visit_meets_is_booked(offered, given_away, away):
    in_the_way = Visit.objects.filter(clinician=given_away.clinician)
    if away == "half an hour":
        in_the_way.update(starts_at=given_away.starts_at + datetime.timedelta(minutes=30))
    elif away == "cancelled":
        in_the_way.update(status="cancelled")
    else:
        in_the_way.update(clinician=ClinicianFactory(slug="other"))

    assert as_patient(offered, "pick_time", offer=given_away.public_id).status == Status.SCHEDULED


def test_time_given_away_is_taken_back_and_the_desk_is_told_once(offered, given_away, scheduler):
    Message.objects.all().delete()

    for _twice in range(2):
        late_pick.take_back(given_away)

    offered.refresh_from_db()
    assert (offered.status, offered.time_offers.filter(status="open").count()) == (Status.OFFERED, 2)
    assert kinds() == ["staff-update"]
    assert "the clinician was booked meanwhile" in offered.staff_notes.get().text


def test_when_the_last_time_was_given_away_the_request_goes_back_to_review(offered, given_away, scheduler):
    offered.time_offers.exclude(pk=given_away.pk).update(status="withdrawn")
    Message.objects.all().delete()

    late_pick.take_back(given_away)

    offered.refresh_from_db()
    assert (offered.status, kinds(), offered.staff_notes.count()) == (Status.IN_REVIEW, ["staff-update"], 1)


def test_patient_who_picks_a_time_given_away_reads_so_and_sees_the_others(client, offered, given_away):
    home = open_page(client, offered)

    choice = {"seen_version": offered.version, "offer": given_away.public_id, "other_times": "Only with my daughter"}
    page = client.post(f"{home}choose/", choice)

    text = page.content.decode()
    assert (page.status_code, "This could not be done any more" in text) == (409, True)
    assert "Only with my daughter" in text
    assert (str(given_away.public_id) in text, text.count('type="radio"')) == (False, 3)  # two times, or none of them


def pick_together(offers):
    barrier, told = threading.Barrier(len(offers)), []

    def pick(offer):
        try:
            barrier.wait()
            as_patient(offer.appointment_request, "pick_time", offer=offer.public_id)
            told.append("booked")
        except moves.TimeTaken:
            told.append("taken")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=pick, args=[offer]) for offer in offers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(told)


@pytest.mark.parametrize(("guard", "ends"), [(True, ["booked", "taken", "taken", "taken"]), (False, ["booked"] * 4)])
def test_of_patients_who_pick_one_clinician_at_once_one_is_booked(transactional_db, monkeypatch, guard, ends):
    clinician, at = ClinicianFactory(), timezone.now() + DAY
    requests = AppointmentRequestFactory.create_batch(4, status="offered", next_action_at=at)
    offers = [offer(one) for one in requests]
    TimeOffer.objects.update(starts_at=at, clinician=clinician)
    if not guard:
        monkeypatch.setattr(moves, "_is_taken", lambda offer: False)

    assert pick_together(offers) == ends


def test_none_of_the_times_suits(offered):
    moved = as_patient(offered, "refuse_times", comment="Only on Fridays")

    assert moved.status == Status.IN_REVIEW
    assert set(offered.time_offers.values_list("status", flat=True)) == {"refused"}
    assert StatusEvent.objects.get(move="refuse_times").comment == "Only on Fridays"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("resume", {}),
        ("close", {"outcome": "patient-withdrew"}),
        ("schedule", {"starts_at": timezone.now() + 9 * DAY, "location": None}),
    ],
)
def test_offers_are_taken_back_when_staff_move_on(offered, scheduler, name, values):
    if "location" in values:
        values = values | {"location": LocationFactory()}

    as_staff(offered, name, scheduler, **values)

    assert set(offered.time_offers.values_list("status", flat=True)) == {"withdrawn"}


# Visits


def test_moved_visit_keeps_its_id_and_its_sequence_rises(booked, scheduler):
    before = Visit.objects.get()
    at = timezone.now() + 4 * DAY

    for count in (1, 2):
        as_staff(booked, "move_visit", scheduler, starts_at=at, location=LocationFactory())

        after = Visit.objects.get()
        assert (after.ics_uid, after.ics_sequence, after.starts_at) == (before.ics_uid, count, at)
    assert kinds() == ["visit-booked"] * 3


def test_patient_who_cannot_come_cancels_the_visit(booked):
    moved = as_patient(booked, "drop_visit", comment="I have a cold")

    assert (moved.status, list(Visit.objects.values_list("status", "ics_sequence"))) == (
        Status.IN_REVIEW,
        [("cancelled", 1)],
    )
    assert kinds() == ["visit-booked", "staff-update"]


@pytest.mark.parametrize("name", ["drop_visit", "withdraw"])
def test_visit_that_has_begun_is_not_cancelled_by_the_patient(booked, name):
    Visit.objects.update(starts_at=timezone.now() - datetime.timedelta(minutes=1))

    with pytest.raises(moves.MoveNotAllowed):
        as_patient(booked, name)

    assert Visit.objects.get().status == "booked"


@pytest.mark.parametrize("status", sorted(MOVES["withdraw"].sources))
def test_patient_who_needs_no_visit_ends_the_request(practice, status, request):
    if status == Status.SCHEDULED:
        appointment_request = request.getfixturevalue("booked")
    elif status == Status.OFFERED:
        appointment_request = request.getfixturevalue("offered")
    elif status == Status.WAITING:
        appointment_request = request.getfixturevalue("asked")
    else:
        appointment_request = AppointmentRequestFactory(status=status)

    ended = as_patient(appointment_request, "withdraw", comment="I am better")

    assert (ended.status, ended.outcome) == (Status.CLOSED, Outcome.PATIENT_WITHDREW)
    assert not Visit.objects.filter(status="booked").exists()
    assert not TimeOffer.objects.filter(status="open").exists()
    assert not Message.objects.filter(kind="request-news").exists()


# Whom it tells


@pytest.mark.parametrize("allowed", [True, False])
def test_mail_about_a_visit_says_when_and_where_only_with_the_tick(scheduler, allowed):
    appointment_request = AppointmentRequestFactory(email="walter@example.org", visit_details_by_email=allowed)
    at = timezone.now() + 30 * DAY

    as_staff(
        appointment_request,
        "schedule",
        scheduler,
        starts_at=at,
        location=LocationFactory(),
        clinician=ClinicianFactory(),
    )

    mail = render(Message.objects.get())
    assert ("100 Sample Plaza" in mail.body) == allowed
    assert (promise(at) in mail.body) == allowed
    for word in ("Walter", "Demo", "Sample, MD", "legs", "Pain medicine"):
        assert word not in mail.subject + mail.body


@pytest.mark.parametrize("outcome", Outcome)
def test_closing_tells_the_patient_unless_the_outcome_is_quiet(practice, outcome):
    supervisor = UserFactory(group="supervisor")
    appointment_request = AppointmentRequestFactory(email="walter@example.org", claimed=True)
    for channel in ("phone", "phone", "email"):
        moves.log_call(appointment_request.public_id, result="no-answer", note="", by=supervisor, channel=channel)

    other = AppointmentRequestFactory() if outcome == Outcome.DUPLICATE else None
    values = {"outcome": outcome, "duplicate_of": other, "comment": "Canarycomment"}
    as_staff(appointment_request, "close", supervisor, **values)

    assert kinds() == ([] if outcome in QUIET_OUTCOMES else ["request-news"])
    for message in Message.objects.all():
        mail = render(message)
        assert "Canarycomment" not in mail.body
        assert str(Outcome(outcome).label) not in mail.body


def test_patient_without_email_is_told_by_nobody_but_a_person(scheduler):
    appointment_request = AppointmentRequestFactory(email="")

    as_staff(appointment_request, "offer", scheduler, offer_1=timezone.now() + DAY, location=LocationFactory())

    assert kinds() == []


@pytest.mark.parametrize("gone", ["left", "without e-mail"])
def test_update_goes_to_the_route_when_whoever_worked_on_it_cannot_be_told(asked, scheduler, gone):
    other = UserFactory(group="supervisor")
    if gone == "left":
        scheduler.is_active = False
    scheduler.email = "" if gone == "without e-mail" else scheduler.email
    scheduler.save()

    as_patient(asked, "answer", answers={PatientQuestion.objects.get().public_id: "Yes"})

    assert Message.objects.get(kind="staff-update").to == other.email


@pytest.mark.parametrize(("language", "word"), [("en", "Hello"), ("es", "Hola")])
def test_mail_is_in_the_language_of_the_request(scheduler, language, word):
    appointment_request = AppointmentRequestFactory(email="rosa@example.org", language=language)

    as_staff(appointment_request, "offer", scheduler, offer_1=timezone.now() + DAY, location=LocationFactory())

    body = render(Message.objects.get()).body
    assert word in body
    assert ("/es/r/" in body) == (language == "es")


def test_when_a_message_cannot_be_stored_nothing_has_moved(asked, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError

    monkeypatch.setattr("appointments.services.tell.enqueue", refuse)
    question = PatientQuestion.objects.get()

    with pytest.raises(OSError):
        as_patient(asked, "answer", answers={question.public_id: "Warfarin"})

    question.refresh_from_db()
    assert question.answered_at is None
    assert AppointmentRequest.objects.get(pk=asked.pk).version == asked.version


def test_no_mail_over_the_whole_life_of_a_request_carries_words_of_anybody(scheduler):  # P16
    """Asked, answered, offered, refused, picked, moved, cancelled, closed; urgent, and with words in every field."""
    words = {
        "first_name": "Canaryfirst",
        "last_name": "Canarylast",
        "reason": "Canaryreason: pain, stenosis",
        "referrer_name": "Dr. Canarydoctor",
        "on_behalf_name": "Canarydaughter",
        "payer_name": "Canaryinsurer",
        "source_slug": "mild",
        "topic": "procedure",
        "urgent_flags": {"signs": "yes", "bladder-bowel": "yes"},
    }
    row = AppointmentRequestFactory(email="walter@example.org", visit_details_by_email=True, **words)
    place = {"location": LocationFactory(), "clinician": ClinicianFactory(last_name="Canaryclinician", slug="canary")}
    tell.of_new_request(row, [scheduler])
    as_staff(row, "ask", scheduler, question="Canaryquestion", next_action_at=timezone.now() + DAY)
    as_patient(row, "answer", answers={PatientQuestion.objects.get().public_id: "Canaryanswer"})
    as_staff(row, "offer", scheduler, offer_1=timezone.now() + DAY, **place)
    as_patient(row, "refuse_times", comment="Canarywish")
    as_staff(row, "offer", scheduler, offer_1=timezone.now() + DAY, **place)
    as_patient(row, "pick_time", offer=TimeOffer.objects.get(status="open").public_id, comment="Canarychair")
    as_staff(row, "move_visit", scheduler, starts_at=timezone.now() + 2 * DAY, comment="Canarymove", **place)
    as_staff(row, "cancel_visit", scheduler, comment="Canarycancel")
    as_staff(row, "close", scheduler, outcome="clinical-redirect", comment="Canaryclose")

    told = [kind for kind in kinds() if kind not in ("staff-notice", "staff-update")]
    assert told == [
        "acknowledgement",
        "patient-question",
        "times-offered",
        "times-offered",
        "visit-booked",
        "visit-booked",
        "request-news",
        "request-news",
    ]
    assert kinds().count("staff-update") == 3
    for message in Message.objects.all():
        for language in ("en", "es"):
            message.language = language
            mail = render(message)
            text = f"{mail.subject} {mail.body} {json.dumps(message.context)} {message.dedupe_key}".lower()
            for word in ("canary", "mild", "stenosis", "bladder", "numbness", "redirect", "warfarin", "procedure"):
                assert word not in text, message.kind
