"""The canonical JSON document of a version: what a clinician signs and a reader sees.

Its shape (format 2): the words of the version, a list per kind of row ("steps" in three: before, day, after), the slugs
of linked pages, and under "sources" every cited source with its number on the page.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from practice.markdown import cited_keys
from procedures.anatomy import ANATOMY, ONLY_COMPARED, FactKind
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

FORMAT = 2
WORDS = (
    "title",
    "also_known_as",
    "short_title",
    "seo_title",
    "seo_description",
    "teaser",
    "summary",
    "spine",
    "done_here",
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


@dataclass(frozen=True)
class Draft:
    """Everything that goes into a document; the rows may be saved or not."""

    version: Version
    rows: Iterable[Row]
    conditions: Iterable[str] = ()
    related: Iterable[str] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)


def draft_of(version: Version) -> Draft:
    """The draft that `version` and its saved rows are."""
    article = version.article
    return Draft(
        version=version,
        rows=[row for model in ROW_MODELS for row in _rows_of(version, model)],
        conditions=article.conditions.order_by("slug").values_list("slug", flat=True),
        related=article.related_pages.order_by("order").values_list("page__slug", flat=True),
        sources={source.key: source for source in Source.objects.all()},
    )


def _rows_of(version, model):
    rows = getattr(version, f"{model._meta.model_name}_rows").all()
    return rows.select_related("picture") if model is PictureUse else rows


def build(draft: Draft) -> dict:
    """The document of a draft as it stands, whole or not; a source that does not exist is left out."""
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
    cited = dict.fromkeys(key for __, text in citing_texts(document) for key in cited_keys(text))
    known = [draft.sources[key] for key in cited if key in draft.sources]
    document["sources"] = [
        {"number": number} | _plain(source, leave_out={"id"}) for number, source in enumerate(known, start=1)
    ]
    return document


def in_todays_format(document: dict) -> dict:
    """`document` in the shape of today's format, whenever it was frozen; the words are the same."""
    if document["format"] == 1:  # drawings only, counts without words, everything done here
        pictures = [row | {"drawing": row["picture"], "picture": None} for row in document["pictures"]]
        outcomes = [{"happened": "", "did_not_happen": ""} | row for row in document["outcomes"]]
        return document | {"format": FORMAT, "done_here": True, "pictures": pictures, "outcomes": outcomes}
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
    for row in only_compared(document):
        yield "facts", row["value"]


def all_texts(document):
    """(where, whether it may cite, text) of every text."""
    for name in WORDS:
        if isinstance(document[name], str):
            yield name, name in CITING_WORDS, document[name]
    for key, citing in CITING.items():
        for number, row in enumerate(document[key], start=1):
            for name, value in row.items():
                if isinstance(value, str):
                    yield f"{key} {number} {name}", name in citing, value


def glance(document: dict) -> list[dict]:
    """The rows of “At a glance” in order: what the FDA said stands before what Medicare pays."""
    shown = [row for row in document["facts"] if row["kind"] not in ONLY_COMPARED[document["kind"]]]
    last = [row for row in shown if row["kind"] == FactKind.MEDICARE]
    return [row for row in shown if row not in last] + document["regulators"] + last


def only_compared(document: dict) -> list[dict]:
    """The facts that the table of treatments shows and the page itself does not."""
    return [row for row in document["facts"] if row["kind"] in ONLY_COMPARED[document["kind"]]]


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
    if picture := values.get("picture"):
        values["picture"] = _plain(picture, leave_out={"id", "title", "uploaded_by", "uploaded_at"})
    # Enumeration members of choices become plain text, and dates ISO text, so that a draft equals what is read back.
    return {name: _json_value(value) for name, value in values.items()}


def _json_value(value):
    if isinstance(value, str):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else value
