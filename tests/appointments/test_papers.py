"""The summary for the record system, and the sheet for the exam room."""

import datetime
import re

import pytest
from django.utils import timezone
from django.utils.html import escape

from appointments.models import ReadEvent
from appointments.services import moves
from appointments.services.corrections import correct
from appointments.transitions import GROUPS, READERS
from tests.appointments.desk import LIST, page_of, sign_in
from tests.appointments.test_admin_change import WORDS, XSS, html, text_of
from tests.factories import AppointmentRequestFactory, ClinicianFactory, LocationFactory, UserFactory

PAPERS = ["summary", "print"]


def paper_of(appointment_request, paper):
    return f"{LIST}{appointment_request.pk}/{paper}/"


def summary_in(client, appointment_request):
    page = html(client.get(paper_of(appointment_request, "summary")))
    return re.search(r"<textarea[^>]*>\n?(.*?)</textarea>", page, re.DOTALL)[1]


@pytest.fixture
def full(practice):
    """A request with everything on it."""
    dana = UserFactory(group="scheduler", first_name="Dana", last_name="Demo")
    words = {name: f"Word{name}" for name in WORDS} | {"phone": "+18135550142", "on_behalf_phone": "+18135550119"}
    appointment_request = AppointmentRequestFactory(
        needs=["interpreter"], urgent_flags={"signs": "yes", "fever": "yes"}, payer_kind="medicare", **words
    )
    appointment_request.patient_questions.create(text="Wordquestion", asked_by=dana, answer="Wordanswer")
    moves.log_call(appointment_request.public_id, result="left-message", note="Wordcall", by=dana)
    moves.add_note(appointment_request.public_id, text="Wordnote", by=dana)
    moves.move(
        appointment_request.public_id,
        "schedule",
        seen_version=1,
        by=dana,
        starts_at=timezone.now() + datetime.timedelta(days=2),
        location=LocationFactory(),
        clinician=ClinicianFactory(),
    )
    corrected = {"value": "right@example.org", "why": "Spelled out", "seen_version": 2, "by": dana}
    return correct(appointment_request.public_id, "email", **corrected)


def test_summary_has_all_that_staff_may_see_in_labelled_lines(client, full):
    sign_in(client, "clinician")

    text = summary_in(client, full)

    shown = set(WORDS) - {"phone", "email", "on_behalf_phone"} | {"question", "answer", "call", "note", "email"}
    assert {name for name in shown if f"Word{name}" not in text} == {"phone_as_typed"}
    for line in (
        f"Reference: {full.reference}",
        "Last name: Wordlast_name",
        "Date of birth: March 4, 1950",
        "Phone: 813-555-0142",
        "E-mail: right@example.org",
        "E-mail as the patient typed it: Wordemail",
        "Urgent signs: Said yes to a sign of an emergency; Fever or chills",
        "Insurer: Wordpayer_name",
        "Works on it: Dana Demo",
        "Status: Scheduled",
    ):
        assert f"\n{line}\n" in f"\n{text}\n", line
    headings = re.findall(r"^[A-Z ]+$", text, re.MULTILINE)
    assert headings[:3] == ["PATIENT", "HOW TO REACH THE PATIENT", "WHY"]
    assert not re.search(r": *$", text, re.MULTILINE)  # nothing that was not said


def test_words_of_a_patient_look_like_no_label_of_ours(client, practice):
    sign_in(client, "scheduler")
    appointment_request = AppointmentRequestFactory(reason="Pain\nPhone: 900-555-0199")

    assert "\n    Phone: 900-555-0199" in summary_in(client, appointment_request)


def test_sheet_is_for_the_exam_room(client, full):
    sign_in(client, "clinician", first_name="Elena", last_name="Demo")

    shown = text_of(client.get(paper_of(full, "print")))

    assert re.search(rf"{full.reference} Wordfirst_name Wordlast_name Printed \w+ \d+, \d+, .* by Elena Demo", shown)
    for words in ("Wordreason", "Wordanswer", "Fever or chills", "Elena Sample", "Wordreferrer_name"):
        assert words in shown
    for words in ("Wordcall", "Wordnote", "Wordmember_number"):  # the desk's, and no room on one page
        assert words not in shown


@pytest.mark.parametrize("paper", PAPERS)
def test_opening_a_paper_is_a_read(client, practice, paper):  # P28
    user = sign_in(client, "scheduler")
    appointment_request = AppointmentRequestFactory()

    client.get(paper_of(appointment_request, paper))
    assert client.post(paper_of(appointment_request, paper)).status_code == 405

    assert list(ReadEvent.objects.values_list("appointment_request", "by")) == [(appointment_request.pk, user.pk)]


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("group", [*GROUPS, None])
def test_papers_open_for_those_who_may_read_words(client, practice, group, paper):
    sign_in(client, group)
    appointment_request = AppointmentRequestFactory()
    may = group in READERS | {"owner"}

    response = client.get(paper_of(appointment_request, paper))

    assert (response.status_code, ReadEvent.objects.count()) == ((200, 1) if may else (403, 0))
    assert (paper_of(appointment_request, paper) in html(client.get(page_of(appointment_request)))) == may


@pytest.mark.parametrize("paper", PAPERS)
def test_paper_of_no_request_is_not_found(client, practice, paper):
    sign_in(client, "scheduler")

    assert client.get(f"{LIST}999/{paper}/").status_code == 404


@pytest.mark.parametrize("paper", PAPERS)
def test_everything_is_shown_as_text(client, practice, paper):  # P41
    sign_in(client, "scheduler")
    appointment_request = AppointmentRequestFactory(
        may_contact_referrer=True, **{field: f"{field}{XSS}" for field in WORDS}
    )

    response = client.get(paper_of(appointment_request, paper))

    assert "<script>" not in html(response)
    assert "<img" not in html(response)
    assert escape(f"reason{XSS}") in html(response)
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("paper", PAPERS)
def test_papers_ask_the_database_the_same_with_one_and_three_of_everything(
    client, practice, django_assert_num_queries, paper
):
    sign_in(client, "scheduler")
    appointment_request = AppointmentRequestFactory(email="a@example.org")

    def add(version):
        author = UserFactory(group="scheduler")
        moves.log_call(appointment_request.public_id, result="no-answer", note="", by=author)
        moves.add_note(appointment_request.public_id, text="A note", by=author)
        appointment_request.patient_questions.create(text="Which?", asked_by=author)
        appointment_request.visits.create(starts_at=timezone.now(), status="cancelled", location=LocationFactory())
        values = {"value": f"{version}@example.org", "why": "Told", "seen_version": version, "by": author}
        correct(appointment_request.public_id, "email", **values)

    # session, user, right, groups, request, the read, corrections, visits, questions, calls, notes, the worker with the
    # request, whether mail fails, and four for the practice
    for version in (1, 2, 3):
        add(version)
        with django_assert_num_queries(17):
            client.get(paper_of(appointment_request, paper))
