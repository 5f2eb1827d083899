"""A patient picks a time that the clinician was given meanwhile: it is taken back, and the desk is told."""

from contextlib import suppress

from django.db import transaction
from django.utils import timezone

from appointments.models import StaffNote, TimeOffer
from appointments.services import moves, tell

TAKEN = "The patient picked a time at which the clinician was booked meanwhile. It was taken back: please find another."


@transaction.atomic
def take_back(offer: TimeOffer) -> None:
    """Nobody can pick `offer` any more. Without another one to pick, the request goes back to review."""
    if not TimeOffer.objects.filter(pk=offer.pk, status=TimeOffer.Status.OPEN).update(
        status=TimeOffer.Status.WITHDRAWN
    ):
        return  # pressed twice
    appointment_request = offer.appointment_request
    appointment_request.refresh_from_db()
    StaffNote.objects.create(appointment_request=appointment_request, text=TAKEN)
    if appointment_request.time_offers.open(timezone.now()).exists():
        tell.desk_of_update(appointment_request, f"taken:{offer.pk}")
        return
    with suppress(moves.Stale, moves.MoveNotAllowed):  # staff moved it on in this moment, and saw the note
        moves.move(appointment_request.public_id, "refuse_times", seen_version=appointment_request.version, by=None)
