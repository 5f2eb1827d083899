from django.core.checks import Error, Tags, register
from django.db import DatabaseError

from vault import canary
from vault.keys import field_keys, hash_keys


@register(Tags.security, deploy=True)
def check_keys(app_configs, **kwargs):
    try:
        return [Error(problem, id="vault.E001") for problem in canary.problems()]
    except DatabaseError:
        return [
            Error(
                "The keys could not be proved: the database does not answer or is not migrated.",
                hint="Check DATABASE_URL and run migrate.",
                id="vault.E002",
            )
        ]


@register(Tags.security, deploy=True)
def check_rings_differ(app_configs, **kwargs):
    if not set(field_keys().values()) & set(hash_keys().values()):
        return []
    return [Error("APOLLO_FIELD_KEYS and APOLLO_HASH_KEYS share a key: each needs keys of its own.", id="vault.E004")]
