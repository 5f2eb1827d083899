import datetime

import icalendar
import pytest

from appointments.calendar import ics
from appointments.models import Visit
from tests.factories import AppointmentRequestFactory, ClinicianFactory, LocationFactory


@pytest.fixture
def visit(practice):
    return Visit.objects.create(
        appointment_request=AppointmentRequestFactory(),
        starts_at=datetime.datetime(2027, 1, 12, 15, 30, tzinfo=datetime.UTC),
        location=LocationFactory(),
        clinician=ClinicianFactory(),
    )


def parsed(visit, practice):
    calendar = icalendar.Calendar.from_ical(ics(visit, practice))
    (event,) = calendar.walk("VEVENT")
    return calendar, event


def test_visit_stands_at_its_hour_in_the_zone_of_the_practice(visit, practice):
    calendar, event = parsed(visit, practice)

    assert calendar["METHOD"] == "PUBLISH"
    assert event["DTSTART"].dt == visit.starts_at
    assert event["DTSTART"].params["TZID"] == "America/New_York"
    assert event["DURATION"].dt == datetime.timedelta(minutes=30)
    (zone,) = calendar.walk("VTIMEZONE")
    assert zone["TZID"] == "America/New_York"
    assert (event["SEQUENCE"], event["STATUS"]) == (0, "CONFIRMED")
    assert event["UID"].startswith(f"{visit.ics_uid}@")


def test_file_says_nothing_about_health_and_nothing_about_the_person(visit, practice):
    text = ics(visit, practice).decode()

    for word in ("Walter", "Demo", "Pain", "Sample, MD", "medicine", "legs", visit.appointment_request.reference):
        assert word not in text
    assert "100 Sample Plaza" in text
    assert practice.phone_display in text


def test_cancelled_visit_is_taken_out_under_the_same_id(visit, practice):
    _, before = parsed(visit, practice)
    visit.status, visit.ics_sequence = Visit.Status.CANCELLED, 1

    calendar, event = parsed(visit, practice)

    assert (calendar["METHOD"], event["STATUS"], event["SEQUENCE"]) == ("CANCEL", "CANCELLED", 1)
    assert event["UID"] == before["UID"]


def test_visit_across_the_change_of_the_clocks_keeps_its_length(visit, practice):
    visit.starts_at = datetime.datetime(2027, 11, 7, 5, 45, tzinfo=datetime.UTC)
    visit.duration_minutes = 60

    _, event = parsed(visit, practice)

    assert "DTEND" not in event
    assert (event["DTSTART"].dt.astimezone(datetime.UTC), event["DURATION"].dt) == (
        visit.starts_at,
        datetime.timedelta(minutes=60),
    )
