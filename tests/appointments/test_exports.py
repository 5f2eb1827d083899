"""P36: a file of requests needs a right and a reason, is written down first, and no cell of it is a formula."""

import csv
import datetime
import io

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from appointments.admin.export import ExportAdmin
from appointments.models import Export
from appointments.services import exports, moves
from appointments.services.moves import NoRight
from tests.appointments.desk import sign_in
from tests.appointments.test_admin_change import WORDS, text_of
from tests.factories import AppointmentRequestFactory, UserFactory

LIST = "/admin/appointments/export/"
ADD = f"{LIST}add/"
HOUR = datetime.timedelta(hours=1)
NOW = datetime.datetime(2026, 11, 25, 17, tzinfo=datetime.UTC)  # a Wednesday, noon in New York
ASKED = {"weeks": 4, "tab": "all", "reason": "For the yearly meeting."}


@pytest.fixture
def supervisor(client, practice, time_machine):
    time_machine.move_to(NOW, tick=False)
    return sign_in(client, "supervisor", first_name="Sol", last_name="Demo")


def rows_of(response):
    """The file as Excel reads it: a list of cells for each row, the heading first."""
    content = b"".join(response.streaming_content)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_file_holds_what_was_done_and_none_of_anybodys_words(client, supervisor):
    canaries = {field: f"Canary{field}" for field in WORDS}
    appointment_request = AppointmentRequestFactory(
        submitted_at=NOW - HOUR,
        respond_by=NOW + HOUR,
        channel="fax",
        source_slug="mild",
        topic="procedure",
        payer_kind="medicare",
        language="es",
        assignee=supervisor,
        **canaries,
    )
    moves.log_call(appointment_request.public_id, result="reached", note="Canarynote", by=supervisor)
    moves.move(
        appointment_request.public_id,
        "close",
        seen_version=1,
        by=supervisor,
        outcome="needs-referral-first",
        comment="Canarycomment",
    )

    response = client.post(ADD, ASKED)

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="requests-2026-11-25.csv"'
    assert "no-store" in response["Cache-Control"]
    heading, row = rows_of(response)
    assert dict(zip(heading, row, strict=True)) == {
        "Reference": appointment_request.reference,
        "Came by": "Fax",
        "Page it came from": "mild",
        "Topic": "A procedure I read about, or that a doctor ordered",
        "Language": "Español",
        "Insurance": "Medicare",
        "Status": "Closed",
        "Outcome": "Needs a referral first",
        "Sent": "2026-11-25 11:00",
        "First contact": "2026-11-25 12:00",
        "Promised by": "2026-11-25 13:00",
        "In time": "yes",
        "Works on it": "Sol Demo",
    }


@pytest.mark.parametrize(("hours", "said"), [(-1, "no"), (1, "")])
def test_what_is_not_answered_yet_says_no_only_past_the_promise(client, supervisor, hours, said):
    AppointmentRequestFactory(respond_by=NOW + hours * HOUR)

    heading, row = rows_of(client.post(ADD, ASKED))

    found = dict(zip(heading, row, strict=True))
    assert (found["First contact"], found["In time"], found["Works on it"]) == ("", said, "")


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(first):
    assert exports.safe_cell(f"{first}1+1") == f"'{first}1+1"


def test_no_name_and_no_page_is_a_formula(client, supervisor):
    assignee = UserFactory(first_name="=1+1|cmd", last_name='";,\n=2')
    AppointmentRequestFactory(assignee=assignee, source_slug="-mild")

    __, row = rows_of(client.post(ADD, ASKED))

    assert (row[2], row[-1]) == ("'-mild", "'=1+1|cmd \";,\n=2")


def test_file_holds_the_chosen_span_and_list_the_oldest_first(client, supervisor):
    weeks = datetime.timedelta(weeks=1)
    made = [
        AppointmentRequestFactory(submitted_at=NOW - ago * weeks, **values).reference
        for ago, values in (
            (60, {}),
            (3, {"claimed": True, "assignee": supervisor}),
            (5, {}),
            (1, {}),
            (2, {"closed": True}),
        )
    ]

    def references(**chosen):
        return [row[0] for row in rows_of(client.post(ADD, ASKED | chosen))[1:]]

    assert references() == [made[1], made[4], made[3]]
    assert references(weeks=12) == [made[2], made[1], made[4], made[3]]
    assert references(tab="new", weeks=52) == [made[2], made[3]]
    assert references(tab="mine") == [made[1]]
    assert references(tab="quarantine") == []


def test_row_is_kept_before_the_first_byte_leaves(client, supervisor):
    AppointmentRequestFactory.create_batch(3)

    response = client.post(ADD, ASKED)  # nothing of the file has been asked for yet

    export = Export.objects.get()
    assert (export.by, export.at, export.weeks, export.tab, export.row_count) == (supervisor, NOW, 4, "all", 3)
    assert export.reason == "For the yearly meeting."
    AppointmentRequestFactory()
    assert len(rows_of(response)) == 1 + 3  # as many as were written down


def test_reason_stands_encrypted_and_in_no_log(client, supervisor):
    client.post(ADD, ASKED | {"reason": "Canaryreason"})

    with connection.cursor() as cursor:
        cursor.execute("SELECT reason FROM appointments_export")
        [(kept,)] = cursor.fetchall()
    assert "Canary" not in kept
    assert [
        entry for entry in LogEntry.objects.all() if "Canary" in f"{entry.object_repr} {entry.change_message}"
    ] == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"reason": "  "}, "Please say what the file is for."),
        ({"reason": "x" * 501}, "at most 500 characters"),
        ({"reason": "a\0b"}, "Null characters are not allowed."),
        ({"weeks": "5"}, "Select a valid choice."),
        ({"tab": "nonsense"}, "Select a valid choice."),
        ({"tab": "found"}, "Select a valid choice."),
    ],
)
def test_bad_input_takes_no_file_says_why_and_keeps_what_was_typed(client, supervisor, typed, said):
    response = client.post(ADD, ASKED | {"reason": "Typed words"} | typed)

    assert (response.status_code, Export.objects.exists()) == (200, False)
    assert said in text_of(response)
    assert typed.keys() == {"reason"} or "Typed words</textarea>" in response.content.decode()


def test_nothing_is_taken_by_get(client, supervisor):
    AppointmentRequestFactory()

    response = client.get(ADD, ASKED)

    assert (response["Content-Type"], Export.objects.exists()) == ("text/html; charset=utf-8", False)
    assert "Take the file" in response.content.decode()
    assert "_addanother" not in response.content.decode()


@pytest.mark.parametrize("group", ["auditor", "supervisor", "owner"])
def test_list_says_who_took_what_and_why(client, supervisor, group):
    client.post(ADD, ASKED)
    sign_in(client, group)

    listed, page = client.get(LIST), client.get(f"{LIST}{Export.objects.get().pk}/change/")

    for response in (listed, page):
        for words in ("Sol Demo", "Last 4 weeks", "All requests: All", "For the yearly meeting."):
            assert words in text_of(response)
    assert 'type="submit"' not in page.content.decode().partition("<main")[2]


def test_list_is_empty_in_words_paged_and_not_searched_by_address(client, supervisor):
    assert "No requests have been taken away as a file." in text_of(client.get(LIST))

    for _ in range(ExportAdmin.list_per_page + 1):
        Export.objects.create(by=supervisor, weeks=4, tab="gone", row_count=0, reason="Because")

    assert [text_of(client.get(LIST, {"p": page})).count("Because") for page in (1, 2)] == [50, 1]
    assert client.get(LIST, {"by__password__startswith": "a"}).status_code == 400


def test_query_count_of_the_list_and_of_the_file_stays_the_same(client, supervisor, monkeypatch):
    def queries(ask):
        with CaptureQueriesContext(connection) as captured:
            ask()
        return len(captured)

    def both():
        return queries(lambda: client.get(LIST)), queries(lambda: rows_of(client.post(ADD, ASKED)))

    AppointmentRequestFactory(assignee=supervisor)
    rows_of(client.post(ADD, ASKED))
    with_one = both()
    for _ in range(3):
        AppointmentRequestFactory(assignee=UserFactory())

    assert both() == with_one

    monkeypatch.setattr(exports, "AT_ONCE", 2)  # four requests in two halves: one query more
    assert both() == (with_one[0], with_one[1] + 1)


def test_nobody_else_takes_a_file_past_the_page_either(db):
    with pytest.raises(NoRight):
        exports.record(Export(weeks=4, tab="all", reason="Mine"), Q(), by=UserFactory(group="scheduler"))

    assert not Export.objects.exists()
