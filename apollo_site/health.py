"""One word for machines that watch: /healthz says the process lives, /readyz says it can do its job (P47)."""

import logging
import shutil
import uuid
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponse
from django.utils import timezone

from outbox.models import Heartbeat
from outbox.services import oldest_due_age, worker_is_alive
from vault import canary

logger = logging.getLogger(__name__)

LONGEST_WAIT_MS = 5_000  # who watches does not wait as long as a person does
OLDEST_UNSENT = timedelta(minutes=15)
LEAST_FREE_BYTES = 500_000_000


def healthz(request):
    return _word("alive", 200)


def readyz(request):
    """ "ready", or with 503 the first of "database", "keys", "worker", "unsent", "disk" that is not in order."""
    for name, is_in_order in CHECKS.items():
        try:
            broken = not is_in_order()
        except Exception as error:
            logger.warning("not ready, %s: %s", name, type(error).__name__)
            broken = True
        if broken:
            return _word(name, 503)
    return _word("ready", 200)


def database_takes_writes():
    """A row is written and taken back: a GET leaves nothing behind."""
    with _short_waits(), transaction.atomic():
        Heartbeat.objects.create(worker=f"readyz {uuid.uuid4()}", seen_at=timezone.now())
        transaction.set_rollback(True)
    return True


@contextmanager
def _short_waits():
    if connection.vendor == "postgresql":
        shorten = f"SET statement_timeout = {LONGEST_WAIT_MS}; SET lock_timeout = {LONGEST_WAIT_MS}"
        restore = "RESET statement_timeout; RESET lock_timeout"
    else:
        shorten = f"PRAGMA busy_timeout = {LONGEST_WAIT_MS}"
        restore = f"PRAGMA busy_timeout = {int(connection.settings_dict['OPTIONS']['timeout'] * 1000)}"
    with connection.cursor() as cursor:
        cursor.execute(shorten)
        try:
            yield
        finally:
            cursor.execute(restore)


def nothing_waits_too_long():
    age = oldest_due_age()
    return age is None or age < OLDEST_UNSENT


def disk_has_room():
    return shutil.disk_usage(settings.VAR_DIR).free > LEAST_FREE_BYTES


def keys_fit():
    return not canary.problems()


CHECKS = {
    "database": database_takes_writes,
    "keys": keys_fit,
    "worker": worker_is_alive,
    "unsent": nothing_waits_too_long,
    "disk": disk_has_room,
}


def _word(word, status):
    response = HttpResponse(word, content_type="text/plain", status=status)
    response["Cache-Control"] = "no-store"
    return response
