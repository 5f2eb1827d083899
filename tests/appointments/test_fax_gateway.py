"""A letter that leaves by machine: through the outbox, to a mail server on this machine, and what comes back."""

import io

import pytest
from django.core.exceptions import ValidationError
from pypdf import PdfReader

from appointments.models import ContactPoint, Incident, Referral, ReferralEvent, ReferralUpdate
from appointments.services import fax_gateway, letters, moves, referrals
from outbox import services as outbox
from outbox import worker
from outbox.models import Message
from tests.appointments.test_letter_moves import (
    OBSTACLES,
    called,
    change,
    letter_in,
    number_changes_and_is_verified,
    press,
    stored,
)
from tests.factories import ReferralUpdateFactory, ReferringPracticeFactory, UserFactory
from tests.mail import Sink, use

Status = ReferralUpdate.Status
State = Message.State


@pytest.fixture
def coordinator(practice):
    return UserFactory(group="referral coordinator")


@pytest.fixture
def gateway(settings):
    settings.FAX_GATEWAY = "fax.example.org"


@pytest.fixture
def sink(gateway, settings):
    with Sink().on() as sink:
        use(settings, sink.port)
        yield sink


@pytest.fixture
def quick_pdf(monkeypatch):
    monkeypatch.setattr(fax_gateway, "letter_pdf", lambda content: b"%PDF-1.7")


def under_way(by, **values):
    return press(letter_in(Status.APPROVED, **values), "send", by, way="gateway")


def worked_off():
    worker.Worker().run_once()
    return Message.objects.get(kind="fax-letter")


def ended(state):
    """The message of the letter has come to `state`, as the worker records it."""
    message = worker.claim()
    worker.record(message, worker.Outcome(state))
    return ReferralUpdate.objects.get()


@pytest.mark.usefixtures("pango")
def test_approved_letter_reaches_the_gateway_as_it_was_frozen(coordinator, sink):
    update = under_way(coordinator, kind="declined")

    message = worked_off()

    [(recipient, mail)] = sink.mails
    reference = update.referral.appointment_request.reference
    text, attached = mail.get_payload()
    assert (recipient, mail["Subject"]) == ("18135550150@fax.example.org", reference)
    assert (text.get_payload().strip(), attached.get_filename()) == (reference, f"{reference}.pdf")
    cover, letter = [page.extract_text() for page in PdfReader(io.BytesIO(attached.get_payload(decode=True))).pages]
    assert ("Walter Demo" in cover, "Walter Demo" in letter) == (False, True)
    after = stored(update)
    assert (message.state, after["status"], after["version"], after["sent_at"] is not None) == ("sent", "sent", 3, True)


def test_message_names_no_patient(coordinator, gateway):  # P16
    update = under_way(coordinator)

    message = Message.objects.get()

    assert (message.about, message.to, message.channel) == (
        update.referral.appointment_request.reference, "+18135550150", "fax"
    )  # fmt: skip
    assert message.context == {"letter": str(update.public_id), "approved_at": update.approved_at.isoformat()}


def test_what_the_machine_sent_is_not_confirmed_by_itself(coordinator, sink, quick_pdf):
    update = under_way(coordinator)
    worked_off()

    sent = stored(update)["status"]
    confirmed = press(update, "confirm", coordinator, proof="The gateway wrote: 2 pages, OK").status

    assert (sent, confirmed) == ("sent", "confirmed")


@pytest.mark.parametrize("hinder", [*OBSTACLES, number_changes_and_is_verified], ids=lambda hinder: hinder.__name__)
def test_worker_lets_nothing_leave_against_an_obstacle(coordinator, sink, quick_pdf, hinder):
    update = under_way(coordinator)
    hinder(update)

    message = worked_off()

    after = stored(update)
    assert (sink.mails, message.state, message.last_error) == ([], "held", "Outdated")
    assert (after["status"], after["approved_at"], after["sent_at"]) == ("prepared", None, None)


def test_without_the_question_of_the_worker_it_would_leave(coordinator, sink, quick_pdf, monkeypatch):  # the control
    monkeypatch.setattr(fax_gateway.may_leave, "obstacle", lambda *args: "")
    update = under_way(coordinator)
    change(update.referral.appointment_request, may_contact_referrer=False)

    worked_off()

    assert len(sink.mails) == 1


def test_no_that_comes_while_the_pdf_is_made_still_counts(coordinator, sink, monkeypatch):
    update = under_way(coordinator)

    def slow_pdf(content):
        change(update.referral.appointment_request, may_contact_referrer=False)
        return b"%PDF-1.7"

    monkeypatch.setattr(fax_gateway, "letter_pdf", slow_pdf)
    message = worked_off()

    assert (sink.mails, message.state, stored(update)["status"]) == ([], "needs-human", "failed")


def test_letter_matched_to_another_office_does_not_leave(coordinator, sink, quick_pdf):
    update = under_way(coordinator)
    other = ReferringPracticeFactory(name="Other Clinic")
    referral = Referral.objects.get()
    referrals.match(referral.public_id, practice=other, physician=None, seen_version=referral.version, by=coordinator)

    assert (worked_off().state, sink.mails, stored(update)["status"]) == ("held", [], "prepared")


@pytest.mark.parametrize("state", [State.FAILED_PERMANENT, State.NEEDS_HUMAN])
def test_machine_that_fails_gives_the_letter_back(coordinator, gateway, state):
    under_way(coordinator)

    update = ended(state)

    assert (update.status, update.failure, update.version) == ("failed", "refused", 3)
    assert (Incident.objects.count(), ContactPoint.objects.get().failed_deliveries) == (0, 0)
    assert [(event.what, event.by) for event in ReferralEvent.objects.order_by("pk")] == [
        ("letter-send", coordinator), ("letter-machine", None)
    ]  # fmt: skip


def test_try_that_may_come_right_leaves_the_letter_under_way(coordinator, gateway):
    under_way(coordinator)

    assert ended(State.FAILED_TEMPORARY).status == "sending"


def test_letter_without_a_gateway_never_counts_as_sent(coordinator, settings, sink, quick_pdf):
    update = under_way(coordinator)
    settings.FAX_GATEWAY = ""

    assert (worked_off().state, sink.mails, stored(update)["status"]) == ("needs-human", [], "failed")


def test_failed_letter_is_not_sent_again_by_releasing_its_message(coordinator, sink, quick_pdf):
    update = under_way(coordinator)
    ended(State.NEEDS_HUMAN)
    outbox.release(Message.objects.get(), by=coordinator)

    assert (worked_off().state, sink.mails, stored(update)["status"]) == ("held", [], "failed")


def test_letter_prepared_and_approved_anew_leaves_once_more(coordinator, sink, quick_pdf):
    update = under_way(coordinator)
    ended(State.FAILED_PERMANENT)

    for name in ("prepare", "approve", "send"):
        press(update, name, coordinator, **({"way": "gateway"} if name == "send" else {}))
    worker.Worker().run_once()

    assert (len(sink.mails), stored(update)["status"], Message.objects.count()) == (1, "sent", 2)


def test_old_message_says_nothing_about_a_letter_approved_anew(coordinator, gateway):
    update = under_way(coordinator)
    ended(State.NEEDS_HUMAN)
    first = Message.objects.get()
    for name in ("prepare", "approve", "send"):
        press(update, name, coordinator, **({"way": "gateway"} if name == "send" else {}))

    letters.after_fax(first)

    assert (stored(update)["status"], fax_gateway.is_still_true(first)) == ("sending", False)


def test_letter_that_waits_for_the_machine_can_be_withdrawn(coordinator, sink, quick_pdf):
    update = under_way(coordinator)

    press(update, "withdraw", coordinator)

    message = worked_off()
    assert (message.state, message.last_error, sink.mails) == ("held", "Withdrawn", [])
    assert stored(update)["status"] == "withdrawn"


def test_letter_that_the_machine_has_cannot_be_withdrawn(coordinator, gateway):
    update = under_way(coordinator)
    worker.claim()

    with pytest.raises(letters.OnItsWay):
        press(update, "withdraw", coordinator)

    assert stored(update)["status"] == "sending"


@pytest.mark.parametrize("kind", ["mail", "direct"])
def test_machine_faxes_to_faxes_only(coordinator, gateway, kind):
    update = letter_in(Status.APPROVED)
    change(update.contact_point, kind=kind)

    with pytest.raises(ValidationError):
        press(update, "send", coordinator, way="gateway")


def test_letter_held_by_a_restore_leaves_once_staff_let_it(coordinator, sink, quick_pdf):
    update = under_way(coordinator)
    Message.objects.update(state=State.HELD, last_error=Message.RESTORED)
    outbox.release(Message.objects.get(), by=coordinator)

    assert (worked_off().state, stored(update)["status"]) == ("sent", "sent")


def test_end_that_was_missed_is_caught_up_with(coordinator, gateway):
    update = under_way(coordinator)
    letters.catch_up()
    still = stored(update)["status"]
    Message.objects.update(state=State.FAILED_PERMANENT)  # and nobody was told

    letters.catch_up()

    assert (still, stored(update)["status"], stored(update)["failure"]) == ("sending", "failed", "refused")


def test_fax_about_a_visit_that_was_called_off_does_not_leave(coordinator, gateway):
    update = under_way(coordinator, kind="booked")
    row = update.referral.appointment_request
    change(row, status="scheduled")

    moves.move(row.public_id, "cancel_visit", seen_version=1, by=coordinator, comment="Ill.")

    assert (Message.objects.get(kind="fax-letter").state, stored(update)["status"]) == ("held", "withdrawn")


def test_letter_that_was_taken_back_with_a_move_is_approved_anew_once_that_is_undone(coordinator, gateway):
    update = under_way(coordinator, kind="booked")
    row = update.referral.appointment_request
    change(row, status="scheduled")
    moves.move(row.public_id, "cancel_visit", seen_version=1, by=coordinator, comment="Ill.")

    moves.move(row.public_id, "undo", seen_version=2, by=coordinator)

    assert stored(update)["status"] == "prepared"


def test_worker_sends_no_fax_that_names_the_patient_wrongly(coordinator, sink, quick_pdf):
    update = under_way(coordinator)
    called(update.referral.appointment_request, last_name="Corrected")

    assert (worked_off().state, stored(update)["status"], sink.mails) == ("held", "prepared", [])


def test_every_letter_that_left_for_a_wrong_number_is_an_incident(coordinator, practice):
    first = press(letter_in(Status.APPROVED), "send", coordinator, way="printed")
    values = {"referral": first.referral, "contact_point": first.contact_point, "number": first.number}
    arrived = ReferralUpdateFactory(confirmed=True, **values)

    press(first, "fail", coordinator, failure="wrong-number")

    assert set(Incident.objects.values_list("update", flat=True)) == {first.pk, arrived.pk}
