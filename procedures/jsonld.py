"""What a page says, for search engines: schema.org as data (it is not run), and only what stands on the page."""

from django.conf import settings

from practice.jsonld import CLINIC, breadcrumb, clinic, graph_of
from practice.jsonld import script as script
from procedures.anatomy import ArticleKind
from procedures.models import Version

SUBJECTS = {ArticleKind.CONDITION: "MedicalCondition", ArticleKind.PROCEDURE: "MedicalProcedure"}
# Where a treatment is done, if its title says so; of two names the closer one comes first.
PLACES = (
    *("joint between spine and hip bone", "spinal cord", "lower back", "spine", "back", "neck"),
    *("médula espinal", "parte baja de la espalda", "columna", "espalda", "cuello"),
)


def graph(version: Version, practice, url: str, crumbs, treatments=()) -> dict:
    """The page at `url`, its subject, the clinic, who checked it, and the way to it.

    `crumbs`: (label, path or None) as the breadcrumb shows them. `treatments`: the cards shown for a condition.
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
        page["reviewedBy"] = _reviewer(version.reviewer, byline)
    subject = _subject(words, treatments)
    if subject:
        page["about"] = subject
    return graph_of(page, clinic(practice))


def _reviewer(person, byline):
    url = settings.PUBLIC_URL + person.get_absolute_url()
    kind = "Physician" if person.is_physician else "Person"
    return {"@type": kind, "@id": f"{url}#clinician", "name": byline.reviewer, "url": url}


def _subject(document, treatments):
    kind = SUBJECTS.get(document["kind"])
    if not kind:
        return None
    subject = {"@type": kind, "name": document["short_title"], "alternateName": document["also_known_as"]}
    if kind == "MedicalProcedure":
        subject["bodyLocation"] = next((place for place in PLACES if place in document["title"].lower()), "")
    else:
        subject["possibleTreatment"] = [
            {"@type": "MedicalTherapy", "name": card.short_title, "url": settings.PUBLIC_URL + card.url}
            for card in treatments
        ]
    return {name: value for name, value in subject.items() if value}
