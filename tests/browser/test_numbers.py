"""The numbers and the file of requests, in a real browser: readable on the smallest screen, and the file arrives."""

import csv

from playwright.sync_api import expect

from appointments.services.setup import make_groups
from tests.browser.conftest import PASSWORD, look_at
from tests.factories import AppointmentRequestFactory, UserFactory


def test_supervisor_looks_at_the_numbers_and_takes_a_file(visitor, bare_site):
    make_groups()
    supervisor = UserFactory(username="sol", group="supervisor")
    supervisor.set_password(PASSWORD)
    supervisor.save()
    made = AppointmentRequestFactory.create_batch(6, source_slug="mild", topic="procedure")
    visitor.goto(f"{bare_site}/admin/login/?next=/admin/appointments/appointmentrequest/")
    visitor.get_by_label("Username").fill("sol")
    visitor.get_by_label("Password").fill(PASSWORD)
    visitor.get_by_role("button", name="Log in").click()

    visitor.get_by_role("link", name="Numbers of the last weeks").click()
    expect(visitor.get_by_role("heading", name="Week by week")).to_be_visible()
    look_at(visitor, "numbers")
    visitor.get_by_role("link", name="Take requests away as a file").click()
    expect(visitor.get_by_role("button", name="Take the file")).to_be_visible()
    look_at(visitor, "export")
    visitor.get_by_label("What for").fill("For the yearly meeting.")
    with visitor.expect_download() as taken:
        visitor.get_by_role("button", name="Take the file").click()

    with open(taken.value.path(), newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert {row["Reference"] for row in rows} == {appointment_request.reference for appointment_request in made}
    visitor.goto(f"{bare_site}/admin/appointments/export/")
    expect(visitor.get_by_text("6 requests · Now: To do · Last 4 weeks")).to_be_visible()
    look_at(visitor, "exports")
