"""What the referring office wrote and sent on its page, and how staff dealt with it."""

from dataclasses import dataclass

from appointments.admin.page import name_of
from appointments.admin.referral_forms import DealtForm
from appointments.models import PatientFile, ReferringPractice
from appointments.transitions import DESK


@dataclass(frozen=True)
class Said:
    """One thing: `words`, or a file. `by` is an office, or one of staff (`is_ours`)."""

    at: object
    by: str
    words: str = ""
    file: PatientFile | None = None
    is_ours: bool = False


def talk_of(referral, groups) -> dict:
    """What the page of a request takes; `referral` is None without one, and for those who may read no words."""
    if referral is None:
        return {}
    return {
        "office_said": with_office(referral.appointment_request),
        "dealt": DealtForm() if may_deal(referral, groups) else None,
    }


def may_deal(referral, groups) -> bool:
    return bool(groups & DESK) and referral.office_waits_since is not None


def with_office(appointment_request) -> list[Said]:
    """The oldest first. For those who may read words."""
    events = list(
        appointment_request.referral_events.filter(what__in=["office-wrote", "dealt-with"]).select_related("by")
    )
    offices = ReferringPractice.objects.in_bulk({event.details.get("practice") for event in events} - {None})
    said = [_of_event(event, offices) for event in events]
    files = appointment_request.patient_files.exclude(office=None).select_related("office")
    said += [Said(file.created_at, str(file.office), file=file) for file in files]
    return sorted(said, key=lambda one: one.at)


def _of_event(event, offices):
    if event.by:
        return Said(event.at, name_of(event.by), event.comment, is_ours=True)
    return Said(event.at, str(offices[event.details["practice"]]), event.comment)
