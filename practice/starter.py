"""Starter rows from content/practice.toml and content/notices: only where there is none, so an editor's words stay."""

import datetime

from django.db import transaction

from practice.models import Clinician, HelpLanguage, Location, Notice, OpeningHours, Practice

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@transaction.atomic
def load_practice(data: dict) -> list[str]:
    """Add practice, locations with hours, clinicians and languages of help, each kind only if it has no row.

    Gives the names of the kinds that were added.
    """
    added = []
    if not Practice.objects.exists():
        _save(Practice(pk=1, **data["practice"]))
        added.append("practice")
    if not Location.objects.exists():
        for order, fields in enumerate(data["locations"]):
            _add_location(order=order, **fields)
        added.append("locations")
    if not Clinician.objects.exists():
        for order, fields in enumerate(data["clinicians"]):
            _save(Clinician(order=order, **fields))
        added.append("clinicians")
    if not HelpLanguage.objects.exists():
        for order, fields in enumerate(data["languages"]):
            _save(HelpLanguage(order=order, **fields))
        added.append("languages")
    return added


@transaction.atomic
def load_notice(data: dict) -> bool:
    """Add a notice, shaped as a file under content/notices; False if it is there already."""
    if Notice.objects.filter(slug=data["slug"], language=data["language"]).exists():
        return False
    _save(Notice(**data))
    return True


def _add_location(hours, **fields):
    location = _save(Location(**fields))
    for day, span in hours.items():
        opens, closes = (datetime.time.fromisoformat(text) for text in span.split("-"))
        _save(OpeningHours(location=location, weekday=WEEKDAYS.index(day), opens=opens, closes=closes))


def _save(row):
    row.full_clean()
    row.save()
    return row
