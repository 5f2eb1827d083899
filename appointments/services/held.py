"""Rows that are ours until the transaction ends. The request comes first, then its referral, as a move takes them.

Rows that point to them may be written meanwhile (`no_key`): whoever holds a contact point and opens incidents of other
referrals need not wait for who holds one of these and waits for the contact point. Each is a function, so that a test
can take the guard away and see it missed.
"""

from appointments.models import AppointmentRequest, ContactPoint, Referral


def request(pk: int) -> AppointmentRequest:
    return AppointmentRequest.objects.select_for_update(no_key=True).get(pk=pk)


def referral(seen: Referral) -> Referral:
    """It as it stands now, with its request: whoever reopens or books meanwhile waits."""
    appointment_request = request(seen.appointment_request_id)
    row = Referral.objects.select_for_update(no_key=True).get(pk=seen.pk)
    row.appointment_request = appointment_request
    return row


def contact_point(pk: int) -> ContactPoint:
    """Nobody ends its verification, or changes its number, until we are done."""
    return ContactPoint.objects.select_for_update(no_key=True).get(pk=pk)
