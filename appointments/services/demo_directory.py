"""Two made-up practices for the demo: letters may go to one, the other is not verified. Nobody in them exists."""

import datetime

from django.contrib.auth import get_user_model
from django.utils import timezone

from appointments.models import ContactKind, Physician, ReferringPractice
from appointments.services import contact_points, registry
from appointments.services.demo import clock_at
from appointments.transitions import COORDINATOR

PHONE = "813-555-0171"


def make() -> None:
    """Through the services. Needs the demo accounts and the groups."""
    by = get_user_model().objects.get(username=COORDINATOR.replace(" ", "-"))
    now = timezone.now()
    with clock_at(now - datetime.timedelta(days=60), now):  # before the first letter went there
        _make_verified(by)
        _make_unverified(by)


def _make_verified(by):
    practice = ReferringPractice.objects.create(
        name="Pattern Family Medicine", street="200 Sample Road", city="Ruskin", zip_code="33570", contact_name="Rita"
    )
    paula = Physician.objects.create(
        practice=practice, first_name="Paula", last_name="Pattern", credentials="MD", npi="1234567893"
    )
    registry.attach_by_hand(paula.public_id, last_name="Pattern", by=by)
    for kind, number in ((ContactKind.PHONE, PHONE), (ContactKind.FAX, "813-555-0170")):
        point = contact_points.add(practice, kind, number, by=by)
        contact_points.verify_by_call(
            point.public_id, called=PHONE, found_at="Website of the practice", seen_version=point.version, by=by
        )


def _make_unverified(by):
    practice = ReferringPractice.objects.create(name="Specimen Primary Care", city="Apollo Beach", zip_code="33572")
    Physician.objects.create(practice=practice, first_name="Samir", last_name="Specimen", credentials="DO")
    contact_points.add(practice, ContactKind.FAX, "813-555-0172", by=by)
