"""P47: /healthz and /readyz say one word. Each thing that /readyz watches is broken here, one at a time."""

import datetime
import shutil

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from apollo_site import health
from outbox import services
from outbox.models import Heartbeat, Message

pytestmark = pytest.mark.django_db


@pytest.fixture
def alive(db):
    """A worker that beat just now, and nothing that waits."""
    Heartbeat.objects.create(worker="one", seen_at=timezone.now())


@pytest.fixture
def said(client, alive):
    def said():
        response = client.get("/readyz")
        assert response["Cache-Control"] == "no-store"
        assert response["Content-Type"] == "text/plain"
        return response.status_code, response.content

    return said


def message(**ago):
    due = timezone.now() - datetime.timedelta(**ago)
    return Message.objects.create(kind="x", to="office@example.org", dedupe_key="x", next_attempt_at=due)


def test_healthz_is_alive_without_a_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/healthz")

    assert (response.status_code, response.content, response["Cache-Control"]) == (200, b"alive", "no-store")


def test_all_in_order(said):
    assert said() == (200, b"ready")


def test_it_leaves_nothing_behind(said):
    said()

    assert list(Heartbeat.objects.values_list("worker", flat=True)) == ["one"]


def test_a_database_that_is_away(said, monkeypatch):
    def away():
        raise OperationalError("server closed the connection: secret-host")

    monkeypatch.setattr(connection, "cursor", away)

    assert said() == (503, b"database")


@pytest.mark.django_db(transaction=True)
def test_a_database_that_only_reads(said):
    postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on" if postgres else "PRAGMA query_only = on")
    try:
        assert said() == (503, b"database")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off" if postgres else "PRAGMA query_only = off")
    assert said() == (200, b"ready")


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("FIELD_KEYS", lambda ring: ring("f2")),
        ("HASH_KEYS", lambda ring: ring("h2")),
        ("FIELD_KEYS", lambda ring: ring(f1="other")),
        ("FIELD_KEYS", lambda ring: "malformed"),
    ],
)
def test_keys_that_do_not_fit(said, settings, ring, name, made):
    setattr(settings, name, made(ring))

    assert said() == (503, b"keys")


def test_no_worker(said):
    Heartbeat.objects.all().delete()

    assert said() == (503, b"worker")


def test_a_worker_that_stopped(said):
    stopped = timezone.now() - services.WORKER_ALIVE_WITHIN - datetime.timedelta(seconds=1)
    Heartbeat.objects.update(seen_at=stopped)

    assert said() == (503, b"worker")


@pytest.mark.parametrize(("minutes", "answer"), [(14, (200, b"ready")), (16, (503, b"unsent"))])
def test_a_message_that_waits(said, minutes, answer):
    message(minutes=minutes)

    assert said() == answer


def test_a_disk_that_is_nearly_full(said, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(health.shutil, "disk_usage", lambda path: usage._replace(free=499_999_999))

    assert said() == (503, b"disk")


def test_the_first_of_several(said, settings, ring):
    Heartbeat.objects.all().delete()
    message(hours=1)
    settings.FIELD_KEYS = ring("f2")

    assert said() == (503, b"keys")


def test_waits_are_as_before(said):
    with connection.cursor() as cursor:
        ask = "SHOW lock_timeout" if connection.vendor == "postgresql" else "PRAGMA busy_timeout"
        cursor.execute(ask)
        before = cursor.fetchone()
        said()
        cursor.execute(ask)

        assert cursor.fetchone() == before
