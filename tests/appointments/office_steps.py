"""Short ways from a link to the page of a referring office, for tests."""

import datetime

from django.utils import timezone

from appointments.models import AccessLink
from appointments.services import access
from tests.factories import AppointmentRequestFactory, ContactPointFactory, ReferralFactory, ReferralUpdateFactory

MAILBOX = {"kind": "email", "value": "front@office.example.org"}


def office_link(contact=None, patient=None, **referral):
    """(referral of a matched office, path of a link to its page). The contact point is a fax, or as `contact` says."""
    wish = {"referrer_name": "Dr. Paula Pattern", "referrer_practice": "Pattern Family Medicine"}
    row = ReferralFactory(
        matched=True,
        physician__npi=None,
        appointment_request=AppointmentRequestFactory(**wish | (patient or {})),
        **referral,
    )
    point = ContactPointFactory(
        practice=row.practice,
        verified=True,
        verified_at=timezone.now() - datetime.timedelta(days=1),
        **(contact or {}),
    )
    return row, access.new_office_link(row, point)


def read_out(link):
    """A code for the office of `link`, as it is read out on the phone."""
    row = access.find_link(link.rpartition("/")[2])
    return access.new_code(row, timezone.now())[1]


def open_office(client, link):
    """The address of the page, opened in `client` with a code that was read out."""
    return client.post(link, {"code": read_out(link)})["Location"]


def link_row():
    return AccessLink.objects.get(purpose="office")


def letter_of(referral, link, **values):
    """A letter to the contact point that `link` was sent to, in a state of `values`."""
    return ReferralUpdateFactory(
        referral=referral, contact_point=access.find_link(link.rpartition("/")[2]).contact_point, **values
    )
