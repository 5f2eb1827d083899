"""Made-up requests, so that the desk and its numbers look as after twelve weeks of work. Nobody in them exists."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from unittest import mock

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from appointments.letter_moves import LETTER_MOVES
from appointments.models import AppointmentRequest, ContactKind, Physician, Referral, ReferralUpdate, StatusEvent
from appointments.models.words import Priority
from appointments.services import letters, moves, referrals
from appointments.services.request import deadline
from appointments.services.routing import plan
from appointments.transitions import COORDINATOR, SCHEDULER, SUPERVISOR, Status
from appointments.update_kinds import AFTER_VISIT
from practice.models import Clinician, Location


class At(NamedTuple):
    """At(3, 10.5) is 10:30 three weekdays ago, At(-1, 9) the next weekday at 9."""

    weekdays_ago: int
    hour: float

    def moment(self, now):
        day, left = timezone.localdate(now), abs(self.weekdays_ago)
        while left:
            day -= datetime.timedelta(days=1 if self.weekdays_ago > 0 else -1)
            left -= day.weekday() < 5
        time = datetime.time(int(self.hour), round(self.hour % 1 * 60))
        return timezone.make_aware(datetime.datetime.combine(day, time))


class Ago(NamedTuple):
    hours: float

    def moment(self, now):
        return now - datetime.timedelta(hours=self.hours)


class InDays(NamedTuple):
    days: int

    def moment(self, now):
        return timezone.localdate(now) + datetime.timedelta(days=self.days)


class Row(NamedTuple):
    name: str
    sent: At | Ago
    steps: tuple[tuple[At, str, dict], ...]
    by: str
    wish: dict


def asked(name, sent, *steps, by=SCHEDULER, **wish) -> Row:
    return Row(name, sent, steps, by, wish)


def did(weekdays_ago, hour, what, **values):
    return At(weekdays_ago, hour), what, values


def called(weekdays_ago, hour, result, note=""):
    return did(weekdays_ago, hour, "call", result=result, note=note)


def seen(name, weekdays_ago, hour, ended="fulfilled", **wish) -> Row:
    """Called the day after, seen four weekdays later."""
    return asked(
        name,
        At(weekdays_ago, hour),
        called(weekdays_ago - 1, 10, "reached"),
        did(weekdays_ago - 1, 10, "schedule", starts_at=At(weekdays_ago - 5, hour)),
        did(weekdays_ago - 5, hour + 1, "complete", visit_status=ended),
        **wish,
    )


def ended(name, weekdays_ago, outcome, *results, **wish) -> Row:
    """Called once a day with these `results`, then closed."""
    tries = [called(weekdays_ago - day, 10, result) for day, result in enumerate(results, 1)]
    words = "Told them why, and whom to ask instead."
    close = did(weekdays_ago - len(results), 10.25, "close", outcome=outcome, comment=words)
    return asked(name, At(weekdays_ago, 13), *tries, close, by=COORDINATOR, **wish)


NEW, LASTING, AGAIN = {"topic": "new-pain"}, {"topic": "lasting-pain"}, {"topic": "follow-up", "returning": "returning"}
MILD, SURGERY = ({"topic": "procedure", "source_slug": slug} for slug in ("mild", "laminectomy"))
STENOSIS = {"source_slug": "lumbar-spinal-stenosis"}
URGENT = {"priority": Priority.URGENT, "urgent_flags": {"signs": "yes", "leg-weakness": "yes"}}
SPAM = {"status": Status.QUARANTINED, "spam_score": 10}
DOCTOR = {
    "channel": "referral",
    "referrer_name": "Dr. Paula Pattern",
    "referrer_practice": "Pattern Family Medicine",
    "referrer_phone": "813-555-0150",
    "may_contact_referrer": True,
}
DAUGHTER = {"on_behalf_name": "Lucia Example", "on_behalf_phone": "+18135550109", "patient_knows": "yes"}
SPANISH = {"language": "es", "interpreter_language": "Spanish", "needs": ["interpreter", "wheelchair"]}
WALK = "My legs get heavy after one block. I sit and it goes away."
MRI = "Who made the MRI of your back, and in which month?"

# Whoever is told something by a move has no e-mail address, so that nothing is put into the outbox.
ROWS = (
    # Nobody has answered yet
    asked("Nora Testcase", Ago(0.5), reason="Since Monday my left foot drags.", **NEW, **URGENT),
    asked("Carl Fender", Ago(3), topic="accident", payer_kind="auto", accident_on=InDays(-10), reason="Neck, a crash."),
    asked(
        "Walter Demo",
        Ago(2),
        email="walter@example.org",
        days=["mon", "wed"],
        part_of_day="morning",
        referrer_name="Dr. Norman Nobody",
        may_contact_referrer=False,
        reason="My back hurts when I stand at the sink.",
        **MILD,
    ),
    asked("Emil Writer", Ago(5), email="emil@example.org", reach_by="email", needs=["hearing"], **LASTING),
    asked("Ada Nightly", Ago(11), topic="second-opinion", payer_kind="private", reason="Is surgery my only way?"),
    asked("Harold Probe", At(1, 11), channel="fax", reason="The injection in spring helped until last week.", **AGAIN),
    asked(
        "Gordon Northern",
        At(1, 15),
        payer_kind="medicare",
        in_florida_from=InDays(-60),
        in_florida_to=InDays(12),
        reason="I would like to be seen before we drive north.",
        **LASTING,
        **STENOSIS,
    ),
    asked(
        "Rosa Example",
        At(3, 9),
        called(2, 10, "no-answer"),
        channel="phone",
        name_pronunciation="ROH-sah eg-ZEM-plo",
        best_time="morning",
        voicemail="name-only",
        reason=WALK,
        **SPANISH,
        **DAUGHTER,
    ),
    asked("Cheap Offers", Ago(9), reason="Best pills: http://example.org http://a.example.org", **SPAM),
    asked("Tina Hasty", At(1, 13), email="tina@example.org", reason="My back.", **NEW, **SPAM),
    # Somebody works on it
    asked(
        "Ines Muster",
        At(1, 10),
        did(1, 11, "claim"),
        called(1, 11.25, "left-message", "Asked her to call back."),
        by=COORDINATOR,
        voicemail="full",
        payer_kind="medicare",
        **MILD,
        **DOCTOR,
    ),
    asked("Kenji Sample", At(1, 9), did(1, 10, "claim"), called(1, 10.5, "reached", "Looks for a day."), **LASTING),
    asked(
        "Lars Late",
        At(4, 14),
        did(3, 9, "claim"),
        called(3, 9.25, "no-answer"),
        called(2, 15, "no-answer"),
        by=SUPERVISOR,
        email="lars@example.org",
        **NEW,
    ),
    # It waits
    asked(
        "June Ejemplo",
        At(2, 9),
        did(2, 11, "claim"),
        called(2, 11.5, "reached", "Will look for her MRI report."),
        did(2, 12, "ask", question=MRI, next_action_at=At(-3, 9)),
        topic="second-opinion",
        payer_kind="private",
    ),
    asked(
        "Paul Payer",
        At(6, 10),
        did(5, 9, "claim"),
        called(5, 9.5, "reached"),
        did(5, 10, "wait", waiting_on="payer", next_action_at=At(-2, 9)),
        by=COORDINATOR,
        payer_kind="medicare-advantage",
        **MILD,
    ),
    asked(
        "Rita Referral",
        At(5, 15),
        did(4, 9, "claim"),
        did(4, 10, "wait", waiting_on="referrer", next_action_at=At(1, 9), comment="Asked for the MRI report."),
        by=COORDINATOR,
        **DOCTOR,
    ),
    asked(
        "Cleo Clinic",
        At(4, 10),
        did(4, 13, "claim"),
        called(4, 14, "reached", "Takes a blood thinner."),
        did(3, 9, "wait", waiting_on="clinician", next_action_at=At(-1, 9), comment="Which visit first?"),
        **SURGERY,
    ),
    # Times are offered
    asked("Clara Specimen", At(2, 10), did(1, 10, "offer", offer_1=At(-4, 10), offer_2=At(-5, 10)), **MILD),
    asked("Omar Muster", At(3, 14), did(2, 15, "offer", offer_1=At(-2, 14), offer_2=At(-6, 14)), **AGAIN),
    asked("Thea Testfall", At(7, 9), did(6, 9, "offer", offer_1=At(1, 14), offer_2=At(-1, 14)), **LASTING),
    # A visit is booked
    asked("Otis Sample", At(3, 10), called(3, 15, "reached"), did(3, 15, "schedule", starts_at=At(-1, 9)), **LASTING),
    asked("Bea Beispiel", At(4, 9), called(4, 10, "reached"), did(4, 10, "schedule", starts_at=At(-1, 10.5)), **MILD),
    asked("Saul Specimen", At(6, 16), did(6, 16.25, "schedule", starts_at=At(-5, 13)), channel="walk-in", **NEW),
    asked("Dora Demo", At(9, 11), did(8, 9, "schedule", starts_at=At(1, 11)), **AGAIN),
    # It is over
    seen("Greta Testfall", 9, 10, **MILD),
    seen("Hugo Placeholder", 14, 11, **LASTING),
    seen("Ida Example", 19, 9, channel="phone", **MILD),
    seen("Jonas Probe", 27, 14, **NEW, **STENOSIS),
    seen("Karla Muster", 38, 10, channel="fax", **MILD),
    seen("Levi Sample", 46, 15, ended="noshow", **AGAIN),
    seen("Mona Nobody", 53, 12, **MILD),
    ended("Pavel Placeholder", 8, "unable-to-reach", "no-answer", "left-message", "no-answer", **NEW),
    ended("Quinn Pattern", 12, "scheduled-elsewhere", "left-message", "reached", **LASTING),
    ended("Ruth Example", 17, "needs-referral-first", "reached", **MILD),
    ended("Stan Demo", 22, "payer-not-accepted", "no-answer", "reached", payer_kind="medicaid", **NEW),
    ended("Tara Probe", 25, "patient-withdrew", "reached", **NEW),
    ended("Ulf Beispiel", 31, "not-a-service-we-offer", "no-answer", "no-answer", "reached", **SURGERY),
    ended("Vera Specimen", 35, "clinical-redirect", "reached", language="es", **MILD),
    ended("Wim Testcase", 42, "scheduled-elsewhere", "reached", channel="phone", **LASTING),
    ended("Xenia Muster", 50, "unable-to-reach", "no-answer", "no-answer", "left-message", **MILD),
)


@transaction.atomic
def make_requests() -> None:
    """Through the services, with the clock set back. Needs the demo accounts, the groups and a location."""
    now = timezone.now()
    staff = _staff()
    for number, row in enumerate(ROWS, 10):
        with clock_at(row.sent.moment(now), now):
            public_id = _received(row, f"+181355501{number}", _resolved(row.wish, now))
        for at, what, values in row.steps:
            with clock_at(at.moment(now), now):
                _do(public_id, what, by=staff[row.by], **_resolved(values, now))


# Sent by an office today, and matched by nobody yet
REFERRED = asked(
    "Agnes Prueba",
    Ago(1.5),
    channel="referral",
    referrer_name="Dr. Emil Beispiel",
    referrer_practice="Beispiel Internal Medicine",
    referrer_phone="813-555-0166",
    patient_knows="yes",
    payer_kind="medicare",
    priority=Priority.SOON,
    reason="Leg pain on walking, better bent forward. Would an injection or MILD help her?",
)
REFERRAL = {
    "sender_name": "Gilda Demo, front desk",
    "sender_npi": "1234567893",  # made up: the number that explains the check digit
    "sender_fax": "813-555-0167",
    "question": REFERRED.wish["reason"],
    "diagnosis": "M48.062, narrow spinal canal, with leg pain on walking",
    "urgency": Referral.Urgency.SOON,
}


# Sent by an office that letters may go to, and seen: told of the visit, and owed the letters about it
TOLD = seen("Selma Specimen", 11, 10, **{**DOCTOR, "may_contact_referrer": None, "patient_knows": "yes"})
LETTERS = {
    "receive": ("received", ("prepare", "approve", "send", "confirm")),
    "schedule": ("booked", ("prepare", "approve", "send")),
    "complete": ("interim", ("prepare",)),  # and waits for its clinician
}
WORDS = {
    "history": "Made up, to try the site with: leg pain on walking for a year.",
    "findings": "Made up: walks one block, better bent forward.",
    "plan": "Made up: physical therapy first.",
    "follow_up": "Made up: in six weeks, at our office.",
    "who_does_what": "Made up: your office goes on with all medicines.",
}


@transaction.atomic
def make_referral() -> None:
    """One that an office sent, through the services; it has no e-mail, so that nothing is put into the outbox."""
    now = timezone.now()
    with clock_at(REFERRED.sent.moment(now), now):
        _referred(REFERRED, "+18135550168", REFERRAL)


@transaction.atomic
def make_letters() -> None:
    """A referral with letters in several states. Needs the made-up directory as well."""
    now, staff = timezone.now(), _staff()
    by = staff[COORDINATOR]
    paula = Physician.objects.select_related("practice").get(last_name="Pattern")
    fax = paula.practice.contact_points.get(kind=ContactKind.FAX)
    with clock_at(TOLD.sent.moment(now), now):
        row = _referred(TOLD, "+18135550169", {"question": "Made up: would an injection help?"})
        version = Referral.objects.get(pk=row.pk).version
        referrals.match(row.public_id, practice=paula.practice, physician=paula, seen_version=version, by=by)
        _write(row, "receive", fax, by)
    for at, what, values in TOLD.steps:
        with clock_at(at.moment(now), now):
            _do(row.appointment_request.public_id, what, by=staff[TOLD.by], **_resolved(values, now))
            _write(row, what, fax, by)


def _write(referral, what, fax, by):
    """The letter that the office is owed after `what`, as far as LETTERS says."""
    kind, names = LETTERS.get(what, ("", ()))
    clinician = letters.signers().first()
    for name in names if clinician or kind not in AFTER_VISIT else ():
        update = referral.updates.get(kind=kind)
        everything = {
            "contact_point": fax,
            "clinician": clinician,
            "last_four": letters.last_four(fax),
            "way": ReferralUpdate.Way.PRINTED,
            "pages": 2,
            "arrived_at": timezone.now(),
            "proof": "Made up: OK, 2 pages.",
            **WORDS,
        }
        values = {field: everything[field] for field in LETTER_MOVES[name].needs_for(kind)}
        letters.move_letter(update.public_id, name, seen_version=update.version, by=by, **values)


def _referred(row, phone, said):
    """The referral of a request that an office sent, which wrote `said`."""
    public_id = _received(row, phone, row.wish)
    event = StatusEvent.objects.select_related("appointment_request").get(appointment_request__public_id=public_id)
    return referrals.begin(event.appointment_request, event, said)


def _staff():
    """{group: its demo account}."""
    return {user.username.replace("-", " "): user for user in get_user_model().objects.all()}


@contextmanager
def clock_at(moment: datetime.datetime, now: datetime.datetime) -> Iterator[None]:
    """Django's clock stands at `moment`, or `now` if that is to come: the services date and check by it."""
    with mock.patch.object(timezone, "now", return_value=min(moment, now)):
        yield


def _resolved(values, now):
    return {name: value.moment(now) if isinstance(value, At | InDays) else value for name, value in values.items()}


def _received(row, phone, wish):
    first_name, last_name = row.name.split()
    wish = wish | {"submitted_at": timezone.now()}
    wish |= plan(AppointmentRequest(**wish)).values
    appointment_request = AppointmentRequest.objects.create(
        first_name=first_name,
        last_name=last_name,
        phone=phone,
        date_of_birth=datetime.date(1949, 5, 6),
        zip_code="33573",
        deadline_at=deadline(wish.get("accident_on")),
        **wish,
    )
    StatusEvent.objects.create(
        appointment_request=appointment_request,
        move="receive",
        to_status=appointment_request.status,
        version=1,
        details={"spam": ["too-quick"]} if appointment_request.status == Status.QUARANTINED else {},
    )
    return appointment_request.public_id


def _do(public_id, what, *, by, **values):
    if what == "call":
        moves.log_call(public_id, by=by, **values)
    else:
        seen_version = AppointmentRequest.objects.get(public_id=public_id).version
        if what in ("offer", "schedule"):
            values |= {"location": Location.objects.earliest("order", "pk"), "clinician": Clinician.objects.first()}
        moves.move(public_id, what, seen_version=seen_version, by=by, **values)
