"""What the views of pages share: whether samples are shown, and live pages as cards."""

from django.urls import reverse
from django.utils.translation import get_language

from practice.context import practice as practice_context
from procedures.models import FormerSlug, Version
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
            slug=row["slug"],
            short_title=row["frozen_title"],
            teaser=row["frozen_teaser"],
            url=reverse(f"procedures:{row['kind']}", args=[row["slug"]]),
            conditions=tuple(row["conditions"]),
            lang="" if row["language"] == get_language() else row["language"],
        )
        for row in rows
    }


def cards_of(samples: bool, slugs) -> dict[str, Card]:
    """Slug → Card of the live pages that a frozen document names, also of one that has moved since."""
    cards = live_cards(samples, article__slug__in=slugs)
    missing = [slug for slug in slugs if slug and slug not in cards]
    if missing:  # not live, or moved
        moved = moved_to(missing)
        found = live_cards(samples, article__slug__in=moved.values()) if moved else {}
        cards |= {old: found[new] for old, new in moved.items() if new in found}
    return cards


def moved_to(slugs) -> dict[str, str]:
    """Former slug → slug of today, of those of `slugs` that pages have left; one query."""
    return dict(FormerSlug.objects.filter(slug__in=slugs).values_list("slug", "article__slug"))


def practice(request):
    """The practice, read once for a request."""
    return practice_context(request)["practice"]


def shows_samples(request) -> bool:
    return practice(request).sample_content
