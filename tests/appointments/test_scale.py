"""Many requests: what `seed_scale` makes, and that no list or search reads all of them."""

import datetime
import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from appointments.admin.worklists import WORKLISTS
from appointments.models import AppointmentRequest, StatusEvent, Visit
from appointments.services import scale
from appointments.transitions import OPEN
from tests.appointments.desk import LIST, sign_in

postgres_only = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="only PostgreSQL says which index it takes, by the rows it has"
)


def test_seed_scale_adds_made_up_people_who_are_found(client, practice, settings):
    settings.DEBUG = True

    call_command("seed_scale", "150", stdout=StringIO())
    call_command("seed_scale", "50", stdout=StringIO())

    rows = list(AppointmentRequest.objects.all())
    assert (len(rows), StatusEvent.objects.count()) == (200, 200)
    assert all(re.fullmatch(r"\+1\d{3}55501\d\d", row.phone) for row in rows)
    assert all(row.email == "" or row.email.endswith("@example.org") for row in rows)
    assert all(getattr(row, column) == value for row in rows for column, value in row.hashed_columns().items())
    assert 0 < sum(row.status in OPEN for row in rows) < 20
    assert Visit.objects.filter(status="fulfilled").count() == sum(row.status == "completed" for row in rows)


def test_seed_scale_refuses_a_production_site(practice):
    with pytest.raises(CommandError, match="APOLLO_DEBUG=1"):
        call_command("seed_scale", "1")

    assert not AppointmentRequest.objects.exists()


def test_seed_scale_says_that_seed_comes_first(db, settings):
    settings.DEBUG = True

    with pytest.raises(CommandError, match="run `seed` first"):
        call_command("seed_scale", "1")


@pytest.fixture
def years_of_work(practice, time_machine):
    """On a Wednesday at noon: before 10 a.m. nobody is called about a visit, and that list asks nothing."""
    time_machine.move_to(datetime.datetime(2026, 11, 18, 17, tzinfo=datetime.UTC))
    scale.add(6000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def queries_for_requests(client, address):
    """The SQL of a page that reads requests, the counting of what is over left out: that is most of the table."""
    with CaptureQueriesContext(connection) as captured:
        response = client.get(address)
    assert response.status_code == 200
    reads = [query["sql"] for query in captured if 'FROM "appointments_appointmentrequest"' in query["sql"]]
    # Counts of the worklists (over open requests, and four of referrals), number of rows, rows; who may be here twice.
    assert len(reads) in (7, 8)
    is_over = response.context["shown"] in ("finished", "all") and "sent" not in address
    return [sql for sql in reads if not (is_over and sql.startswith("SELECT COUNT(*)"))]


def assert_takes_an_index(sql):
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}")
        steps = "\n".join(line for (line,) in cursor.fetchall())
    assert "Seq Scan on appointments_appointmentrequest" not in steps, steps
    assert re.search(r"Index (Only )?Scan", steps), steps


@postgres_only
def test_no_list_and_no_search_reads_all_requests(client, years_of_work):
    sign_in(client, "scheduler")
    assert "Seq Scan on appointments_appointmentrequest" in AppointmentRequest.objects.filter(version=2).explain()
    row = AppointmentRequest.objects.exclude(email_hash="").latest("pk")
    addresses = [f"{LIST}?show={name}" for name in WORKLISTS if name != "found"]
    addresses += [f"{LIST}?show=all&sent=today", f"{LIST}?show=open&language=es&topic=accident"]

    for address in addresses:
        for sql in queries_for_requests(client, address):
            assert_takes_an_index(sql)
    for words in (row.reference, row.phone, row.email, row.date_of_birth.isoformat(), row.last_name):
        client.post(LIST, {"words": words})
        for sql in queries_for_requests(client, f"{LIST}?show=found"):
            assert_takes_an_index(sql)
