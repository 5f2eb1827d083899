"""What a referring office reads about where its referral stands, and what comes next: plain, and nothing clinical."""

import datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments import status_words
from appointments.models import Referral, Visit
from appointments.models.referral import ReferralUpdate
from appointments.telling import ReferralStatus

TITLE = {
    ReferralStatus.RECEIVED: _("Received"),
    ReferralStatus.UNDER_REVIEW: _("Being reviewed"),
    ReferralStatus.MORE_INFO: _("We need something from you"),
    ReferralStatus.ACCEPTED: _("Accepted"),
    ReferralStatus.BOOKED: _("Booked"),
    ReferralStatus.SEEN: _("Your patient was here"),
    ReferralStatus.COMPLETED: _("Finished"),
    ReferralStatus.DECLINED: _("Not accepted"),
    ReferralStatus.CANCELLED: _("Ended without a visit"),
    ReferralStatus.FAILED: _("No visit came about"),
}
SENTENCE = {
    ReferralStatus.RECEIVED: _("We have your referral. Nobody has spoken with your patient yet."),
    ReferralStatus.UNDER_REVIEW: _("A person at our office is working on your referral."),
    ReferralStatus.MORE_INFO: _("We asked your office for something, and wait for it."),
    ReferralStatus.ACCEPTED: _("We have accepted your referral."),
    ReferralStatus.BOOKED: _("Your patient has a visit with us."),
    ReferralStatus.SEEN: _("Your patient had a visit with us."),
    ReferralStatus.COMPLETED: _("Your patient had a visit with us, and you have our letter."),
    ReferralStatus.DECLINED: _("We could not take your patient. Our letter says why, and what we advise."),
    ReferralStatus.CANCELLED: _("No visit is planned any more. Our letter says what we know."),
    ReferralStatus.FAILED: _("We could not see your patient. Our letter says what happened."),
}
NEXT = {
    ReferralStatus.RECEIVED: _("We call your patient."),
    ReferralStatus.UNDER_REVIEW: _("We decide about the referral and arrange a visit with your patient."),
    ReferralStatus.MORE_INFO: _("You send us what we asked for, below or by phone."),
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
    return TITLE[referral.status]


def sentence(referral: Referral) -> str:
    return SENTENCE[referral.status]


def next_step(referral: Referral) -> str:
    return NEXT[referral.status]


def letter_by(referral: Referral) -> datetime.datetime | None:
    """Until when the next letter is promised; None if none is owed, or if that time is over."""
    coming = referral.updates.filter(status__in=LETTER_TO_COME, due_at__gt=timezone.now())
    return coming.order_by("due_at").values_list("due_at", flat=True).first()


def answer_by(referral: Referral) -> datetime.datetime | None:
    """Until when the patient is promised a call; None if none is owed, or if that time is over."""
    return status_words.owed_by(referral.appointment_request)


def initials(appointment_request) -> str:
    """ "W. D.": enough for an office that knows whom it sent, and little for who looks over a shoulder."""
    return f"{appointment_request.first_name[:1]}. {appointment_request.last_name[:1]}."


def visit_of(referral: Referral) -> Visit | None:
    """The visit that is booked."""
    if referral.status != ReferralStatus.BOOKED:
        return None
    visits = referral.appointment_request.visits.filter(status=Visit.Status.BOOKED)
    return visits.select_related("location", "clinician").first()
