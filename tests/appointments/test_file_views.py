"""The patient's part: sending a file, one sentence for each refusal, and removing it, without a script."""

import re

import pytest
from django.conf import settings
from django.utils import timezone

from appointments.forms.file import SENTENCES
from appointments.models import AccessSession, PatientFile
from appointments.services import access, files, store
from outbox.models import Message
from outbox.render import render
from tests.appointments.access_steps import open_page, request_with_link
from tests.factories import AppointmentRequestFactory, RoutingRuleFactory, UserFactory
from tests.patient_files import document, picture, upload


@pytest.fixture(autouse=True)
def root(settings, tmp_path):
    settings.FILES_ROOT = tmp_path / "files"
    return settings.FILES_ROOT


@pytest.fixture
def appointment_request(practice):
    return request_with_link()[0]


@pytest.fixture
def address(client, appointment_request):
    """The address of the patient's files, for `client`, who has entered a code."""
    return open_page(client, access.new_link(appointment_request)) + "files/"


def send(client, address, content, name="MRI report.pdf", **values):
    return client.post(address, {"file": upload(content, name), **values})


def words_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.content.decode()))


def remove(address, file):
    return f"{address}{file.public_id}/remove/"


def test_a_file_is_taken_shown_and_removed(client, address, appointment_request):
    sent = send(client, address, document())
    file = PatientFile.objects.get()
    shown = words_of(client.get(address, {"file": "kept"}))
    removed = client.post(remove(address, file))

    home = address.removesuffix("files/")
    assert (sent.status_code, sent["Location"]) == (303, f"{home}?file=kept#files")
    assert "We have your file." in shown
    assert f"MRI report.pdf PDF, {file.size_bytes}" in shown
    assert "You can send 4 more files." in shown
    assert (removed.status_code, removed["Location"]) == (303, f"{home}?file=removed#files")
    assert "You have not sent a file yet." in words_of(client.get(address))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"x" * (settings.MAX_FILE_BYTES + 1), "too-big"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "wrong-type"),
        (document()[:-200], "unreadable"),
    ],
)
def test_each_refusal_has_its_sentence_at_the_field(client, address, content, code):
    answer = send(client, address, content)

    html = answer.content.decode()
    assert (answer.status_code, str(SENTENCES[code]) in html) == (422, True)
    assert "<title>Error: Your files" in html
    assert '<a href="#id_file">' in html
    assert '<input type="file" name="file"' in html
    assert 'aria-invalid="true"' in html


def test_every_code_has_a_sentence():
    ours = {files.TOO_MANY, files.TOO_OFTEN, files.FINISHED, files.UNAVAILABLE}

    assert SENTENCES.keys() == ours | set(PatientFile.Refusal)


def test_nothing_chosen_is_said_at_the_field(client, address):
    answer = client.post(address, {})

    assert (answer.status_code, "Choose a file first" in words_of(answer)) == (422, True)
    assert PatientFile.objects.count() == 0


def test_a_sixth_file_is_refused_in_words(client, address, appointment_request):
    for _ in range(5):
        PatientFile.objects.create(appointment_request=appointment_request, name="a.pdf", kind="pdf", size_bytes=1)

    answer = send(client, address, document())

    assert (answer.status_code, PatientFile.objects.count()) == (409, 5)
    assert str(SENTENCES[files.TOO_MANY]) in words_of(answer)
    assert 'type="file"' not in answer.content.decode()


def test_a_finished_request_keeps_its_files_as_they_are(client, address, appointment_request):
    file = PatientFile.objects.create(appointment_request=appointment_request, name="a.pdf", kind="pdf", size_bytes=1)
    appointment_request.status = "completed"
    appointment_request.save()

    answers = [send(client, address, document()), client.post(remove(address, file))]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert all(str(SENTENCES[files.FINISHED]) in words_of(answer) for answer in answers)
    assert "Remove" not in words_of(client.get(address))


def test_when_the_disk_is_away_the_request_stands_and_the_page_says_so(client, address, root, appointment_request):
    root.write_text("a file where the folder should be")
    before = appointment_request.version

    answer = send(client, address, document())

    appointment_request.refresh_from_db()
    assert (answer.status_code, "Your request is safe." in words_of(answer)) == (422, True)
    assert (appointment_request.version, appointment_request.status) == (before, "received")


def test_no_file_lies_on_a_disk_in_clear_while_it_is_sent(client, address, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a temporary file")

    for name in ("TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile", "mkstemp"):
        monkeypatch.setattr(f"tempfile.{name}", refuse)

    assert send(client, address, picture("PNG", (2000, 1500)) + b"\0" * 4_000_000).status_code == 303


def test_only_fields_of_the_form_are_taken(client, address):  # P27
    send(client, address, document(), kind="exe", refusal="", public_id="x", status="closed")

    file = PatientFile.objects.get()
    assert (file.kind, file.name, file.appointment_request.status) == ("pdf", "MRI report.pdf", "received")


def test_a_name_is_text(client, address):  # P41
    send(client, address, document(), name='<img src=x onerror="a()">.pdf')

    html = client.get(address).content.decode()
    assert "<img src=x" not in html
    assert "&lt;img src=x onerror=&quot;a()&quot;&gt;.pdf" in html


def test_a_stranger_sees_what_everybody_sees_for_what_does_not_exist(client, address, appointment_request):  # P24
    file = PatientFile.objects.create(appointment_request=appointment_request, name="a.pdf", kind="pdf", size_bytes=1)
    stranger = client.__class__()
    nowhere = "/appointments/status/00000000-0000-4000-8000-000000000000/files/"

    answers = [
        stranger.get(address),
        stranger.get(nowhere),
        send(stranger, address, document()),
        stranger.post(remove(address, file)),
        stranger.post(remove(nowhere, file)),
    ]

    assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[0].content)}
    assert (PatientFile.objects.count(), PatientFile.objects.kept().count()) == (1, 1)


def test_a_patient_removes_only_their_own(client, address):
    other = files.keep_file(AppointmentRequestFactory(), upload(document()))

    assert client.post(remove(address, other)).status_code == 303
    assert (PatientFile.objects.kept().count(), store.exists(other.public_id)) == (1, True)


@pytest.mark.parametrize("number", [1, 3])
def test_the_number_of_queries_does_not_grow(client, address, appointment_request, number, django_assert_num_queries):
    for _ in range(number):
        PatientFile.objects.create(appointment_request=appointment_request, name="a.pdf", kind="pdf", size_bytes=1)

    with django_assert_num_queries(6):
        client.get(address)


def test_get_changes_nothing(client, address, appointment_request):  # P30
    file = PatientFile.objects.create(appointment_request=appointment_request, name="a.pdf", kind="pdf", size_bytes=1)

    assert client.get(remove(address, file)).status_code == 405
    assert client.get(address)["Cache-Control"].count("no-store") == 1
    assert PatientFile.objects.kept().count() == 1


def test_staff_are_told_of_each_file_that_was_taken_and_not_of_its_name(client, address):
    RoutingRuleFactory(everyone=True).staff.add(UserFactory())

    send(client, address, document(), name="Canaryname.pdf")
    send(client, address, b"nonsense")
    send(client, address, picture("JPEG"))

    told = Message.objects.filter(kind="staff-update")
    assert told.count() == 2
    assert "Canaryname" not in "".join(f"{render(message).body} {message.context}" for message in told)


def test_without_the_message_there_is_no_file(client, address, monkeypatch, appointment_request):
    """A file that nobody knows of helps nobody; the bytes are left for purging."""

    def fail(*args):
        raise RuntimeError

    monkeypatch.setattr(files.tell, "desk_of_update", fail)
    client.raise_request_exception = False

    answer = send(client, address, document())

    assert answer.status_code == 500
    assert not PatientFile.objects.exists()


def test_file_for_a_page_that_was_closed_is_said_to_be_unsent(client, address, practice):
    AccessSession.objects.update(expires_at=timezone.now())

    answer = send(client, address, document())

    assert answer.status_code == 403
    assert "nothing was sent" in words_of(answer)
    assert not PatientFile.objects.exists()
