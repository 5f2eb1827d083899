"""P10: a backup is whole, and a site that was restored from it sends nothing by itself.

The connection is led to a second database, an empty one; both are real, and so are pg_dump and pg_restore.
"""

import json
import os
import shutil
import stat
import threading
from pathlib import Path

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from apollo_site import backup
from apollo_site.backup import BackupError
from appointments.models import AppointmentRequest, PatientFile
from appointments.services import files, store
from outbox.models import Message
from outbox.services import release
from outbox.worker import Worker
from tests.factories import AppointmentRequestFactory, UserFactory
from tests.outbox.conftest import TEMPLATES
from tests.outbox.factories import MessageFactory
from vault.models import Backup

# Few, and each does much: to empty all tables after a test takes PostgreSQL as long as the test.
committed = pytest.mark.django_db(transaction=True)
postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite needs no program of its own")
WRITERS = 2


@pytest.fixture(autouse=True)
def surroundings(settings, tmp_path):
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [TEMPLATES]}]
    settings.FILES_ROOT, settings.MEDIA_ROOT = tmp_path / "files", tmp_path / "media"
    (settings.MEDIA_ROOT / "pictures").mkdir(parents=True)
    (settings.MEDIA_ROOT / "pictures" / "640.webp").write_bytes(b"a picture")


@pytest.fixture
def target(tmp_path):
    return tmp_path / "backup"


@pytest.fixture
def move_house(settings, tmp_path, transactional_db):
    """Called, it leads the connection to an empty database and the settings to empty folders."""
    home = connection.settings_dict["NAME"]
    name = tmp_path / "second.sqlite3"
    if connection.vendor == "postgresql":
        name = f"{home}_second"
        tell_server(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")

    def move():
        connection.close()
        connection.settings_dict["NAME"] = name
        settings.FILES_ROOT, settings.MEDIA_ROOT = tmp_path / "new/files", tmp_path / "new/media"

    yield move
    connection.close()
    connection.settings_dict["NAME"] = home
    if connection.vendor == "postgresql":
        tell_server(f"DROP DATABASE {name}")


def tell_server(*statements):
    with connection._nodb_cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


class Writers:
    """Threads that make requests, each with its message, as long as the block lasts; `acknowledged` when committed."""

    def __init__(self):
        self.acknowledged, self.enough, self.stop = [], threading.Semaphore(0), threading.Event()
        self.threads = [threading.Thread(target=self.write) for _ in range(WRITERS)]

    def write(self):
        while not self.stop.wait(0.02):  # a breath: who waits for SQLite stands in no queue, and would wait for long
            with transaction.atomic():
                reference = AppointmentRequestFactory().reference
                MessageFactory(about=reference)
            self.acknowledged.append(reference)
            self.enough.release()
        connection.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        for _ in range(6):
            assert self.enough.acquire(timeout=30)
        return self

    def __exit__(self, *error):
        self.stop.set()
        for thread in self.threads:
            thread.join()


@committed
def test_all_that_was_acknowledged_comes_back_and_sends_nothing_until_staff_release_it(
    settings, target, move_house, capsys
):
    settings.WORKER_CHORES = []  # what is due by the clock is made anew, and is not what had not been sent
    scheduler = UserFactory(group="scheduler")
    asked = AppointmentRequestFactory(reason="Canarywords")
    file = PatientFile.objects.create(appointment_request=asked, name="a.pdf", kind="pdf", size_bytes=9)
    store.write(file.public_id, b"a finding")
    for traits in UNSENT:
        MessageFactory(about="unsent", **traits)
    others = {MessageFactory(about="", state=state).pk: state for state in ("sent", "needs-human", "failed-permanent")}
    with Writers() as writers:
        before = set(writers.acknowledged)
        call_command("backup", target)
        for _ in range(WRITERS):  # they have gone on
            assert writers.enough.acquire(timeout=30)
    move_house()

    call_command("restore", target)
    Worker().run_once()

    requests = set(AppointmentRequest.objects.exclude(pk=asked.pk).values_list("reference", flat=True))
    assert before <= requests <= set(writers.acknowledged)
    assert set(Message.objects.filter(about__startswith="APM").values_list("about", flat=True)) == requests
    assert AppointmentRequest.objects.get(pk=asked.pk).reason == "Canarywords"
    assert files.content_of(PatientFile.objects.get()) == b"a finding"
    assert (settings.MEDIA_ROOT / "pictures" / "640.webp").read_bytes() == b"a picture"
    assert mail.outbox == []
    assert Message.objects.restored().count() == len(requests) + len(UNSENT)
    assert f"{len(requests) + len(UNSENT)} messages are held: release those" in capsys.readouterr().out
    assert dict(Message.objects.filter(about="").values_list("pk", "state")) == others

    release(Message.objects.restored().filter(about="unsent").first(), by=scheduler)
    Worker().run_once()

    assert len(mail.outbox) == 1
    with pytest.raises(CommandError, match="The database is not empty"):
        call_command("restore", target)
    assert Message.objects.restored().count() == len(requests) + len(UNSENT) - 1


UNSENT = (
    {},
    {"later": True},
    {"held_by_a_worker": True},
    {"abandoned": True},
    {"state": "failed-temporary", "attempts": 1},
)


def change(part):
    part.write_bytes(b"?" + part.read_bytes()[1:])


def forge(target, **changes):
    """A manifest that says something else, and whose sums are right."""
    manifest = json.loads((target / "manifest.json").read_text())
    (target / "manifest.json").write_text(json.dumps(manifest | {"parts": backup._sums(target)} | changes))


def cut_database(target):
    os.truncate(target / "database", (target / "database").stat().st_size * 9 // 10)
    forge(target)


REFUSED = {
    "changed": (lambda target: change(target / "database"), "1 files .* damaged.*: database"),
    "picture": (lambda target: change(target / "media/pictures/640.webp"), "damaged.*: media/pictures/640.webp"),
    "missing": (lambda target: (target / "media/pictures/640.webp").unlink(), "damaged, missing"),
    "added": (lambda target: (target / "media/evil.svg").write_bytes(b"<svg/>"), "added: media/evil.svg"),
    "unfinished": (lambda target: (target / "manifest.json").unlink(), "no whole backup"),
    "cut off": (lambda target: (target / "manifest.json").write_text('{"made_at"'), "no whole backup"),
    "odd": (lambda target: (target / "manifest.json").write_text("[]"), "no whole backup"),
    "foreign": (lambda target: forge(target, database="oracle"), "a backup of oracle, and DATABASE_URL names"),
    "cut": (cut_database, "pg_restore failed|could not be read"),
}


@committed
def test_what_is_not_whole_or_not_ours_is_refused_and_the_database_stays_empty(
    settings, monkeypatch, tmp_path, target, move_house, ring
):
    backup.make(target)
    with pytest.raises(CommandError, match="The database is not empty"):
        call_command("restore", target)
    move_house()

    for name, (spoil, sentence) in REFUSED.items():
        shutil.copytree(target, tmp_path / name)
        spoil(tmp_path / name)
        with pytest.raises(CommandError, match=sentence):
            call_command("restore", tmp_path / name)
        assert connection.introspection.table_names() == []

    with monkeypatch.context() as broken:  # all rows are there, and nothing was held
        broken.setattr(backup, "sql_that_holds_the_unsent", lambda: "UPDATE nowhere SET state = 'held'")
        with pytest.raises(CommandError, match=r"psql failed: .*nowhere|could not be read or written"):
            call_command("restore", target)
    assert connection.introspection.table_names() == []

    settings.FIELD_KEYS = ring("f2")
    with pytest.raises(CommandError, match="The field key f1 is missing"):
        call_command("restore", target)
    assert connection.introspection.table_names() == []


@committed
def test_a_backup_is_for_its_owner_alone_holds_no_key_and_replaces_nothing(settings, monkeypatch, tmp_path, target):
    file = PatientFile.objects.create(
        appointment_request=AppointmentRequestFactory(reason="Canarywords"), kind="pdf", size_bytes=11
    )
    store.write(file.public_id, b"Canarywords")

    backup.make(target)

    parts = [target, *target.rglob("*")]
    assert {stat.S_IMODE(part.stat().st_mode) for part in parts if part.is_dir()} == {0o700}
    assert {stat.S_IMODE(part.stat().st_mode) for part in parts if part.is_file()} == {0o600}
    content = {part: part.read_bytes() for part in parts if part.is_file()}
    secrets = [ring.partition(":")[2] for ring in (settings.FIELD_KEYS, settings.HASH_KEYS)]
    words = [word.encode() for word in (*secrets, settings.SECRET_KEY, "Canarywords")]
    assert [word for word in words if word in b"".join(content.values())] == []

    before = sorted(tmp_path.iterdir())
    for place, sentence in (
        (target, "is there already"),
        (settings.MEDIA_ROOT / "backup", "lies inside a folder that is backed up"),
        (tmp_path / "nowhere" / "backup", "No such file or directory"),
    ):
        with pytest.raises(CommandError, match=sentence):
            call_command("backup", place)
    monkeypatch.setattr(backup, "_copy", disk_is_full)
    with pytest.raises(CommandError, match="No space left on device: files"):
        call_command("backup", tmp_path / "half")

    assert sorted(tmp_path.iterdir()) == before
    assert {part: part.read_bytes() for part in content} == content
    assert Backup.objects.count() == 1


def disk_is_full(*args):
    raise OSError(28, "No space left on device", "files")


def test_a_file_that_goes_while_we_copy_is_left_out(settings, monkeypatch, target):
    def gone(self):  # between listing and copying
        self.with_name("640.webp").unlink(missing_ok=True)
        return True

    monkeypatch.setattr(Path, "is_file", gone)
    backup._copy(settings.MEDIA_ROOT / "pictures", target)

    assert list(target.iterdir()) == []


@postgresql
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("version", "sentence"),
    [
        (None, "pg_dump is missing: install PostgreSQL's client programs, version "),
        ("9.6.24", "pg_dump has version 9, which is older than the server's: install "),
    ],
)
def test_a_program_that_is_missing_or_old_is_named(monkeypatch, tmp_path, target, version, sentence):
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    if version:
        (programs / "pg_dump").write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version}'\n")
        (programs / "pg_dump").chmod(0o700)

    with pytest.raises(BackupError, match=sentence):
        backup.make(target)

    assert not target.exists()
