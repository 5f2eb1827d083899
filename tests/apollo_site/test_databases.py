"""P48: SQLite as we use it loses no committed row and turns no writer away; waits are short on both databases."""

import random
import sqlite3
import subprocess
import sys
import time
from subprocess import PIPE

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models.signals import pre_migrate

from apollo_site.databases import sqlite_journal, with_safe_options


@pytest.mark.parametrize(
    ("version", "journal"),
    [
        ((3, 52, 0), "WAL"),
        ((3, 51, 3), "WAL"),
        ((3, 51, 2), "DELETE"),
        ((3, 51, 0), "DELETE"),
        ((3, 50, 7), "WAL"),
        ((3, 50, 99), "WAL"),
        ((3, 50, 6), "DELETE"),
        ((3, 49, 1), "DELETE"),
        ((3, 45, 0), "DELETE"),
        ((3, 44, 6), "WAL"),
        ((3, 44, 5), "DELETE"),
        ((3, 40, 1), "DELETE"),
        ((4, 0, 0), "WAL"),
    ],
)
def test_wal_only_where_it_is_mended(version, journal):
    assert sqlite_journal(version) == journal


@pytest.mark.parametrize(("version", "synchronous"), [((3, 51, 3), "FULL"), ((3, 40, 1), "EXTRA")])
def test_every_commit_reaches_the_disk(monkeypatch, version, synchronous):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)

    options = with_safe_options({"ENGINE": "django.db.backends.sqlite3"})["OPTIONS"]

    assert (options["transaction_mode"], options["timeout"]) == ("IMMEDIATE", 20)
    assert f"synchronous={synchronous};" in options["init_command"]


def test_options_of_the_address_win():
    database = with_safe_options({"ENGINE": "django.db.backends.postgresql", "OPTIONS": {"connect_timeout": 2}})

    assert database["OPTIONS"]["connect_timeout"] == 2
    assert "lock_timeout" in database["OPTIONS"]["options"]


def asked(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return str(cursor.fetchone()[0]).upper()


def test_the_connection_in_use_has_the_options(db):
    if connection.vendor == "postgresql":
        assert (asked("SHOW statement_timeout"), asked("SHOW lock_timeout")) == ("20S", "20S")
    else:
        journal = sqlite_journal(sqlite3.sqlite_version_info)
        assert (asked("PRAGMA journal_mode"), asked("PRAGMA busy_timeout")) == (journal, "20000")
        assert asked("PRAGMA synchronous") == {"WAL": "2", "DELETE": "3"}[journal]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "db.sqlite3"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE counter (n INTEGER)")
        database.execute("INSERT INTO counter VALUES (0)")
        database.execute("CREATE TABLE written (run INTEGER, number INTEGER)")
    database.close()
    return path


def start(*arguments):
    command = [sys.executable, "-m", "tests.apollo_site.counter", *arguments]
    return subprocess.Popen(command, cwd=settings.BASE_DIR, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True)


def count(file, statement="SELECT n FROM counter"):
    database = sqlite3.connect(file)
    try:
        return database.execute(statement).fetchone()[0]
    finally:
        database.close()


def run_together(file, *arguments):
    """The error output of eight processes that write at the same time."""
    processes = [start(file, "increments", *arguments) for _ in range(8)]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 8
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    return [process.communicate()[1] for process in processes]


def test_eight_processes_write_and_nothing_fails_and_nothing_is_lost(file):
    errors = run_together(file, "50")

    assert errors == [""] * 8
    assert count(file) == 400


def test_without_immediate_transactions_writers_are_turned_away(file):  # the control
    errors = run_together(file, "50", "deferred")

    assert "database is locked" in "".join(errors)
    assert count(file) < 400


def test_killed_writers_lose_no_acknowledged_row(file):
    acknowledged = {}
    for run in range(15):
        process = start(file, "rows", str(run))
        process.stdout.readline()
        time.sleep(random.uniform(0, 0.15))  # when the kill comes is the question, not how long it takes
        process.kill()
        lines = process.communicate()[0].split()
        # The last line may be cut; the first one was read above.
        acknowledged[run] = max([1, *map(int, lines[:-1])])

    kept = {run: count(file, f"SELECT count(*) FROM written WHERE run = {run}") for run in acknowledged}  # noqa: S608
    assert {run: (number, kept[run]) for run, number in acknowledged.items() if kept[run] < number} == {}
    assert count(file, "PRAGMA integrity_check") == "ok"
    assert sum(acknowledged.values()) > 15  # the writers did write


@pytest.mark.django_db
def test_a_migration_may_take_longer_than_a_page():
    if connection.vendor == "sqlite":
        pytest.skip("SQLite limits no statement")
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        before = cursor.fetchone()[0]

        pre_migrate.send(sender=apps.get_app_config("apollo_site"), using="default")

        cursor.execute("SHOW statement_timeout")
        assert (before, cursor.fetchone()[0]) == ("20s", "0")
        cursor.execute("RESET statement_timeout")
