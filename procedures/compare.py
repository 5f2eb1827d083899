"""Treatments side by side, from the facts of their frozen documents, and beside them doing nothing for now."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django import forms
from django.core.exceptions import ValidationError
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from practice.markdown import cited_keys, render
from procedures.anatomy import COMPARED, OF_A_TREATMENT
from procedures.document import in_todays_format
from procedures.excerpt import numbered
from procedures.models import Version
from procedures.page import MOST_COMPARED, Card, shown_source

LEAST_COMPARED = 2
MOST_READ = 50  # of the treatments asked for: nobody typed a longer list


class SlugBoxes(forms.CheckboxSelectMultiple):
    template_name = "apollo/widgets/picks.html"

    def value_from_datadict(self, data, files, name):
        """The slugs of ?with=a,b, as links have them, and of ?with=a&with=b, as the boxes send them."""
        asked = [slug.strip() for part in data.getlist(name) for slug in part.split(",") if slug.strip()]
        return asked[:MOST_READ]


class TreatmentsField(forms.MultipleChoiceField):
    """Two to four different slugs of the choices, in the order in which they were given."""

    widget = SlugBoxes
    default_error_messages = {
        "required": _("Please choose two to four treatments."),
        "unknown": _("We have no page about “%(slug)s” now. Please choose from the list."),
        "twice": _("You chose %(name)s more than once. Please choose each treatment once."),
        "few": _("You chose only %(name)s. Please choose one more, or up to three more."),
        "many": _("You chose %(number)s treatments. Please choose four at most."),
    }

    def validate(self, value):
        if self.required and not value:
            raise ValidationError(self.error_messages["required"], code="required")
        names = dict(self.choices)
        unknown = next((slug for slug in value if slug not in names), None)
        twice = next((slug for slug in value if value.count(slug) > 1), None)
        if unknown:
            raise self._error("unknown", slug=Truncator(unknown).chars(60))
        if twice:
            raise self._error("twice", name=names[twice])
        if len(value) < LEAST_COMPARED:
            raise self._error("few", name=names[value[0]])
        if len(value) > MOST_COMPARED:
            raise self._error("many", number=len(value))

    def _error(self, code, **params):
        return ValidationError(self.error_messages[code], code=code, params=params)


class CompareForm(forms.Form):
    """`cards`: slug → card of each treatment that has a live page. The field is called “with”, as in the address."""

    def __init__(self, data, cards: Mapping[str, Card]):
        super().__init__(data, label_suffix="")
        choices = [(slug, card.short_title) for slug, card in cards.items()]
        self.fields["with"] = TreatmentsField(label=_("Choose two to four treatments"), choices=choices)
        self.fields["with"].template_name = "apollo/group.html"


@dataclass(frozen=True)
class Column:
    """What is compared: the page of `version`, or doing nothing (not `is_treatment`), which may have none."""

    name: str
    version: Version | None = None
    url: str = ""
    is_treatment: bool = True
    document: dict = field(init=False)

    def __post_init__(self):
        document = in_todays_format(self.version.document) if self.version else {"facts": [], "sources": []}
        object.__setattr__(self, "document", document)

    def sourced(self, kind: str) -> str:
        """The text of the fact of that kind; "" if there is none, or none with a source."""
        text = next((row["value"] for row in self.document["facts"] if row["kind"] == kind), "")
        known = {source["key"] for source in self.document["sources"]}
        return text if known.intersection(cited_keys(text)) else ""


@dataclass(frozen=True)
class Cell:
    """`html` is "" where nothing is known; `applies`: whether there could be something to know."""

    column: Column
    html: SafeString
    applies: bool


@dataclass(frozen=True)
class Table:
    columns: list[Column]
    rows: list[tuple[str, list[Cell]]]
    sources: list[dict]


def table(columns: list[Column], register: dict[str, tuple]) -> Table:
    """The compared facts of `columns`, with the sources of all of them numbered in the order of reading.

    `register`: as procedures.page.Page takes it.
    """
    texts = [[column.sourced(kind) for column in columns] for kind in COMPARED]
    cited = dict.fromkeys(key for line in texts for text in line for key in cited_keys(text))
    # A source that several pages cite was frozen with each of them: the one that was checked last is shown.
    frozen = sorted((source for column in columns for source in column.document["sources"]), key=_checked_on)
    sources = [shown_source(source, register) for source in numbered(frozen, cited)]
    numbers = {source["key"]: source["number"] for source in sources}
    due = {source["key"] for source in sources if source["is_expired"]}
    rows = [
        (
            kind.label,
            [
                Cell(
                    column,
                    render(text, numbers, due=due, inline=True),
                    applies=column.is_treatment or kind not in OF_A_TREATMENT,
                )
                for column, text in zip(columns, line, strict=True)
            ],
        )
        for kind, line in zip(COMPARED, texts, strict=True)
    ]
    return Table(columns, rows, sources)


def _checked_on(source):
    return source["checked_on"]


def shared_conditions(versions: list[Version]) -> list[str]:
    """The slugs of the conditions that every one of `versions` treats, in the order of the first."""
    first, *others = [version.document["conditions"] for version in versions]
    return [slug for slug in first if all(slug in slugs for slugs in others)]
