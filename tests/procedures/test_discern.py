"""DISCERN's fifteen questions (docs/discern.md), asked of every starter article."""

import re
import tomllib

import pytest
from django.conf import settings

from practice.markdown import cited_keys
from procedures.anatomy import ANATOMY

CONTENT = settings.BASE_DIR / "content"
FILES = sorted(path for kind in ("conditions", "procedures", "articles") for path in (CONTENT / kind).glob("*.toml"))
SPANISH = sorted((CONTENT / "es").rglob("*.toml"))
SOURCES = {
    key: row for path in (CONTENT / "sources").glob("*.toml") for key, row in tomllib.loads(path.read_text()).items()
}
UNCERTAIN = re.compile(
    "|".join(
        [
            r"not (yet )?known|nobody (knows|can tell)|found no|no (study|trial)|cannot tell|is unclear|not sure",
            r"experts (still )?(disagree|do not agree)|expertos no (están de acuerdo|coinciden)",
            r"no se sabe|no encontramos|no (está|es) claro",
        ]
    ),
    re.IGNORECASE,
)
LIFE = {"going-home", "daily-life", "safe-use"}


def texts(value):
    if isinstance(value, dict):
        value = value.values()
    if isinstance(value, str):
        yield value
    elif not isinstance(value, (int, float)) and hasattr(value, "__iter__"):
        for part in value:
            yield from texts(part)


def section(page, kinds):
    return [row["body"] for row in page["sections"] if row["kind"] in kinds and len(row["body"].split()) > 3]


def treats(page):
    return page["kind"] == "procedure"


QUESTIONS = {
    "1 aims": lambda page: len(re.findall(r"[.!?](\[|\s|$)", page["summary"].strip())) >= 2 and page["teaser"],
    "2 achieved": lambda page: (
        {row["kind"] for row in page["sections"]} >= {part.kind for part in ANATOMY[page["kind"]]}
    ),
    "3 relevant": lambda page: len(page.get("ask", [])) >= 3,
    "4 sources": lambda page: len({key for text in texts(page) for key in cited_keys(text)}) >= 3,
    "5 dates": lambda page: all(SOURCES[key]["checked_on"] for text in texts(page) for key in cited_keys(text)),
    "6 balance": lambda page: page["interests"] and all(row["limits"] and row["paid_by"] for row in page["outcomes"]),
    "7 other help": lambda page: any(re.search(r"\]\(/", text) for text in texts(page)) or page["related"],
    "8 uncertainty": lambda page: any(UNCERTAIN.search(text) for text in texts(page)),
    "9 how": lambda page: section(page, {"what-is-it"}),
    "10 benefits": lambda page: page["outcomes"],
    "11 risks": lambda page: page["kind"] == "condition" or all(row["what_we_do"] for row in page["risks"]) is True,
    "12 nothing": lambda page: re.match(r"Doing nothing|No hacer nada|Going without|Sin ", page["choices"][0]["name"]),
    "13 life": lambda page: section(page, LIFE),
    "14 choices": lambda page: len(page["choices"]) >= 3,
    "15 deciding": lambda page: (
        page["ask"] and (not treats(page) or {row["fits"] for row in page["fits"]} == {True, False})
    ),
}


@pytest.mark.parametrize("path", [*FILES, *SPANISH], ids=lambda path: str(path.relative_to(CONTENT)))
def test_starter_page_answers_discern(path):
    page = tomllib.loads(path.read_text())

    assert [name for name, is_answered in QUESTIONS.items() if not is_answered(page)] == []


@pytest.mark.parametrize(
    ("change", "missed"),
    [
        ({"choices": []}, ["14 choices"]),
        ({"ask": []}, ["3 relevant", "15 deciding"]),
        ({"interests": ""}, ["6 balance"]),
        ({"summary": "One sentence."}, ["1 aims"]),
    ],
)
def test_a_page_that_does_not_is_found(change, missed):  # the control
    page = tomllib.loads((CONTENT / "procedures/mild.toml").read_text()) | change
    questions = {name: asked for name, asked in QUESTIONS.items() if page["choices"] or not name.startswith("12")}

    assert [name for name, is_answered in questions.items() if not is_answered(page)] == missed
