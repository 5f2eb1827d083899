"""What letters teach about a contact point: something arrived there, or did not."""

from django.db.models import F

from appointments.models import ContactPoint, ContactPointEvent

What = ContactPointEvent.What


def delivered(contact_point: ContactPoint) -> None:
    """Something arrived there. Call it with the contact point held."""
    _change(contact_point, failed_deliveries=0)
    _record(contact_point, What.DELIVERED)


def failed(contact_point: ContactPoint, wrong: bool) -> None:
    """Something did not arrive there; `wrong`: somebody else answered, which ends the verification at once."""
    _change(contact_point, failed_deliveries=F("failed_deliveries") + 1, **({"verified_value": ""} if wrong else {}))
    _record(contact_point, What.FAILED)
    if wrong:
        _record(contact_point, What.ENDED)


def _change(contact_point, **changes):
    ContactPoint.objects.filter(pk=contact_point.pk).update(version=F("version") + 1, **changes)
    contact_point.refresh_from_db()


def _record(contact_point, what):
    ContactPointEvent.objects.create(contact_point=contact_point, what=what, value=contact_point.value)
