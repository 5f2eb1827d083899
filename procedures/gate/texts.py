"""The texts of a document taken apart: which are Markdown, their paragraphs, their plain words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from practice.markdown import parse
from procedures.document import CITING, CITING_WORDS, WORDS

# Rows of which every text together makes one statement; one source for the row will do.
WHOLE_ROWS = {
    "facts": ("value",),
    "fits": ("text",),
    "outcomes": (
        *("finding", "measure", "people", "comparison", "timing", "count", "total"),
        *("happened", "did_not_happen", "result", "limits", "paid_by"),
    ),
    "risks": ("text", "what_we_do"),
}
# Texts that readers see and that are no Markdown: nothing can be cited there.
PLAIN = {
    "pictures": ("alt",),
    "choices": ("name",),
    "outcomes": ("finding", "happened", "did_not_happen"),
    "steps_before": ("title",),
    "steps_day": ("title",),
    "steps_after": ("title",),
    "questions": ("question",),
    "asks": ("question",),
}


@dataclass(frozen=True)
class Passage:
    """A paragraph, an item of a list, a line, or a row that is one statement; `text` is plain."""

    where: str
    text: str
    is_cited: bool


def place(key: str, number: int, row: dict) -> str:
    """How findings name a row: a section by its kind, any other by its number."""
    return f"{key} {row['kind']}" if key == "sections" else f"{key} {number}"


def rows_of(document: dict) -> Iterator[tuple[str, int, dict]]:
    """(key, number from 1, row) of every row."""
    for key in CITING:
        for number, row in enumerate(document[key], start=1):
            yield key, number, row


def markdown_texts(document: dict) -> Iterator[tuple[str, str]]:
    """(where, Markdown) of every text that may cite and link."""
    for name in CITING_WORDS:
        yield name, document[name]
    for key, number, row in rows_of(document):
        for name in CITING[key]:
            yield (place(key, number, row) if name == "body" else f"{place(key, number, row)} {name}"), row[name]


def statements(document: dict) -> Iterator[Passage]:
    """Everything that must rest on a source of its own if it says a number."""
    for where, text in markdown_texts(document):
        if where.partition(" ")[0] not in WHOLE_ROWS:
            yield from passages(where, text)
    for key, number, row in rows_of(document):
        if names := WHOLE_ROWS.get(key):
            text = "\n\n".join(str(row[name]) for name in names if row[name] is not None)
            parts = list(passages("", text))
            yield Passage(
                place(key, number, row), " ".join(part.text for part in parts), any(part.is_cited for part in parts)
            )


def said(document: dict) -> Iterator[Passage]:
    """Everything that the page says, titles and labels too, passage by passage."""
    for where, text in markdown_texts(document):
        yield from passages(where, text)
    for name in WORDS:
        if name not in CITING_WORDS and isinstance(document[name], str):
            yield Passage(name, document[name], is_cited=False)
    for key, number, row in rows_of(document):
        for name in PLAIN.get(key, ()):
            yield Passage(f"{place(key, number, row)} {name}", row[name], is_cited=False)


def passages(where: str, text: str) -> Iterator[Passage]:
    for token in parse(text):
        if token.type == "inline":
            plain = " ".join("".join(_plain(child) for child in token.children).split())
            yield Passage(where, plain, any(child.type == "citation" for child in token.children))


def headings(text: str) -> list[int]:
    """The levels of the headings in `text`, in order."""
    return [int(token.tag[1:]) for token in parse(text) if token.type == "heading_open"]


def targets(text: str) -> list[str]:
    """Where the links in `text` lead, also those that the parser refuses to make: javascript: is one."""
    return re.findall(r"\]\(\s*<?([^)\s>]*)", text)


def _plain(token):
    return " " if token.type in ("softbreak", "hardbreak") else token.content
