"""A frozen document as templates show it: the parts of its anatomy in order, texts rendered, typed data in words."""

import datetime
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, override
from django.utils.translation import gettext_lazy as _

from practice.markdown import render
from procedures import numbers, pictures
from procedures.anatomy import ANATOMY, ArticleKind, FactKind, Part
from procedures.document import CITING, glance, in_todays_format, only_compared
from procedures.models import Regulator, Risk, Source

# These may hold paragraphs and lists; all others are a line.
BLOCKS = {("outcomes", "result"), ("outcomes", "limits"), ("questions", "answer")} | {
    (f"steps_{phase}", "text") for phase in ("before", "day", "after")
}
ROW_TEMPLATES = {
    key: f"procedures/_{key.split('_')[0]}.html"
    for key in ("fits", "choices", "outcomes", "risks", "steps_before", "steps_day", "steps_after")
}
STUDIES = {Source.Kind.TRIAL, Source.Kind.COHORT, Source.Kind.CASE_REPORT, Source.Kind.REVIEW}
MOST_COMPARED = 4

REGULATOR_WORDS = {
    Regulator.Status.CLEARED: _("%(device)s: cleared%(when)s. That is not the same as FDA approval."),
    Regulator.Status.APPROVED: _("%(device)s: approved%(when)s."),
    Regulator.Status.EXEMPT: _("%(device)s: of a kind that needs no clearance or approval%(when)s."),
    Regulator.Status.NOT_APPROVED: _("%(device)s: not approved for this use%(when)s."),
}


@dataclass
class ShownPart:
    """A section with its pictures and its rows, and the template that shows those."""

    kind: str
    title: str
    html: SafeString
    template: str = ""
    rows: list[dict] = field(default_factory=list)
    pictures: list[dict] = field(default_factory=list)


class Page:
    """`document` for the template; `linked` maps the slugs of live pages to their cards.

    `slug`: the one of today, where the article has moved since the document was frozen. `register`: what the register
    of sources says today (see procedures.services.register.checks), so that a source checked again since is not due.
    """

    def __init__(
        self, document: dict, linked: dict[str, "Card"], slug: str = "", register: dict[str, tuple] | None = None
    ):
        self.document = document = in_todays_format(document)
        self.slug = slug or document["slug"]
        self._linked = linked
        self._reader_language = get_language()
        self._numbers = {source["key"]: source["number"] for source in document["sources"]}
        # An English page keeps its English headings, also where the site around it is Spanish.
        with override(document["language"]):
            self.sources = [shown_source(source, register or {}) for source in document["sources"]]
            self._due = {source["key"] for source in self.sources if source["is_expired"]}
            self.summary = self._html(document["summary"])
            self.interests = self._html(document["interests"])
            self.glance = self._labelled(glance(document))
            self.parts = [part for part in map(self._part, ANATOMY[document["kind"]]) if part]
            self.questions = self._rows("questions")
            self.asks = document["asks"]
        also = [*document["related"], *document["conditions"]]
        self.related = [linked[slug] for slug in dict.fromkeys(also) if slug in linked]

    def __getattr__(self, name):
        """The plain words of the document: title, slug, spine."""
        try:
            return self.document[name]
        except KeyError:
            raise AttributeError(name) from None

    def _html(self, text, *, inline=True):
        return render(text, self._numbers, due=self._due, language=self._reader_language, inline=inline)

    def _rows(self, key):
        texts = {name: (key, name) not in BLOCKS for name in CITING[key]}
        return [
            row | {name: self._html(row[name], inline=inline) for name, inline in texts.items()}
            for row in self.document[key]
        ]

    @property
    def only_compared(self):
        """(label, HTML) of each line that only the table of treatments shows."""
        return self._labelled(only_compared(self.document))

    def _labelled(self, rows):
        return [
            (FactKind(row["kind"]).label, self._html(row["value"])) if "value" in row else ("FDA", self._regulator(row))
            for row in rows
        ]

    def _regulator(self, row):
        details = [row["decided_on"] and date_format(_date(row["decided_on"]), gettext("F j, Y")), row["number"]]
        when = ", ".join(filter(None, details))
        words = REGULATOR_WORDS[row["status"]] % {"device": row["device"], "when": f" ({when})" if when else ""}
        return format_html("{} {}", words, self._html(row["note"]))

    def _part(self, part: Part):
        body = next((row["body"] for row in self.document["sections"] if row["kind"] == part.kind), None)
        if body is None:
            return None
        rows = self._rows(part.rows) if part.rows else []
        shape = {"choices": self._choice}.get(part.rows) or SHAPES.get(part.rows, lambda row: row)
        return ShownPart(
            kind=part.kind,
            title=str(part.title),
            html=self._html(body, inline=False),
            template=ROW_TEMPLATES[part.rows] if rows else "",
            rows=[shape(row) for row in rows],
            pictures=[_picture(row) for row in self._rows("pictures") if row["section"] == part.kind],
        )

    @property
    def compared(self) -> list[str]:
        """The slugs of the treatments to show side by side: this one, then its choices that have a page."""
        own = [self.slug] if self.kind == ArticleKind.PROCEDURE else []
        cards = [self._linked.get(row["slug"]) for row in self.document["choices"] if not row["this_page"]]
        others = [card.slug for card in cards if card and card.kind == ArticleKind.PROCEDURE]
        return list(dict.fromkeys(own + others))[:MOST_COMPARED]

    def _choice(self, row):
        card = None if row["this_page"] else self._linked.get(row["slug"])
        return row | {"url": card.url if card else ""}


@dataclass(frozen=True)
class Card:
    """A page as lists show it."""

    kind: str
    slug: str
    short_title: str
    teaser: str
    url: str
    conditions: tuple[str, ...] = ()  # the slugs of those that it treats
    lang: str = ""  # of its words, where it is not the reader's language


def _outcome(row):
    count, total, words = row["count"], row["total"], ""
    if row["happened"]:
        words = numbers.in_words(count, total, row["happened"], row["did_not_happen"])
    drawn = numbers.drawn(count, total) if total else None
    return row | {"in_words": words, "dots": drawn and _dots(*drawn)}


def _step(row):
    return row | {"when": numbers.day_in_words(row["day"])}


def _dots(count, total):
    """Two SVG paths over a grid of 20-unit cells: the first `count` of `total` cells, and the rest."""
    columns = 15 if total > 30 else 10
    height = -(-total // columns) * 20
    return {
        "count": count,
        "total": total,
        "width": columns * 20,
        "height": height,
        "rest": total - count,
        "filled": _cells(0, count, columns),
        "empty": _cells(count, total, columns),
    }


def _cells(start, end, columns):
    """The path of the cells from `start` up to `end`, row by row: one box per row, whole rows together."""
    boxes = []
    while start < end:
        column, row = start % columns, start // columns
        rows = max((end - start) // columns, 1) if column == 0 else 1
        width = min(columns - column, end - start)
        boxes.append(f"M{column * 20} {row * 20}h{width * 20}v{rows * 20}h-{width * 20}z")
        start += width * rows
    return "".join(boxes)


def _picture(row):
    if row["picture"]:
        return row | {"photo": pictures.shown(row["picture"])}
    return row | {"template": f"procedures/pictures/{row['drawing']}.html"}


def _risk(row):
    return row | {"label": Risk.Frequency(row["frequency"]).label}


# What the rows of a kind show beside their texts.
SHAPES = {"outcomes": _outcome, "risks": _risk, "steps_before": _step, "steps_after": _step}


def _newest(source, register):
    """The source with the dates of its checks: those of the register, unless the frozen ones are newer."""
    checked_on, expires_on = register.get(source["key"], (datetime.date.min, None))
    if checked_on < _date(source["checked_on"]):
        return source
    return source | {"checked_on": checked_on.isoformat(), "expires_on": expires_on.isoformat()}


def shown_source(source, register):
    """The source with its dates as dates, its kind in words, and whether it matters who paid."""
    source = _newest(source, register)
    return source | {
        "kind_label": Source.Kind(source["kind"]).label,
        "is_study": source["kind"] in STUDIES,
        "checked_on": _date(source["checked_on"]),
        "is_expired": _date(source["expires_on"]) <= timezone.localdate(),
    }


def _date(iso):
    return datetime.date.fromisoformat(iso)
