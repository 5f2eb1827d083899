"""Drafts: begun with a secret of their own, found by it, kept step by step, and gone after some days."""

import datetime
import hashlib
import hmac
import re
import uuid

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language

from appointments.forms.text import readable
from appointments.models import RequestDraft
from appointments.services.secret import hashed, new_secret

SLUG = re.compile(r"[a-z0-9-]{1,50}")
ID = re.compile(r"[0-9a-f]{32}")
SECRET = re.compile(r"[\w-]{43}", re.ASCII)  # as new_secret makes them


class AlreadySentError(Exception):
    """The draft has become a request: nothing in it changes any more."""


class GoneError(Exception):
    """The draft was cleared in the meantime."""


def begin(source_slug: str = "") -> tuple[RequestDraft, str]:
    """A new draft and its secret. The secret itself is stored nowhere."""
    secret = new_secret()
    slug = source_slug if SLUG.fullmatch(source_slug) else ""
    return RequestDraft.objects.create(source_slug=slug, **_opened_by(secret)), secret


def begin_at(public_id: uuid.UUID, secret: str) -> RequestDraft | None:
    """The draft that a page names which stored nothing when it was shown: begun now, or there already.

    None for a secret of another shape, and as `find` does if there is one that it does not open.
    """
    if not SECRET.fullmatch(secret):
        return None
    RequestDraft.objects.get_or_create(public_id=public_id, defaults=_opened_by(secret))
    return find(public_id, secret)


def _opened_by(secret):
    return {"secret_hash": hashed(secret), "language": get_language(), "expires_at": expiry()}


def find(public_id: uuid.UUID, secret: str) -> RequestDraft | None:
    """The draft, if `secret` is its own and its time is not over. Wrong secret and unknown id are the same."""
    return (
        RequestDraft.objects.select_related("appointment_request")
        .filter(public_id=public_id, secret_hash=hashed(secret), expires_at__gt=timezone.now())
        .first()
    )


def ticket_of(draft: RequestDraft) -> str:
    """For a cookie that says "begun on this device": the id, and our mark that it was given out. It opens nothing."""
    # Not Django's signature: this one outlives a change of SECRET_KEY.
    mark = hmac.new(draft.secret_hash.encode(), b"begun", hashlib.sha256).hexdigest()
    return f"{draft.public_id.hex}.{mark}"


def begun_with(tickets: list[str]) -> list[RequestDraft]:
    """The drafts of `tickets` that can be gone on with, the newest first. Forged and unknown ones are the same."""
    told = {ticket.partition(".")[0]: ticket for ticket in tickets}
    ids = [uuid.UUID(one) for one in told if ID.fullmatch(one)]
    if not ids:
        return []
    found = RequestDraft.objects.filter(public_id__in=ids, appointment_request=None, expires_at__gt=timezone.now())
    found = found.defer("answers").order_by("-created_at")
    return [draft for draft in found if hmac.compare_digest(ticket_of(draft), told[draft.public_id.hex])]


def clear(draft: RequestDraft):
    """Delete the draft with all that was typed. A request that came of it stays, and opens here no more."""
    RequestDraft.objects.filter(pk=draft.pk).delete()


@transaction.atomic
def keep(draft: RequestDraft, step: str, typed: dict[str, list[str]]) -> RequestDraft:
    """Store what was `typed` in `step`, right or wrong, and let the draft live on. Other steps stay as they are.

    Raises AlreadySentError or GoneError; nothing is saved then.
    """
    current = held(draft)
    current.answers |= {step: {name: [readable(text) for text in texts] for name, texts in typed.items()}}
    current.expires_at = expiry()
    current.language = get_language()
    current.save(update_fields=["answers", "expires_at", "language"])
    return current


def held(draft: RequestDraft) -> RequestDraft:
    """The draft as it stands now, ours until the transaction ends. Raises AlreadySentError or GoneError."""
    current = RequestDraft.objects.select_for_update().filter(pk=draft.pk).first()
    if current is None:
        raise GoneError
    if current.appointment_request_id:
        raise AlreadySentError
    return current


def prolong(draft: RequestDraft):
    """Let the draft live on, in the language of the page that was sent: its words are those agreed to."""
    draft.language = get_language()
    RequestDraft.objects.filter(pk=draft.pk).update(expires_at=expiry(), language=draft.language)


def days_kept() -> int:
    return max(1, settings.DRAFT_TTL_SECONDS // (24 * 3600))


def purge(at: datetime.datetime | None = None, *, apply: bool = False) -> int:
    """How many drafts are past their time at `at` (now by default); with `apply` they are deleted. Never a request."""
    expired = RequestDraft.objects.expired(at or timezone.now())
    if apply:
        return expired.delete()[1].get(RequestDraft._meta.label, 0)  # their files go with them, and do not count
    return expired.count()


def expiry():
    return timezone.now() + datetime.timedelta(seconds=settings.DRAFT_TTL_SECONDS)
