"""Putting a message in the outbox, and seeing how it fares. Sending is the worker's job, outside every transaction."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db.models import Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from outbox.clock import database_now
from outbox.models import Heartbeat, Message

FAILING_AFTER = timedelta(minutes=15)
ONE_RECIPIENT = "SMTPRecipientsRefused"  # talk.reason: the server works, and does not want this address
WORKER_ALIVE_WITHIN = timedelta(seconds=120)  # a worker beats every 15 s, but not while it sends or waits for a lock

# Kind → whether a message of it is still true. Asked right before it leaves; what is not true any more never does.
STILL_TRUE: dict[str, Callable[[Message], bool]] = {}
# Kind → file name and bytes of the PDF that is faxed. Asked by the worker, outside every transaction; when it raises, a
# person is asked, as for a text that cannot be made.
ATTACHMENTS: dict[str, Callable[[Message], tuple[str, bytes]]] = {}
# Kind → called with a message that workers are done with: sent, failed for good, held, or a person is asked; once more
# if staff let it go again. Called in the transaction that records this, so it writes rows and does nothing else. When
# it raises, only its own rows are undone.
AFTER: dict[str, Callable[[Message], None]] = {}

logger = logging.getLogger(__name__)


class NotReleasable(Exception):
    """The message is on its way, or has gone; nothing was changed."""


def enqueue(
    kind: str,
    *,
    to: str,
    dedupe_key: str,
    channel: str = Message.Channel.EMAIL,
    about: str = "",
    language: str = "en",
    context: dict | None = None,
    secrets: dict | None = None,
    wait_seconds: int = 0,
) -> Message:
    """The message `kind` to `to`, once per `dedupe_key`; call it in the transaction of what causes it (P11).

    `context` goes into templates/outbox/<kind>.txt and is stored as it is: reference, path of a link, phone, dates
    (ISO 8601 with zone, under keys ending in _by or _at), and never a name, a date of birth, a reason, a procedure or
    a physician (P16). Its texts are single lines. `from_name` names the sender. `secrets` are values of the same kind
    that open something: they are stored encrypted, and forgotten once the message is sent (P26). For `wait_seconds`
    it stays, and can be withdrawn.

    On the channel FAX, `to` is a number in E.164, `about` is all the text there is, and ATTACHMENTS makes the PDF.
    """
    message, _ = Message.objects.get_or_create(
        dedupe_key=dedupe_key,
        defaults={
            "kind": kind,
            "channel": channel,
            "to": to,
            "about": about,
            "language": language,
            "context": context or {},
            "secrets": secrets or {},
            "next_attempt_at": database_now() + timedelta(seconds=wait_seconds),
        },
    )
    return message


def is_queued(dedupe_key: str) -> bool:
    """Whether there is a message of this key, sent or not: for callers to whom making its values is work."""
    return Message.objects.filter(dedupe_key=dedupe_key).exists()


def told_of(kind: str, about: list[str]) -> set[str]:
    """Those of `about` of which there is a message of this kind already."""
    return set(Message.objects.filter(kind=kind, about__in=about).values_list("about", flat=True))


def failing_since() -> datetime | None:
    """Since when a message has waited that should have left long ago, while no other one left; None if mail works.

    One query: every page of staff asks. What a server refuses because of its recipient says nothing about the rest.
    """
    last_sent = Message.objects.exclude(sent_at=None).order_by("-sent_at").values("sent_at")[:1]
    never = datetime.fromtimestamp(0, UTC)
    waiting = Message.objects.waiting(timezone.now() - FAILING_AFTER).exclude(last_error__startswith=ONE_RECIPIENT)
    since_then = waiting.filter(created_at__gt=Coalesce(Subquery(last_sent), never))
    return since_then.order_by("created_at").values_list("created_at", flat=True).first()


def withdraw(dedupe_key: str) -> bool:
    """Let the message of this key, if there is one, never leave; False if it is on its way, or has gone.

    The state in the row decides, as in a worker's claim: of the two, one comes first.
    """
    waiting = Message.objects.filter(state=Message.State.QUEUED) | Message.objects.restored()
    waiting = waiting.filter(dedupe_key=dedupe_key)
    waiting.update(state=Message.State.HELD, last_error=Message.WITHDRAWN, secrets={})
    return not Message.objects.filter(dedupe_key=dedupe_key).exclude(state=Message.State.HELD).exists()


def count_since(at: datetime, *, kind: str, about: str) -> int:
    """How many messages of `kind` about the same thing were made after `at`."""
    return Message.objects.filter(kind=kind, about=about, created_at__gt=at).count()


def release(message: Message, by) -> None:
    """Try a failed message again now, with all its tries before it. Raises NotReleasable."""
    stopped = Message.objects.releasable().filter(pk=message.pk)
    if not stopped.update(state=Message.State.QUEUED, attempts=0, next_attempt_at=database_now()):
        raise NotReleasable
    logger.info("message %s %s: released by user %s", message.pk, message.kind, by.pk)


def hold(*, about: str, to: str) -> int:
    """Keep back what has not left yet for the address `to`, which turned out to be a wrong one; how many it were."""
    waiting = Message.objects.filter(state=Message.State.QUEUED) | Message.objects.releasable()
    waiting = waiting.filter(about=about)
    wrong = [message.pk for message in waiting if message.to == to]
    # The state once more: what a worker has taken in the meantime is under way.
    return waiting.filter(pk__in=wrong).update(state=Message.State.HELD, last_error=Message.MISDIRECTED)


def sql_that_holds_the_unsent() -> str:
    """One statement for a database that is being restored, and that nobody may see before it has run (P10)."""
    waiting = ", ".join(f"'{state.value}'" for state in Message.WAITING)
    return (
        f"UPDATE {Message._meta.db_table} SET state = '{Message.State.HELD.value}', "  # noqa: S608 - words of ours
        f"last_error = '{Message.RESTORED}', lease = NULL, leased_until = NULL WHERE state IN ({waiting})"
    )


def worker_seen_at():
    """When any worker last said that it lives (aware datetime), None if none ever did."""
    return Heartbeat.objects.order_by("-seen_at").values_list("seen_at", flat=True).first()


def worker_is_alive() -> bool:
    seen_at = worker_seen_at()
    return seen_at is not None and database_now() - seen_at < WORKER_ALIVE_WITHIN


def oldest_due_age() -> timedelta | None:
    """How long the message that is due longest has waited for a worker; None if none is due.

    A message that waits for its next try is not due: an address that fails says nothing about the worker.
    """
    now = database_now()
    message = Message.objects.due(now).first()
    return now - message.next_attempt_at if message else None
