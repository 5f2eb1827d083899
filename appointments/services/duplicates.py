"""Two requests of one person: which may be, which one goes on, and what the other one holds."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db.models import Prefetch, Q
from django.utils.translation import gettext_lazy as _

from appointments.models import AppointmentRequest, ContactAttempt, ReadEvent, StaffNote, StatusEvent
from appointments.transitions import OPEN, Outcome

MOST_SHOWN = 5


def hold_both(public_id: uuid.UUID, other: AppointmentRequest) -> None:
    """Two people who close each of a pair as duplicate of the other: the second waits, and sees what the first did."""
    pair = AppointmentRequest.objects.filter(Q(public_id=public_id) | Q(pk=other.pk))
    list(pair.select_for_update(no_key=True).order_by("pk").values("pk"))


def check(appointment_request: AppointmentRequest, other: AppointmentRequest | None, outcome: str) -> None:
    """Raises ValidationError unless `other` is there exactly for duplicates, and can go on in place of this one."""
    if problem := _problem(appointment_request, other, outcome):
        raise ValidationError({"duplicate_of": problem})


def _problem(appointment_request, other, outcome):
    if outcome != Outcome.DUPLICATE:
        return _("Only a duplicate has another request: choose “Duplicate” above, or empty this box.") if other else ""
    if other is None:
        return _("Which request goes on? Please type its reference.")
    if other == appointment_request:
        return _("This is the reference of this request. Please type the other one’s.")
    other.refresh_from_db(fields=["status", "duplicate_of"])
    if leads_to(other, appointment_request):
        return _("That one is closed as a duplicate of this one.")
    if not can_go_on(other, appointment_request):
        return _("That one is finished and older. Close it as a duplicate of this one, or choose another reason.")
    return ""


def can_go_on(other: AppointmentRequest, appointment_request: AppointmentRequest) -> bool:
    """Whether `other` is open, or the newer one: somebody will look there, not here."""
    return other.status in OPEN or other.submitted_at > appointment_request.submitted_at


def leads_to(other: AppointmentRequest | None, appointment_request: AppointmentRequest) -> bool:
    """Whether `other` is a duplicate of it, or of one that is, and so on. It ends: no circle is ever let in."""
    while other and other != appointment_request:
        other = other.duplicate_of
    return other is not None


def maybe(appointment_request: AppointmentRequest) -> list[AppointmentRequest]:
    """Other requests that may be of the same person, the newest first; not those that are linked already."""
    alike = AppointmentRequest.objects.alike(appointment_request)
    return list(alike.exclude(pk=appointment_request.duplicate_of_id).order_by("-submitted_at", "-pk")[:MOST_SHOWN])


def twice_among(rows) -> set[int]:
    """Which of the rows may be of a person who has another request, by id; one query."""
    return set(
        AppointmentRequest.objects.filter(pk__in=[row.pk for row in rows]).with_alike().values_list("pk", flat=True)
    )


def open_linked(appointment_request: AppointmentRequest, *, by: AbstractUser) -> list[AppointmentRequest]:
    """Its duplicates, and what it is one of, with notes, files and history. That they were read is recorded (P28)."""
    linked = list(
        AppointmentRequest.objects.filter(
            Q(duplicate_of=appointment_request) | Q(pk=appointment_request.duplicate_of_id)
        )
        .order_by("pk")
        .prefetch_related(
            "patient_files",
            Prefetch("staff_notes", StaffNote.objects.select_related("by")),
            Prefetch("contact_attempts", ContactAttempt.objects.select_related("by")),
            Prefetch("status_events", StatusEvent.objects.exclude(from_status="").select_related("by")),
        )
    )
    ReadEvent.objects.bulk_create([ReadEvent(appointment_request=other, by=by) for other in linked])
    return linked
