import base64

import pytest


def ring(*ids):
    """A key ring as it stands in the environment: each key is its id, repeated."""
    return ",".join(f"{key_id}:{base64.b64encode((key_id.encode() * 32)[:32]).decode()}" for key_id in ids)


@pytest.fixture
def keys(settings):
    """Sets the key rings: `keys(field=["f2", "f1"], hash=["h1"])`; the tests begin under f1 and h1."""

    def set_keys(*, field=("f1",), hash=("h1",)):
        settings.FIELD_KEYS, settings.HASH_KEYS = ring(*field), ring(*hash)

    set_keys()
    return set_keys
