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
DESK = frozenset({SCHEDULER, COORDINATOR, SUPERVISOR})

# Besides the moves: who may read a patient's words, who may log a call, who may write a note.
READERS = DESK | {CLINICIAN}
CALLERS = DESK
NOTERS = DESK | {CLINICIAN}

OUTCOME_BY = {Outcome.ENTERED_IN_ERROR: frozenset({SUPERVISOR})}  # any other outcome: whoever may close
TRIES_NEEDED = 3  # before a patient counts as out of reach, on two channels where there are two
NOSHOW_AFTER_MINUTES = 15


@dataclass(frozen=True)
class Move:
    """`name` takes a request from any of `sources` to `target`; `by` names the groups.

    `needs` are the fields that must be filled in, `may` those that can be.
    """

    name: str
    label: str
    sources: frozenset[Status]
    target: Status
    by: frozenset[str]
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        return self.needs + self.may


_IN_HAND = frozenset({Status.IN_REVIEW, Status.WAITING})

TRANSITIONS = (
    Move("release", _("Not spam: into the queue"), frozenset({Status.QUARANTINED}), Status.RECEIVED, DESK),
    Move("reject_spam", _("Spam: close it"), frozenset({Status.QUARANTINED}), Status.CLOSED, DESK),
    Move("claim", _("I take this one"), frozenset({Status.RECEIVED}), Status.IN_REVIEW, DESK),
    Move(
        "wait",
        _("Wait for somebody"),
        _IN_HAND,
        Status.WAITING,
        DESK,
        needs=("waiting_on", "next_action_at"),
        may=("comment",),
    ),
    Move("resume", _("Go on with it"), frozenset({Status.WAITING}), Status.IN_REVIEW, DESK),
    Move(
        "schedule",
        _("Book a visit"),
        _IN_HAND | {Status.RECEIVED},
        Status.SCHEDULED,
        DESK,
        needs=("starts_at", "location"),
        may=("clinician", "comment"),
    ),
    Move(
        "cancel_visit", _("Cancel the visit"), frozenset({Status.SCHEDULED}), Status.IN_REVIEW, DESK, needs=("comment",)
    ),
    Move(
        "complete",
        _("Visit is over"),
        frozenset({Status.SCHEDULED}),
        Status.COMPLETED,
        DESK | {CLINICIAN},
        needs=("visit_status",),
        may=("comment",),
    ),
    Move(
        "close",
        _("Close"),
        OPEN - {Status.QUARANTINED, Status.SCHEDULED},
        Status.CLOSED,
        DESK,
        needs=("outcome",),
        may=("comment",),
    ),
    Move(
        "reopen",
        _("Open again"),
        frozenset({Status.CLOSED, Status.COMPLETED}),
        Status.IN_REVIEW,
        frozenset({SUPERVISOR}),
        needs=("comment",),
    ),
)

MOVES = {move.name: move for move in TRANSITIONS}
