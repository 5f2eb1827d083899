"""The gate before a page: what stops it, and what an editor should look at again.

Every finding says where it is and how to mend it. Nothing here asks the database: what exists is given as a Site.
"""

from procedures.gate.advised import advice, long_sentences, reading
from procedures.gate.finding import Finding, Site
from procedures.gate.languages import untranslated
from procedures.gate.links import dead_links, dead_pages
from procedures.gate.shape import bad_citations, bad_pictures, heading_order, misplaced, missing, no_emergency_card
from procedures.gate.statements import forbidden, uncited, uncited_facts, uncited_regulators

__all__ = ["Finding", "Site", "advice", "blocks", "long_sentences", "reading"]

RULES = (
    missing,
    misplaced,
    bad_citations,
    uncited,
    uncited_facts,
    uncited_regulators,
    forbidden,
    bad_pictures,
    heading_order,
    no_emergency_card,
    untranslated,
)
RULES_OF_SITE = (dead_links, dead_pages)


def blocks(document: dict, site: Site) -> list[Finding]:
    """What keeps `document` from readers, on a site with the pages of `site`."""
    found = [*(pair for rule in RULES for pair in rule(document))]
    found += [pair for rule in RULES_OF_SITE for pair in rule(document, site)]
    return [Finding(where, str(what)) for where, what in found]
