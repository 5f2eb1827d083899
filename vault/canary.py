"""Proving that the keys in the environment are the keys of this database (P32, P46, P47)."""

from collections.abc import Iterable

from django.db import DEFAULT_DB_ALIAS

from vault import crypto
from vault.keys import field_keys, hash_keys
from vault.models import Canary

WORD = "canary"
PLACE = "vault.canary"


def plant(using=DEFAULT_DB_ALIAS):
    """Store a proof for each key that writes and has none yet. Called after every migration."""
    proofs = {Canary.Ring.FIELD: crypto.encrypt(WORD, PLACE), Canary.Ring.HASH: crypto.keyed_hash(PLACE, WORD)}
    for ring, key_id in newest():
        Canary.objects.using(using).get_or_create(ring=ring, key_id=key_id, defaults={"proof": proofs[ring]})


def forget_old_keys():
    """Drop the proofs of all but the newest keys, once nothing in the database needs the others."""
    old = Canary.objects.all()
    for ring, key_id in newest():
        old = old.exclude(ring=ring, key_id=key_id)
    old.delete()


def misfits(canaries: Iterable[Canary] | None = None) -> list[tuple[str, str]]:
    """(ring, key id) of every proof, by default every stored one, that the keys in the environment do not reproduce."""
    if canaries is None:
        canaries = Canary.objects.order_by("ring", "key_id")
    return [(canary.ring, canary.key_id) for canary in canaries if not _fits(canary)]


def misfit_sentences(canaries: Iterable[Canary] | None = None) -> list[str]:
    return [
        f"The {ring} key {key_id} is missing or is not the one this database was written with."
        for ring, key_id in misfits(canaries)
    ]


def problems() -> list[str]:
    """What is wrong with the keys, a sentence each; empty when every stored proof holds."""
    proved = set(Canary.objects.values_list("ring", "key_id"))
    return misfit_sentences() + [
        f"The {ring} key {key_id} has no stored proof yet: run migrate."
        for ring, key_id in newest()
        if (ring, key_id) not in proved
    ]


def newest() -> list[tuple[str, str]]:
    """(ring, key id) of the two keys that write."""
    return [(Canary.Ring.FIELD, next(iter(field_keys()))), (Canary.Ring.HASH, next(iter(hash_keys())))]


def _fits(canary):
    if canary.ring == Canary.Ring.HASH:
        return canary.proof in crypto.keyed_hashes(PLACE, WORD)
    try:
        return crypto.decrypt(canary.proof, PLACE) == WORD
    except crypto.UnreadableError:
        return False
