"""What a letter says, frozen as plain data when it is prepared: appointments.letters makes the PDF of it."""

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from appointments.letter_moves import SECTIONS
from appointments.models import AppointmentRequest, ContactPoint, Referral, Visit
from appointments.services.rights import MoveNotAllowed
from appointments.transitions import Outcome
from appointments.update_kinds import AFTER_VISIT, UpdateKind
from practice import hours
from practice.models import Clinician
from practice.services import current_practice

LANGUAGE = "en"  # offices read English, whatever the patient speaks
VISIT_STATUS = {
    UpdateKind.BOOKED: Visit.Status.BOOKED,
    UpdateKind.MOVED: Visit.Status.BOOKED,
    UpdateKind.VISIT_CANCELLED: Visit.Status.CANCELLED,
    UpdateKind.NO_SHOW: Visit.Status.NOSHOW,
    **dict.fromkeys(AFTER_VISIT, Visit.Status.FULFILLED),
}
# Each of these is about one visit, and says nothing without it.
NEEDS_VISIT = VISIT_STATUS.keys() - {UpdateKind.NO_SHOW}


class NoVisit(MoveNotAllowed):
    says = _("There is no such visit. Withdraw this letter, or choose another kind of letter.")


def content_of(
    referral: Referral, kind: str, contact_point: ContactPoint, *, clinician: Clinician | None, sections, note, by
) -> dict:
    """All that `appointments.letters.letter_pdf` wants of a letter of `kind`, as JSON keeps it. `clinician` is who
    stands behind one about a visit, and has to sign it.

    Raises NoVisit if the letter is about a visit and there is none of that status.
    """
    appointment_request = referral.appointment_request
    content = {
        "kind": str(kind),
        "language": LANGUAGE,
        "practice": _ourselves(),
        "to": _recipient(referral, contact_point),
        "reference": appointment_request.reference,
        "date": timezone.localdate(timezone=hours.zone()).isoformat(),
        "patient": patient_of(appointment_request),
        "reason": _reason(appointment_request) if kind == UpdateKind.DECLINED else "",
        "note": note,
        "signed_by": str(clinician or _name_of(by)),
    }
    if visit := _visit(appointment_request, kind):
        content["visit"] = {"starts_at": visit.starts_at.isoformat(), "place": visit.location.one_line}
    if kind in AFTER_VISIT:
        content["sections"] = {name: sections.get(name, "") for name in SECTIONS}
        content |= {"signed_on": "", "prepared_by": _name_of(by)}
    return content


def _name_of(user):
    return user.get_full_name() or user.get_username()


def clinician_of(referral: Referral) -> int | None:
    """The key of the clinician whom the patient saw, if the visit knows one."""
    seen = referral.appointment_request.visits.filter(status=Visit.Status.FULFILLED)
    return seen.order_by("-starts_at", "-pk").values_list("clinician", flat=True).first()


def patient_of(appointment_request: AppointmentRequest) -> dict:
    """Whom a letter is about, as its content has it."""
    return {
        "name": appointment_request.full_name,
        "date_of_birth": appointment_request.date_of_birth.isoformat(),
    }


def _ourselves():
    practice = current_practice()
    office = practice.main_location
    return {
        "name": practice.name,
        "address": office.one_line if office else "",
        "phone_display": practice.phone_display,
        "fax_display": office.fax_display if office else "",
    }


def _recipient(referral, contact_point):
    physician = referral.physician
    return {
        "name": physician.full_name if physician else referral.practice.name,
        "practice": referral.practice.name if physician else "",
        "number_display": contact_point.display,
    }


def _reason(appointment_request):
    """The coded reason in words; what staff wrote about it stays here."""
    with override(LANGUAGE):
        outcome = appointment_request.outcome
        return str(Outcome(outcome).label) if outcome else ""


def _visit(appointment_request, kind):
    """The latest visit that a letter of `kind` is about."""
    if kind not in VISIT_STATUS:
        return None
    visits = appointment_request.visits.filter(status=VISIT_STATUS[kind]).select_related("location")
    visit = visits.order_by("-starts_at", "-pk").first()
    if visit is None and kind in NEEDS_VISIT:
        raise NoVisit
    return visit
