"""Encrypting one value, bound to its place, and hashing one value so that it can be found again."""

import base64
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vault.keys import field_keys, hash_keys

FORMAT = "v1"
NONCE_BYTES = 12
UNREADABLE = (ValueError, KeyError, InvalidTag)  # no token of ours; a key that we do not have; a wrong key or place


class UnreadableError(Exception):
    """A stored value could not be decrypted: a wrong or missing key, or the value was moved or changed.

    Carries the place ("appointments.appointmentrequest.phone:<uuid>"), never the value.
    """


def token_prefix() -> str:
    """How every token begins that is made now."""
    return f"{FORMAT}.{next(iter(field_keys()))}."


def hash_prefix() -> str:
    """How every keyed hash begins that is made now."""
    return f"{next(iter(hash_keys()))}."


def encrypt(text: str, place: str) -> str:
    """`text` as a token "v1.<key id>.<base64 of nonce and AES-256-GCM ciphertext>", readable only at `place`."""
    sealed = _sealed(text.encode("utf-8", "surrogatepass"), place)
    return token_prefix() + base64.urlsafe_b64encode(sealed).decode()


def decrypt(token: str, place: str) -> str:
    """The text of `token`. Raises UnreadableError, and never answers with anything else."""
    try:
        version, key_id, encoded = token.split(".")
        text = _unsealed(version, key_id, base64.urlsafe_b64decode(encoded), place)
    except UNREADABLE:
        raise UnreadableError(place) from None
    return text.decode("utf-8", "surrogatepass")


def encrypt_bytes(content: bytes, place: str) -> bytes:
    """`content` as b"v1.<key id>." and then nonce and AES-256-GCM ciphertext, readable only at `place`."""
    return token_prefix().encode() + _sealed(content, place)


def decrypt_bytes(sealed: bytes, place: str) -> bytes:
    """The content of `sealed`. Raises UnreadableError, and never answers with anything else."""
    try:
        version, key_id, body = sealed.split(b".", 2)
        return _unsealed(version.decode(), key_id.decode(), body, place)
    except UNREADABLE:
        raise UnreadableError(place) from None


def _sealed(content, place):
    """Nonce and ciphertext under the newest key."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(next(iter(field_keys().values()))).encrypt(nonce, content, place.encode())


def _unsealed(version, key_id, sealed, place):
    """What `_sealed` was given. Raises one of UNREADABLE."""
    if version != FORMAT:
        raise ValueError(version)
    return AESGCM(field_keys()[key_id]).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())


def is_current(token: str) -> bool:
    """Whether `token` was made with the newest field key."""
    return token.startswith(token_prefix())


def keyed_hash(purpose: str, text: str) -> str:
    """How `text` is stored for exact search: "<key id>.<HMAC-SHA256 in hex>"; "" stays "".

    `purpose` keeps equal words of different fields apart.
    """
    return keyed_hashes(purpose, text)[0] if text else ""


def keyed_hashes(purpose: str, text: str) -> list[str]:
    """Every form in which `text` may stand in the database, one per hash key, the newest first."""
    message = f"{purpose}\0{text}".encode("utf-8", "surrogatepass")
    return [f"{key_id}.{hmac.new(key, message, hashlib.sha256).hexdigest()}" for key_id, key in hash_keys().items()]
