from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from procedures.anatomy import ArticleKind
from procedures.page import Card
from procedures.views.cards import cards_of, live_cards, shows_samples

LISTS = {
    ArticleKind.CONDITION: (_("Conditions"), _("What may be behind your pain, and what you can do about it.")),
    ArticleKind.PROCEDURE: (
        _("Procedures"),
        _("What each one can and cannot do, what can go wrong, and what else you can do."),
    ),
    ArticleKind.ARTICLE: (_("Articles"), _("Medicines, and living with pain.")),
}


@require_safe
def article_list(request, kind):
    title, lead = LISTS[kind]
    samples = shows_samples(request)
    if kind == ArticleKind.PROCEDURE:
        groups = by_condition(samples)
    else:
        pages = list(live_cards(samples, article__kind=kind).values())
        groups = [(None, pages)] if pages else []
    return render(request, "procedures/list.html", {"title": title, "lead": lead, "groups": groups})


def by_condition(samples: bool) -> list[tuple[Card | None, list[Card]]]:
    """The live procedures under each live condition that their frozen words name; last, under None, those without one.

    Conditions and procedures by title; two queries.
    """
    procedures = live_cards(samples, article__kind=ArticleKind.PROCEDURE).values()
    conditions = cards_of(samples, sorted({slug for card in procedures for slug in card.conditions}))
    groups = {condition: [] for condition in sorted(set(conditions.values()), key=lambda card: card.short_title)}
    groups[None] = []
    for card in procedures:
        for condition in dict.fromkeys(conditions.get(slug) for slug in card.conditions if slug in conditions) or [
            None
        ]:
            groups[condition].append(card)
    return [(condition, cards) for condition, cards in groups.items() if cards]


def treatments(samples: bool, slug: str) -> list[Card]:
    """The live procedures for the condition at `slug`; two queries."""
    return next((cards for condition, cards in by_condition(samples) if condition and condition.slug == slug), [])


@require_safe
def robots(request):
    """While pages that no clinician has signed are shown, search engines are kept out of all of them."""
    if shows_samples(request):
        rules = "User-agent: *\nDisallow: /\n"
    else:
        rules = f"User-agent: *\nDisallow: /admin/\n\nSitemap: {settings.PUBLIC_URL}/sitemap.xml\n"
    return HttpResponse(rules, content_type="text/plain; charset=utf-8")
