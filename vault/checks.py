from django.core.checks import Error, Tags, register
from django.db import DatabaseError

from vault import canary


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
