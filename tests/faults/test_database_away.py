"""P8, P5: a database that is locked, full, read-only or gone gives an honest page and keeps what was typed.

A real server with threads that keep their connections; the database is broken from outside, and mended again. The
server is never started anew.
"""

import re
import sqlite3
import threading
import time
from contextlib import contextmanager
from html import unescape
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, build_opener

import pytest
from django.db import connection
from waitress import wasyncore
from waitress.server import create_server

from apollo_site.wsgi import application
from appointments.models import RequestDraft
from practice.services import write_card

START = "/appointments/request/"
PHONE = "813-555-0100"
TYPED = {"first_name": 'Rosa "R" & <Peña>', "last_name": "Demo", "zip_code": "33573"}

postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no server to lose")
pytestmark = pytest.mark.django_db(transaction=True)


class StayHere(HTTPRedirectHandler):
    def redirect_request(self, *args, **kwargs):
        return None


class Person:
    """A browser at a real server, with its cookies."""

    def __init__(self, site):
        self.site = site
        self.opener = build_opener(HTTPCookieProcessor(CookieJar()), StayHere)

    def open(self, path, data=None):
        """(status, page, address that it leads to, seconds it took)."""
        body = None if data is None else urlencode(data, doseq=True).encode()
        started = time.monotonic()
        try:
            answer = self.opener.open(f"{self.site}{path}", body, timeout=60)
        except HTTPError as error:
            answer = error
        with answer:
            page = answer.read().decode()
            return answer.status, page, answer.headers.get("Location"), time.monotonic() - started

    def fill(self, path):
        """The hidden fields of the page at `path`, as its form would send them."""
        return hidden(self.open(path)[1])


def hidden(page):
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {unescape(name): unescape(value) for name, value in found}


@pytest.fixture
def options(monkeypatch):
    """The options of connections that are made from now on."""
    return lambda **changes: [
        monkeypatch.setitem(connection.settings_dict["OPTIONS"], name, value) for name, value in changes.items()
    ]


@pytest.fixture
def short_waits(options):
    """Waits of one second, not twenty."""
    if connection.vendor == "postgresql":
        options(options="-c statement_timeout=1000 -c lock_timeout=1000")
    else:
        options(timeout=1)


def stop(server, running):
    """End its loop, wait for all that still write to its trigger, and only then close what it has open."""
    left = {}

    def end_loop():  # closing here would race with the write that calls it: EBADF, or a byte in somebody else's file
        left.update(server._map)
        server._map.clear()

    server.trigger.pull_trigger(end_loop)
    running.join(10)
    server.task_dispatcher.shutdown()
    wasyncore.close_all(left, ignore_all=True)


@pytest.fixture
def person(practice):
    write_card()
    server = create_server(application, host="127.0.0.1", port=0, threads=2)
    running = threading.Thread(target=server.run)
    running.start()
    yield Person(f"http://127.0.0.1:{server.effective_port}")
    stop(server, running)
    if connection.vendor == "postgresql":  # else the connections of its threads would outlive the test's database
        with administrator() as cursor:
            end_all_connections(cursor, connection.settings_dict["NAME"])
        connection.close()


@contextmanager
def another_connection():
    """A connection of its own, as another program has one."""
    if connection.vendor == "postgresql":
        other = connection.copy()
        try:
            with other.cursor() as cursor:
                cursor.execute("SET statement_timeout = 0")
                yield cursor
        finally:
            other.close()
    else:
        other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None, check_same_thread=False)
        try:
            yield other
        finally:
            other.close()


@contextmanager
def locked():
    """Nobody else reads or writes."""
    with another_connection() as other:
        if connection.vendor == "postgresql":
            other.execute("BEGIN; LOCK TABLE appointments_requestdraft, practice_practice IN ACCESS EXCLUSIVE MODE")
        else:
            other.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


def test_a_lock_of_three_seconds_is_waited_for(person):
    form = person.fill(START)
    taken, release = threading.Event(), threading.Event()

    def hold():
        with locked():
            taken.set()
            release.wait(3)

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait()
    status, _, location, seconds = person.open(START, form)
    holder.join()

    assert (status, seconds > 2) == (303, True)
    assert location.startswith(START)
    assert RequestDraft.objects.count() == 1


def test_a_longer_lock_is_told_and_the_answers_are_kept(person, short_waits):
    first_step = person.open(START, person.fill(START))[2]
    step = first_step.replace("/urgent/", "/you/")
    person.open(first_step, person.fill(first_step) | {"signs": "no"})
    form = person.fill(step) | TYPED

    with locked():
        status, page, _, seconds = person.open(step, form)

    assert (status, seconds < 30) == (503, True)
    assert "We have not received this" in page
    assert PHONE in page
    assert hidden(page) == form
    assert "<Peña>" not in page

    # The lock is gone, the server is the same, and the one button is pressed.
    address = unescape(re.search(r'<form method="post" action="([^"]+)"', page)[1])
    status, *_ = person.open(address, hidden(page))
    assert (address, status) == (step, 303)
    _, page, *_ = person.open(step)  # some questions of this step are still open
    assert 'value="Rosa &quot;R&quot; &amp; &lt;Peña&gt;"' in page
    assert RequestDraft.objects.get().answers["you"]["first_name"] == [TYPED["first_name"]]


def test_without_waiting_the_short_lock_would_be_too_long(options, person):  # the control of the first test
    if connection.vendor == "postgresql":
        options(options="-c lock_timeout=10")
    else:
        options(timeout=0)
    form = person.fill(START)

    with locked():
        status, _, _, seconds = person.open(START, form)

    assert (status, seconds < 3) == (503, True)


def test_a_database_that_only_reads_is_told(options, person):
    if connection.vendor == "postgresql":
        options(options="-c default_transaction_read_only=on")
    else:
        options(init_command="PRAGMA query_only=on")
    form = person.fill(START)

    status, page, _, _ = person.open(START, form)

    assert (status, "We have not received this" in page, hidden(page)) == (503, True, form)


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="a full disk would stop the tests of everybody")
def test_a_full_database_is_told(options, person):
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # pages that other tests left empty would be filled first
    options(init_command="PRAGMA max_page_count=1")  # SQLite takes its present size, if that is more
    form = person.fill(START)
    statuses = []
    while 503 not in statuses and len(statuses) < 500:
        status, page, _, _ = person.open(START, form)
        statuses.append(status)

    assert set(statuses) == {303, 503}
    assert ("We have not received this" in page, hidden(page)) == (True, form)
    assert RequestDraft.objects.count() == statuses.count(303)


@contextmanager
def administrator():
    """A connection to another database of the same server."""
    with another_connection() as other:
        settings = other.db.settings_dict
        other.db.close()
        settings["NAME"] = "postgres"
        with other.db.cursor() as cursor:
            yield cursor


def end_all_connections(cursor, name):
    cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


@postgresql
def test_connections_that_were_cut_are_made_anew(person):
    form = person.fill(START)
    for _ in range(4):
        person.open("/urgent/")
    with administrator() as cursor:
        end_all_connections(cursor, connection.settings_dict["NAME"])

    statuses = [person.open(START, form)[0] for _ in range(4)]
    connection.close()  # this one was cut as well

    assert statuses == [303] * 4


@postgresql
def test_a_database_that_is_down_is_told_and_comes_back(person):
    name = connection.settings_dict["NAME"]
    form = person.fill(START)
    with administrator() as cursor:
        try:
            cursor.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            end_all_connections(cursor, name)
            told = [person.open(START, form)[:2] for _ in range(3)]
            public = person.open("/urgent/")[0]
            word = person.open("/readyz")[:2]
        finally:
            cursor.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    connection.close()

    assert [(status, hidden(page)) for status, page in told] == [(503, form)] * 3
    assert (public, word) == (503, (503, "database"))
    assert person.open(START, form)[0] == 303
