"""The gate before a page: what stops it, and what an editor should look at again.

Every finding says where it is and how to mend it. `where` begins with a key of the document: "sections risks",
"outcomes 2 result".
"""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from practice.markdown import CITATION, cited_keys
from procedures.anatomy import ANATOMY, MOST_FACTS
from procedures.document import CITING, all_texts, citing_texts, glance


@dataclass(frozen=True)
class Finding:
    where: str
    what: str

    def __str__(self):
        return f"{self.where}: {self.what}"


def blocks(document: dict) -> list[Finding]:
    """What keeps `document` from readers."""
    rules = (_missing, _misplaced, _bad_citations)
    return [Finding(where, str(what)) for rule in rules for where, what in rule(document)]


def _missing(document):
    kinds = {row["kind"] for row in document["sections"]}
    for part in ANATOMY[document["kind"]]:
        if part.kind not in kinds:
            yield f"sections {part.kind}", _("This section is missing.")
        if part.rows and not document[part.rows]:
            yield part.rows, _("At least one row is needed.")
    if document["fits"] and all(row["fits"] for row in document["fits"]):
        yield "fits", _("Say also when it is not right.")
    if len(glance(document)) > MOST_FACTS:
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


def _bad_citations(document):
    sources = {source["key"] for source in document["sources"]}
    for where, text in citing_texts(document):
        for key in cited_keys(text):
            if key not in sources:
                yield where, _("There is no source “%(key)s”.") % {"key": key}
    for where, may_cite, text in all_texts(document):
        if "[^" in CITATION.sub("", text):
            yield where, _("This is not a citation: write [^key], with the key of a source.")
        elif not may_cite and CITATION.search(text):
            yield where, _("No source can be cited here.")
