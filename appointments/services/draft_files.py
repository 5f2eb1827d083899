"""Files that an office sends along with a referral, kept with its draft until that is received."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from appointments import sandbox
from appointments.models import PatientFile, RequestDraft
from appointments.services import draft as drafts
from appointments.services import files, rates
from appointments.services.files import MOST_FILES, TOO_MANY, TOO_OFTEN, FileRefused

TRIES_OF_A_BLOCK = 120  # within an hour: nobody is known yet, and each try costs a process


def keep_files(draft: RequestDraft, uploads: Iterable[UploadedFile], *, block: str) -> list[list[str]]:
    """Take `uploads`, sent from `block` (rates.address_block); [code, name] of each that is refused.

    Raises drafts.AlreadySentError or drafts.GoneError; what was taken before stays.
    """
    refused = []
    for upload in uploads:
        try:
            _keep_file(draft, upload, block)
        except FileRefused as problem:
            refused.append([problem.code, files.readable(upload.name)])
    return refused


def _keep_file(draft, upload, block):
    file = _written(upload, str(draft.public_id), block)
    with _gone_without_row([file]):
        file.draft = draft
        _add(file)


@contextmanager
def written(
    uploads: Iterable[UploadedFile], *, who: str, block: str
) -> Iterator[tuple[list[PatientFile], list[list[str]]]]:
    """`uploads` as files for `add_written`, and [code, name] of each that is refused. Tries count for both names.

    Outside every transaction: each takes seconds, in which nobody else could write. What has no row in the end is
    removed.
    """
    taken, refused = [], []
    for upload in uploads:
        try:
            taken.append(_written(upload, who, block))
        except FileRefused as problem:
            refused.append([problem.code, files.readable(upload.name)])
    with _gone_without_row(taken):
        yield taken, refused


def add_written(draft: RequestDraft, taken: Iterable[PatientFile]) -> list[list[str]]:
    """Give them to `draft`; [code, name] of each that is refused."""
    refused = []
    for file in taken:
        file.draft = draft
        try:
            _add(file)
        except FileRefused as problem:
            refused.append([problem.code, file.name])
    return refused


def _written(upload, who, block):
    tried = rates.count("file", who, seconds=3600)
    if tried > files.TRIES_PER_HOUR or rates.count("draft-file", block, seconds=3600) > TRIES_OF_A_BLOCK:
        raise FileRefused(TOO_OFTEN)
    file = PatientFile(name=files.readable(upload.name))
    try:
        files.write(file, upload)
    except sandbox.Refused as refused:
        raise FileRefused(str(refused)) from None
    return file


@contextmanager
def _gone_without_row(taken):
    try:
        yield
    finally:
        ids = {file.public_id for file in taken}
        kept = set(PatientFile.objects.filter(public_id__in=ids).values_list("public_id", flat=True)) if ids else ids
        for file in taken:
            if file.public_id not in kept:
                files.delete_quietly(file)


@transaction.atomic
def _add(file):
    """A second click, or the same file chosen again, adds nothing."""
    draft = drafts.held(file.draft)
    here = list(draft.files.all())
    if any((one.name, one.size_bytes) == (file.name, file.size_bytes) for one in here):
        return
    if len(here) >= MOST_FILES:
        raise FileRefused(TOO_MANY)
    file.save()


def remove_files(draft: RequestDraft, public_ids: Iterable[str]) -> None:
    """Remove those of the draft's files that `public_ids` name; other names are nobody's.

    Raises drafts.AlreadySentError or drafts.GoneError.
    """
    public_ids = set(public_ids)
    with transaction.atomic():
        gone = [file for file in drafts.held(draft).files.all() if str(file.public_id) in public_ids]
        draft.files.filter(pk__in=[file.pk for file in gone]).delete()
    for file in gone:
        files.delete_quietly(file)
