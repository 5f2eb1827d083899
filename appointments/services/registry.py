"""The NPI registry (NPPES): who a National Provider Identifier belongs to. It proves neither a licence nor a caller.

Staff can always look there by hand. With APOLLO_NPPES_URL the website looks there itself.
"""

import json
import queue
import re
import threading
import time
import urllib.request
import uuid
from http.client import HTTPException
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.models import Physician
from appointments.services.rights import check_right
from appointments.transitions import REFERRERS

VERSION = "2.1"
SECONDS = 10
MOST_BYTES = 1_000_000
CHUNK = 16_384
INDIVIDUAL, ACTIVE = "NPI-1", "A"
MOST_LETTERS = 200  # of any word that is kept
PHONE = re.compile(r"[0-9() +.-]{10,20}")


class RegistryAway(Exception):
    """The registry gave no answer that can be used. Carries no word of it."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """What stands at the configured address answers, or nobody does."""

    def redirect_request(self, *args):
        return None


def look_up(npi: str) -> dict | None:
    """What the registry says of `npi`, as it is stored in Physician.registry_record; None if it knows no such number.

    Shape: {"number", "enumeration_type": "NPI-1" for a person, "basic": {"first_name", "last_name", "credential",
    "status": "A" for active}, "phones": [...]}, all words as they stand there.

    Raises RegistryAway. Call it outside any transaction: it may take ten seconds.
    """
    query = urlencode({"version": VERSION, "number": npi})
    try:
        answer = json.loads(_read(f"{settings.NPPES_URL}?{query}"))
    except (OSError, ValueError, RecursionError):
        raise RegistryAway from None
    return _record_in(answer, npi)


def _read(address):
    """The body at `address`. Raises OSError for whatever keeps it from being read in time.

    The time limit of a socket begins anew with each byte, of a header too: only another thread can be waited for.
    """
    answers = queue.SimpleQueue()
    threading.Thread(target=_fetch, args=(address, answers), daemon=True).start()
    try:
        body = answers.get(timeout=SECONDS)
    except queue.Empty:
        raise TimeoutError from None
    if body is None:
        raise OSError
    return body


def _fetch(address, answers):
    """Puts the body into `answers`; None for whatever kept it from being read."""
    until, body = time.monotonic() + SECONDS, b""
    try:
        with urllib.request.build_opener(_NoRedirect).open(address, timeout=SECONDS) as response:
            while chunk := response.read1(CHUNK):
                body += chunk
                # Nobody waits for it any more: the thread ends, as far as it can.
                if len(body) > MOST_BYTES or time.monotonic() > until:
                    raise OSError
        answers.put(body)
    except (OSError, HTTPException, ValueError):
        answers.put(None)


def _record_in(answer, npi) -> dict | None:
    results = answer.get("results") if isinstance(answer, dict) else None
    if results == []:
        return None
    try:
        [result] = results
        basic, addresses = result["basic"], result.get("addresses", [])
        record = {
            "number": _words(result["number"]),
            "enumeration_type": _words(result["enumeration_type"]),
            "basic": {
                name: _words(basic.get(name, "")) for name in ("first_name", "last_name", "credential", "status")
            },
            "phones": [
                number for row in addresses if PHONE.fullmatch(number := _words(row.get("telephone_number", "")))
            ],
        }
    except (AttributeError, KeyError, TypeError, ValueError):
        raise RegistryAway from None
    if record["number"] != npi:
        raise RegistryAway
    return record


def _words(value):
    if not isinstance(value, str | int):
        raise TypeError
    return str(value).replace("\0", "")[:MOST_LETTERS]


def check(public_id: uuid.UUID, *, by: AbstractUser) -> Physician:
    """Look the physician up and keep what the registry says; of an NPI that it does not know, the number alone.

    Raises NoRight, RegistryAway, or ValidationError without an NPI; nothing is saved then.
    """
    check_right(REFERRERS, by)
    physician = _with_npi(public_id)
    return _attach(physician, look_up(physician.npi) or {"number": physician.npi})


def attach_by_hand(public_id: uuid.UUID, *, last_name: str, by: AbstractUser) -> Physician:
    """Staff read in the registry: an active individual of this last name.

    Raises NoRight, or ValidationError without an NPI; nothing is saved then.
    """
    check_right(REFERRERS, by)
    physician = _with_npi(public_id)
    record = {
        "number": physician.npi,
        "enumeration_type": INDIVIDUAL,
        "basic": {"last_name": last_name, "status": ACTIVE},
        "by_hand": True,
    }
    return _attach(physician, record)


def _with_npi(public_id):
    physician = Physician.objects.get(public_id=public_id)
    if not physician.npi:
        raise ValidationError(_("Write down the NPI first."))
    return physician


def _attach(physician, record):
    """What was found belongs to the number that was looked up: an NPI that was changed meanwhile has none."""
    found = {"registry_record": record, "registry_checked_on": timezone.localdate()}
    Physician.objects.filter(pk=physician.pk, npi=physician.npi).update(**found)
    physician.refresh_from_db()
    return physician
