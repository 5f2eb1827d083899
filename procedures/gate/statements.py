"""What the page states: everything on a source, nothing that the evidence does not bear."""

import re

from django.utils.translation import gettext as _

from practice.markdown import CITATION
from procedures.anatomy import COMPARED, ArticleKind
from procedures.gate.texts import said, statements
from procedures.gate.words import (
    ASKING,
    DENIAL,
    FORBIDDEN,
    NO_DENIAL,
    NO_STATEMENT,
    NUMBER,
    OPEN,
    PAYER,
    REGULATOR,
)
from procedures.models import Regulator
from procedures.readability import sentences

CLAUSE_END = re.compile(r"[,;:()–—]|\b(?:but|and|pero|y)\b")
# These cannot cite, and lists and search engines show them without the page.
SHOWN_ALONE = ("teaser", "seo_description")


def uncited(document):
    """Numbers, and what the FDA or a payer is said to do, without a source in the same paragraph, item or row."""
    for passage in statements(document):
        if not passage.is_cited and (words := _statement(passage.text)):
            yield (
                passage.where,
                _("“%(words)s” needs a source: put [^key] behind it. Or say it without the number, or leave it out.")
                % {"words": words},
            )
    for name in SHOWN_ALONE:
        if words := _statement(document[name]):
            yield (
                name,
                _("“%(words)s” needs a source, and none can be cited here. Say it in the summary.") % {"words": words},
            )


def uncited_facts(document):
    """What the table of treatments shows stands there among others: each cell has its source."""
    if document["kind"] == ArticleKind.ARTICLE:
        return
    for number, row in enumerate(document["facts"], start=1):
        if row["kind"] in COMPARED and not CITATION.search(row["value"]):
            yield (
                f"facts {number} value",
                _("The comparison of treatments shows this: put [^key] behind it, or leave it out."),
            )


def uncited_regulators(document):
    for number, row in enumerate(document["regulators"], start=1):
        if not CITATION.search(row["note"]):
            yield f"regulators {number} note", _("Say in the note where this can be read: put [^key] in it.")


def forbidden(document):
    approved = any(row["status"] == Regulator.Status.APPROVED for row in document["regulators"])
    phrases = [phrase for phrase in FORBIDDEN if not (approved and phrase.unless_approved)]
    for passage in said(document):
        for sentence in sentences(passage.text):
            for phrase in phrases:
                if words := _stated(phrase, sentence):
                    yield passage.where, phrase.what % {"words": words}


def _statement(text):
    """The words of `text` that need a source, "" if none do."""
    found = NUMBER.search(NO_STATEMENT.sub("", text)) or REGULATOR.search(text)
    if found:
        return found[0].strip()
    paid = (PAYER.search(sentence) for sentence in sentences(text) if not ASKING.search(sentence))
    return next((found[0] for found in paid if found), "")


def _stated(phrase, sentence):
    """The words in `sentence` that state the phrase; "" if it has none, asks it, or denies it."""
    if sentence.rstrip('"”’» ').endswith("?"):
        return ""
    for found in phrase.pattern.finditer(sentence):
        before = CLAUSE_END.split(sentence[: found.start()])[-1]
        after = CLAUSE_END.split(sentence[found.end() :])[0] if phrase.denied_anywhere else ""
        clause = NO_DENIAL.sub("", f"{before}|{after}")
        if not DENIAL.search(clause) and not OPEN.search(before):
            return found[0]
    return ""
