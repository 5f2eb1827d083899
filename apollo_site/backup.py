"""A backup is a folder: the database, patients' files as encrypted as they lie there, pictures, and their sums.

It never holds a key. Whoever has it without the keys reads nothing that a patient typed; whoever has lost the keys
does not either.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from apollo_site import dumps
from apollo_site.dumps import BackupError
from appointments.models import AppointmentRequest, PatientFile
from outbox.models import Message
from outbox.services import sql_that_holds_the_unsent
from vault import canary
from vault.models import Backup, Canary

MANIFEST = "manifest.json"
DATABASE = "database"
FOLDERS = {"files": "FILES_ROOT", "media": "MEDIA_ROOT"}  # in the backup, and the setting that names ours
COUNTED = {"requests": AppointmentRequest, "messages": Message, "files": PatientFile}


@contextmanager
def _carefully():
    """What is written is for this account alone, 600 and 700, whoever writes it; what goes wrong is said plainly."""
    before = os.umask(0o077)
    try:
        yield
    except OSError as error:
        raise BackupError(f"{error.strerror}: {error.filename}") from error
    except (DatabaseError, sqlite3.Error) as error:
        raise BackupError(
            f"The database could not be read or written ({type(error).__name__}): check DATABASE_URL and the disk."
        ) from error
    finally:
        os.umask(before)


@_carefully()
def make(target: Path) -> dict:
    """Write a backup to the new folder `target`; its manifest. A row of ours says that it was made.

    Raises BackupError. When `target` is there it is whole.
    """
    target = target.absolute()
    if target.exists():
        raise BackupError(f"{target} is there already: name a new folder for each backup.")
    if any(Path(getattr(settings, setting)).absolute() in target.parents for setting in FOLDERS.values()):
        raise BackupError(f"{target} lies inside a folder that is backed up: name one elsewhere.")
    made_at = timezone.now()
    begun = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        manifest = {"made_at": made_at.isoformat(), "database": connection.vendor, **_fill(begun)}
        (begun / MANIFEST).write_text(json.dumps(manifest, indent=1))
        _sync(begun)
        begun.rename(target)
    except BaseException:
        shutil.rmtree(begun, ignore_errors=True)
        raise
    Backup.objects.create(made_at=made_at)
    return manifest


def _fill(folder):
    """The database first: a file is written before its row, so that each row in the backup finds its file there."""
    seen = dumps.dump(folder / DATABASE, _look)
    for name, setting in FOLDERS.items():
        _copy(Path(getattr(settings, setting)), folder / name)
    return {**seen, "parts": _sums(folder)}


def _look(cursor) -> dict:
    """How many rows there are, and the proofs of the keys they were written with."""

    def rows(query):
        cursor.execute(query)
        return [list(row) for row in cursor.fetchall()]

    counts = {name: rows(f"SELECT count(*) FROM {model._meta.db_table}")[0][0] for name, model in COUNTED.items()}  # noqa: S608 - a name of ours
    proofs = rows(f"SELECT ring, key_id, proof FROM {Canary._meta.db_table} ORDER BY ring, key_id")  # noqa: S608 - a name of ours
    return {"counts": counts, "proofs": proofs}


def _copy(root, to):
    for path in sorted(root.rglob("*")):
        if path.is_file():
            place = to / path.relative_to(root)
            place.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # taken back by the patient since we looked, or renamed when it was whole
                shutil.copyfile(path, place)


def _sums(folder) -> dict[str, str]:
    """Name → SHA-256 of each file below `folder` but the manifest."""
    sums = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path != folder / MANIFEST:
            with path.open("rb") as file:
                sums[path.relative_to(folder).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return sums


def _sync(folder):
    """On the disk before the folder gets its name: after a power cut half a backup must not look like a whole one."""
    for path in (folder, *folder.rglob("*")):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@_carefully()
def restore(source: Path) -> dict:
    """Fill our empty database and folders from the backup in `source`; its manifest. All unsent mail is held.

    Raises BackupError. Of the database, all or nothing is restored. Folders need not be empty: a name in them never
    stands for other content.
    """
    if connection.introspection.table_names():
        raise BackupError("The database is not empty: restore into a new one, before migrate.")
    manifest = _checked(source)
    for name, setting in FOLDERS.items():
        _copy(source / name, Path(getattr(settings, setting)))
    dumps.load(source / DATABASE, sql_that_holds_the_unsent())
    with connection.cursor() as cursor:
        if any(value != manifest[name] for name, value in _look(cursor).items()):
            raise BackupError("The restored database does not hold what the manifest counts: throw it away.")
    return manifest


def _checked(source):
    try:
        manifest = json.loads((source / MANIFEST).read_text())
        kind, parts = manifest["database"], manifest["parts"]
        proofs = [Canary(ring=ring, key_id=key_id, proof=proof) for ring, key_id, proof in manifest["proofs"]]
    except (OSError, ValueError, KeyError, TypeError):
        raise BackupError(f"{source} is no whole backup: its {MANIFEST} is missing or damaged.") from None
    if kind != connection.vendor:
        raise BackupError(f"This is a backup of {kind}, and DATABASE_URL names {connection.vendor}.")
    found = _sums(source)
    if changed := sorted(name for name in found.keys() | parts.keys() if found.get(name) != parts.get(name)):
        raise BackupError(f"{len(changed)} files of this backup are damaged, missing or added: {changed[0]} …")
    if problems := canary.misfit_sentences(proofs):
        raise BackupError(" ".join(problems))
    return manifest
