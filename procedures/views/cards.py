"""What the views of pages share: whether samples are shown, and live pages as cards."""

from django.urls import reverse
from django.utils.translation import get_language

from practice.context import practice as practice_context
from procedures.models import Version
from procedures.page import Card

FALLBACK = "en"


def live_cards(samples: bool, **conditions) -> dict[str, Card]:
    """Slug → Card of the live pages that match, each in the reader's language or else in English; one query."""
    languages = (FALLBACK, get_language())  # the later one wins
    rows = Version.objects.current(samples=samples).filter(article__language__in=languages, **conditions).cards()
    rows = sorted(rows, key=lambda row: (languages.index(row["language"]), row["frozen_title"]))
    return {
        row["slug"]: Card(
            kind=row["kind"],
            short_title=row["frozen_title"],
            teaser=row["frozen_teaser"],
            url=reverse(f"procedures:{row['kind']}", args=[row["slug"]]),
        )
        for row in rows
    }


def practice(request):
    """The practice, read once for a request."""
    return practice_context(request)["practice"]


def shows_samples(request) -> bool:
    return practice(request).sample_content
