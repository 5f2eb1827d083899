"""The page of one referral."""

import pytest

from appointments.models import ReadEvent
from tests.appointments.desk import sign_in
from tests.factories import ReferralFactory

LIST = "/admin/appointments/referral/"


def page_of(referral):
    return f"{LIST}{referral.pk}/change/"


@pytest.mark.parametrize("group", ["scheduler", "referral coordinator", "clinician", "supervisor", "auditor", "owner"])
def test_page_is_opened_and_that_is_recorded(client, practice, group):
    user, referral = sign_in(client, group), ReferralFactory()

    assert client.get(page_of(referral)).status_code == 200
    read = ReadEvent.objects.get()
    assert (read.appointment_request, read.by) == (referral.appointment_request, user)


def test_what_no_button_posts_is_refused(client, practice):
    sign_in(client, "supervisor")

    assert client.post(page_of(ReferralFactory()), {"status": "completed"}).status_code == 400
