"""The card of a request: whether now is a good time to call, what may be said, what was put right."""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.admin.correct import CorrectionForm, corrections_of
from appointments.admin.times import short_when
from appointments.models import ContactAttempt
from appointments.models.words import BestTime, PatientKnows, Voicemail
from appointments.transitions import CALLED_AGAIN, CORRECTORS, READERS
from practice.context import practice

NOON = 12


@dataclass(frozen=True)
class Hours:
    """`fits`: whether now is a time that suits the patient."""

    fits: bool
    said: str


ON_A_MACHINE = {
    Voicemail.FULL: gettext_lazy(
        "On a machine you may say: “This is %(me)s from %(office)s about your request for an appointment. "
        "Please call %(number)s.”"
    ),
    Voicemail.NAME_ONLY: gettext_lazy(
        "On a machine say only: “This is %(me)s. Please call %(number)s.” Not where you call from, and not why."
    ),
    Voicemail.NONE: gettext_lazy("On a machine say nothing: hang up, and press No answer."),
}


def card_of(request, appointment_request, groups, *, bound=None) -> dict:
    """What the template of the card takes beside the request itself; nothing for those who may not read words."""
    if not groups & READERS:
        return {}
    office, now = practice(request)["practice"], timezone.now()
    again = appointment_request.next_action_at if appointment_request.status in CALLED_AGAIN else None
    corrections = corrections_of(appointment_request)
    return {
        "hours": _hours(appointment_request, office, now),
        "script": _script(appointment_request, office, request.user),
        "may_call_again": appointment_request.status in CALLED_AGAIN,
        "call_again": short_when(again, now) if again else "",
        "corrections": corrections,
        "correction_form": _correction_form(appointment_request, corrections, bound) if groups & CORRECTORS else None,
    }


def _correction_form(appointment_request, corrections, bound):
    """Open at the number when the last call said that it is wrong, until it is put right."""
    if isinstance(bound, CorrectionForm):
        return bound
    phone = corrections.get("phone")
    last = next(reversed(appointment_request.contact_attempts.all()), None)
    is_wrong = last and last.result == ContactAttempt.Result.WRONG_NUMBER and not (phone and phone.at > last.at)
    return CorrectionForm(initial={"field": "phone"} if is_wrong else None)


def _hours(appointment_request, office, now):
    local = timezone.localtime(now)
    time = date_format(local, "P")
    if not office.calendar.is_open(now) and office.hours_lines:
        return Hours(False, _("Now is outside: our office is closed at this hour (%(time)s).") % {"time": time})
    wanted = BestTime.MORNING if local.hour < NOON else BestTime.AFTERNOON
    if appointment_request.best_time in (BestTime.ANY, wanted):
        return Hours(True, _("Now fits (%(time)s).") % {"time": time})
    return Hours(False, _("Now does not fit (%(time)s).") % {"time": time})


def _script(appointment_request, office, user):
    """Two to four sentences: whom to ask for, when to say more, what a machine may hear."""
    words = {
        "patient": appointment_request.full_name,
        "other": appointment_request.on_behalf_name,
        "me": user.first_name or user.get_username(),
        "office": office.short_name,
        "number": office.phone_display,
    }
    is_of_other = appointment_request.phone and appointment_request.phone == appointment_request.on_behalf_phone
    if is_of_other and words["other"]:
        said = [_("Ask for %(other)s, who asked for %(patient)s.")]
    else:
        said = [_("Ask for %(patient)s, and say no more than your name until you speak with them.")]
    if appointment_request.patient_knows == PatientKnows.NO and words["other"]:
        said.append(_("The patient does not know yet: speak about the request with %(other)s only."))
    said.append(_("Ask for the date of birth before you say why you call."))
    said.append(ON_A_MACHINE[appointment_request.voicemail])
    return [str(sentence) % words for sentence in said]
