"""The life of a request: every move there is. Buttons, checks, documentation and tests read this table."""

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    RECEIVED = "received", _("Received")
    QUARANTINED = "quarantined", _("Quarantined")
    IN_REVIEW = "in_review", _("In review")
    WAITING = "waiting", _("Waiting")
    OFFERED = "offered", _("Times offered")
    SCHEDULED = "scheduled", _("Scheduled")
    COMPLETED = "completed", _("Completed")
    CLOSED = "closed", _("Closed")


OPEN = frozenset(
    {Status.RECEIVED, Status.QUARANTINED, Status.IN_REVIEW, Status.WAITING, Status.OFFERED, Status.SCHEDULED}
)

# While one of these, the promised answer is still owed.
ON_THE_CLOCK = frozenset({Status.RECEIVED, Status.IN_REVIEW})

# While one of these, the next step is ours and may be a call at an agreed time. Elsewhere `next_action_at` is the
# patient's: the first time that was offered.
CALLED_AGAIN = ON_THE_CLOCK | {Status.WAITING}


class WaitingOn(models.TextChoices):
    PATIENT = "patient", _("the patient")
    REFERRER = "referrer", _("the referring doctor")
    PAYER = "payer", _("the insurer")
    CLINICIAN = "clinician", _("our clinician")


class Outcome(models.TextChoices):
    SCHEDULED_ELSEWHERE = "scheduled-elsewhere", _("Found a visit elsewhere")
    SEEN = "seen", _("Seen")
    NO_SHOW = "no-show-gave-up", _("Did not come; no new visit wanted")
    PATIENT_WITHDREW = "patient-withdrew", _("Patient no longer wants a visit")
    UNABLE_TO_REACH = "unable-to-reach", _("Could not be reached")
    NOT_OFFERED = "not-a-service-we-offer", _("Not a service we offer")
    NEEDS_REFERRAL = "needs-referral-first", _("Needs a referral first")
    PAYER_NOT_ACCEPTED = "payer-not-accepted", _("Insurance not accepted")
    CLINICAL_REDIRECT = "clinical-redirect", _("Better care elsewhere")
    EMERGENCY = "emergency-directed", _("Sent to emergency care")
    DUPLICATE = "duplicate", _("Duplicate")
    SPAM = "spam", _("Spam")
    ENTERED_IN_ERROR = "entered-in-error", _("Entered in error")
    DECEASED = "deceased", _("Patient has died")


# The patient is sent no news of these: they know, or news would be wrong or cruel.
QUIET_OUTCOMES = frozenset(
    {
        Outcome.SEEN,
        Outcome.PATIENT_WITHDREW,
        Outcome.DUPLICATE,
        Outcome.SPAM,
        Outcome.ENTERED_IN_ERROR,
        Outcome.DECEASED,
    }
)

COMMENT_NEEDED = frozenset(
    {
        Outcome.NOT_OFFERED,
        Outcome.NEEDS_REFERRAL,
        Outcome.PAYER_NOT_ACCEPTED,
        Outcome.CLINICAL_REDIRECT,
        Outcome.EMERGENCY,
        Outcome.ENTERED_IN_ERROR,
    }
)

SCHEDULER = "scheduler"
COORDINATOR = "referral coordinator"
CLINICIAN = "clinician"
EDITOR = "editor"
SUPERVISOR = "supervisor"
AUDITOR = "auditor"
OWNER = "owner"
GROUPS = (SCHEDULER, COORDINATOR, CLINICIAN, EDITOR, SUPERVISOR, AUDITOR, OWNER)
PATIENT = "patient"  # no group: whoever opened the patient's page with a code
DESK = frozenset({SCHEDULER, COORDINATOR, SUPERVISOR})

# Besides the moves
READERS = DESK | {CLINICIAN}
CALLERS = DESK
CORRECTORS = DESK
NOTERS = DESK | {CLINICIAN}
AUDITORS = frozenset({AUDITOR, SUPERVISOR})
COUNTERS = frozenset({AUDITOR, SUPERVISOR})
DECIDERS = frozenset({CLINICIAN, COORDINATOR, SUPERVISOR})
PREPARERS = DESK | {CLINICIAN}
SIGNERS = frozenset({CLINICIAN})
REFERRERS = frozenset({COORDINATOR, SUPERVISOR})
LOOP_CLOSERS = frozenset({SUPERVISOR})
TOKEN_KEEPERS = frozenset({SUPERVISOR})
BESIDE_MOVES = (
    (_("read the patient's words"), READERS),
    (_("log a call"), CALLERS),
    (_("key in a request that came by phone, by fax or at the counter"), DESK),
    (_("correct a number, an address, a name or a date of birth"), CORRECTORS),
    (_("write a note"), NOTERS),
    (_("see who opened a request"), AUDITORS),
    (_("see the numbers"), COUNTERS),
    (_("note whether the patient lets us tell the referring doctor"), DESK),
    (_("deal with what a referring office wrote or sent on its page"), DESK),
    (_("accept a referral"), DECIDERS),
    (_("prepare a letter to a referring office"), PREPARERS),
    (_("sign a letter about a visit that names them"), SIGNERS),
    (_("match a referral to an office, verify a contact point, approve and send letters"), REFERRERS),
    (_("make links and codes for a referring office, and end them"), REFERRERS),
    (_("close a referral without telling the office, with a reason; assess a misdirected letter"), LOOP_CLOSERS),
    (_("make and revoke a token with which an office's own system reads its referrals"), TOKEN_KEEPERS),
)

OUTCOME_BY = {Outcome.ENTERED_IN_ERROR: frozenset({SUPERVISOR})}  # any other outcome: whoever may close
TRIES_NEEDED = 3  # before a patient counts as out of reach, on two channels where there are two
NOSHOW_AFTER_MINUTES = 15


@dataclass(frozen=True)
class Move:
    """`name` takes a request from any of `sources` to `target`; `by` names the groups.

    `needs` are the fields that must be filled in, `may` those that can be. `tells` is the kind of message that the
    patient is sent, "" for none. What the patient does here, staff are told. With `undo`, whoever made the move can
    take it back for some seconds, and so long what it tells the patient waits. No `target`: back to where it was.
    """

    name: str
    label: str
    sources: frozenset[Status]
    target: Status | None
    by: frozenset[str]
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    tells: str = ""
    undo: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        return self.needs + self.may


_IN_HAND = frozenset({Status.IN_REVIEW, Status.WAITING})
_UNBOOKED = _IN_HAND | {Status.RECEIVED, Status.OFFERED}
_BOOKED = frozenset({Status.SCHEDULED})
_BY_PATIENT = frozenset({PATIENT})

NEWS = "request-news"
BOOKED = "visit-booked"

TRANSITIONS = (
    Move("release", _("Not spam: into the queue"), frozenset({Status.QUARANTINED}), Status.RECEIVED, DESK),
    Move("reject_spam", _("Spam: close it"), frozenset({Status.QUARANTINED}), Status.CLOSED, DESK, undo=True),
    Move("claim", _("I take this one"), frozenset({Status.RECEIVED}), Status.IN_REVIEW, DESK, undo=True),
    Move(
        "wait",
        _("Wait for somebody"),
        _IN_HAND,
        Status.WAITING,
        DESK,
        needs=("waiting_on", "next_action_at"),
        may=("comment",),
        undo=True,
    ),
    Move(
        "ask",
        _("Ask the patient"),
        _IN_HAND | {Status.RECEIVED},
        Status.WAITING,
        DESK,
        needs=("question", "next_action_at"),
        tells="patient-question",
        undo=True,
    ),
    Move(
        "answer", _("Patient answered"), frozenset({Status.WAITING}), Status.IN_REVIEW, _BY_PATIENT, needs=("answers",)
    ),
    Move(
        "offer",
        _("Offer times"),
        _UNBOOKED,
        Status.OFFERED,
        DESK,
        needs=("offer_1", "location"),
        may=("offer_2", "offer_3", "clinician"),
        tells="times-offered",
        undo=True,
    ),
    Move(
        "pick_time",
        _("Patient picked a time"),
        frozenset({Status.OFFERED}),
        Status.SCHEDULED,
        _BY_PATIENT,
        needs=("offer",),
        may=("comment",),
        tells=BOOKED,
    ),
    Move(
        "refuse_times",
        _("None of the times suits the patient"),
        frozenset({Status.OFFERED}),
        Status.IN_REVIEW,
        _BY_PATIENT,
        may=("comment",),
    ),
    Move("resume", _("Go on with it"), frozenset({Status.WAITING, Status.OFFERED}), Status.IN_REVIEW, DESK, undo=True),
    Move(
        "schedule",
        _("Book a visit"),
        _UNBOOKED,
        Status.SCHEDULED,
        DESK,
        needs=("starts_at", "location"),
        may=("clinician", "comment"),
        tells=BOOKED,
        undo=True,
    ),
    Move(
        "move_visit",
        _("Move the visit"),
        _BOOKED,
        Status.SCHEDULED,
        DESK,
        needs=("starts_at", "location"),
        may=("clinician", "comment"),
        tells=BOOKED,
        undo=True,
    ),
    Move(
        "cancel_visit",
        _("Cancel the visit"),
        _BOOKED,
        Status.IN_REVIEW,
        DESK,
        needs=("comment",),
        tells=NEWS,
        undo=True,
    ),
    Move("drop_visit", _("Patient cannot come"), _BOOKED, Status.IN_REVIEW, _BY_PATIENT, may=("comment",)),
    Move(
        "complete",
        _("Visit is over"),
        _BOOKED,
        Status.COMPLETED,
        DESK | {CLINICIAN},
        needs=("visit_status",),
        may=("comment",),
        undo=True,
    ),
    Move(
        "close",
        _("Close"),
        _UNBOOKED,
        Status.CLOSED,
        DESK,
        needs=("outcome",),
        may=("duplicate_of", "comment"),
        tells=NEWS,
        undo=True,
    ),
    Move(
        "withdraw",
        _("Patient no longer wants a visit"),
        _UNBOOKED | _BOOKED,
        Status.CLOSED,
        _BY_PATIENT,
        may=("comment",),
    ),
    Move(
        "reopen",
        _("Open again"),
        frozenset({Status.CLOSED, Status.COMPLETED}),
        Status.IN_REVIEW,
        frozenset({SUPERVISOR}),
        needs=("comment",),
        undo=True,
    ),
    Move(
        "undo",
        _("Undo"),
        frozenset(Status) - {Status.RECEIVED, Status.QUARANTINED},
        None,
        DESK | {CLINICIAN},
    ),
)

MOVES = {move.name: move for move in TRANSITIONS}
# After one of these the patient has had an answer, whatever comes next.
ANSWERS = frozenset(move.name for move in TRANSITIONS if move.tells)
