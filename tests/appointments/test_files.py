"""Patients' files: taken, kept under a key, five at most, removed, purged and moved to new keys."""

import datetime
import os
import stat
import threading
import uuid
from io import BytesIO, StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from PIL import Image

from appointments.models import AppointmentRequest, PatientFile, ReadEvent
from appointments.services import files, held, store
from appointments.services.files import FileRefused, keep_file, remove_file
from appointments.services.moves import NoRight
from appointments.services.setup import make_groups
from appointments.transitions import GROUPS, READERS, Status
from tests.factories import AppointmentRequestFactory, UserFactory
from tests.patient_files import document, locked_document, picture, unpacked, upload
from vault.crypto import UnreadableError
from vault.models import Canary


@pytest.fixture(autouse=True)
def root(settings, tmp_path):
    settings.FILES_ROOT = tmp_path / "files"
    return settings.FILES_ROOT


def on_disk(root):
    return sorted(path for path in root.rglob("*") if path.is_file())


def refusal(appointment_request, content, name="report.pdf"):
    with pytest.raises(FileRefused) as refused:
        keep_file(appointment_request, upload(content, name))
    return refused.value.code


def with_files(number, **values):
    """A request that has `number` files already; their bytes are of no interest."""
    appointment_request = AppointmentRequestFactory(**values)
    for _ in range(number):
        PatientFile.objects.create(appointment_request=appointment_request, name="a.pdf", kind="pdf", size_bytes=1)
    return appointment_request


def row_of(appointment_request):
    return AppointmentRequest.objects.filter(pk=appointment_request.pk).values().get()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "kind", "format"),
    [
        (document(), "pdf", "PDF"),
        (picture("JPEG"), "jpeg", "JPEG"),
        (picture("PNG"), "png", "PNG"),
        (picture("HEIF"), "jpeg", "JPEG"),
    ],
)
def test_each_kind_is_taken_whatever_its_name_says(content, kind, format):
    appointment_request = AppointmentRequestFactory()

    file = keep_file(appointment_request, upload(content, "what I have.bin"))

    new = files.content_of(PatientFile.objects.get(pk=file.pk))
    assert (file.kind, file.name, file.size_bytes, file.refusal) == (kind, "what I have.bin", len(new), "")
    if format == "PDF":
        assert b"(L4/L5 narrow) Tj" in unpacked(new)
    else:
        image = Image.open(BytesIO(new))
        assert (image.format, image.size) == (format, (60, 40))


@pytest.mark.django_db
def test_a_photo_is_upright_and_says_nothing_of_camera_and_place():
    exif = Image.Exif()
    exif[0x0112] = 6  # held on its side
    exif[0x010F] = "MakerOfTheCamera"
    exif.get_ifd(0x8825)[1] = "N"
    sent = picture("JPEG", (60, 40), exif=exif)

    new = files.content_of(keep_file(AppointmentRequestFactory(), upload(sent)))

    image = Image.open(BytesIO(new))
    assert (image.size, dict(image.getexif()), b"MakerOfTheCamera" in sent, b"MakerOfTheCamera" in new) == (
        (40, 60),
        {},
        True,
        False,
    )
    assert [sum(image.getpixel(at)) < 60 for at in ((5, 5), (35, 5))] == [False, True]  # the dark corner moved


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"x" * (settings.MAX_FILE_BYTES + 1), "too-big"),
        (b"Dear doctor, ...", "wrong-type"),
        (b"PK\x03\x04 a letter of Word", "wrong-type"),
        (locked_document(), "locked"),
        (document()[:-200], "unreadable"),
        (picture("JPEG", (400, 400))[:-300], "unreadable"),
    ],
)
def test_a_refusal_says_why_and_leaves_the_request_as_it_was(root, content, code):
    appointment_request = AppointmentRequestFactory(waiting=True)
    before = row_of(appointment_request)

    assert refusal(appointment_request, content) == code

    kept = PatientFile.objects.get()
    assert (kept.refusal, kept.kind, kept.size_bytes, kept.name) == (code, "", len(content), "report.pdf")
    assert (row_of(appointment_request), on_disk(root)) == (before, [])


@pytest.mark.django_db
def test_on_the_disk_nothing_can_be_read_and_nobody_else_may_try(root):
    file = keep_file(AppointmentRequestFactory(), upload(document(), "Rosa Peña MRI.pdf"))

    (path,) = on_disk(root)
    assert (path.name, stat.S_IMODE(path.stat().st_mode)) == (file.public_id.hex, 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [word for word in (b"%PDF", b"narrow", b"Rosa") if word in path.read_bytes()] == []


@pytest.mark.django_db
def test_content_moved_to_another_file_is_refused(root):
    appointment_request = AppointmentRequestFactory()
    one, other = (keep_file(appointment_request, upload(document(words))) for words in (b"one", b"two"))
    store._path(one.public_id).write_bytes(store._path(other.public_id).read_bytes())

    with pytest.raises(UnreadableError):
        files.content_of(one)


@pytest.mark.django_db
@pytest.mark.parametrize("status", sorted(set(Status)))
def test_files_come_and_go_as_long_as_the_request_is_open(status):
    appointment_request = AppointmentRequestFactory(
        status=status,
        outcome="seen" if status == Status.CLOSED else "",
        waiting_on="patient",
        next_action_at=timezone.now(),
    )
    file = PatientFile.objects.create(appointment_request=appointment_request, name="a", kind="pdf")

    if status in (Status.COMPLETED, Status.CLOSED):
        assert refusal(appointment_request, document()) == files.FINISHED
        with pytest.raises(FileRefused):
            remove_file(appointment_request, file.public_id)
        assert PatientFile.objects.kept().count() == 1
    else:
        keep_file(appointment_request, upload(document()))
        assert remove_file(appointment_request, file.public_id)
        assert PatientFile.objects.kept().count() == 1


@pytest.mark.django_db
def test_five_are_kept_and_a_removed_or_refused_one_does_not_count(root):
    appointment_request = with_files(4)
    assert refusal(appointment_request, b"") == "empty"
    fifth = keep_file(appointment_request, upload(document()))

    assert refusal(appointment_request, document()) == files.TOO_MANY
    assert remove_file(appointment_request, fifth.public_id)
    keep_file(appointment_request, upload(document()))

    assert (PatientFile.objects.kept().count(), len(on_disk(root))) == (5, 1)


@pytest.mark.django_db
def test_many_tries_in_an_hour_are_too_many(time_machine):
    time_machine.move_to(datetime.datetime(2026, 11, 30, 17, 5, tzinfo=datetime.UTC), tick=False)
    appointment_request = AppointmentRequestFactory()

    codes = [refusal(appointment_request, b"") for _ in range(files.TRIES_PER_HOUR + 2)]
    time_machine.shift(datetime.timedelta(hours=1))

    assert codes == ["empty"] * files.TRIES_PER_HOUR + [files.TOO_OFTEN] * 2
    assert refusal(appointment_request, b"") == "empty"
    assert PatientFile.objects.count() == files.TRIES_PER_HOUR + 1


def send_at_once(appointment_request, number):
    """`number` uploads that were all written anew before the first one is counted; what came of each."""
    ready, results = threading.Barrier(number), []

    def send():
        try:
            ready.wait(30)
            files._add(PatientFile(appointment_request=appointment_request, name="a", kind="pdf", size_bytes=1))
            results.append("kept")
        except FileRefused as refused:
            results.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)


@pytest.mark.django_db(transaction=True)
def test_of_eight_sent_at_once_five_are_kept():
    appointment_request = AppointmentRequestFactory()

    assert send_at_once(appointment_request, 8) == ["kept"] * 5 + [files.TOO_MANY] * 3
    assert PatientFile.objects.kept().count() == 5


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_more_than_five_would_be_kept(monkeypatch):  # the control
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets one write at a time anyway")
    counted = threading.Barrier(8)
    check = files._check_room

    def check_and_wait(*args):
        check(*args)
        counted.wait(30)

    monkeypatch.setattr(held, "request", lambda pk: AppointmentRequest.objects.get(pk=pk))
    monkeypatch.setattr(files, "_check_room", check_and_wait)
    appointment_request = AppointmentRequestFactory()

    send_at_once(appointment_request, 8)

    assert PatientFile.objects.kept().count() == 8


@pytest.mark.django_db
def test_a_removed_file_leaves_only_that_there_was_one(root):
    appointment_request = AppointmentRequestFactory()
    file = keep_file(appointment_request, upload(document(), "Rosa.pdf"))

    assert remove_file(appointment_request, file.public_id) is True
    assert remove_file(appointment_request, file.public_id) is False  # pressed twice

    file = PatientFile.objects.get(pk=file.pk)
    assert (file.name, file.kind, file.removed_at is not None, on_disk(root)) == ("", "pdf", True, [])


@pytest.mark.django_db
def test_nobody_removes_a_file_of_another_request(root):
    file = keep_file(AppointmentRequestFactory(), upload(document()))

    assert remove_file(AppointmentRequestFactory(), file.public_id) is False
    assert (PatientFile.objects.kept().count(), len(on_disk(root))) == (1, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("group", GROUPS)
def test_staff_open_a_file_if_they_may_read_words_and_that_is_recorded(group):
    make_groups()
    user = UserFactory(group=group)
    file = keep_file(AppointmentRequestFactory(), upload(document()))

    if group in READERS or group == "owner":
        opened, content = files.open_for_staff(file.appointment_request, file.public_id, by=user)
        assert (opened, content[:5]) == (file, b"%PDF-")
        assert list(ReadEvent.objects.values_list("by", "appointment_request")) == [
            (user.pk, file.appointment_request_id)
        ]
    else:
        with pytest.raises(NoRight):
            files.open_for_staff(file.appointment_request, file.public_id, by=user)
        assert ReadEvent.objects.count() == 0


# Faults


@pytest.mark.django_db
def test_a_disk_that_takes_nothing_loses_nothing(root, caplog):
    root.write_text("a file where the folder should be")
    appointment_request = AppointmentRequestFactory()
    before = row_of(appointment_request)

    assert refusal(appointment_request, document(), "Rosa.pdf") == files.UNAVAILABLE

    assert (row_of(appointment_request), PatientFile.objects.count()) == (before, 0)
    assert "no file can be taken: NotADirectoryError" in caplog.text or "FileExistsError" in caplog.text
    assert "Rosa" not in caplog.text


@pytest.mark.django_db
def test_a_disk_that_fills_up_half_way_leaves_nothing(root, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    assert refusal(AppointmentRequestFactory(), document()) == files.UNAVAILABLE
    assert (on_disk(root), PatientFile.objects.count()) == ([], 0)


@pytest.mark.django_db
def test_what_a_killed_process_left_is_purged_when_it_is_old(root, time_machine):
    kept = keep_file(AppointmentRequestFactory(), upload(document()))
    for name in (uuid.uuid4().hex, "0123456789abcdef" + store.BEGUN):
        path = root / name[:2] / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"leftover")

    assert files.purge(apply=True) == 0  # an upload may be under way
    time_machine.move_to(timezone.now() + datetime.timedelta(hours=2))
    said = StringIO()
    call_command("purge_expired", stdout=said)
    assert ("leftovers of files that --apply deletes: 2" in said.getvalue(), len(on_disk(root))) == (True, 3)
    call_command("purge_expired", "--apply", stdout=StringIO())

    assert [path.name for path in on_disk(root)] == [kept.public_id.hex]


@pytest.mark.django_db
def test_a_file_that_is_gone_is_reported():
    file = keep_file(AppointmentRequestFactory(), upload(document()))
    store.delete(file.public_id)

    said = StringIO()
    call_command("purge_expired", stdout=StringIO(), stderr=said)

    assert f"The content of file {file.public_id} is missing" in said.getvalue()
    with pytest.raises(store.MissingError):
        files.content_of(file)


# Keys


@pytest.mark.django_db
def test_files_move_to_new_keys(keys):
    Canary.objects.all().delete()
    file = keep_file(AppointmentRequestFactory(), upload(document()))
    gone = keep_file(AppointmentRequestFactory(), upload(document()))
    store.delete(gone.public_id)
    content = files.content_of(file)
    keys(field=["f2", "f1"])

    said = StringIO()
    call_command("rotate_keys", stdout=said)
    keys(field=["f2"])

    assert "Patients' files: 1 rewritten, 0 unreadable" in said.getvalue()
    assert files.content_of(file) == content
    assert files.rotate() == (0, 0)


@pytest.mark.django_db
def test_with_a_file_that_no_key_reads_the_old_keys_are_not_given_up(keys):
    Canary.objects.all().delete()
    file = keep_file(AppointmentRequestFactory(), upload(document()))
    path = store._path(file.public_id)
    sealed = path.read_bytes()
    path.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    keys(field=["f2", "f1"])

    with pytest.raises(CommandError, match="Keep the old keys"):
        call_command("rotate_keys", stdout=StringIO())
