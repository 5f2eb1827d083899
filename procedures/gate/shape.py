"""What a whole page has, and in what order: sections, rows, pictures, headings, citations that lead somewhere."""

import re

from django.utils.translation import gettext as _

from practice.markdown import CITATION, cited_keys
from procedures.anatomy import ANATOMY, MOST_FACTS
from procedures.document import CITING, CITING_WORDS, all_texts, citing_texts, glance
from procedures.gate.texts import headings, markdown_texts
from procedures.gate.words import SPINE

FEWEST_WORDS = 3
FILE_NAME = re.compile(
    r"\.(jpe?g|png|gif|webp|avif|svg|heic|tiff?|bmp)\b"
    r"|^\W*(img|dsc[nf]?|image|picture|photo|pic|screen ?shot|scan|imagen|foto|captura)[\W_]*[\d\W_]*$",
    re.IGNORECASE,
)
FIRST_HEADING = 3  # the page has its title, and each section has a heading of level 2


def missing(document):
    bodies = {row["kind"]: row["body"] for row in document["sections"]}
    for part in ANATOMY[document["kind"]]:
        if part.kind not in bodies:
            yield f"sections {part.kind}", _("This section is missing.")
        elif not part.rows and not bodies[part.kind].strip():
            yield f"sections {part.kind}", _("This section has no words yet.")  # others may be rows alone
        if part.rows and not document[part.rows]:
            yield part.rows, _("At least one row is needed.")
    if document["fits"] and all(row["fits"] for row in document["fits"]):
        yield "fits", _("Say also when it is not right.")
    if len(glance(document)) > MOST_FACTS:
        yield "facts", _("“At a glance” has room for eight rows, those about the FDA among them.")


def misplaced(document):
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


def bad_citations(document):
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


def bad_pictures(document):
    for number, row in enumerate(document["pictures"], start=1):
        if row["decorative"]:
            continue
        if not row["alt"]:
            yield f"pictures {number}", _("Describe the picture in words, or say that it is decorative.")
        elif FILE_NAME.search(row["alt"]):
            yield f"pictures {number} alt", _("This is the name of a file. Say in a sentence what the picture shows.")
        elif len(row["alt"].split()) < FEWEST_WORDS:
            yield f"pictures {number} alt", _("This is too short. Say in a sentence what the picture shows.")
        elif _bare(row["alt"]) == _bare(row["caption"]):
            yield (
                f"pictures {number} alt",
                _("This repeats the caption, and who listens hears it twice. Say what can be seen."),
            )


def _bare(text):
    return re.sub(r"[\W_]+", " ", CITATION.sub("", text)).strip().casefold()


def heading_order(document):
    for where, text in markdown_texts(document):
        levels = headings(text)
        if not levels:
            continue
        if not where.startswith("sections "):
            yield where, _("A heading cannot stand here. Take away the # at the beginning of the line.")
        elif min(levels) < FIRST_HEADING:
            yield where, _("Begin headings with ###: # and ## are those of the page and of its sections.")
        elif any(level > before + 1 for before, level in zip([FIRST_HEADING - 1, *levels], levels, strict=False)):
            yield where, _("A heading skips a level. Begin with ###; below it comes ####.")


def no_emergency_card(document):
    """A page that speaks of back or leg pain shows the signs for which nobody should wait."""
    if document["spine"]:
        return
    slugs = [document["slug"], *document["conditions"]]
    words = [document[name] for name in ("title", "also_known_as", *CITING_WORDS)]
    bodies = [row["body"] for row in document["sections"]]
    found = SPINE.search("\n".join([slug.replace("-", " ") for slug in slugs] + words + bodies))
    if found:
        yield (
            "spine",
            _("This page speaks of “%(word)s”. Switch “spine page” on, so that it shows the emergency card.")
            % {"word": found[0]},
        )
