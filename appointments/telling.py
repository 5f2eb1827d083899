"""Which event tells a referring office what, and by when: every row there is. Services, docs and tests read it.

Whom: the office of the referral, at a contact point that is verified, unless the patient said no. How: see
services.letters. An event is the name of a move; what decides about it more closely stands behind a colon.
"""

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

from appointments.transitions import Outcome
from appointments.update_kinds import UpdateKind


class ReferralStatus(models.TextChoices):
    """Mapped to FHIR's Task.status in the FHIR view; these are its businessStatus."""

    RECEIVED = "received", _("Received")
    UNDER_REVIEW = "under-review", _("Under review")
    MORE_INFO = "more-info", _("We need something from the office")
    ACCEPTED = "accepted", _("Accepted")
    BOOKED = "booked", _("Visit booked")
    SEEN = "seen", _("Patient was seen")
    COMPLETED = "completed", _("Answered")
    DECLINED = "declined", _("Declined")
    CANCELLED = "cancelled", _("Ended without a visit")
    FAILED = "failed", _("No visit came about")


@dataclass(frozen=True)
class Telling:
    """After `event` a referral stands at `status` (None: where it stood), and its office is owed `kinds`.

    `kinds` says within how many business days each letter is due. `ends`: there is nothing to tell, and the referral
    counts as answered.
    """

    event: str
    status: ReferralStatus | None
    kinds: tuple[tuple[UpdateKind, int], ...] = ()
    ends: bool = False


LETTER_DAYS = 3  # business days after a visit, until its letter counts as outstanding
_DECLINED = ((UpdateKind.DECLINED, 1),)
_CANCELLED = ((UpdateKind.CANCELLED, 2),)
_BOOKED = ((UpdateKind.BOOKED, 1),)
_CALLED_OFF = ((UpdateKind.VISIT_CANCELLED, 1),)

TELLINGS = (
    # "received" goes to an office that sent the patient itself; see services.referrals.begin.
    Telling("receive", ReferralStatus.RECEIVED, ((UpdateKind.RECEIVED, 1),)),
    Telling("release", ReferralStatus.RECEIVED, ((UpdateKind.RECEIVED, 1),)),
    Telling("reject_spam", ReferralStatus.CANCELLED, ends=True),
    Telling("claim", ReferralStatus.UNDER_REVIEW),
    Telling("wait:patient", ReferralStatus.UNDER_REVIEW),
    Telling("wait:referrer", ReferralStatus.MORE_INFO),
    Telling("wait:payer", ReferralStatus.UNDER_REVIEW),
    Telling("wait:clinician", ReferralStatus.UNDER_REVIEW),
    Telling("ask", ReferralStatus.UNDER_REVIEW),
    Telling("answer", None),
    Telling("offer", ReferralStatus.UNDER_REVIEW),
    Telling("refuse_times", None),
    Telling("resume", ReferralStatus.UNDER_REVIEW),
    Telling("pick_time", ReferralStatus.BOOKED, _BOOKED),
    Telling("schedule", ReferralStatus.BOOKED, _BOOKED),
    Telling("move_visit", ReferralStatus.BOOKED, ((UpdateKind.MOVED, 1),)),
    Telling("cancel_visit", ReferralStatus.UNDER_REVIEW, _CALLED_OFF),
    Telling("drop_visit", ReferralStatus.UNDER_REVIEW, _CALLED_OFF),
    Telling("complete:fulfilled", ReferralStatus.SEEN, ((UpdateKind.INTERIM, 2), (UpdateKind.FINAL, 10))),
    Telling("complete:noshow", ReferralStatus.FAILED, ((UpdateKind.NO_SHOW, 1),)),
    Telling("withdraw", ReferralStatus.CANCELLED, _CANCELLED),
    Telling("reopen", ReferralStatus.UNDER_REVIEW),
    Telling(f"close:{Outcome.SCHEDULED_ELSEWHERE}", ReferralStatus.CANCELLED, _CANCELLED),
    Telling(f"close:{Outcome.SEEN}", ReferralStatus.SEEN, ((UpdateKind.FINAL, 10),)),
    Telling(f"close:{Outcome.NO_SHOW}", ReferralStatus.FAILED, ((UpdateKind.NO_SHOW, 1),)),
    Telling(f"close:{Outcome.PATIENT_WITHDREW}", ReferralStatus.CANCELLED, _CANCELLED),
    Telling(f"close:{Outcome.UNABLE_TO_REACH}", ReferralStatus.FAILED, ((UpdateKind.UNABLE_TO_REACH, 1),)),
    Telling(f"close:{Outcome.NOT_OFFERED}", ReferralStatus.DECLINED, _DECLINED),
    Telling(f"close:{Outcome.NEEDS_REFERRAL}", ReferralStatus.DECLINED, _DECLINED),
    Telling(f"close:{Outcome.PAYER_NOT_ACCEPTED}", ReferralStatus.DECLINED, _DECLINED),
    Telling(f"close:{Outcome.CLINICAL_REDIRECT}", ReferralStatus.DECLINED, _DECLINED),
    Telling(f"close:{Outcome.EMERGENCY}", ReferralStatus.CANCELLED, _CANCELLED),
    Telling(f"close:{Outcome.DECEASED}", ReferralStatus.CANCELLED, _CANCELLED),
    # The office still waits: a person tells it, or a supervisor says why nobody does.
    Telling(f"close:{Outcome.DUPLICATE}", None),
    Telling(f"close:{Outcome.SPAM}", None),
    Telling(f"close:{Outcome.ENTERED_IN_ERROR}", None),
)
BY_EVENT = {telling.event: telling for telling in TELLINGS}
# "undo" is no event: it puts a referral back to where it stood.


def event_of(move: str, details: dict) -> str:
    """The event of a move, as the table names it; `details` are those of its StatusEvent."""
    closer = details.get("waiting_on") or details.get("visit_status") or details.get("outcome")
    return f"{move}:{closer}" if f"{move}:{closer}" in BY_EVENT else move
