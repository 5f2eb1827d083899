"""Where a request stands, for who has no e-mail: by its reference and the date of birth, and no more than that."""

import datetime

from appointments.models import AppointmentRequest, Referral
from appointments.reference import parse_reference
from appointments.services.rates import count
from vault.crypto import keyed_hashes

BLOCK_LIMIT, BLOCK_SECONDS = 10, 15 * 60
REFERENCE_LIMIT, REFERENCE_SECONDS = 5, 3600
LONGEST = 40  # of what is counted as a reference


class TooManyTries(Exception):
    """From this block of addresses, or about this reference. Which of them is nobody's business."""


def look_up(typed_reference: str, date_of_birth: datetime.date, *, block: str) -> AppointmentRequest | None:
    """The request, with its status only. A wrong date, an unknown reference and one that is none take equal work (P25).

    Raises TooManyTries.
    """
    reference = parse_reference(typed_reference)
    counted = reference or "".join(filter(str.isalnum, typed_reference.upper()))[:LONGEST]
    if (
        count("look-up-block", block, seconds=BLOCK_SECONDS) > BLOCK_LIMIT
        or count("look-up-reference", counted, seconds=REFERENCE_SECONDS) > REFERENCE_LIMIT
    ):
        raise TooManyTries
    hashes = keyed_hashes("date_of_birth", date_of_birth.isoformat())
    found = AppointmentRequest.objects.filter(reference=reference, date_of_birth_hash__in=hashes)
    # An office knows both of whom it sent, and may hear nothing before it is verified.
    found = found.exclude(referral__source=Referral.Source.OFFICE)
    return found.only("status", "waiting_on", "respond_by").first()
