"""Proving that the keys in the environment are the keys of this database (P32, P46, P47)."""

from django.db import DEFAULT_DB_ALIAS

from vault import crypto
from vault.keys import field_keys, hash_keys
from vault.models import Canary

WORD = "canary"
PLACE = "vault.canary"


def plant(using=DEFAULT_DB_ALIAS):
    """Store a proof for each key that has none yet. Called after every migration."""
    newest_field_key, newest_hash_key = next(iter(field_keys())), next(iter(hash_keys()))
    canaries = Canary.objects.using(using)
    canaries.get_or_create(
        ring=Canary.Ring.FIELD, key_id=newest_field_key, defaults={"proof": crypto.encrypt(WORD, PLACE)}
    )
    canaries.get_or_create(
        ring=Canary.Ring.HASH, key_id=newest_hash_key, defaults={"proof": crypto.keyed_hash(PLACE, WORD)}
    )


def forget_old_keys():
    """Drop the proofs of all but the newest keys, once nothing in the database needs the others."""
    Canary.objects.exclude(ring=Canary.Ring.FIELD, key_id=next(iter(field_keys()))).exclude(
        ring=Canary.Ring.HASH, key_id=next(iter(hash_keys()))
    ).delete()


def problems() -> list[str]:
    """What is wrong with the keys, a sentence each; empty when every stored proof holds."""
    found = []
    proofs = {(canary.ring, canary.key_id): canary.proof for canary in Canary.objects.all()}
    for (ring, key_id), proof in proofs.items():
        fits = _reads(proof) if ring == Canary.Ring.FIELD else proof in crypto.keyed_hashes(PLACE, WORD)
        if not fits:
            found.append(f"The {ring} key {key_id} is missing or is not the one this database was written with.")
    newest = [(Canary.Ring.FIELD, next(iter(field_keys()))), (Canary.Ring.HASH, next(iter(hash_keys())))]
    found += [
        f"The {ring} key {key_id} has no stored proof yet: run migrate."
        for ring, key_id in newest
        if (ring, key_id) not in proofs
    ]
    return found


def _reads(proof):
    try:
        return crypto.decrypt(proof, PLACE) == WORD
    except crypto.UnreadableError:
        return False
