"""Opening the patient's page as a patient does: link, code from the mail, page."""

import datetime

from django.utils import timezone

from appointments.models import TimeOffer
from appointments.services.access import new_link
from outbox.models import Message
from tests.factories import LocationFactory


def open_page(client, appointment_request) -> str:
    """The address of the patient's page, opened in `client` with a code that was mailed."""
    link = new_link(appointment_request)
    client.post(link)
    code = Message.objects.filter(kind="access-code").latest("pk").secrets["code"]
    response = client.post(link, {"code": code})
    assert response.status_code == 303, response.content
    return response["Location"]


def offer(appointment_request, days=2) -> TimeOffer:
    return TimeOffer.objects.create(
        appointment_request=appointment_request,
        starts_at=timezone.now() + datetime.timedelta(days=days),
        location=LocationFactory(),
    )
