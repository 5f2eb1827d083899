"""How we talk to each database: waits are short, and what was acknowledged is on the disk."""

import sqlite3

ENGINES = {"django.db.backends.sqlite3", "django.db.backends.postgresql"}
SQLITE_WAIT_SECONDS = 20  # P8: an honest page within 30 s
POSTGRES_WAIT_MS = 20_000


def sqlite_journal(version: tuple[int, int, int]) -> str:
    """The journal mode that loses no committed row on this SQLite: "WAL" or "DELETE" (P48).

    Source: sqlite.org/wal.html, "the WAL-reset bug", mended in 3.51.3, 3.50.7 and 3.44.6.
    """
    mended = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51, 0) or (3, 44, 6) <= version < (3, 45, 0)
    return "WAL" if mended else "DELETE"


def with_safe_options(database: dict) -> dict:
    """`database` (an entry of DATABASES) with the options that our promises rest on."""
    if database["ENGINE"].endswith("sqlite3"):
        journal = sqlite_journal(sqlite3.sqlite_version_info)
        synchronous = "FULL" if journal == "WAL" else "EXTRA"
        options = {
            # A deferred transaction that turns into a write fails at once when another one writes.
            "transaction_mode": "IMMEDIATE",
            "timeout": SQLITE_WAIT_SECONDS,
            "init_command": f"PRAGMA journal_mode={journal}; PRAGMA synchronous={synchronous};",
        }
    else:
        options = {
            "connect_timeout": 5,
            "tcp_user_timeout": POSTGRES_WAIT_MS,  # a server that vanished without a word
            "options": f"-c statement_timeout={POSTGRES_WAIT_MS} -c lock_timeout={POSTGRES_WAIT_MS}",
        }
    database["OPTIONS"] = options | database.get("OPTIONS", {})
    return database
