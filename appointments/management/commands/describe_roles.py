"""Write docs/roles.md from the tables in appointments/transitions.py and appointments/services/setup.py."""

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import translation

from appointments.management.commands.describe_transitions import table
from appointments.services.rights import counting_as
from appointments.services.setup import RIGHTS
from appointments.transitions import BESIDE_MOVES, GROUPS, PATIENT, TRANSITIONS

HEAD = """# Who may do what

Made from `appointments/transitions.py` and `appointments/services/setup.py` by `manage.py describe_roles`; a test fails
when it is not current. Change the tables, not this page.

Rights come with groups and are looked up at every press: who has left a group can do nothing more with an open page.
An owner or superuser counts as supervisor; an account that is not active has no right at all. A patient's moves are
nobody's here, and nobody deletes a request or anything of its history.
"""

WORDS = """Django's own permissions. To add an export is to take requests away as a file. `procedures.*` are articles,
their versions, pictures and sources."""


def document() -> str:
    with translation.override("en"):
        return "\n".join([HEAD, *_with_a_request(), "", *_rows_of_the_admin(), ""])


def path():
    return settings.BASE_DIR / "docs" / "roles.md"


def _with_a_request():
    moves = [(move.label, move.by) for move in TRANSITIONS if move.by != {PATIENT}]
    rows = [
        (what, *("yes" if by & counting_as(group) else "" for group in GROUPS)) for what, by in (*moves, *BESIDE_MOVES)
    ]
    return ["## With requests", "", *table(("What", *GROUPS), rows)]


def _rows_of_the_admin():
    labels = sorted({label for rights in RIGHTS.values() for label in rights})
    rows = [(f"`{label}`", *(", ".join(RIGHTS[group].get(label, ())) for group in GROUPS)) for label in labels]
    return ["## With rows of the admin", "", WORDS, "", *table(("Rows", *GROUPS), rows)]


class Command(BaseCommand):
    help = "Write docs/roles.md from the tables of transitions and rights."

    def handle(self, *args, **options):
        path().write_text(document())
        self.stdout.write(f"Written: {path().relative_to(settings.BASE_DIR)}")
