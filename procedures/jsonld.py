"""What a page says, for search engines: schema.org as data (it is not run), and only what stands on the page."""

from practice.jsonld import CLINIC, breadcrumb, clinic, graph_of
from practice.jsonld import script as script
from procedures.anatomy import ArticleKind
from procedures.models import Version

SUBJECTS = {ArticleKind.CONDITION: "MedicalCondition", ArticleKind.PROCEDURE: "MedicalProcedure"}


def graph(version: Version, practice, url: str, crumbs) -> dict:
    """The page at `url`, its subject, the clinic, who checked it, and the way to it.

    `crumbs`: (label, path or None) as the breadcrumb shows them.
    """
    words, byline = version.document, version.byline
    page = {
        "@type": "MedicalWebPage",
        "@id": url,
        "url": url,
        "name": words["title"],
        "inLanguage": words["language"],
        "publisher": CLINIC,
        "breadcrumb": breadcrumb(crumbs, url),
    }
    if byline:
        page["lastReviewed"] = byline.reviewed_on.isoformat()
        page["reviewedBy"] = {
            "@type": "Physician" if version.reviewer.is_physician else "Person",
            "name": byline.reviewer,
        }
    subject = _subject(words)
    if subject:
        page["about"] = subject
    return graph_of(page, clinic(practice))


def _subject(document):
    kind = SUBJECTS.get(document["kind"])
    if not kind:
        return None
    subject = {"@type": kind, "name": document["short_title"], "alternateName": document["also_known_as"]}
    if kind == "MedicalProcedure":
        for name, key in (("preparation", "steps_before"), ("howPerformed", "steps_day"), ("followup", "steps_after")):
            subject[name] = "; ".join(row["title"] for row in document[key])
    return {name: value for name, value in subject.items() if value}
