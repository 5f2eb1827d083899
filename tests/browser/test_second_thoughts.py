"""Second thoughts at the desk, in a browser: undo with the keyboard, and how it all looks."""

import datetime

import pytest

from appointments.services import moves
from appointments.services.setup import make_groups
from tests.browser.conftest import PASSWORD, look_at
from tests.factories import AppointmentRequestFactory, UserFactory

DAY = datetime.timedelta(days=1)


@pytest.fixture
def desk(bare_site, visitor, scheduler):
    make_groups()
    visitor.goto(f"{bare_site}/admin/")
    visitor.get_by_label("Username").fill("dana")
    visitor.get_by_label("Password").fill(PASSWORD)
    visitor.get_by_role("button", name="Log in").click()
    return visitor


def test_close_as_duplicate_and_undo_by_keyboard(desk, bare_site, scheduler):
    one, other = AppointmentRequestFactory.create_batch(2, email="walter@example.org")
    third = AppointmentRequestFactory()
    moves.add_note(third.public_id, text="Called on Monday.", by=scheduler)
    third.patient_files.create(name="mri.pdf", kind="pdf", size_bytes=90_000)
    values = {"outcome": "duplicate", "duplicate_of": one}
    moves.move(third.public_id, "close", seen_version=1, by=UserFactory(group="scheduler"), **values)
    page = f"{bare_site}/admin/appointments/appointmentrequest/{one.pk}/change/"

    desk.goto(page)
    look_at(desk, "alike")
    desk.get_by_role("button", name=f"Close this one, {other.reference} goes on").press("Enter")
    desk.get_by_text("is now: Closed.").wait_for()
    look_at(desk, "undo")
    desk.get_by_role("button", name="Undo").press("Enter")
    desk.get_by_text("is now: Received.").wait_for()

    one.refresh_from_db()
    assert (one.status, one.duplicate_of) == ("received", None)
    desk.goto(f"{bare_site}/admin/appointments/appointmentrequest/")
    look_at(desk, "twice")
