"""How often somebody did something lately, exact over processes; and the block of addresses that somebody came from."""

import datetime
import ipaddress

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from appointments.models import RateCount
from vault.crypto import keyed_hash

LONGEST_SECONDS = 24 * 3600  # a row older than this counts nothing any more
V4_PREFIX, V6_PREFIX = 24, 64  # what one household or office is given, and what a single sender can change freely


def count(what: str, who: str, *, seconds: int, at: datetime.datetime | None = None) -> int:
    """How often `who` did `what` in the current window of `seconds` (a day at most), this time included.

    Windows stand side by side from 1970 on, so over the edge of two of them twice a limit can pass. `who` is stored as
    a keyed hash only. Called inside a transaction, it holds back others who count the same until that one ends, and is
    undone with it.
    """
    window = {"key": key_of(what, who), "window_start": _window_start(seconds, at or timezone.now())}
    with transaction.atomic():
        # Never read, then write: between the two others count as well. The update locks the row until we have read it.
        RateCount.objects.bulk_create([RateCount(**window)], ignore_conflicts=True)
        RateCount.objects.filter(**window).update(count=F("count") + 1)
        return RateCount.objects.values_list("count", flat=True).get(**window)


def key_of(what: str, who: str) -> str:
    return f"{what}:{keyed_hash(f'rate:{what}', who)}"


def address_block(request) -> str:
    """The block of addresses that `request` came from: "203.0.113.0/24" or "2001:db8::/64"; "" if it cannot be told.

    Behind a trusted proxy it is the last entry of X-Forwarded-For, which the proxy wrote; what stands before it may be
    anything that the visitor wrote.
    """
    text = request.META.get("REMOTE_ADDR", "")
    if settings.TRUST_PROXY and (forwarded := request.META.get("HTTP_X_FORWARDED_FOR")):
        text = forwarded.rpartition(",")[2]
    try:
        address = ipaddress.ip_address(text.strip().removeprefix("[").removesuffix("]"))
    except ValueError:
        return ""
    address = getattr(address, "ipv4_mapped", None) or address
    if address.version == 4:
        return str(ipaddress.IPv4Network((int(address), V4_PREFIX), strict=False))
    return str(ipaddress.IPv6Network((int(address), V6_PREFIX), strict=False))


def purge(at: datetime.datetime | None = None, *, apply: bool = False) -> int:
    """How many counts are over at `at` (now by default); with `apply` they are deleted."""
    over = RateCount.objects.filter(
        window_start__lte=(at or timezone.now()) - datetime.timedelta(seconds=LONGEST_SECONDS)
    )
    if apply:
        return over.delete()[0]
    return over.count()


def _window_start(seconds, at):
    if not 0 < seconds <= LONGEST_SECONDS:
        raise ValueError(f"A window of {seconds} seconds cannot be counted.")
    return datetime.datetime.fromtimestamp(at.timestamp() // seconds * seconds, tz=datetime.UTC)
