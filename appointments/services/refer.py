"""What an office writes that refers a patient, as fields of AppointmentRequest and of Referral."""

from django.conf import settings
from django.utils import timezone

from appointments.forms.refer import ANOTHER_LANGUAGE, PARTS, ReferForm
from appointments.forms.text import without_format_signs
from appointments.models import Referral, words
from practice import phones

OF_REFERRAL = ("sender_name", "sender_npi", "sender_email", "question", "diagnosis", "authorization_number", "urgency")
OF_REQUEST = (
    "first_name",
    "last_name",
    "date_of_birth",
    "phone",
    "zip_code",
    "interpreter_language",
    "patient_knows",
    "payer_kind",
    "payer_name",
    "member_number",
    "referrer_name",
    "referrer_practice",
)
PRIORITIES = {
    Referral.Urgency.ROUTINE: words.Priority.ROUTINE,
    Referral.Urgency.SOON: words.Priority.SOON,
    Referral.Urgency.URGENT: words.Priority.URGENT,
}


def referral_values(form: ReferForm) -> dict:
    """Fields of Referral. Call it when `form` is valid."""
    said = form.cleaned_data
    of_patient = {"patient_email": said["email"]}  # the patient has not given it: nothing is mailed there
    return {name: said[name] for name in OF_REFERRAL} | of_patient | {"sender_fax": phones.display(said["sender_fax"])}


def office_of(referral: Referral) -> dict:
    """What the office said of itself, for the form about its next patient."""
    asked = referral.appointment_request
    return {name: getattr(referral if name.startswith("sender_") else asked, name) for name in PARTS[0].names}


def request_values(form: ReferForm) -> dict:
    """Fields of AppointmentRequest. What an office is not asked is as careful as it can be: no voicemail, no consent.

    Call it when `form` is valid.
    """
    said = form.cleaned_data
    is_other = said["language"] == ANOTHER_LANGUAGE
    return {name: said[name] for name in OF_REQUEST} | {
        "submitted_at": timezone.now(),
        "language": settings.LANGUAGE_CODE if is_other else said["language"],
        "needs": [words.Need.INTERPRETER, *said["needs"]] if is_other else said["needs"],
        "phone_as_typed": without_format_signs(form.data["phone"]).strip(),
        "reason": said["question"],
        "referrer_phone": phones.display(said["referrer_phone"]),
        "voicemail": words.Voicemail.NONE,
        "priority": PRIORITIES[said["urgency"]],
    }
