"""Freezing a draft: its rows become one canonical JSON document, which a clinician signs and a reader sees.

The shape of a document of format 1: the words of the version, a list per kind of row ("steps" in three: before, day,
after), the slugs of linked pages, and under "sources" every cited source with its number on the page.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from practice.markdown import CITATION, cited_keys
from procedures.anatomy import ANATOMY, MOST_FACTS, FactKind
from procedures.models import (
    ROW_MODELS,
    Choice,
    Fact,
    Fit,
    Outcome,
    PictureUse,
    Question,
    Regulator,
    Risk,
    Row,
    Section,
    Source,
    Step,
    Version,
)

FORMAT = 1
WORDS = (
    "title",
    "also_known_as",
    "short_title",
    "seo_title",
    "seo_description",
    "teaser",
    "summary",
    "spine",
    "author_name",
    "interests",
    "what_changed",
)
# The key in the document for the rows of a model; steps and questions are split by what they are.
KEYS = {
    Section: "sections",
    Fact: "facts",
    Regulator: "regulators",
    Fit: "fits",
    Choice: "choices",
    Outcome: "outcomes",
    Risk: "risks",
    PictureUse: "pictures",
}
# Which texts may cite, in the order in which a page shows them: sources are numbered by it.
CITING = {
    "facts": ("value",),
    "regulators": ("note",),
    "sections": ("body",),
    "pictures": ("caption",),
    "fits": ("text",),
    "choices": ("what_it_is", "what_studies_found", "keep_in_mind"),
    "outcomes": ("result", "limits", "people", "comparison", "timing", "measure", "paid_by"),
    "risks": ("text", "what_we_do"),
    "steps_before": ("text",),
    "steps_day": ("text",),
    "steps_after": ("text",),
    "questions": ("answer",),
    "asks": (),
}
CITING_WORDS = ("summary", "interests")


class CannotFreeze(ValidationError):
    """What is missing or wrong; `problems` is a list of (where, what), the messages say both."""

    def __init__(self, problems):
        self.problems = problems
        super().__init__([f"{where}: {what}" for where, what in problems])


@dataclass(frozen=True)
class Draft:
    """Everything that goes into a document; the rows may be saved or not."""

    version: Version
    rows: Iterable[Row]
    conditions: Iterable[str] = ()
    related: Iterable[str] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)


def freeze(version: Version) -> dict:
    """The document of `version` as its rows stand now. Saves nothing; raises CannotFreeze."""
    rows = [row for model in ROW_MODELS for row in getattr(version, f"{model._meta.model_name}_rows").all()]
    article = version.article
    return document_of(
        Draft(
            version=version,
            rows=rows,
            conditions=article.conditions.order_by("slug").values_list("slug", flat=True),
            related=article.related_pages.order_by("order").values_list("page__slug", flat=True),
            sources={source.key: source for source in Source.objects.all()},
        )
    )


def document_of(draft: Draft) -> dict:
    """The document of a draft in memory. Raises CannotFreeze."""
    article = draft.version.article
    document = {
        "format": FORMAT,
        "kind": str(article.kind),
        "slug": article.slug,
        "language": article.language,
        **{name: getattr(draft.version, name) for name in WORDS},
        "conditions": list(draft.conditions),
        "related": list(draft.related),
        **_lists(draft.rows, ANATOMY[article.kind]),
    }
    order = dict.fromkeys(key for __, text in citing_texts(document) for key in cited_keys(text))
    problems = [*_missing(document), *_misplaced(document), *_bad_citations(document, draft.sources)]
    if problems:
        raise CannotFreeze(problems)
    document["sources"] = [
        {"number": number} | _plain(draft.sources[key], leave_out={"id"}) for number, key in enumerate(order, start=1)
    ]
    return document


def citing_texts(document: dict):
    """(where, text) of every text that may cite, in the order of the page."""
    yield "summary", document["summary"]
    for row in glance(document):
        yield "facts", row.get("value", row.get("note"))
    for part in ANATOMY[document["kind"]]:
        for section in document["sections"]:
            if section["kind"] == part.kind:
                yield f"sections {part.kind}", section["body"]
        for picture in document["pictures"]:
            if picture["section"] == part.kind:
                yield f"pictures {part.kind}", picture["caption"]
        if part.rows:
            yield from _row_texts(document, part.rows)
    yield from _row_texts(document, "questions")
    yield "interests", document["interests"]


def glance(document: dict) -> list[dict]:
    """The rows of “At a glance” in order: what the FDA said stands before what Medicare pays."""
    last = [row for row in document["facts"] if row["kind"] == FactKind.MEDICARE]
    return [row for row in document["facts"] if row not in last] + document["regulators"] + last


def _row_texts(document, key):
    for number, row in enumerate(document[key], start=1):
        for name in CITING[key]:
            yield f"{key} {number}", row[name]


def _lists(rows, anatomy):
    lists = {key: [] for key in CITING}
    for row in sorted(rows, key=lambda row: (row.order, row.pk or 0)):
        lists[_key_of(row)].append(_plain(row, leave_out={"id", "version"}))
    places = [part.kind for part in anatomy]
    lists["sections"].sort(key=lambda row: places.index(row["kind"]) if row["kind"] in places else len(places))
    return lists


def _key_of(row):
    if isinstance(row, Step):
        return f"steps_{row.phase}"
    if isinstance(row, Question):
        return "questions" if row.answer else "asks"
    return KEYS[type(row)]


def _plain(instance, leave_out):
    """The fields of a row as JSON knows them."""
    values = {f.name: getattr(instance, f.name) for f in instance._meta.concrete_fields if f.name not in leave_out}
    # Enumeration members of choices become plain text, and dates ISO text, so that a draft equals what is read back.
    return {name: _json_value(value) for name, value in values.items()}


def _json_value(value):
    if isinstance(value, str):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _missing(document):
    kinds = {row["kind"] for row in document["sections"]}
    for part in ANATOMY[document["kind"]]:
        if part.kind not in kinds:
            yield f"sections {part.kind}", _("This section is missing.")
        if part.rows and not document[part.rows]:
            yield part.rows, _("At least one row is needed.")
    if document["fits"] and all(row["fits"] for row in document["fits"]):
        yield "fits", _("Say also when it is not right.")
    if len(document["facts"]) + len(document["regulators"]) > MOST_FACTS:
        yield "facts", _("“At a glance” has room for eight rows, those about the FDA among them.")
    for number, row in enumerate(document["pictures"], start=1):
        if not row["alt"] and not row["decorative"]:
            yield f"pictures {number}", _("Describe the picture in words, or say that it is decorative.")


def _misplaced(document):
    """Rows that no part of this page would show."""
    anatomy = ANATOMY[document["kind"]]
    sections = {part.kind for part in anatomy}
    anywhere = {"facts", "regulators", "sections", "pictures", "questions", "asks"}
    for key in sorted(set(CITING) - anywhere - {part.rows for part in anatomy}):
        if document[key]:
            yield key, _("A page of this kind has no place for these rows.")
    for key, name in (("sections", "kind"), ("pictures", "section")):
        for row in document[key]:
            if row[name] not in sections:
                yield f"{key} {row[name]}", _("A page of this kind has no such section.")


def _bad_citations(document, sources):
    for where, text in citing_texts(document):
        for key in cited_keys(text):
            if key not in sources:
                yield where, _("There is no source “%(key)s”.") % {"key": key}
    for where, may_cite, text in _all_texts(document):
        if "[^" in CITATION.sub("", text):
            yield where, _("This is not a citation: write [^key], with the key of a source.")
        elif not may_cite and CITATION.search(text):
            yield where, _("No source can be cited here.")


def _all_texts(document):
    """(where, whether it may cite, text) of every text."""
    for name in WORDS:
        if name != "spine":
            yield name, name in CITING_WORDS, document[name]
    for key, citing in CITING.items():
        for number, row in enumerate(document[key], start=1):
            for name, value in row.items():
                if isinstance(value, str):
                    yield f"{key} {number} {name}", name in citing, value
