"""Keys are proved before anything is written with them: in the deploy check and by /readyz (P32, P46, P47)."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from vault import canary, checks
from vault import keys as rings
from vault.models import Canary

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def written_with_first_keys(keys, db):
    Canary.objects.all().delete()
    canary.plant()


def test_the_right_keys_have_no_problem():
    assert canary.problems() == []
    assert checks.check_keys(None) == []


@pytest.mark.parametrize(
    ("field", "hash", "sentence"),
    [
        (["f2"], ["h1"], "The field key f1 is missing"),
        (["f1"], ["h2"], "The hash key h1 is missing"),
        (["f2", "f1"], ["h1"], "The field key f2 has no stored proof yet"),
        (["f1"], ["h2", "h1"], "The hash key h2 has no stored proof yet"),
    ],
)
def test_a_key_that_is_missing_or_new_is_a_failed_deploy_check(keys, field, hash, sentence):
    keys(field=field, hash=hash)

    assert sentence in " ".join(error.msg for error in checks.check_keys(None))


@pytest.mark.parametrize(("name", "key_id", "kind"), [("FIELD_KEYS", "f1", "field"), ("HASH_KEYS", "h1", "hash")])
def test_another_key_under_the_same_id_is_found(settings, ring, name, key_id, kind):
    setattr(settings, name, ring(**{key_id: "other"}))

    assert canary.problems() == [
        f"The {kind} key {key_id} is missing or is not the one this database was written with."
    ]


def test_a_proof_that_was_tampered_with_is_found():
    Canary.objects.filter(ring="field").update(proof="v1.f1.AAAA")

    assert len(canary.problems()) == 1


def test_migrate_plants_the_proof_of_a_new_key(keys):
    keys(field=["f2", "f1"])
    call_command("migrate", verbosity=0)

    assert canary.problems() == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "f1",
        "f1:",
        "f1:c2hvcnQ=",
        "f1:not base64 at all",
        "f1:ключ",
        f":{'A' * 43}=",
        f"f.1:{'A' * 43}=",
        f"{'f' * 33}:{'A' * 43}=",
        f"f1:{'A' * 43}=,f1:{'B' * 43}=",
        f"f1:{'A' * 43}=,f2:{'A' * 43}=",
        f"f1:{'A' * 43}=,",
    ],
)
def test_a_malformed_ring_is_refused_without_showing_it(settings, text):
    settings.FIELD_KEYS = text

    with pytest.raises(ImproperlyConfigured) as caught:
        rings.field_keys()

    assert str(caught.value).startswith("APOLLO_FIELD_KEYS must hold comma-separated id:key pairs")
    assert not text or text not in str(caught.value)
