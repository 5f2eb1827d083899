"""Sending what is due. Several workers may run on several machines against one database.

A message is claimed by one conditional UPDATE, sent outside every transaction, and recorded by another one that holds
only while the lease is still ours. A worker killed in between loses nothing: the lease runs out, the next one takes it.
"""

import logging
import os
import socket
import time
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)
from django.db.models import F
from django.utils.module_loading import import_string

from outbox import talk
from outbox.clock import database_now
from outbox.models import Heartbeat, Message
from outbox.render import render
from outbox.services import AFTER, STILL_TRUE

LEASE = timedelta(seconds=60)
# From claiming to the last word with the mail server. The rest of the lease is for a database that lets us wait.
TALK_SECONDS = 40
IDLE_SECONDS = 1
HEARTBEAT_SECONDS = 15
CHORE_SECONDS = 60
FORGET_WORKERS_AFTER = timedelta(hours=1)
CANDIDATES = 20

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    state: Message.State
    error: str = ""


class Worker:
    def __init__(self):
        self.name = f"{socket.gethostname()[:60]}-{os.getpid()}"
        self.stopping = False
        self.next_beat = self.next_chores = 0.0

    def stop(self, *signal_and_frame):
        """Finish the message in hand and end. May be called by a signal, so it only sets a flag."""
        self.stopping = True

    def run(self):
        """Work until told to stop; survives a database that is away."""
        while not self.stopping:
            try:
                close_old_connections()
                busy = self.step()
            except (DatabaseError, InterfaceError) as error:
                logger.error("database: %s", type(error).__name__)
                connection.close()  # Django believes in an open SQLite file whatever happens to it
                busy = False
            if not busy and not self.stopping:
                time.sleep(IDLE_SECONDS)

    def run_once(self):
        """Work off what is due now."""
        while not self.stopping and self.step():
            pass

    def step(self) -> bool:
        """Say that we live, look what the clock asks for, and send one message; whether there was one."""
        self.beat()
        self.do_chores()
        started = time.monotonic()
        message = claim()
        if message is None:
            return False
        outcome = attempt(message, deadline=started + TALK_SECONDS)
        self.keep(message, outcome)
        return True

    def keep(self, message, outcome):
        """Record `outcome`, however long the database is away: what was sent and is not recorded is sent again."""
        while True:
            try:
                return record(message, outcome)
            except (OperationalError, InterfaceError) as error:
                logger.error("message %s: %s while recording", message.pk, type(error).__name__)
                if self.stopping:
                    raise
                connection.close()
                time.sleep(IDLE_SECONDS)

    def beat(self):
        if time.monotonic() < self.next_beat:
            return
        now = database_now()
        Heartbeat.objects.update_or_create(worker=self.name, defaults={"seen_at": now})
        Heartbeat.objects.filter(seen_at__lt=now - FORGET_WORKERS_AFTER).delete()
        self.next_beat = time.monotonic() + HEARTBEAT_SECONDS

    def do_chores(self):
        """What has to be done by the clock and not by a click. One that fails holds up no mail, and is tried again."""
        if time.monotonic() < self.next_chores:
            return
        self.next_chores = time.monotonic() + CHORE_SECONDS
        for name in settings.WORKER_CHORES:
            try:
                import_string(name)()
            except Exception as error:  # whatever it is: mail must leave, and the next chore has its turn
                logger.error("%s: %s", name, type(error).__name__)


def claim() -> Message | None:
    """The message that is due longest and that nobody else holds, now ours for the time of a lease."""
    now = database_now()
    for pk in list(Message.objects.due(now).values_list("pk", flat=True)[:CANDIDATES]):
        lease = uuid.uuid4()
        if take(pk, now, lease):
            return Message.objects.filter(pk=pk, lease=lease).first()
    return None


def take(pk, now, lease) -> bool:
    """Whether the message was still due, and became ours: the database decides, in one statement."""
    due = Message.objects.due(now).filter(pk=pk)
    return bool(
        due.update(state=Message.State.SENDING, lease=lease, leased_until=now + LEASE, attempts=F("attempts") + 1)
    )


def attempt(message, deadline: float) -> Outcome:
    """Render and send; never raises, so that a bad message holds up no other one (P15)."""
    if message.attempts > len(settings.OUTBOX_BACKOFF_SECONDS) + 1:
        return Outcome(Message.State.NEEDS_HUMAN, "Abandoned")  # its workers died, perhaps of it
    try:
        if not STILL_TRUE.get(message.kind, bool)(message):
            return Outcome(Message.State.HELD, Message.OUTDATED)
        with talk.time_limit(deadline - time.monotonic()):  # a letter may take as long as the text in it
            email = render(message)
    except Exception as error:
        return Outcome(Message.State.NEEDS_HUMAN, talk.reason(error))
    try:
        talk.send(email, deadline - time.monotonic())
    except Exception as error:
        return after_failure(message, error)
    return Outcome(Message.State.SENT)


def after_failure(message, error) -> Outcome:
    if talk.is_final(error):
        state = Message.State.FAILED_PERMANENT
    elif message.attempts > len(settings.OUTBOX_BACKOFF_SECONDS):
        state = Message.State.NEEDS_HUMAN
    else:
        state = Message.State.FAILED_TEMPORARY
    return Outcome(state, talk.reason(error))


@transaction.atomic
def record(message, outcome) -> bool:
    """Write down how it went, if the message is still ours, and tell whoever wants to know its end."""
    now = database_now()
    changes = {"state": outcome.state, "last_error": outcome.error, "lease": None, "leased_until": None}
    if outcome.state == Message.State.SENT:
        changes |= {"sent_at": now}
    if outcome.state in (Message.State.SENT, Message.State.HELD):
        changes |= {"secrets": {}}
    if outcome.state == Message.State.FAILED_TEMPORARY:
        wait = settings.OUTBOX_BACKOFF_SECONDS[message.attempts - 1]
        changes["next_attempt_at"] = now + timedelta(seconds=wait)
    ours = Message.objects.filter(pk=message.pk, state=Message.State.SENDING, lease=message.lease)
    kept = bool(ours.update(**changes))
    level = logging.INFO if kept and not outcome.error else logging.WARNING
    words = f"{outcome.state.value} {outcome.error}".strip() if kept else "the lease was lost"
    logger.log(level, "message %s %s: %s", message.pk, message.kind, words)
    if kept and outcome.state != Message.State.FAILED_TEMPORARY and message.kind in AFTER:
        tell_end(message)
    return kept


def tell_end(message):
    """Call what AFTER has for the kind, in a savepoint: if it fails, what was sent must not be sent once more."""
    try:
        with transaction.atomic():
            AFTER[message.kind](Message.objects.get(pk=message.pk))
    except Exception as error:
        logger.error("message %s %s: after its end: %s", message.pk, message.kind, type(error).__name__)
        if transaction.get_rollback():  # the database went away, and takes the record with it: both once more
            raise OperationalError from error
