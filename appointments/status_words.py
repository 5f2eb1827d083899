"""What a patient reads about where their request stands: plain, and nothing about health."""

import datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.transitions import ON_THE_CLOCK, Outcome, Status, WaitingOn

NEEDED = "needed"  # waiting on the patient, who reads another line than one who waits on others
LATE = "late"  # received, and the promise is broken

TITLE = {
    Status.RECEIVED: _("Received"),
    Status.QUARANTINED: _("Received"),
    Status.IN_REVIEW: _("Being reviewed"),
    Status.WAITING: _("Being reviewed"),
    NEEDED: _("We need something from you"),
    LATE: _("Received"),
    Status.OFFERED: _("Choose a time"),
    Status.SCHEDULED: _("Booked"),
    Status.COMPLETED: _("Finished"),
    Status.CLOSED: _("Finished"),
}
SENTENCE = {
    Status.RECEIVED: _("We have your request. It is not an appointment yet."),
    Status.QUARANTINED: _("We have your request. It is not an appointment yet."),
    Status.IN_REVIEW: _("A person at our office is working on your request."),
    Status.WAITING: _("We are waiting for an answer from somebody else. You need not do anything now."),
    NEEDED: _("We are waiting to hear from you. Please look at your page, or call us."),
    LATE: _("We promised you an answer by now, and we are late. We are sorry. Please call us."),
    Status.OFFERED: _("We hold times for you. Please choose one, or call us."),
    Status.SCHEDULED: _("Your visit is booked."),
    Status.COMPLETED: _("Your visit is over. If you need anything else, please call us."),
    Status.CLOSED: _("We have closed your request. If you need anything else, please call us."),
}
# Why it was closed: only for who has entered a code.
OUTCOME_SENTENCE = {
    Outcome.SCHEDULED_ELSEWHERE: _("You told us that you found a visit elsewhere."),
    Outcome.SEEN: _("You were seen at our office."),
    Outcome.NO_SHOW: _("You did not come to your visit and told us that you do not need a new one."),
    Outcome.PATIENT_WITHDREW: _("You told us that you no longer need a visit."),
    Outcome.UNABLE_TO_REACH: _("We could not reach you. Please call us if you still want a visit."),
    Outcome.NOT_OFFERED: _("Our office does not do what you asked for. Please call us: we help you find who does."),
    Outcome.NEEDS_REFERRAL: _("You need a referral from your doctor first. Once you have it, please call us."),
    Outcome.PAYER_NOT_ACCEPTED: _("We do not work with your insurance. Please call us to talk about what you can do."),
    Outcome.CLINICAL_REDIRECT: _("Another kind of care suits you better. Please call us if you have questions."),
    Outcome.EMERGENCY: _("We asked you to get emergency care. In an emergency call 911."),
    Outcome.DUPLICATE: _("We have this request twice. The other one goes on."),
    Outcome.SPAM: _("Please call us if you still want a visit."),
    Outcome.ENTERED_IN_ERROR: _("This request was entered by mistake. Please call us if you have questions."),
    Outcome.DECEASED: _("Please call us if you have questions."),
}


def title(appointment_request) -> str:
    return TITLE[_line(appointment_request)]


def sentence(appointment_request) -> str:
    return SENTENCE[_line(appointment_request)]


def outcome_sentence(appointment_request) -> str:
    """Why the request was closed; "" while it is not."""
    return OUTCOME_SENTENCE.get(appointment_request.outcome, "")


def owed_by(appointment_request) -> datetime.datetime | None:
    """Until when an answer is promised; None if none is owed, or if that time is over."""
    is_owed = appointment_request.status in ON_THE_CLOCK | {Status.QUARANTINED}
    return appointment_request.respond_by if is_owed and appointment_request.respond_by > timezone.now() else None


def _line(appointment_request):
    # In quarantine it reads the same: whoever was put aside by mistake is not told so, and is not left waiting.
    if (
        appointment_request.status in (Status.RECEIVED, Status.QUARANTINED)
        and appointment_request.respond_by <= timezone.now()
    ):
        return LATE
    if appointment_request.status == Status.WAITING and appointment_request.waiting_on == WaitingOn.PATIENT:
        return NEEDED
    return appointment_request.status
