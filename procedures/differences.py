"""Two documents side by side: which words went and which came, field by field in the order of the page."""

import difflib
import re
from dataclasses import dataclass
from itertools import zip_longest

from django.utils.translation import gettext as _

from procedures.document import in_todays_format

WORD = re.compile(r"\s+|[^\s]+")
MOST_EXACT = 2000  # words, and the spaces between them


@dataclass(frozen=True)
class Difference:
    """One field that differs: its place, and both texts as lists of (words, whether only this side has them)."""

    where: str
    old: list[tuple[str, bool]]
    new: list[tuple[str, bool]]


def differences(old: dict, new: dict) -> list[Difference]:
    """Every field in which `new` differs from `old`."""
    before, after = map(_flat, _aligned(in_todays_format(old), in_todays_format(new)))
    places = list(after) + [place for place in before if place not in after]
    return [
        Difference(place, *_marked(before.get(place, ""), after.get(place, "")))
        for place in places
        if before.get(place, "") != after.get(place, "")
    ]


def _aligned(old, new):
    """Both documents with the rows of every list under names that match.

    Sections, facts and sources go by their kind or key. Other rows are counted from 1 as `new` has them, and one that
    only moved because another came or went is the same one; "3_gone" is a third one that `new` has no more.
    """
    old, new = dict(old), dict(new)
    for name in [name for name in new if isinstance(new[name], list) and isinstance(old.get(name), list)]:
        old[name], new[name] = _named(_compared(name, old[name]), _compared(name, new[name]))
    return old, new


def _compared(name, rows):
    # The numbers of sources follow from the places where they are cited: one more would change them all.
    hidden = ("order", "number") if name == "sources" else ("order",)
    return [
        {key: part for key, part in row.items() if key not in hidden} if isinstance(row, dict) else row for row in rows
    ]


def _named(olds, news):
    if any(isinstance(row, dict) and ("key" in row or "kind" in row) for row in olds + news):
        return tuple({_name(row, number): row for number, row in enumerate(rows, start=1)} for rows in (olds, news))
    before, after = {}, {}
    steps = difflib.SequenceMatcher(None, *([repr(row) for row in rows] for rows in (olds, news)), autojunk=False)
    for _step, a, b, c, d in steps.get_opcodes():
        for i, j in zip_longest(range(a, b), range(c, d)):
            name = f"{i + 1}_gone" if j is None else j + 1
            before |= {} if i is None else {name: olds[i]}
            after |= {} if j is None else {name: news[j]}
    return before, after


def _flat(value, place=()):
    """Place → text of every leaf of a document, as _aligned has it."""
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
    # Each word with each of thousands takes minutes: in a long text what stands everywhere is no point to hold on to.
    matcher = difflib.SequenceMatcher(None, olds, news, autojunk=len(news) > MOST_EXACT)
    for step, a, b, c, d in matcher.get_opcodes():
        left.append(("".join(olds[a:b]), step != "equal"))
        right.append(("".join(news[c:d]), step != "equal"))
    return [pair for pair in left if pair[0]], [pair for pair in right if pair[0]]
