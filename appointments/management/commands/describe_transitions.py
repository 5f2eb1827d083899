"""Write docs/transitions.md from the tables in appointments/transitions.py and appointments/telling.py."""

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import translation

from appointments.telling import LETTER_DAYS, TELLINGS
from appointments.transitions import (
    BESIDE_MOVES,
    COMMENT_NEEDED,
    NOSHOW_AFTER_MINUTES,
    OPEN,
    OUTCOME_BY,
    QUIET_OUTCOMES,
    TRANSITIONS,
    TRIES_NEEDED,
    Outcome,
    Status,
)
from appointments.update_kinds import AFTER_VISIT, ENDING, UpdateKind

HEAD = """# The life of a request

Made from `appointments/transitions.py` and `appointments/telling.py` by `manage.py describe_transitions`; a test fails
when it is not current. Change the tables, not this page.

A move is refused unless the person's group may make it, the request is in one of its sources, and nobody has moved the
request since the person's page was made. An owner or superuser counts as supervisor; nobody is above the table.
"""

FOOT = f"""
## Rules beside the table

- A request in quarantine was sent like any other, and its promise counts from then. Nobody is told of it until it is
  released; then all leaves that would have left at once.
- A request that waits says on whom and until when; both end when it moves on.
- “patient” is whoever opened the patient's page with a code (see decisions/0024-secure-links.md). What the patient does
  there, the person who works on the request is told, or the people of its route.
- Times that were offered are taken back when the request moves on; questions that are not answered then stay so.
- A message to the patient needs an e-mail address; it says that there is something, never what.
- A visit is booked in the future. It cannot be marked as missed before {NOSHOW_AFTER_MINUTES} minutes after its start, nor as past before its day.
- Whoever made a move that can be undone can do so for some seconds (`APOLLO_UNDO_SECONDS`), unless somebody has moved
  the request since. So long, what the move tells the patient waits (see decisions/0029-second-thoughts.md).
- A duplicate names the request that goes on: another one, open or newer, and no circle. Opened again, it names none.
- A time at which the clinician was booked meanwhile cannot be picked any more; staff may book it, and are warned.
- “Could not be reached” needs {TRIES_NEEDED} tries, by phone and by e-mail where there is an e-mail address.
- A call may say when to call again: the next step of a request that is received, in review or waiting. Until then it
  stays through “I take this one”; a call that reached the patient ends it, and so does the next call once it is due.
- Opening a request is recorded. Calls, notes and moves are added and never changed; nobody deletes a request.
"""  # noqa: E501


def document() -> str:
    with translation.override("en"):
        return "\n".join([HEAD, *_statuses(), *_moves(), *_outcomes(), *_others(), *_tellings(), FOOT])


def path():
    return settings.BASE_DIR / "docs" / "transitions.md"


def _statuses():
    rows = [(f"`{status.value}`", status.label, "yes" if status in OPEN else "no") for status in Status]
    return ["## Statuses", "", *table(("Code", "Shown to staff as", "Open"), rows)]


def _moves():
    rows = [
        (
            f"`{move.name}`",
            move.label,
            _codes(status for status in Status if status in move.sources),
            f"`{move.target.value}`" if move.target else "where it was",
            ", ".join(sorted(move.by)),
            _codes(move.needs),
            _codes(move.may),
            f"`{move.tells}`" if move.tells else "",
            "yes" if move.undo else "",
        )
        for move in TRANSITIONS
    ]
    head = ("Move", "Button", "From", "To", "Who", "Needs", "May have", "Tells the patient", "Can be undone")
    return ["", "## Moves", "", *table(head, rows)]


def _outcomes():
    rows = [
        (
            f"`{outcome.value}`",
            outcome.label,
            "needed" if outcome in COMMENT_NEEDED else "",
            ", ".join(sorted(OUTCOME_BY.get(outcome, {"whoever may close"}))),
            "no" if outcome in QUIET_OUTCOMES else "yes",
        )
        for outcome in Outcome
    ]
    return [
        "",
        "## Why a request is closed",
        "",
        *table(("Code", "Shown to staff as", "Comment", "Who", "The patient is told"), rows),
    ]


def _others():
    rows = [(what, ", ".join(sorted(groups))) for what, groups in BESIDE_MOVES]
    return ["", "## What else", "", *table(("What", "Who"), rows)]


def _tellings():
    rows = [
        (
            f"`{telling.event}`",
            f"`{telling.status.value}`" if telling.status else "where it was",
            ", ".join(f"{kind.label} ({days})" for kind, days in telling.kinds) or "nothing",
        )
        for telling in TELLINGS
    ]
    head = ("Event", "The referral then stands at", "Its office is owed (within business days)")
    return ["", "## What a referring office is told", "", _told(), *table(head, rows)]


def _told():
    ending, after_visit = _kinds(ENDING), _kinds(AFTER_VISIT)
    return f"""Where a physician referred the patient, a referral stands beside the request and follows its moves. Each
letter goes to the practice that staff matched, to a contact point that is verified, and only if the patient has not
said no; a doctor whom the patient only named is told with the patient's yes, and nothing is acknowledged as received.
It counts as told when somebody recorded the proof that it arrived. Only the latest news leaves: what was owed before
and has not left is withdrawn, except the letters about a visit that took place. Accepting a referral owes “Referral
accepted” (1).

A referral counts as answered when its request is finished and one of these arrived since it was last opened again:
{ending}.
Otherwise a supervisor closes it and says why. {LETTER_DAYS} business days after a visit, a referral of which neither
of these arrived is outstanding: {after_visit}.
"""


def _kinds(kinds):
    return ", ".join(str(kind.label) for kind in UpdateKind if kind in kinds)


def _codes(codes):
    return ", ".join(f"`{code}`" for code in map(str, codes))


def table(head, rows):
    return [_row(head), _row(["---"] * len(head)), *map(_row, rows)]


def _row(cells):
    return "| " + " | ".join(map(str, cells)) + " |"


class Command(BaseCommand):
    help = "Write docs/transitions.md from the table of transitions."

    def handle(self, *args, **options):
        path().write_text(document())
        self.stdout.write(f"Written: {path().relative_to(settings.BASE_DIR)}")
