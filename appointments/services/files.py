"""Files that patients and offices send to prepare a visit: taken, given to those who may see them, and removed."""

import datetime
import logging
import re
import unicodedata
import uuid

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from appointments import sandbox
from appointments.models import AppointmentRequest, PatientFile, ReferringPractice
from appointments.services import held, rates, referrals, store, tell
from appointments.services.moves import NoRight, groups_of, record_read
from appointments.transitions import OPEN, READERS
from vault.crypto import UnreadableError

logger = logging.getLogger(__name__)

MOST_FILES = 5
MOST_NAME_LETTERS = 100
TRIES_PER_HOUR = 30

# Why a file is not taken, beside what may be wrong with the file itself (PatientFile.Refusal).
TOO_MANY, TOO_OFTEN, FINISHED, UNAVAILABLE = "too-many", "too-often", "finished", "unavailable"


class FileRefused(Exception):
    """The file is not taken. `code` is a PatientFile.Refusal or one of the codes above."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


class ContentAway(Exception):
    """There is such a file, and its content is missing, under a key that we do not have, or on a disk that is away."""


def keep_file(
    appointment_request: AppointmentRequest,
    upload: UploadedFile,
    *,
    office: ReferringPractice | None = None,
    at: datetime.datetime | None = None,
) -> PatientFile:
    """Take `upload` of the patient or of `office`: written anew, encrypted, and then its row. The request itself is
    never touched.

    Raises FileRefused. What was wrong with a file itself is kept as a row, so that staff can help.
    """
    if rates.count("file", str(appointment_request.public_id), seconds=3600, at=at) > TRIES_PER_HOUR:
        raise FileRefused(TOO_OFTEN)
    _check_room(appointment_request, office)
    file = PatientFile(appointment_request=appointment_request, office=office, name=readable(upload.name))
    try:
        write(file, upload)
    except sandbox.Refused as refused:
        file.refusal, file.size_bytes = str(refused), min(upload.size, _MOST_COUNTED)
        file.save()
        raise FileRefused(file.refusal) from None
    try:
        _add(file)
    except FileRefused:
        delete_quietly(file)
        raise  # after any other error the row may be there all the same; if not, purging finds the file
    return file


_MOST_COUNTED = 2**31 - 1  # what the column holds


def write(file: PatientFile, upload: UploadedFile) -> None:
    """Write `upload` anew, encrypted, as the content of `file`, which is not saved yet.

    Raises sandbox.Refused, or FileRefused when none can be taken now.
    """
    try:
        file.kind, content = _rebuilt(upload)
        file.size_bytes = len(content)
        store.write(file.public_id, content)
    except (sandbox.Unavailable, OSError) as error:
        logger.error("no file can be taken: %s", type(error.__cause__ or error).__name__)
        raise FileRefused(UNAVAILABLE) from None


def _rebuilt(upload):
    if upload.size == 0:
        raise sandbox.Refused(PatientFile.Refusal.EMPTY)
    if upload.size > settings.MAX_FILE_BYTES:
        raise sandbox.Refused(PatientFile.Refusal.TOO_BIG)
    upload.seek(0)
    return sandbox.rebuilt(upload.read())


@transaction.atomic
def _add(file):
    """Several at once wait here for each other, so that five are five. Staff are told of each."""
    appointment_request = held.request(file.appointment_request.pk)
    _check_room(appointment_request, file.office)
    file.save()
    if file.office:
        referrals.hear(appointment_request, "office-sent-file", practice=file.office.pk, file=file.pk)
    told = tell.desk_of_office if file.office else tell.desk_of_update
    told(appointment_request, f"file:{file.public_id}")


def _check_room(appointment_request, office):
    if appointment_request.status not in OPEN:
        raise FileRefused(FINISHED)
    if appointment_request.patient_files.kept().sent_by(office).count() >= MOST_FILES:
        raise FileRefused(TOO_MANY)


def content_of(file: PatientFile) -> bytes:
    """What the patient sent, written anew. Raises store.MissingError, vault.crypto.UnreadableError or OSError."""
    return store.read(file.public_id)


def open_for_staff(
    appointment_request: AppointmentRequest, public_id: uuid.UUID, *, by: AbstractUser
) -> tuple[PatientFile, bytes]:
    """A kept file and its content, for staff who may read it; that they did is recorded (P28).

    Raises NoRight, PatientFile.DoesNotExist, ContentAway.
    """
    if not READERS & groups_of(by):
        raise NoRight
    file = appointment_request.patient_files.kept().get(public_id=public_id)
    try:
        content = content_of(file)
    except (store.MissingError, UnreadableError, OSError) as error:
        logger.error("file %s cannot be opened: %s", public_id, type(error).__name__)
        raise ContentAway from error
    record_read(appointment_request, by=by)
    return file, content


def remove_file(appointment_request: AppointmentRequest, public_id: uuid.UUID) -> bool:
    """Remove a file that the patient sent to this request: its bytes and its name. The row stays and says when.

    Whether there was such a file. Raises FileRefused once the request is finished.
    """
    with transaction.atomic():
        locked = held.request(appointment_request.pk)
        if locked.status not in OPEN:
            raise FileRefused(FINISHED)
        file = locked.patient_files.kept().sent_by(None).filter(public_id=public_id).first()
        if file is None:
            return False
        file.name, file.removed_at = "", timezone.now()
        file.save(update_fields=["name", "removed_at"])
    delete_quietly(file)
    return True


def delete_quietly(file: PatientFile) -> None:
    """Delete the content of `file`; what cannot be deleted now is found by `purge`."""
    try:
        store.delete(file.public_id)
    except OSError as error:
        logger.error("file %s is left for purging: %s", file.public_id, type(error).__name__)


# Every day, and after new keys


def purge(at: datetime.datetime | None = None, *, apply: bool = False) -> int:
    """How many files without a row lie on the disk; with `apply` they are deleted."""
    # Of a file that comes after this line the row is not known here; but it is young.
    kept = set(PatientFile.objects.kept().values_list("public_id", flat=True))
    found = list(store.leftovers(kept, at or timezone.now()))
    if apply:
        for path in found:
            path.unlink(missing_ok=True)
    return len(found)


def missing() -> list[uuid.UUID]:
    """Rows whose file is gone."""
    return [
        public_id
        for public_id in PatientFile.objects.kept().values_list("public_id", flat=True).iterator()
        if not store.exists(public_id)
    ]


def rotate() -> tuple[int, int]:
    """Move every file to the newest key: how many were written anew, how many could not be read."""
    rewritten, unreadable = 0, 0
    for public_id in list(PatientFile.objects.kept().order_by("pk").values_list("public_id", flat=True)):
        try:
            rewritten += store.rotate(public_id)
        except store.MissingError:
            logger.error("file %s is missing", public_id)  # no key brings it back
        except UnreadableError as error:
            unreadable += 1
            logger.error("unreadable file at %s", error)
    return rewritten, unreadable


_SPACES = re.compile(r"\s+")


def readable(name: str) -> str:
    """The name that the patient's device gave a file, short, and without what would turn or hide other letters."""
    text = unicodedata.normalize("NFC", name)
    text = "".join(letter for letter in text if unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    return _SPACES.sub(" ", text).strip()[:MOST_NAME_LETTERS]
