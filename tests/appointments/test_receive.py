import datetime

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from appointments.models import AppointmentRequest, RequestDraft, RoutingRule, StatusEvent, words
from appointments.services import draft as drafts
from appointments.services import request as requests
from appointments.services.access import find_link
from appointments.services.request import UnansweredError, deadline, receive
from outbox.models import Message
from outbox.render import render
from tests.answers import WORDS, answers_with, filled_draft
from tests.factories import RoutingRuleFactory, UserFactory

pytestmark = pytest.mark.django_db
QUERIES = 37
SATURDAY = datetime.datetime(2026, 11, 21, 15, tzinfo=datetime.UTC)


@pytest.fixture
def everyone():
    """The last rule; migrations or seed may have made it already."""
    return RoutingRule.objects.filter(is_everyone=True).first() or RoutingRuleFactory(everyone=True)


@pytest.fixture
def desk(everyone):
    scheduler = UserFactory(group="scheduler")
    everyone.staff.add(scheduler)
    return scheduler


def test_a_request_holds_what_was_typed(practice, desk, time_machine):
    time_machine.move_to(SATURDAY, tick=False)
    draft, _ = filled_draft()

    received = AppointmentRequest.objects.get(pk=receive(draft).pk)

    said = {
        "first_name": "Walter",
        "last_name": "Probeman",
        "name_pronunciation": "",
        "date_of_birth": datetime.date(1948, 3, 14),
        "phone": "+18135550142;ext=12",
        "phone_as_typed": "(813) 555-0142 x12",
        "email": "walter@example.org",
        "zip_code": "33573",
        "on_behalf_name": "",
        "on_behalf_phone": "",
        "patient_knows": "",
        "reason": "My legs get heavy.\nAfter one block.",
        "topic": "lasting-pain",
        "days": ["tue", "thu"],
        "part_of_day": "morning",
        "earliest_on": None,
        "returning": "new",
        "in_florida_from": None,
        "in_florida_to": None,
        "accident_on": None,
        "reach_by": "call",
        "best_time": "any",
        "voicemail": "name-only",
        "needs": [],
        "interpreter_language": "",
        "visit_details_by_email": False,
        "payer_kind": "medicare",
        "payer_name": "",
        "member_number": "1EG4-TE5-MK73",
        "referrer_name": "Dr. Ines Sampleton",
        "referrer_practice": "Sampleton Family Care",
        "referrer_phone": "813-555-0177",
        "may_contact_referrer": True,
        "urgent_flags": {},
        "status": "received",
        "channel": "web",
        "language": "en",
        "source_slug": "mild",
        "priority": 3,
        "version": 1,
        "deadline_at": None,
        "idempotency_key": draft.public_id,
        "submitted_at": SATURDAY,
        "respond_by": datetime.datetime(2026, 11, 23, 22, tzinfo=datetime.UTC),  # Monday, 5 p.m. in Florida
    }
    assert {name: getattr(received, name) for name in said} == said


def test_receiving_leaves_one_event_and_an_empty_draft(practice, desk):
    draft, secret = filled_draft()

    received = receive(draft)

    events = StatusEvent.objects.values_list("appointment_request", "move", "from_status", "to_status", "version", "by")
    assert list(events) == [(received.pk, "receive", "", "received", 1, None)]
    kept = drafts.find(draft.public_id, secret)
    assert (kept.appointment_request, kept.answers) == (received, {})


def test_receiving_twice_gives_the_first_request(practice, desk):  # P1
    draft, secret = filled_draft()
    stale = drafts.find(draft.public_id, secret)
    assert stale.answers

    assert receive(stale) == receive(draft)

    assert (AppointmentRequest.objects.count(), StatusEvent.objects.count(), Message.objects.count()) == (1, 1, 2)


def test_an_unanswered_draft_is_not_received(practice, desk):
    draft, _ = filled_draft(answers_with("reach", phone="813"))

    with pytest.raises(UnansweredError) as refused:
        receive(draft)

    assert refused.value.step == "reach"
    assert (AppointmentRequest.objects.count(), Message.objects.count()) == (0, 0)


def test_a_reference_that_is_taken_is_made_anew(practice, desk, monkeypatch):
    taken = receive(filled_draft()[0]).reference
    references = iter([taken, taken, "APM-2222-222N"])
    field = AppointmentRequest._meta.get_field("reference")
    monkeypatch.setattr(field, "_get_default", lambda: next(references))

    assert receive(filled_draft()[0]).reference == "APM-2222-222N"


def test_without_any_free_reference_nothing_is_stored(practice, desk, monkeypatch):
    taken = receive(filled_draft()[0]).reference
    monkeypatch.setattr(AppointmentRequest._meta.get_field("reference"), "_get_default", lambda: taken)
    draft, secret = filled_draft()

    with pytest.raises(IntegrityError):
        receive(draft)

    assert AppointmentRequest.objects.count() == 1
    assert drafts.find(draft.public_id, secret).answers != {}


@pytest.mark.parametrize("broken", ["of_new_request", "StatusEvent"])
def test_an_error_on_the_way_leaves_all_or_nothing(practice, desk, monkeypatch, broken):  # P11
    def fail(*args, **kwargs):
        raise RuntimeError

    class Failing:
        class objects:
            create = fail

    if broken == "StatusEvent":
        monkeypatch.setattr(requests, broken, Failing)
    else:
        monkeypatch.setattr(requests.tell, broken, fail)
    draft, _ = filled_draft()

    with pytest.raises(RuntimeError):
        receive(draft)

    assert (AppointmentRequest.objects.count(), Message.objects.count(), StatusEvent.objects.count()) == (0, 0, 0)
    kept = RequestDraft.objects.get(pk=draft.pk)
    assert (kept.appointment_request, kept.answers != {}) == (None, True)


def test_mails_carry_reference_link_phone_and_date_and_no_words_of_the_patient(practice, desk, time_machine):  # P16
    time_machine.move_to(SATURDAY, tick=False)
    draft, _ = filled_draft()

    received = receive(draft)

    to_staff = Message.objects.get(kind="staff-notice")
    to_patient = Message.objects.get(kind="acknowledgement")
    assert (to_staff.to, to_patient.to) == (desk.email, "walter@example.org")
    shared = {
        "reference": received.reference,
        "respond_by": received.respond_by.isoformat(),
        "phone_display": "813-555-0100",
        "from_name": "Sample office",
    }
    assert to_staff.context == shared | {
        "path": reverse("admin:appointments_appointmentrequest_change", args=[received.pk])
    }
    assert to_patient.context == shared
    link = find_link(to_patient.secrets["path"].removeprefix("/r/"))
    assert link.appointment_request == received
    for message in (to_staff, to_patient):
        mail = render(message)
        text = f"{mail.subject}\n{mail.body}".replace(str(draft.public_id), "")  # digits by chance
        assert [word for word in WORDS if word in text] == []
        for needed in (
            received.reference,
            "https://practice.example.org/",
            "813-555-0100",
            "November\xa023, 5\xa0p.m.",
        ):
            assert needed in text
        assert "pain" not in text.lower()


def test_without_an_email_only_staff_are_told(practice, desk):
    receive(filled_draft(answers_with("reach", email=""))[0])

    assert list(Message.objects.values_list("kind", flat=True)) == ["staff-notice"]


def test_the_first_matching_rule_decides(practice, desk):
    accidents, late, returning = (UserFactory() for _ in range(3))
    RoutingRuleFactory(order=3, returning="new").staff.add(late)
    RoutingRuleFactory(order=1, returning="returning").staff.add(returning)
    rule = RoutingRuleFactory(order=2, topic="lasting-pain", payer_kind="medicare")
    rule.staff.add(accidents)

    received = receive(filled_draft()[0])

    assert received.routed_by == rule
    assert [m.to for m in Message.objects.filter(kind="staff-notice")] == [accidents.email]


def test_a_rule_may_name_people_and_a_group(practice, desk, everyone):
    in_group = UserFactory(group="team-es")
    everyone.group = in_group.groups.get()
    everyone.save()
    UserFactory(group="team-es", is_active=False)
    UserFactory(group="team-es", email="")

    receive(filled_draft()[0])

    assert {m.to for m in Message.objects.filter(kind="staff-notice")} == {desk.email, in_group.email}


def test_one_mailbox_is_told_once(practice, desk, everyone):
    everyone.staff.add(UserFactory(email=desk.email.upper()))

    receive(filled_draft()[0])

    assert Message.objects.filter(kind="staff-notice").count() == 1


def test_a_rule_whose_people_left_falls_back_to_everyone(practice, desk):
    rule = RoutingRuleFactory(topic="lasting-pain")
    rule.staff.add(UserFactory(is_active=False))

    received = receive(filled_draft()[0])

    assert received.routed_by == rule
    assert [m.to for m in Message.objects.filter(kind="staff-notice")] == [desk.email]


def test_with_nobody_in_the_last_rule_the_desk_is_told(practice, everyone):
    people = {UserFactory(group="scheduler").email, UserFactory(group="supervisor").email}
    UserFactory(group="editor")

    receive(filled_draft()[0])

    assert {m.to for m in Message.objects.filter(kind="staff-notice")} == people


def test_with_no_desk_at_all_superusers_are_told(practice):
    owner = UserFactory(is_superuser=True)
    UserFactory()

    receive(filled_draft()[0])

    assert [m.to for m in Message.objects.filter(kind="staff-notice")] == [owner.email]


def test_a_danger_sign_is_seen_by_staff_and_by_no_mail(practice, desk):
    every_sign = words.UrgentSign.values
    received = receive(filled_draft(answers_with("urgent", signs="yes", which_signs=every_sign))[0])

    assert (received.urgent_flags, received.priority) == (dict.fromkeys(["signs", *every_sign], "yes"), 1)
    without = receive(filled_draft()[0])
    keys = [set(message.context) for message in Message.objects.filter(about=received.reference)]
    assert keys == [set(message.context) for message in Message.objects.filter(about=without.reference)]


def test_no_mail_about_a_request_tells_its_danger_signs(practice, desk):  # P16
    draft, _ = filled_draft(answers_with("urgent", signs="yes", which_signs=words.UrgentSign.values))
    reference = receive(draft).reference

    mails = [render(message) for message in Message.objects.filter(about=reference)]

    assert sorted(mail.to[0] for mail in mails) == sorted([desk.email, "walter@example.org"])
    told = " ".join(f"{mail.subject} {mail.body}" for mail in mails).casefold()
    stems = (
        "bladder",
        "bowel",
        "numbness",
        "weak",
        "fever",
        "chills",
        "injury",
        "fall",
        "belly",
        "pain",
        "urgent",
        "yes",
    )
    assert [stem for stem in stems if stem in told] == []
    assert [sign for sign in words.UrgentSign if not any(stem in sign.label.casefold() for stem in stems)] == []


def test_a_ticked_sign_counts_whatever_else_is_chosen(practice, desk):
    for signs in ("no", None):
        received = receive(filled_draft(answers_with("urgent", signs=signs, which_signs="injury"))[0])

        assert (received.urgent_flags, received.priority) == ({"signs": "yes", "injury": "yes"}, 1)


def test_the_part_for_someone_else_is_stored_for_someone_else(practice, desk):
    said = {"for_whom": "someone-else", "on_behalf_name": "Ana", "on_behalf_phone": "813-555-0111"}
    received = receive(filled_draft(answers_with("you", patient_knows="no", **said))[0])

    stored = (received.on_behalf_name, received.on_behalf_phone, received.patient_knows)
    assert stored == ("Ana", "+18135550111", "no")


def test_leaving_a_voicemail_needs_a_yes(practice, desk):
    assert receive(filled_draft(answers_with("reach", voicemail=None))[0]).voicemail == "none"


@pytest.mark.parametrize(("answer", "stored"), [("yes", True), ("no", False), (None, None)])
def test_the_patient_decides_about_the_doctor(practice, desk, answer, stored):
    changes = {"may_contact_referrer": answer}
    if answer is None:
        changes |= {"referrer_name": "", "referrer_practice": "", "referrer_phone": ""}

    assert receive(filled_draft(answers_with("referrer", **changes))[0]).may_contact_referrer is stored


def test_details_of_a_visit_stand_in_mail_only_with_a_tick_and_an_address(practice, desk):
    ticked = {"visit_details_by_email": "yes"}

    assert receive(filled_draft(answers_with("reach", **ticked))[0]).visit_details_by_email is True
    assert receive(filled_draft(answers_with("reach", email="", **ticked))[0]).visit_details_by_email is False


def test_an_accident_sets_the_legal_deadline(time_machine):
    time_machine.move_to(SATURDAY, tick=False)

    assert deadline(None) is None
    assert deadline(datetime.date(2026, 11, 10)) == datetime.datetime(2026, 11, 25, 4, 59, tzinfo=datetime.UTC)
    assert deadline(datetime.date(2026, 11, 7)) is not None
    assert deadline(datetime.date(2026, 11, 6)) is None


def test_receiving_costs_a_constant_and_a_little_per_message(practice, desk, everyone):
    def queries():
        draft, _ = filled_draft()
        with CaptureQueriesContext(connection) as captured:
            receive(draft)
        return len(captured)

    for_one = queries()
    everyone.staff.add(UserFactory(), UserFactory())

    # Looking for the key, asking the database for its time, a savepoint and its end, and the row.
    assert (for_one, queries() - for_one) == (QUERIES, 2 * 5)
