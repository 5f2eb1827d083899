"""The ways in which a letter leaves. A vendor is one more file, and one more line in WAYS."""

from typing import Protocol

from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext_lazy as _

from appointments.models import ContactPoint, ReferralUpdate
from appointments.services.fax_gateway import Gateway

Status = ReferralUpdate.Status
Way = ReferralUpdate.Way


class WayOut(Protocol):
    label: str  # of the button
    help: str

    def is_available(self, contact_point: ContactPoint) -> bool:
        """Whether this way is set up, and leads to a contact point of this kind."""

    def send(self, update: ReferralUpdate, by: AbstractUser) -> ReferralUpdate.Status:
        """Let an approved letter go, and say how it stands then: SENT, or SENDING until letters.machine_said.

        Called in the transaction of the move: whatever talks to another machine does it later, from the outbox.
        """


class Printed:
    """Staff print it, fax or mail it themselves, and say here that they did."""

    label = _("I have faxed it, mailed it or handed it over")
    help = _("Open the PDF and print it. Fax it, mail it or hand it over, and press here when that is done.")

    def is_available(self, contact_point):
        return True

    def send(self, update, by):
        return Status.SENT


# The first one that is open is the way that the page suggests.
WAYS: dict[str, WayOut] = {Way.GATEWAY: Gateway(), Way.PRINTED: Printed()}


def open_to(contact_point: ContactPoint) -> dict[str, WayOut]:
    """The ways that lead to this contact point now."""
    return {name: way for name, way in WAYS.items() if way.is_available(contact_point)}
