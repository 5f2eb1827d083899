"""Secrets that open something of a patient's: random, and stored as a hash only."""

import hashlib
import secrets

SECRET_BYTES = 32  # 256 bits: nothing to guess, so the hash needs no key


def new_secret() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


def hashed(secret: str) -> str:
    """What is stored of `secret`, and looked up: nothing can be learnt from how long a comparison takes."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
