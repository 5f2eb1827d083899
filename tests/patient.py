"""Opening the patient's page as a patient does: link, code from the mail, page."""

import datetime

from django.utils import timezone

from appointments.models import TimeOffer
from appointments.services.access import new_link
from tests.appointments import access_steps
from tests.factories import LocationFactory


def open_page(client, appointment_request) -> str:
    """The address of the patient's page, opened in `client` with a code that was mailed."""
    return access_steps.open_page(client, new_link(appointment_request))


def offer(appointment_request, days=2) -> TimeOffer:
    return TimeOffer.objects.create(
        appointment_request=appointment_request,
        starts_at=timezone.now() + datetime.timedelta(days=days),
        location=LocationFactory(),
    )
