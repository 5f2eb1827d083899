"""The two key rings: field keys encrypt, hash keys make words findable. They come from the environment only."""

import base64
import re
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

KEY_BYTES = 32
ID = re.compile(r"[A-Za-z0-9]{1,32}")


def field_keys() -> dict[str, bytes]:
    """Key id → 32 bytes, the newest first; the first one encrypts."""
    return _ring("APOLLO_FIELD_KEYS", settings.FIELD_KEYS)


def hash_keys() -> dict[str, bytes]:
    """Key id → 32 bytes, the newest first; the first one hashes, all are tried when looking up."""
    return _ring("APOLLO_HASH_KEYS", settings.HASH_KEYS)


@lru_cache(maxsize=8)
def _ring(name, text):
    keys = {}
    for pair in text.split(","):
        key_id, _, encoded = pair.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError:
            key = b""
        if not ID.fullmatch(key_id) or len(key) != KEY_BYTES or key_id in keys or key in keys.values():
            # The message names the variable, never its content.
            raise ImproperlyConfigured(f"{name} must hold comma-separated id:key pairs, each key 32 bytes in base64.")
        keys[key_id] = key
    return keys
