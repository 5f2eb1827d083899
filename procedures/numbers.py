"""One stored fraction in words that people can read, with what happened to the others."""

from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

GROUPS = (10, 100, 1000)
MOST_CIRCLES = 200
LARGE_STUDY = 1000  # a smaller one cannot tell how many in 1,000

SENTENCES = {
    "exactly": gettext_lazy(
        "%(part)s in %(of)s people %(happened)s (%(count)s of %(total)s). %(rest)s in %(of)s %(did_not)s."
    ),
    "about": gettext_lazy(
        "About %(part)s in %(of)s people %(happened)s (%(count)s of %(total)s). About %(rest)s in %(of)s %(did_not)s."
    ),
    "fewer": gettext_lazy(
        "Fewer than %(part)s in %(of)s people %(happened)s (%(count)s of %(total)s). "
        "More than %(rest)s in %(of)s %(did_not)s."
    ),
    "more": gettext_lazy(
        "More than %(part)s in %(of)s people %(happened)s (%(count)s of %(total)s). "
        "Fewer than %(rest)s in %(of)s %(did_not)s."
    ),
}


@dataclass(frozen=True)
class Share:
    """`relation` `part` in `of` people, such as about 1 in 10; it was not so for the `rest` of them."""

    relation: Literal["exactly", "about", "fewer", "more"]
    part: int
    of: int

    @property
    def rest(self):
        return self.of - self.part


def share(count: int, total: int) -> Share:
    """`count` of `total` people, some but not all of them, in a group of 10, 100 or 1,000. Raises ValueError.

    It is the smallest group that makes the rarer side neither more nor less by over a fifth: 9 of 75 is about 1 in 10,
    but 15 of 100 is not about 2 in 10. Neither side is ever 0.
    """
    if not 0 < count < total:
        raise ValueError(f"{count} of {total} is not a part")
    rarer = min(count, total - count)
    groups = GROUPS if total >= LARGE_STUDY else GROUPS[:-1]
    of = next((of for of in groups if _is_close(rarer, total, of)), groups[-1])
    if rarer * of < total and not _is_close(rarer, total, of):
        return Share("fewer", 1, of) if rarer == count else Share("more", of - 1, of)
    few = _rounded(rarer, total, of)
    return Share("exactly" if few * total == rarer * of else "about", few if rarer == count else of - few, of)


def in_words(count: int, total: int, happened: str, did_not_happen: str) -> str:
    """What happened to `count` of `total` people and what to the others; both texts go on after “people”."""
    words = {"count": f"{count:,}", "total": f"{total:,}", "happened": happened, "did_not": did_not_happen}
    if count == 0:
        return _("None of the %(total)s people %(happened)s.") % words
    if count == total:
        return _("All %(total)s people %(happened)s.") % words
    found = share(count, total)
    words |= {"part": f"{found.part:,}", "rest": f"{found.rest:,}", "of": f"{found.of:,}"}
    return SENTENCES[found.relation] % words


def drawn(count: int, total: int) -> tuple[int, int] | None:
    """(filled circles, all circles) for `count` of `total` people: each of them, or of more than 200 the share.

    None where a drawing would be too large, or would say more than is known.
    """
    if total <= MOST_CIRCLES:
        return count, total
    if not 0 < count < total:
        return None
    found = share(count, total)
    return (found.part, found.of) if found.relation in ("exactly", "about") and found.of <= MOST_CIRCLES else None


def day_in_words(day: int) -> str:
    """`day`, counted from the day itself (-14, 0, 2): “14 days before”."""
    if day == 0:
        return _("The day itself")
    words = (
        ngettext("%(days)s day before", "%(days)s days before", -day)
        if day < 0
        else ngettext("%(days)s day after", "%(days)s days after", day)
    )
    return words % {"days": abs(day)}


def _is_close(rarer, total, of):
    """Whether `rarer` of `total`, rounded to whole people in `of`, changes by a fifth at most."""
    return 5 * abs(_rounded(rarer, total, of) * total - rarer * of) <= rarer * of


def _rounded(count, total, of):
    """`count` / `total` * `of` to the next whole number, halves up; floats would round some halves down."""
    return (2 * count * of + total) // (2 * total)
