"""The database as one file, and back: by SQLite's online copy, or by PostgreSQL's own pg_dump and pg_restore."""

import os
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing

from django.db import connection, transaction


class BackupError(Exception):
    """A plain sentence about what is wrong; nothing that a patient typed."""


def dump(path, look):
    """Write the database to `path`, while others write to it; what `look(cursor)` finds in just these rows."""
    return _KINDS[connection.vendor][0](path, look)


def load(path, statement: str) -> None:
    """Fill our empty database from `path` and run `statement` on it, before anybody else sees a row."""
    _KINDS[connection.vendor][1](path, statement)
    connection.close()  # what it knew of the tables is over


def _dump_sqlite(path, look):
    connection.ensure_connection()
    with closing(sqlite3.connect(path)) as copy:
        # All pages in one step: in several, each write of somebody else would begin the copy anew.
        connection.connection.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, whatever the site uses
        if copy.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
            raise BackupError("The database is damaged: SQLite's integrity_check finds faults in it.")
        return look(copy.cursor())


def _load_sqlite(path, statement):
    read_only = f"{path.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(read_only, uri=True)) as kept, closing(sqlite3.connect("")) as work:
        kept.backup(work)
        with work:
            work.execute(statement)
        connection.ensure_connection()
        work.backup(connection.connection)


def _dump_postgresql(path, look):
    _check("pg_dump")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        [snapshot] = cursor.fetchone()
        found = look(cursor)
        command, environment = _command("pg_dump")
        command += ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={path}"]
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode:
        raise BackupError(_said("pg_dump", done.stderr))
    return found


def _load_postgresql(path, statement):
    """One transaction, which pg_restore alone would end before `statement`; without COMMIT, psql leaves nothing."""
    _check("pg_restore")
    _check("psql")
    command, environment = _command("psql")
    command += ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=terse"]
    reading = ["pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--file=-", path]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as psql:
        psql.stdin.write(b"BEGIN;\n")
        psql.stdin.flush()
        read = subprocess.run(reading, stdout=psql.stdin, stderr=subprocess.PIPE)
        end = "" if read.returncode else f"\nRESET search_path;\n{statement};\nCOMMIT;\n"
        _, said = psql.communicate(end.encode())
    if psql.returncode:
        raise BackupError(_said("psql", said))
    if read.returncode:
        raise BackupError(_said("pg_restore", read.stderr))


_KINDS = {"sqlite": (_dump_sqlite, _load_sqlite), "postgresql": (_dump_postgresql, _load_postgresql)}


def _command(name):
    """Program, address of our database, and an environment with the password, which no list of processes shows."""
    (_psql, *address), environment = connection.client.settings_to_cmd_args_env(connection.settings_dict, [])
    return [name, *address, "--no-password"], os.environ | (environment or {})


def _check(name):
    wanted = connection.pg_version // 10_000
    install = f"install PostgreSQL's client programs, version {wanted} or newer (on Debian: postgresql-client)."
    if shutil.which(name) is None:
        raise BackupError(f"{name} is missing: {install}")
    version = subprocess.run([name, "--version"], capture_output=True, text=True, check=True).stdout
    found = int(re.search(r"\) (\d+)", version)[1])
    if found < wanted:
        raise BackupError(f"{name} has version {found}, which is older than the server's: {install}")


def _said(name, stderr):
    lines = stderr.decode(errors="replace").splitlines() or ["no reason given"]
    return f"{name} failed: {lines[0]}"
