"""Two documents side by side: which words went and which came, field by field in the order of the page."""

import difflib
import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from procedures.document import current

WORD = re.compile(r"\s+|[^\s]+")


@dataclass(frozen=True)
class Difference:
    """One field that differs: its place, and both texts as lists of (words, whether only this side has them)."""

    where: str
    old: list[tuple[str, bool]]
    new: list[tuple[str, bool]]


def differences(old: dict, new: dict) -> list[Difference]:
    """Every field in which `new` differs from `old`."""
    before, after = _flat(current(old)), _flat(current(new))
    places = list(after) + [place for place in before if place not in after]
    return [
        Difference(place, *_marked(before.get(place, ""), after.get(place, "")))
        for place in places
        if before.get(place, "") != after.get(place, "")
    ]


def _flat(value, place=()):
    """Place → text of every leaf of a document; rows are counted from 1, sections and facts go by their kind."""
    if isinstance(value, dict):
        items = [(name, part) for name, part in value.items() if name not in ("order", "format")]
    elif isinstance(value, list):
        items = [(_name(part, number), part) for number, part in enumerate(value, start=1)]
    else:
        return {" ".join(map(str, place)): _text(value)}
    return {place_: text for name, part in items for place_, text in _flat(part, (*place, name)).items()}


def _name(row, number):
    """What a row is called: a row that moves down must not look like another one."""
    return row.get("key") or row.get("kind") or number if isinstance(row, dict) else number


def _text(value):
    return {True: _("yes"), False: _("no"), None: ""}.get(value, str(value)) if not isinstance(value, str) else value


def _marked(old, new):
    olds, news = WORD.findall(old), WORD.findall(new)
    left, right = [], []
    for step, a, b, c, d in difflib.SequenceMatcher(None, olds, news, autojunk=False).get_opcodes():
        left.append(("".join(olds[a:b]), step != "equal"))
        right.append(("".join(news[c:d]), step != "equal"))
    return [pair for pair in left if pair[0]], [pair for pair in right if pair[0]]
