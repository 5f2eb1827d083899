"""Run Python with the keys of this developer's machine: `python -m apollo_site.devkeys manage.py shell`.

The keys are made once, in `var/dev.env`, and kept: what is in the database can be read with them only. A variable that
is already set wins. Only the Makefile uses this, never the site. Standard library only.
"""

import base64
import os
import secrets
import sys
from pathlib import Path

FILE = Path("var/dev.env")


def random_key(key_id):
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(32)).decode()}"


def load(file: Path = FILE) -> dict[str, str]:
    """Name → value of every key in `file`, which is made or completed if a key is missing; mode 600."""
    file.parent.mkdir(mode=0o700, exist_ok=True)
    file.touch(mode=0o600)
    file.chmod(0o600)
    known = dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)
    missing = {
        "APOLLO_SECRET_KEY": secrets.token_urlsafe(64),
        "APOLLO_FIELD_KEYS": random_key("f1"),
        "APOLLO_HASH_KEYS": random_key("h1"),
    }
    missing = {name: value for name, value in missing.items() if name not in known}
    with file.open("a") as lines:
        lines.writelines(f"{name}={value}\n" for name, value in missing.items())
    return known | missing


if __name__ == "__main__":
    for name, value in load().items():
        os.environ.setdefault(name, value)
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])  # noqa: S606 - the developer's own command
