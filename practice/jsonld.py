"""What a page says, for search engines: schema.org as data (it is not run), and only what stands on the page."""

import json

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

# As Django's json_script: none of these can end the element or begin a tag.
ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CLINIC = {"@id": f"{settings.PUBLIC_URL}/#clinic"}


def script(data: dict) -> SafeString:
    """`data` inside <script type="application/ld+json">."""
    # Nothing in the text can end the element or begin a tag: see ESCAPES.
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(ESCAPES)
    return mark_safe(f'<script type="application/ld+json">{text}</script>')  # noqa: S308


def graph_of(*nodes: dict) -> dict:
    return {"@context": "https://schema.org", "@graph": list(nodes)}


def clinic(practice) -> dict:
    """The practice, at its main office if it has one."""
    node = {
        "@type": "MedicalClinic",
        **CLINIC,
        "name": practice.name,
        "telephone": practice.phone_display,
        "url": f"{settings.PUBLIC_URL}/",
    }
    if practice.main_location:
        node["address"] = _address(practice.main_location)
    return node


def location(place, closed_days, url: str) -> dict:
    """One office; `closed_days` are (first, last) dates on which it is closed besides its weekly hours."""
    node = {
        "@type": "MedicalClinic",
        "@id": f"{url}#clinic",
        "name": place.name,
        "url": url,
        "telephone": place.phone_display,
        "faxNumber": place.fax_display,
        "address": _address(place),
        "parentOrganization": CLINIC,
        "openingHoursSpecification": [_opening(row) for row in place.opening_hours.all()],
        "specialOpeningHoursSpecification": [_closed(first, last) for first, last in closed_days],
    }
    return {name: value for name, value in node.items() if value}


def clinician(person, url: str) -> dict:
    node = {
        "@type": "Physician" if person.is_physician else "Person",
        "@id": f"{url}#clinician",
        "name": str(person),
        "url": url,
        "description": person.specialty,
        "knowsLanguage": person.languages_list,
        "memberOf": CLINIC,
    }
    return {name: value for name, value in node.items() if value}


def breadcrumb(crumbs, url: str) -> dict:
    """`crumbs`: (label, path or None) as the breadcrumb shows them; `url` is the address of the page itself."""
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


def _address(place):
    return {
        "@type": "PostalAddress",
        "streetAddress": place.street,
        "addressLocality": place.city,
        "addressRegion": place.state,
        "postalCode": place.zip_code,
    }


def _opening(row):
    return {
        "@type": "OpeningHoursSpecification",
        "dayOfWeek": DAYS[row.weekday],
        "opens": f"{row.opens:%H:%M}",
        "closes": f"{row.closes:%H:%M}",
    }


def _closed(first, last):
    # Opening and closing at midnight is how schema.org says "closed all day".
    return {
        "@type": "OpeningHoursSpecification",
        "validFrom": first.isoformat(),
        "validThrough": last.isoformat(),
        "opens": "00:00",
        "closes": "00:00",
    }
