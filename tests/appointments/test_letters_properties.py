"""Whatever happens in whatever order: nothing leaves for where it may not, and no loop closes unproved."""

import datetime
import itertools
from contextlib import contextmanager

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appointments.models import AppointmentRequest, ContactPoint, Referral, ReferralUpdate
from appointments.services import fax_gateway, may_leave, moves, referrals
from appointments.services.setup import make_groups
from appointments.transitions import MOVES, OPEN
from appointments.update_kinds import ENDING, UpdateKind
from outbox import worker
from tests.appointments.test_moves import actor, ready_for
from tests.factories import (
    AppointmentRequestFactory,
    ClinicianFactory,
    ContactPointFactory,
    LocationFactory,
    PracticeFactory,
    ReferralFactory,
    ReferralUpdateFactory,
    ReferringPracticeFactory,
    RoutingRuleFactory,
    UserFactory,
    letter_content,
)

Status = ReferralUpdate.Status
GONE = {Status.SENDING, Status.SENT, Status.CONFIRMED}
DAY = datetime.timedelta(days=1)
GROUPS = ("scheduler", "referral coordinator", "clinician", "supervisor", "auditor")
PRESSED = ("prepare", "sign", "approve", "send", "confirm", "fail", "withdraw")
EVENTS = (
    "verify", "expire", "change", "change back", "switch off", "fail twice", "patient says yes", "patient says no",
    "nobody asked", "other office", "this office", "worker",
)  # fmt: skip
REQUEST_MOVES = ("claim", "schedule", "complete", "close", "reopen", "undo", "cancel_visit")


class World:
    """A referral with a letter in every state, two offices with two faxes each, and people of each group."""

    def __init__(self):
        PracticeFactory()
        LocationFactory(hours=True)
        RoutingRuleFactory(everyone=True)
        make_groups()
        self.people = {group: UserFactory(group=group) for group in GROUPS}
        self.clinician = ClinicianFactory(user=self.people["clinician"])
        self.clients = {}
        self.referral = ReferralFactory(matched=True, appointment_request=AppointmentRequestFactory(claimed=True))
        self.offices = [self.referral.practice, ReferringPracticeFactory(name="Other Clinic")]
        self.faxes = [
            ContactPointFactory(practice=office, value=f"+181355501{number}{place}", verified=number == 5)
            for place, office in enumerate(self.offices)
            for number in (5, 6)
        ]
        for kind, status in zip(itertools.cycle(UpdateKind), Status, strict=False):
            self.letter(kind, status)

    def letter(self, kind, status):
        approved = status not in (Status.DUE, Status.PREPARED)
        made = {"contact_point": self.faxes[0], "number": self.faxes[0].value, "content": letter_content(kind)}
        made |= {"approved_at": timezone.now()} if approved else {}
        made |= {"pages": 2, "proof": "OK", "confirmed_at": timezone.now()} if status == Status.CONFIRMED else {}
        made |= {"failure": "busy"} if status == Status.FAILED else {}
        update = ReferralUpdateFactory(
            referral=self.referral, kind=kind, status=status, **(made if status != Status.DUE else {})
        )
        if status == Status.SENDING:
            fax_gateway.Gateway().send(update, by=None)

    def client(self, group):
        if group not in self.clients:
            self.clients[group] = Client()
            self.clients[group].force_login(self.people[group])
        return self.clients[group]


def may_go(update) -> bool:
    """The rule of the house, written once more: not by the code that is tried."""
    point, referral = update.contact_point, update.referral
    said = referral.appointment_request.may_contact_referrer
    return (
        point is not None
        and point.practice_id == referral.practice_id
        and point.kind == "fax"
        and point.is_active
        and point.value == point.verified_value == update.number
        and point.verified_until > timezone.now()
        and point.failed_deliveries < 2
        and (said is True or (said is None and referral.source == "office"))
    )


def seen():
    """{letter: (status, whether it may go)} now."""
    updates = ReferralUpdate.objects.select_related("contact_point", "referral__appointment_request")
    return {update.pk: (update.status, may_go(update)) for update in updates}


def faxed():
    return [email for email in mail.outbox if email.to[0].endswith("@fax.example.org")]


# One step: (who, what, which letter, which fax, whether the digits are right, by machine or by hand)
STEPS = st.tuples(
    st.sampled_from(GROUPS),
    st.sampled_from((*PRESSED, *PRESSED, *EVENTS, *REQUEST_MOVES, "new")),
    st.integers(0, 20),
    st.integers(0, 3),
    st.booleans(),
    st.sampled_from(("printed", "gateway")),
)


def take(world, step):
    who, what, which, fax, is_right, way = step
    if what in PRESSED:
        press(world, who, what, which, fax, is_right, way)
    elif what == "new":
        values = {"new_letter": "x", "kind": list(UpdateKind)[which % len(UpdateKind)]}
        world.client(who).post(f"/admin/appointments/referral/{world.referral.pk}/change/", values)
    elif what in REQUEST_MOVES:
        move_request(world, what, which)
    else:
        happen(world, what, fax)


def press(world, who, what, which, fax, is_right, way):
    """A post as a browser, or somebody with a tool, would send it: every field, the right ones and others."""
    updates = list(ReferralUpdate.objects.order_by("pk"))
    update = updates[which % len(updates)]
    number = update.number if is_right else "+18135550199"
    values = {
        "letter": update.public_id, "letter_move": what, "seen_version": update.version, "status": "confirmed",
        "contact_point": world.faxes[fax].pk, "number": world.faxes[fax].value, "last_four": number[-4:], "way": way,
        "pages": 2, "arrived_at": timezone.localtime().strftime("%Y-%m-%dT%H:%M"), "proof": "OK", "comment": "x",
        "failure": ReferralUpdate.Failure.values[fax], "history": "x", "findings": "x", "plan": "x", "follow_up": "x",
        "who_does_what": "x", "clinician": world.clinician.pk,
    }  # fmt: skip
    world.client(who).post(f"/admin/appointments/referral/{world.referral.pk}/change/", values)


def move_request(world, name, which):
    row = AppointmentRequest.objects.get(pk=world.referral.appointment_request_id)
    move, by = MOVES[name], world.people["supervisor"]
    outcomes = ["seen", "patient-withdrew", "unable-to-reach", "duplicate", "not-a-service-we-offer"]
    try:
        values = ready_for(move, row, by) if row.status in move.sources else {}
        values |= {"outcome": outcomes[which % len(outcomes)], "comment": "x"} if name == "close" else {}
        moves.move(row.public_id, name, seen_version=row.version, by=actor(move, by), **values)
    except (moves.MoveNotAllowed, ValidationError):
        return
    if name == "schedule":
        row.visits.filter(status="booked").update(starts_at=timezone.now() - DAY / 2)


def happen(world, what, which):
    fax = ContactPoint.objects.filter(pk=world.faxes[which].pk)
    now = timezone.now()
    proved = {"verified_how": "call-back", "verified_at": now, "verified_until": now + DAY, "failed_deliveries": 0}
    if what == "verify":
        fax.update(verified_value=fax.get().value, is_active=True, **proved)
    elif what == "change":
        fax.update(value=f"+18135550{which}77")
    elif what == "change back":
        fax.update(value=world.faxes[which].value)
    elif what in AT_A_FAX:
        fax.update(**AT_A_FAX[what](now))
    elif what == "worker":
        worker.Worker().run_once()
    else:
        decide(world, what)


AT_A_FAX = {
    "expire": lambda now: {"verified_until": now},
    "switch off": lambda now: {"is_active": False},
    "fail twice": lambda now: {"failed_deliveries": 2},
}


def decide(world, what):
    referral, by = Referral.objects.get(pk=world.referral.pk), world.people["supervisor"]
    seen = {"seen_version": referral.version, "by": by}
    if what in ("other office", "this office"):
        office = world.offices[what == "other office"]
        referrals.match(referral.public_id, practice=office, physician=None, **seen)
    elif what == "nobody asked":
        AppointmentRequest.objects.filter(pk=referral.appointment_request_id).update(may_contact_referrer=None)
        Referral.objects.filter(pk=referral.pk).update(source="patient")
    else:
        referrals.record_consent(referral.public_id, may=what == "patient says yes", **seen)


def check(before, sent_before, what):
    """What went a step nearer to the office in this step was allowed to, as things stood when the step began."""
    after = seen()
    moved = {pk for pk, (status, __) in after.items() if status in GONE and before.get(pk, ("",))[0] != status}
    assert [(what, pk) for pk in moved if pk in before and not before[pk][1]] == []
    assert moved <= before.keys()
    allowed = sum(status == Status.SENDING and may for status, may in before.values())
    assert len(faxed()) - sent_before <= (allowed if what == "worker" else 0)
    check_loop()


def check_loop():
    """The gate: closed only for a request that has its end, by proof of a letter that ends it, or by a reason."""
    referral = Referral.objects.select_related("appointment_request", "closing_update__contact_point").get()
    if referral.loop_closed_at is None:
        return
    told = referral.closing_update
    assert referral.appointment_request.status not in OPEN
    assert (referral.loop_closed_how, told.status, bool(told.proof)) == ("update", Status.CONFIRMED, True)
    assert told.kind in ENDING
    assert told.contact_point.practice_id == referral.practice_id


@contextmanager
def world_of_one_example():
    mail.outbox.clear()
    with transaction.atomic():
        yield World()
        transaction.set_rollback(True)


@pytest.fixture
def quick(db, settings, monkeypatch):
    settings.FAX_GATEWAY = "fax.example.org"
    settings.WORKER_CHORES = []
    monkeypatch.setattr(fax_gateway, "letter_pdf", lambda content: b"%PDF-1.7")


def run(steps):
    with world_of_one_example() as world:
        for step in steps:
            before, sent = seen(), len(faxed())
            take(world, step)
            check(before, sent, step[1])
        return [email.to for email in faxed()], {status for status, __ in seen().values()}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=14))
def test_no_order_of_events_lets_a_letter_leave_for_where_it_may_not(quick, steps):
    run(steps)


def by_supervisor(*whats, which=0, way="printed"):
    return [("supervisor", what, which, 0, True, way) for what in whats]


HINDERED = ("expire", "change", "switch off", "fail twice", "patient says no", "nobody asked", "other office")
# (what hinders, the step that would let something leave, the letter that stands ready for it as World makes them)
CASES = [(what, *step) for what in HINDERED for step in (("worker", 0), ("send", 2), ("confirm", 4))]
UNGUARDED = [case for case in CASES if case[:2] != ("other office", "send")]  # matching takes those back by itself


@pytest.mark.parametrize(("what", "name", "which"), CASES)
def test_nothing_leaves_once_something_hinders(quick, what, name, which):
    sent, __ = run([*by_supervisor(what), *by_supervisor(name, which=which)])

    assert sent == []


@pytest.mark.parametrize(("what", "name", "which"), UNGUARDED)
def test_without_the_guard_the_property_fails(quick, monkeypatch, what, name, which):  # the control
    monkeypatch.setattr(may_leave, "obstacle", lambda *args: "")

    with pytest.raises(AssertionError):
        run([*by_supervisor(what), *by_supervisor(name, which=which)])


def test_steps_of_the_property_do_let_letters_leave(quick):
    """Else it would hold because nothing ever moves."""
    sent, statuses = run(
        [*by_supervisor("worker"), *by_supervisor("send", which=2, way="gateway"), *by_supervisor("worker")]
    )

    assert (sent, Status.SENT in statuses) == ([["18135550150@fax.example.org"]] * 2, True)


def test_loop_closes_by_the_steps_of_the_property(quick):
    with world_of_one_example() as world:
        for step in by_supervisor("schedule", "complete"):
            take(world, step)
        open_before = Referral.objects.get().loop_closed_at
        final = ReferralUpdate.objects.get(kind=UpdateKind.FINAL)
        which = list(ReferralUpdate.objects.order_by("pk")).index(final)
        signed = ("clinician", "sign", which, 0, True, "printed")
        prepared, *later = by_supervisor("prepare", "approve", "send", "confirm", which=which)
        for step in (prepared, signed, *later):
            take(world, step)
            check_loop()
        referral = Referral.objects.get()

        assert (open_before, referral.loop_closed_how, referral.closing_update) == (None, "update", final)
