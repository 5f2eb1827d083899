"""What letters teach about a contact point: something arrived there, or did not."""

from django.db.models import F
from django.utils import timezone

from appointments.models import ContactPoint, ContactPointEvent

What = ContactPointEvent.What


def delivered(contact_point: ContactPoint) -> None:
    """Something arrived there for certain. Call it in a transaction."""
    _change(contact_point, failed_deliveries=0)
    _record(contact_point, What.DELIVERED)


def failed(contact_point: ContactPoint, *, wrong: bool) -> None:
    """A delivery failed; `wrong`: somebody else answered there, which ends the verification at once."""
    _change(contact_point, failed_deliveries=F("failed_deliveries") + 1)
    _record(contact_point, What.FAILED)
    if wrong and contact_point.verified_until:
        _change(contact_point, verified_until=timezone.now())
        _record(contact_point, What.ENDED)


def _change(contact_point, **changes):
    ContactPoint.objects.filter(pk=contact_point.pk).update(version=F("version") + 1, **changes)


def _record(contact_point, what):
    ContactPointEvent.objects.create(contact_point=contact_point, what=what, value=contact_point.value)
