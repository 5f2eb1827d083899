"""What a referring office reads about where its referral stands, and what comes next: plain, and nothing clinical."""

import datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments import status_words
from appointments.models import ContactAttempt, Referral, Visit
from appointments.models.referral import ReferralUpdate
from appointments.telling import ReferralStatus

SENT = "sent"  # we asked the office for something, and have had something from it since

TITLE = {
    ReferralStatus.RECEIVED: _("Received"),
    ReferralStatus.UNDER_REVIEW: _("Being reviewed"),
    ReferralStatus.MORE_INFO: _("We need something from you"),
    SENT: _("Being reviewed"),
    ReferralStatus.ACCEPTED: _("Accepted"),
    ReferralStatus.BOOKED: _("Booked"),
    ReferralStatus.SEEN: _("Your patient was here"),
    ReferralStatus.COMPLETED: _("Finished"),
    ReferralStatus.DECLINED: _("Not accepted"),
    ReferralStatus.CANCELLED: _("Ended without a visit"),
    ReferralStatus.FAILED: _("No visit came about"),
}
SENTENCE = {
    ReferralStatus.RECEIVED: _("We have your referral. No visit is arranged yet."),
    ReferralStatus.UNDER_REVIEW: _("A person at our office is working on your referral."),
    ReferralStatus.MORE_INFO: _("We asked your office for something, and wait for it."),
    SENT: _("We asked your office for something, and have what you sent."),
    ReferralStatus.ACCEPTED: _("We have accepted your referral."),
    ReferralStatus.BOOKED: _("Your patient has a visit with us."),
    ReferralStatus.SEEN: _("Your patient had a visit with us."),
    ReferralStatus.COMPLETED: _("Your patient had a visit with us, and you have our letter."),
    ReferralStatus.DECLINED: _("We could not take your patient. We write to you why, and what we advise."),
    ReferralStatus.CANCELLED: _("No visit is planned any more. We write to you what we know."),
    ReferralStatus.FAILED: _("We could not see your patient. We write to you what happened."),
}
NEXT = {
    ReferralStatus.RECEIVED: _("We call your patient."),
    ReferralStatus.UNDER_REVIEW: _("We decide about the referral and arrange a visit with your patient."),
    ReferralStatus.MORE_INFO: _(
        "You send us what we asked for, as a file or a message on this page. Not sure what? Call us."
    ),
    SENT: _("A person at our office looks at it, and calls you if something is missing."),
    ReferralStatus.ACCEPTED: _("We arrange a visit with your patient."),
    ReferralStatus.BOOKED: _("After the visit we write to you."),
    ReferralStatus.SEEN: _("We write to you about the visit."),
    ReferralStatus.COMPLETED: _("Nothing more is planned. If you need anything else, please call us."),
    ReferralStatus.DECLINED: _("If you have questions, please call us."),
    ReferralStatus.CANCELLED: _("If your patient still needs a visit, please call us."),
    ReferralStatus.FAILED: _("If your patient still needs a visit, please call us."),
}
LETTER_TO_COME = (ReferralUpdate.Status.DUE, ReferralUpdate.Status.PREPARED, ReferralUpdate.Status.APPROVED)


def title(referral: Referral) -> str:
    return TITLE[_line(referral)]


def sentence(referral: Referral) -> str:
    return SENTENCE[_line(referral)]


def next_step(referral: Referral) -> str:
    return NEXT[_line(referral)]


def is_asked(referral: Referral) -> bool:
    """Whether the next step is the office's."""
    return _line(referral) == ReferralStatus.MORE_INFO


def _line(referral):
    if referral.status != ReferralStatus.MORE_INFO or referral.office_waits_since is None:
        return referral.status
    asked = referral.appointment_request.status_events.last()
    return SENT if asked is None or referral.office_waits_since > asked.at else referral.status


def letter_by(referral: Referral) -> datetime.datetime | None:
    """Until when the next letter is promised; None if none is owed, or if that time is over."""
    coming = referral.updates.filter(status__in=LETTER_TO_COME, due_at__gt=timezone.now())
    return coming.order_by("due_at").values_list("due_at", flat=True).first()


def answer_by(referral: Referral) -> datetime.datetime | None:
    """Until when we call the patient; None if nobody has to any more, or if that time is over."""
    by = status_words.owed_by(referral.appointment_request)
    reached = referral.appointment_request.contact_attempts.filter(result=ContactAttempt.Result.REACHED)
    return None if by and reached.exists() else by


def initials(appointment_request) -> str:
    """ "W. D.": enough for an office that knows whom it sent, and little for who looks over a shoulder."""
    return f"{appointment_request.first_name[:1]}. {appointment_request.last_name[:1]}."


def visit_of(referral: Referral) -> Visit | None:
    """The visit that is booked."""
    if referral.status != ReferralStatus.BOOKED:
        return None
    visits = referral.appointment_request.visits.filter(status=Visit.Status.BOOKED)
    return visits.select_related("location", "clinician").first()
