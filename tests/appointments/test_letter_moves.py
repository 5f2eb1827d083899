"""The life of a letter: every pair of status and move, every group and move, and what keeps something from leaving."""

import datetime
import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connections
from django.db.models import Q
from django.utils import timezone

from appointments.letter_moves import LETTER_MOVES, SECTIONS, TABLE
from appointments.models import (
    ContactPoint,
    ContactPointEvent,
    Incident,
    Referral,
    ReferralEvent,
    ReferralUpdate,
)
from appointments.models.referral import BLOCKED, NO_PRACTICE, NOT_VERIFIED, OTHER_PRACTICE
from appointments.services import letters, may_leave, moves, referrals
from appointments.transitions import GROUPS
from appointments.update_kinds import UpdateKind
from outbox.models import Message
from tests.appointments.test_moves import book
from tests.factories import (
    AppointmentRequestFactory,
    ClinicianFactory,
    ContactPointFactory,
    LocationFactory,
    PhysicianFactory,
    ReferralFactory,
    ReferralUpdateFactory,
    ReferringPracticeFactory,
    UserFactory,
    letter_content,
)

Status = ReferralUpdate.Status
DAY = datetime.timedelta(days=1)
NUMBER = "+18135550150"


@pytest.fixture
def coordinator(practice):
    return UserFactory(group="referral coordinator")


@pytest.fixture
def supervisor(practice):
    return UserFactory(group="supervisor")


@pytest.fixture
def clinician(practice):
    """The account of the clinician whom letters name."""
    return ClinicianFactory(user=UserFactory(group="clinician")).user


def letter_in(status, **values):
    """A letter in `status` with a verified fax, whatever it was that brought it there."""
    if status in (Status.PREPARED, Status.APPROVED, Status.SENT, Status.CONFIRMED):
        return ReferralUpdateFactory(**{status: True}, **values)
    update = ReferralUpdateFactory(approved=True, **values)
    update.status = status
    if status == Status.FAILED:
        update.failure = "busy"
    if status == Status.DUE:
        update.contact_point, update.number, update.content, update.approved_at = None, "", {}, None
        update.clinician = update.signed_by = update.signed_at = None
    update.save()
    return update


def letter_for(move, status=None, by=None, **values):
    """One that waits for `move`; `by` is the clinician whom it names, if it names one."""
    kind = "final" if move.unsigned else "received"
    update = letter_in(status or sorted(move.sources - {Status.SENDING})[0], kind=kind, **values)
    if update.clinician and by:
        change(update.clinician, user=by)
    return update


def fax_of(update):
    fax = ContactPoint.objects.filter(practice=update.referral.practice).first()
    return fax or ContactPointFactory(verified=True, practice=update.referral.practice)


def values_for(move, update):
    everything = {
        "contact_point": fax_of(update),
        "clinician": ClinicianFactory(),
        "last_four": "0150",
        "way": "printed",
        "pages": 2,
        "arrived_at": timezone.now(),
        "proof": "OK 10:42, 2 pages",
        "failure": "busy",
        "comment": "They called.",
    }
    return {field: everything[field] for field in move.needs_for(update.kind) if field in everything}


def press(update, name, by, *, seen_version=None, **values):
    values = values_for(LETTER_MOVES[name], update) | values
    seen_version = seen_version or ReferralUpdate.objects.get(pk=update.pk).version
    return letters.move_letter(update.public_id, name, seen_version=seen_version, by=by, **values)


def stored(update):
    return ReferralUpdate.objects.filter(pk=update.pk).values().get()


def change(row, **values):
    type(row)._base_manager.filter(pk=row.pk).update(**values)


def called(appointment_request, **values):
    """The patient is called otherwise from now on."""
    for name, value in values.items():
        setattr(appointment_request, name, value)
    appointment_request.save()


# The table


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("move", TABLE, ids=lambda move: move.name)
def test_move_is_made_from_its_sources_only(supervisor, clinician, status, move):
    by = supervisor if moves.groups_of(supervisor) & move.by else clinician
    update = letter_for(move, status, by)
    before = stored(update)

    if status in move.sources:
        moved = press(update, move.name, by)
        assert (moved.status, moved.version) == (move.target or Status.SENT, 2)
    else:
        with pytest.raises(moves.MoveNotAllowed):
            press(update, move.name, by)
        assert stored(update) == before


@pytest.mark.parametrize("group", [*GROUPS, None])
@pytest.mark.parametrize("move", TABLE, ids=lambda move: move.name)
def test_move_is_made_by_its_groups_only(practice, group, move):
    by = UserFactory(group=group)
    update = letter_for(move, by=by)
    before = stored(update)

    if moves.groups_of(by) & move.by:
        assert press(update, move.name, by).version == 2
    else:
        with pytest.raises(moves.NoRight):
            press(update, move.name, by)
        assert stored(update) == before


@pytest.mark.parametrize(("move", "field"), [(move, field) for move in TABLE for field in move.needs], ids=str)
def test_move_needs_each_of_its_fields(supervisor, move, field):
    update = letter_in(sorted(move.sources - {Status.SENDING})[0])
    before = stored(update)

    with pytest.raises(ValidationError) as refused:
        press(update, move.name, supervisor, **{field: "  " if field != "contact_point" else None})

    assert (set(refused.value.message_dict), stored(update)) == ({field}, before)


def test_move_is_written_down_in_codes(coordinator):
    update = letter_in(Status.PREPARED)

    press(update, "approve", coordinator)

    event = ReferralEvent.objects.get()
    assert (event.what, event.by, event.comment, event.appointment_request) == (
        "letter-approve", coordinator, "", update.referral.appointment_request
    )  # fmt: skip
    assert event.details == {
        "letter": update.pk,
        "kind": "received",
        "letter_version": 2,
        "version": 1,
        "from": "prepared",
        "to": "approved",
        "contact_point": update.contact_point_id,
    }


def test_comment_is_kept_as_words(coordinator):
    press(letter_in(Status.DUE), "withdraw", coordinator, comment=" They know it by phone. ")

    assert ReferralEvent.objects.get().comment == "They know it by phone."


def test_unknown_moves_and_fields_are_refused(coordinator):
    update = letter_in(Status.DUE)

    with pytest.raises(moves.MoveNotAllowed):
        letters.move_letter(update.public_id, "teleport", seen_version=1, by=coordinator)
    with pytest.raises(TypeError):
        press(update, "withdraw", coordinator, status="confirmed")


# Two at once


def test_second_person_is_told_who_was_faster(coordinator, supervisor):  # P7
    update = letter_in(Status.PREPARED)
    press(update, "approve", coordinator, seen_version=1)

    with pytest.raises(letters.Stale) as stale:
        press(update, "approve", supervisor, seen_version=1)

    assert [(event.by, event.what) for event in stale.value.events] == [(coordinator, "letter-approve")]


def test_events_of_another_letter_are_not_told(coordinator):
    update = letter_in(Status.PREPARED)
    other = ReferralUpdateFactory(referral=update.referral, kind="final")
    press(other, "withdraw", coordinator)
    press(update, "approve", coordinator, seen_version=1)

    with pytest.raises(letters.Stale) as stale:
        press(update, "approve", coordinator, seen_version=1)

    assert [event.details["letter"] for event in stale.value.events] == [update.pk]


def press_together(update, people, name="send"):
    start, done = threading.Barrier(len(people)), []

    def run(by):
        start.wait()
        try:
            done.append(press(update, name, by, seen_version=1))
        except letters.Stale:
            done.append(None)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[by]) for by in people]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return [moved for moved in done if moved]


@pytest.mark.django_db(transaction=True)
def test_of_four_presses_at_once_one_counts(practice):
    update = letter_in(Status.PREPARED)
    people = [UserFactory(group="supervisor") for _ in range(4)]

    moved = press_together(update, people, "approve")

    assert (len(moved), ReferralEvent.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_without_the_guard_more_than_one_would_count(practice, monkeypatch):  # the control
    monkeypatch.setattr(letters, "_as_seen", lambda seen_version, sources: Q())
    update = letter_in(Status.PREPARED)
    people = [UserFactory(group="supervisor") for _ in range(4)]

    assert len(press_together(update, people, "approve")) == 4


# What keeps something from leaving


def patient_says_no(update):
    change(update.referral.appointment_request, may_contact_referrer=False)
    return BLOCKED


def nobody_asked_the_patient(update):
    change(update.referral, source="patient")
    return BLOCKED


def practice_is_not_chosen(update):
    change(update.referral, practice=None, physician=None)
    return NO_PRACTICE


def practice_is_another_one(update):
    change(update.referral, practice=ReferringPracticeFactory(), physician=None)
    return OTHER_PRACTICE


def verification_ends(update):
    change(fax_of(update), verified_until=timezone.now() - DAY)
    return NOT_VERIFIED


def was_never_verified(update):
    change(fax_of(update), verified_value="")
    return NOT_VERIFIED


def deliveries_fail(update):
    change(fax_of(update), failed_deliveries=2)
    return NOT_VERIFIED


def is_switched_off(update):
    change(fax_of(update), is_active=False)
    return NOT_VERIFIED


def number_changes(update):
    change(fax_of(update), value="+18135550151")
    return NOT_VERIFIED


def number_changes_and_is_verified(update):
    change(fax_of(update), value="+18135550151", verified_value="+18135550151")
    return may_leave.CHANGED


def is_a_phone(update):
    change(fax_of(update), kind="phone")
    return may_leave.NO_LETTERS


def practice_is_given_up(update):
    change(update.referral.practice, is_active=False)
    return NOT_VERIFIED


OBSTACLES = [
    practice_is_given_up,
    patient_says_no,
    nobody_asked_the_patient,
    practice_is_not_chosen,
    practice_is_another_one,
    verification_ends,
    was_never_verified,
    deliveries_fail,
    is_switched_off,
    number_changes,
    is_a_phone,
]


@pytest.mark.parametrize("hinder", [*OBSTACLES, number_changes_and_is_verified], ids=lambda hinder: hinder.__name__)
@pytest.mark.parametrize("name", ["approve", "send", "confirm"])
def test_nothing_leaves_against_an_obstacle(supervisor, name, hinder):
    update = letter_in(sorted(LETTER_MOVES[name].sources)[0])
    values = values_for(LETTER_MOVES[name], update) | ({"last_four": "0151"} if "0151" in str(stored(update)) else {})
    says, before = hinder(update), stored(update)

    with pytest.raises(may_leave.MayNotLeave) as refused:
        letters.move_letter(update.public_id, name, seen_version=1, by=supervisor, **values)

    assert (refused.value.says, stored(update), Message.objects.count()) == (says, before, 0)


@pytest.mark.parametrize("hinder", OBSTACLES, ids=lambda hinder: hinder.__name__)
def test_nothing_is_prepared_against_an_obstacle(supervisor, hinder):
    update = letter_in(Status.FAILED)
    fax = fax_of(update)
    says, before = hinder(update), stored(update)

    with pytest.raises(may_leave.MayNotLeave) as refused:
        letters.move_letter(update.public_id, "prepare", seen_version=1, by=supervisor, contact_point=fax)

    assert (refused.value.says, stored(update)) == (says, before)


@pytest.mark.parametrize("hinder", OBSTACLES, ids=lambda hinder: hinder.__name__)
@pytest.mark.parametrize("name", ["fail", "withdraw"])
def test_what_stops_a_letter_is_possible_against_every_obstacle(supervisor, name, hinder):
    update = letter_in(Status.APPROVED)
    hinder(update)

    assert press(update, name, supervisor).status == LETTER_MOVES[name].target


# Preparing


def test_prepare_freezes_what_the_letter_says(coordinator):
    update = letter_in(Status.DUE, referral__appointment_request__first_name="Walter")
    reference = update.referral.appointment_request.reference

    moved = press(update, "prepare", coordinator, note=" Blood thinner: ask first. ")

    assert (moved.status, moved.number, moved.prepared_by) == ("prepared", NUMBER, coordinator)
    assert ReferralUpdate.objects.get().content == {
        "kind": "received",
        "language": "en",
        "practice": {
            "name": "Sample Pain Practice",
            "address": "Main office, 100 Sample Plaza, Sun City Center, FL 33573",
            "phone_display": "813-555-0100",
            "fax_display": "",
        },
        "to": {"name": "Paula Pattern, MD", "practice": "Pattern Family Medicine", "number_display": "813-555-0150"},
        "reference": reference,
        "date": timezone.localdate().isoformat(),
        "patient": {"name": "Walter Demo", "date_of_birth": "1950-03-04"},
        "reason": "",
        "note": "Blood thinner: ask first.",
        "signed_by": "Dana Demo",
    }


@pytest.mark.parametrize(("before", "name"), [("prepare", "approve"), ("approve", "send")])
@pytest.mark.parametrize("changes", [{"first_name": "Wanda"}, {"date_of_birth": datetime.date(1951, 3, 4)}])
def test_letter_that_names_the_patient_wrongly_is_prepared_again(coordinator, before, name, changes):
    update = letter_in(Status.APPROVED if name == "send" else Status.DUE)
    update = update if name == "send" else press(update, before, coordinator)
    called(update.referral.appointment_request, **changes)

    with pytest.raises(may_leave.MayNotLeave) as refused:
        press(update, name, coordinator)

    assert refused.value.says == may_leave.OUTDATED


def test_letter_without_a_physician_goes_to_the_practice(coordinator):
    update = letter_in(Status.DUE)
    change(update.referral, physician=None)

    content = press(update, "prepare", coordinator).content

    assert content["to"]["name"] == "Pattern Family Medicine"


def seen(kind):
    """A letter of `kind` that is owed after a visit."""
    update = letter_in(Status.DUE, kind=kind)
    visit = book(update.referral.appointment_request)
    change(visit, status="fulfilled")
    return update, visit


@pytest.mark.parametrize("kind", ["interim", "final"])
def test_letter_after_a_visit_needs_its_headings_and_may_lack_a_history(coordinator, kind):
    update, visit = seen(kind)
    words = dict.fromkeys(SECTIONS, "As discussed.") | {"history": ""}

    with pytest.raises(ValidationError) as refused:
        press(update, "prepare", coordinator, clinician=None)
    content = press(update, "prepare", coordinator, **words).content

    assert set(refused.value.message_dict) == {"clinician", "findings", "plan", "follow_up", "who_does_what"}
    assert (content["sections"], content["signed_by"], content["prepared_by"]) == (
        words, "Elena Sample, MD", "Dana Demo"
    )  # fmt: skip
    assert content["visit"] == {"starts_at": visit.starts_at.isoformat(), "place": LocationFactory().one_line}


@pytest.mark.parametrize("kind", ["booked", "moved", "visit-cancelled", "final"])
def test_letter_about_a_visit_needs_one(coordinator, kind):
    update = letter_in(Status.DUE, kind=kind)

    with pytest.raises(moves.MoveNotAllowed) as refused:
        press(update, "prepare", coordinator, **dict.fromkeys(SECTIONS, "x"))

    assert str(refused.value.says).startswith("There is no such visit.")


def test_declining_letter_names_the_coded_reason_and_no_other_does(coordinator):
    update = letter_in(Status.DUE, kind="declined")
    change(update.referral.appointment_request, status="closed", outcome="not-a-service-we-offer")
    other = ReferralUpdateFactory(kind="cancelled", referral=update.referral)

    reasons = [press(row, "prepare", coordinator).content["reason"] for row in (update, other)]

    assert reasons == ["Not a service we offer", ""]


def test_letter_prepared_once_more_has_to_be_approved_again(coordinator):
    update = letter_in(Status.APPROVED)

    moved = press(update, "prepare", coordinator)

    assert (moved.status, moved.approved_at, moved.approved_by) == ("prepared", None, None)


# Signing


def test_clinician_signs_the_very_words_and_their_change_takes_it_away(coordinator, clinician):
    update = press(seen("final")[0], "prepare", coordinator, **dict.fromkeys(SECTIONS, "As discussed."))
    with pytest.raises(letters.NotSigned) as refused:
        press(update, "approve", coordinator)

    signed = press(update, "sign", clinician)
    approved = press(signed, "approve", coordinator)
    again = press(approved, "prepare", coordinator, **dict.fromkeys(SECTIONS, "Otherwise."))

    assert refused.value.says.startswith("Elena Sample, MD has to read and sign this letter.")
    assert (signed.standing, signed.signed_by, signed.content["signed_on"]) == (
        "Prepared and signed", clinician, timezone.localdate().isoformat()
    )  # fmt: skip
    assert (approved.status, again.standing, again.signed_by, again.content["signed_on"]) == (
        "approved", "Prepared, to be signed", None, ""
    )  # fmt: skip


@pytest.mark.parametrize("joined", [{}, {"slug": "sam-sample"}], ids=["to nobody", "to another"])
def test_only_the_clinician_whom_the_letter_names_signs_it(clinician, joined):
    update = letter_in(Status.PREPARED, kind="final")
    other = UserFactory(group="clinician")
    if joined:
        ClinicianFactory(user=other, **joined)

    with pytest.raises(letters.NotSigned):
        press(update, "sign", other)

    assert stored(update)["signed_at"] is None


def test_letter_that_names_the_patient_wrongly_is_not_signed(clinician):
    update = letter_for(LETTER_MOVES["sign"], by=clinician)
    called(update.referral.appointment_request, first_name="Wanda")

    with pytest.raises(may_leave.MayNotLeave):
        press(update, "sign", clinician)


@pytest.mark.parametrize("status", ["approved", "sending"])
@pytest.mark.parametrize("missing", ["clinician", "signed_by", "signed_at"])
def test_database_refuses_a_letter_about_a_visit_that_nobody_signed(practice, status, missing):
    update = letter_in(Status.APPROVED, kind="interim")

    with pytest.raises(IntegrityError):
        change(update, status=status, **{missing: None})


# Approving


@pytest.mark.parametrize("typed", ["0150", " 01 50 ", "01-50"])
def test_approve_takes_the_last_four_digits_in_any_shape(coordinator, typed):
    assert press(letter_in(Status.PREPARED), "approve", coordinator, last_four=typed).approved_by == coordinator


@pytest.mark.parametrize("typed", ["0151", "150", "10150", "+18135550150", "0150x", "?"])
def test_approve_refuses_a_slip_in_words(coordinator, typed):
    update = letter_in(Status.PREPARED)

    with pytest.raises(ValidationError) as refused:
        press(update, "approve", coordinator, last_four=typed)

    assert "compare it digit by digit" in refused.value.message_dict["last_four"][0]
    assert stored(update)["status"] == "prepared"


@pytest.mark.parametrize(
    ("kind", "value", "four"),
    [
        ("fax", "+18135550150;ext=12", "0150"),
        ("mail", "200 Pattern Way, Ruskin, FL 33570", "3570"),
        ("direct", "office@direct.example.org", "eorg"),
    ],
)
def test_last_four_of_whatever_a_letter_goes_to(kind, value, four):
    assert letters.last_four(ContactPoint(kind=kind, value=value)) == four


# Sending and proof


def test_printed_letter_is_sent_when_staff_say_so(coordinator):
    moved = press(letter_in(Status.APPROVED), "send", coordinator, way="printed")

    assert (moved.status, moved.way, moved.sent_by, moved.sent_at is not None) == ("sent", "printed", coordinator, True)
    assert Message.objects.count() == 0


@pytest.mark.parametrize("way", ["gateway", "pigeon"])
def test_way_that_is_not_set_up_is_refused(coordinator, settings, way):
    settings.FAX_GATEWAY = ""

    with pytest.raises(ValidationError) as refused:
        press(letter_in(Status.APPROVED), "send", coordinator, way=way)

    assert refused.value.message_dict == {"way": ["Choose how it leaves."]}


def test_sending_does_not_close_the_loop_and_proof_does(coordinator):
    update = letter_in(
        Status.APPROVED, kind="final", referral__appointment_request=AppointmentRequestFactory(completed=True)
    )
    sent = press(update, "send", coordinator)
    before = Referral.objects.get().loop_closed_at

    press(sent, "confirm", coordinator)

    referral = Referral.objects.get()
    assert (before, referral.loop_closed_how, referral.closing_update) == (None, "update", update)
    assert referral.status == "completed"


def test_confirming_keeps_the_proof_and_clears_the_failures_of_the_number(coordinator):
    update = letter_in(Status.SENT)
    change(update.contact_point, failed_deliveries=1)
    at = timezone.now()

    moved = press(update, "confirm", coordinator, pages=3, arrived_at=at, proof="OK, CSID 8135550150")

    assert (moved.pages, moved.confirmed_at, moved.proof) == (3, at, "OK, CSID 8135550150")
    assert ContactPoint.objects.get().failed_deliveries == 0
    assert [event.what for event in ContactPointEvent.objects.all()] == ["delivered"]


@pytest.mark.parametrize("pages", [-1, 1000, 10**9])
def test_confirming_refuses_a_number_of_pages_that_cannot_be(coordinator, pages):
    with pytest.raises(ValidationError) as refused:
        press(letter_in(Status.SENT), "confirm", coordinator, pages=pages)

    assert set(refused.value.message_dict) == {"pages"}


@pytest.mark.parametrize("minutes", [5, -5])
def test_letter_arrives_after_its_approval_and_not_ahead(coordinator, minutes):
    at = timezone.now() + datetime.timedelta(minutes=minutes)

    with pytest.raises(ValidationError) as refused:
        press(letter_in(Status.SENT), "confirm", coordinator, arrived_at=at)

    assert set(refused.value.message_dict) == {"arrived_at"}


def test_letter_may_arrive_in_the_minute_of_its_approval(coordinator, time_machine):
    time_machine.move_to(datetime.datetime(2026, 11, 24, 15, 30, 40, tzinfo=datetime.UTC), tick=False)
    update = letter_in(Status.SENT)

    moved = press(update, "confirm", coordinator, arrived_at=timezone.now().replace(second=0))

    assert moved.status == "confirmed"


# Failures


@pytest.mark.parametrize("failure", ["busy", "no-answer", "refused"])
def test_failure_is_counted_and_the_second_one_ends_the_verification(coordinator, failure):
    update = letter_in(Status.SENT)

    press(update, "fail", coordinator, failure=failure)
    after_one = ContactPoint.objects.get().is_verified(timezone.now())
    press(letter_in(Status.SENT, referral=update.referral, contact_point=update.contact_point), "fail", coordinator)

    assert (after_one, ContactPoint.objects.get().is_verified(timezone.now())) == (True, False)
    assert Incident.objects.count() == 0


def test_wrong_number_ends_the_verification_and_opens_an_incident(coordinator, supervisor):
    update = letter_in(Status.SENT)

    press(update, "fail", coordinator, failure="wrong-number", comment="A private person answered.")

    fax, incident = ContactPoint.objects.get(), Incident.objects.get()
    assert not fax.is_verified(timezone.now())
    assert (incident.update, incident.opened_by, incident.closed_at) == (update, coordinator, None)
    assert [(mail.kind, mail.to) for mail in Message.objects.all()] == [("incident-opened", supervisor.email)]


def test_wrong_number_takes_no_letter_until_it_is_verified_anew(coordinator):
    update = letter_in(Status.SENT)
    press(update, "fail", coordinator, failure="wrong-number")

    with pytest.raises(may_leave.MayNotLeave):
        press(update, "prepare", coordinator)
    change(fax_of(update), verified_until=timezone.now() + DAY, failed_deliveries=0)

    assert press(update, "prepare", coordinator).status == "prepared"


def test_wrong_number_is_not_verified_again_by_changing_it_to_and_fro(coordinator):
    update = letter_in(Status.SENT)
    change(update.contact_point, value="+18135550151")
    press(update, "fail", coordinator, failure="wrong-number")
    change(update.contact_point, value=NUMBER)

    assert not ContactPoint.objects.get().is_verified(timezone.now())


def test_failure_at_the_number_of_yesterday_does_not_touch_that_of_today(coordinator):
    update = letter_in(Status.SENT)
    number_changes_and_is_verified(update)

    press(update, "fail", coordinator, failure="wrong-number")

    assert ContactPoint.objects.get().is_verified(timezone.now())
    assert Incident.objects.count() == 1


def test_nothing_is_sent_again_by_itself_after_a_failure(coordinator):
    update = press(letter_in(Status.SENT), "fail", coordinator, failure="busy")

    assert (update.status, Message.objects.count()) == ("failed", 0)


# One more letter


def test_new_letter_is_owed_without_a_day(coordinator):
    referral = ReferralFactory(matched=True)

    update = letters.new_letter(referral.public_id, "interim", by=coordinator)

    assert (update.kind, update.status, update.due_at, update.version) == ("interim", "due", None, 1)
    assert ReferralEvent.objects.get().what == "letter-new"


@pytest.mark.parametrize("status", sorted(letters.UNSENT))
def test_new_letter_is_refused_while_one_of_its_kind_is_here(coordinator, status):
    update = letter_in(status)

    with pytest.raises(letters.SuchALetter):
        letters.new_letter(update.referral.public_id, update.kind, by=coordinator)


@pytest.mark.parametrize("status", ["sent", "confirmed", "withdrawn"])
def test_new_letter_is_possible_after_one_has_left(coordinator, status):
    update = letter_in(Status(status))

    assert letters.new_letter(update.referral.public_id, update.kind, by=coordinator).pk != update.pk


def test_new_letter_is_refused_when_the_patient_said_no(coordinator):
    update = letter_in(Status.CONFIRMED)
    patient_says_no(update)

    with pytest.raises(may_leave.MayNotLeave):
        letters.new_letter(update.referral.public_id, "final", by=coordinator)


def test_new_letter_has_a_kind(coordinator):
    with pytest.raises(ValidationError):
        letters.new_letter(ReferralFactory().public_id, "postcard", by=coordinator)


@pytest.mark.parametrize("group", [*GROUPS, None])
def test_new_letter_is_written_by_preparers(practice, group):
    referral, by = ReferralFactory(matched=True), UserFactory(group=group)

    if moves.groups_of(by) & {"scheduler", "referral coordinator", "clinician", "supervisor"}:
        assert letters.new_letter(referral.public_id, UpdateKind.INTERIM, by=by).status == "due"
    else:
        with pytest.raises(moves.NoRight):
            letters.new_letter(referral.public_id, UpdateKind.INTERIM, by=by)


# Beside other changes


def test_letter_that_a_move_withdrew_cannot_be_sent(coordinator):
    update = letter_in(Status.APPROVED, kind="booked")
    change(update, status="withdrawn")

    with pytest.raises(letters.LetterNotAllowed):
        press(update, "send", coordinator)


def test_letter_made_for_another_office_is_made_anew(coordinator):
    update = letter_in(Status.APPROVED)
    other = PhysicianFactory(npi=None, practice=ReferringPracticeFactory(name="Other Clinic"))
    chosen = {"practice": other.practice, "physician": other}
    referrals.match(update.referral.public_id, **chosen, seen_version=1, by=coordinator)

    with pytest.raises(moves.MoveNotAllowed):
        press(update, "send", coordinator)

    assert stored(update)["status"] == "due"


def test_content_of_the_factories_has_the_shape_of_a_frozen_one(coordinator):
    update, __ = seen("final")
    content = press(update, "prepare", coordinator, **dict.fromkeys(SECTIONS, "x")).content

    assert content.keys() == letter_content("final").keys()


def test_after_the_final_letter_arrived_no_interim_one_is_owed(coordinator, clinician):
    final = seen("final")[0]
    interim = ReferralUpdateFactory(referral=final.referral, kind="interim")
    final = press(final, "prepare", coordinator, **dict.fromkeys(SECTIONS, "As discussed."))
    for name, by in (("sign", clinician), ("approve", coordinator), ("send", coordinator)):
        final = press(final, name, by)
    before = stored(interim)["status"]

    press(final, "confirm", coordinator)

    assert (before, stored(interim)["status"]) == ("due", "withdrawn")
    event = ReferralEvent.objects.get(what="letter-outdated")
    assert (event.by, event.details["letter"], event.details["because"]) == (coordinator, interim.pk, "final")
