"""The ways in which a letter leaves. A vendor is one more file, and one more line in WAYS."""

from typing import Protocol

from django.contrib.auth.models import AbstractUser
from django.utils.translation import gettext_lazy as _

from appointments.models import ContactPoint, ReferralUpdate
from appointments.services.fax_gateway import Gateway

Status = ReferralUpdate.Status
Way = ReferralUpdate.Way


class WayOut(Protocol):
    label: str

    def is_available(self, contact_point: ContactPoint) -> bool:
        """Whether this way is set up, and leads to a contact point of this kind."""

    def send(self, update: ReferralUpdate, by: AbstractUser) -> ReferralUpdate.Status:
        """Let an approved letter go, and say how it stands then: SENT, or SENDING until letters.machine_said.

        Called in the transaction of the move: whatever talks to another machine does it later, from the outbox.
        """


class Printed:
    """Staff print it, fax or mail it themselves, and say here that they did."""

    label = _("I have printed it, and faxed or mailed it myself")

    def is_available(self, contact_point):
        return True

    def send(self, update, by):
        return Status.SENT


WAYS: dict[str, WayOut] = {Way.PRINTED: Printed(), Way.GATEWAY: Gateway()}


def open_to(contact_point: ContactPoint) -> dict[str, WayOut]:
    """The ways that lead to this contact point now."""
    return {name: way for name, way in WAYS.items() if way.is_available(contact_point)}
