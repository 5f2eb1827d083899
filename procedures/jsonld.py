"""What a page says, for search engines: schema.org as data (it is not run), and only what stands on the page."""

import json

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from procedures.anatomy import ArticleKind
from procedures.models import Version

# As Django's json_script: none of these can end the element or begin a tag.
ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}
SUBJECTS = {ArticleKind.CONDITION: "MedicalCondition", ArticleKind.PROCEDURE: "MedicalProcedure"}


def script(data: dict) -> SafeString:
    """`data` inside <script type="application/ld+json">."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(ESCAPES)
    return mark_safe(f'<script type="application/ld+json">{text}</script>')  # noqa: S308


def graph(version: Version, practice, url: str, crumbs) -> dict:
    """The page at `url`, its subject, the clinic, who checked it, and the way to it.

    `crumbs`: (label, path or None) as the breadcrumb shows them.
    """
    document, byline = version.document, version.byline
    page = {
        "@type": "MedicalWebPage",
        "@id": url,
        "url": url,
        "name": document["title"],
        "inLanguage": document["language"],
        "publisher": {"@id": f"{settings.PUBLIC_URL}/#clinic"},
        "breadcrumb": _breadcrumb(crumbs, url),
    }
    if byline:
        page["lastReviewed"] = byline.reviewed_on.isoformat()
        page["reviewedBy"] = {
            "@type": "Physician" if version.reviewer.is_physician else "Person",
            "name": byline.reviewer,
        }
    subject = _subject(document)
    if subject:
        page["about"] = subject
    return {"@context": "https://schema.org", "@graph": [page, _clinic(practice)]}


def _subject(document):
    kind = SUBJECTS.get(document["kind"])
    if not kind:
        return None
    subject = {"@type": kind, "name": document["short_title"], "alternateName": document["also_known_as"]}
    if kind == "MedicalProcedure":
        for name, key in (("preparation", "steps_before"), ("howPerformed", "steps_day"), ("followup", "steps_after")):
            subject[name] = "; ".join(row["title"] for row in document[key])
    return {name: value for name, value in subject.items() if value}


def _clinic(practice):
    clinic = {
        "@type": "MedicalClinic",
        "@id": f"{settings.PUBLIC_URL}/#clinic",
        "name": practice.name,
        "telephone": practice.phone_display,
        "url": f"{settings.PUBLIC_URL}/",
    }
    place = practice.main_location
    if place:
        clinic["address"] = {
            "@type": "PostalAddress",
            "streetAddress": place.street,
            "addressLocality": place.city,
            "addressRegion": place.state,
            "postalCode": place.zip_code,
        }
    return clinic


def _breadcrumb(crumbs, url):
    items = [
        {
            "@type": "ListItem",
            "position": position,
            "name": str(label),
            "item": f"{settings.PUBLIC_URL}{path}" if path else url,
        }
        for position, (label, path) in enumerate(crumbs, start=1)
    ]
    return {"@type": "BreadcrumbList", "itemListElement": items}
