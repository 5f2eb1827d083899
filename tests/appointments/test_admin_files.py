"""Files on the page of a request, and saving one: who may, what the browser is told, and what is recorded."""

import uuid

import pytest

from appointments.models import PatientFile, ReadEvent
from appointments.services import files, store
from appointments.transitions import GROUPS, READERS
from tests.appointments.desk import page_of, sign_in
from tests.factories import AppointmentRequestFactory, UserFactory
from tests.patient_files import document, picture, upload

OWNER = {"owner"}  # counts as supervisor


@pytest.fixture(autouse=True)
def root(settings, tmp_path):
    settings.FILES_ROOT = tmp_path / "files"


@pytest.fixture
def file(practice):
    return files.keep_file(AppointmentRequestFactory(), upload(document(), "Rosa Peña <MRI>.pdf"))


def address(file, **other):
    values = {"pk": file.appointment_request_id, "file_id": file.public_id} | other
    return "/admin/appointments/appointmentrequest/{pk}/files/{file_id}/".format(**values)


@pytest.mark.parametrize("group", GROUPS)
def test_each_group_saves_a_file_or_is_refused(client, file, group):
    user = sign_in(client, group)

    answer = client.get(address(file))

    may = group in READERS | OWNER
    assert (answer.status_code, ReadEvent.objects.count()) == ((200, 1) if may else (403, 0))
    assert (answer.content == files.content_of(file)) == may
    if may:
        assert list(ReadEvent.objects.values_list("by", "appointment_request")) == [
            (user.pk, file.appointment_request_id)
        ]


@pytest.mark.parametrize("group", [None, *sorted(set(GROUPS) - READERS - OWNER)])
def test_who_may_not_read_words_learns_nothing_of_a_file_on_the_page(client, file, group):
    sign_in(client, group)

    answer = client.get(page_of(file.appointment_request))

    assert not {"Rosa Peña", str(file.public_id)} & {
        text for text in ("Rosa Peña", str(file.public_id)) if text in answer.content.decode()
    }


def test_nobody_else_gets_it(client, file):
    UserFactory()

    assert client.get(address(file)).status_code == 302  # to the sign-in
    sign_in(client)  # in no group
    assert client.get(address(file)).status_code == 403


def test_the_browser_may_only_save_it(client, file):
    sign_in(client, "scheduler")

    answer = client.get(address(file))

    name = f"{file.appointment_request.reference}-{file.public_id.hex[:8]}.pdf"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer["Content-Type"] == "application/pdf"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert {"private", "no-store"} <= set(answer["Cache-Control"].split(", "))
    assert "Rosa" not in str(answer.headers)


@pytest.mark.parametrize(
    ("format", "mime_type", "extension"), [("HEIF", "image/jpeg", "jpg"), ("PNG", "image/png", "png")]
)
def test_a_picture_leaves_as_what_it_is(client, practice, format, mime_type, extension):
    sign_in(client, "clinician")
    file = files.keep_file(AppointmentRequestFactory(), upload(picture(format), "report.exe"))

    answer = client.get(address(file))

    assert (answer["Content-Type"], answer["Content-Disposition"].endswith(f'.{extension}"')) == (mime_type, True)


def test_only_by_get_and_only_a_file_of_this_request(client, file):
    sign_in(client, "scheduler")
    refused = PatientFile.objects.create(appointment_request=file.appointment_request, name="x", refusal="empty")
    other = AppointmentRequestFactory()

    assert client.post(address(file)).status_code == 405
    assert client.get(address(file, file_id=uuid.uuid4())).status_code == 404
    assert client.get(address(file, pk=other.pk)).status_code == 404
    assert client.get(address(refused)).status_code == 404
    files.remove_file(file.appointment_request, file.public_id)
    assert client.get(address(file)).status_code == 404
    assert ReadEvent.objects.count() == 0


def test_a_file_that_cannot_be_opened_is_said_on_the_page(client, file, caplog):
    sign_in(client, "scheduler")
    store.delete(file.public_id)

    answer = client.get(address(file), follow=True)

    assert "This file cannot be opened." in answer.content.decode()
    assert f"file {file.public_id} cannot be opened: MissingError" in caplog.text
    assert "Rosa" not in caplog.text


def test_the_page_lists_what_was_sent_refused_and_taken_back(client, file):
    appointment_request = file.appointment_request
    PatientFile.objects.create(appointment_request=appointment_request, name="film.mov", refusal="too-big")
    back = files.keep_file(appointment_request, upload(picture(), "wrong.jpg"))
    files.remove_file(appointment_request, back.public_id)
    sign_in(client, "scheduler")

    page = client.get(page_of(appointment_request)).content.decode()

    assert f'href="{address(file)}"' in page
    assert "Rosa Peña &lt;MRI&gt;.pdf" in page
    assert "film.mov" in page
    assert "we did not take it: Too big." in page
    assert "taken back by the patient on" in page
    assert "wrong.jpg" not in page


def test_more_files_take_no_more_queries(client, practice, django_assert_num_queries):
    sign_in(client, "scheduler")
    one, three = AppointmentRequestFactory(), AppointmentRequestFactory()
    for appointment_request, number in ((one, 1), (three, 3)):
        for _ in range(number):
            PatientFile.objects.create(appointment_request=appointment_request, name="a.pdf", kind="pdf")

    for appointment_request in (one, three):
        with django_assert_num_queries(30):
            client.get(page_of(appointment_request))
