"""The bytes of patients' files: encrypted, each under a name that says nothing, in FILES_ROOT."""

import datetime
import os
import secrets
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from vault import crypto

# Longer than any upload takes: a younger file may still be waiting for its row.
LEFTOVER_AFTER = datetime.timedelta(hours=1)
BEGUN = ".begun"


class MissingError(Exception):
    """There is a row, and its file is gone."""


def write(public_id: uuid.UUID, content: bytes) -> None:
    """Keep `content` under `public_id`: whole and on the disk when this returns, or not at all. Raises OSError."""
    _replace(public_id, crypto.encrypt_bytes(content, _place(public_id)))


def read(public_id: uuid.UUID) -> bytes:
    """The content. Raises MissingError, vault.crypto.UnreadableError, or OSError when the disk is away."""
    return crypto.decrypt_bytes(_sealed(public_id), _place(public_id))


def delete(public_id: uuid.UUID) -> None:
    """Nothing happens if it is gone already. Raises OSError."""
    _path(public_id).unlink(missing_ok=True)


def exists(public_id: uuid.UUID) -> bool:
    return _path(public_id).is_file()


def rotate(public_id: uuid.UUID) -> bool:
    """Write the content anew under the newest key, unless it is; whether that was needed. Raises as `read` does."""
    if _sealed(public_id).startswith(crypto.token_prefix().encode()):
        return False
    write(public_id, read(public_id))
    return True


def leftovers(kept: set[uuid.UUID], at: datetime.datetime) -> Iterator[Path]:
    """Files that no row names, old enough at `at` that none is about to: what a killed process left behind."""
    known = {public_id.hex for public_id in kept}
    for path in _root().glob("??/*"):
        with suppress(FileNotFoundError):
            age = at - datetime.datetime.fromtimestamp(path.stat().st_mtime, tz=datetime.UTC)
            if path.name not in known and age > LEFTOVER_AFTER:
                yield path


def _replace(public_id, sealed):
    path = _path(public_id)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    begun = path.with_name(secrets.token_hex(8) + BEGUN)
    try:
        with open(begun, "xb", opener=_private) as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        begun.rename(path)
        _sync(path.parent)
    except BaseException:
        begun.unlink(missing_ok=True)
        raise


def _private(path, flags):
    return os.open(path, flags, mode=0o600)


def _sync(folder):
    """Until its folder is on the disk too, a name can be lost with the power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sealed(public_id):
    try:
        return _path(public_id).read_bytes()
    except FileNotFoundError:
        raise MissingError(str(public_id)) from None


def _path(public_id) -> Path:
    return _root() / public_id.hex[:2] / public_id.hex


def _root():
    return Path(settings.FILES_ROOT)


def _place(public_id):
    return f"appointments.patientfile.content:{public_id}"
