"""Putting a message in the outbox. Sending is the worker's job, outside every transaction."""

from outbox.clock import database_now
from outbox.models import Message


def enqueue(
    kind: str, *, to: str, dedupe_key: str, about: str = "", language: str = "en", context: dict | None = None
) -> Message:
    """The message `kind` to `to`, once per `dedupe_key`; call it in the transaction of what causes it (P11).

    `context` goes into templates/outbox/<kind>.txt and is stored as it is: reference, path of a link, phone, dates,
    and never a name, a date of birth, a reason, a procedure or a physician (P16).
    """
    message, _ = Message.objects.get_or_create(
        dedupe_key=dedupe_key,
        defaults={
            "kind": kind,
            "to": to,
            "about": about,
            "language": language,
            "context": context or {},
            "next_attempt_at": database_now(),
        },
    )
    return message
