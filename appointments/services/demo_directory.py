"""Two made-up practices for the demo: letters may go to one, the other is not verified. Nobody in them exists."""

from django.contrib.auth import get_user_model

from appointments.models import ContactKind, Physician, ReferringPractice
from appointments.services import contact_points, registry
from appointments.transitions import COORDINATOR


def make() -> None:
    """Through the services. Needs the demo accounts and the groups."""
    by = get_user_model().objects.get(username=COORDINATOR.replace(" ", "-"))
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
    contact_points.add(practice, ContactKind.PHONE, "813-555-0171", by=by)
    fax = contact_points.add(practice, ContactKind.FAX, "813-555-0170", by=by)
    contact_points.verify_by_call(
        fax.public_id, called="813-555-0171", found_at="Website of the practice", seen_version=fax.version, by=by
    )


def _make_unverified(by):
    practice = ReferringPractice.objects.create(name="Specimen Primary Care", city="Apollo Beach", zip_code="33572")
    Physician.objects.create(practice=practice, first_name="Samir", last_name="Specimen", credentials="DO")
    contact_points.add(practice, ContactKind.FAX, "813-555-0172", by=by)
