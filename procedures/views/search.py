from django.core.paginator import Paginator
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from procedures import search as searching
from procedures.anatomy import ArticleKind
from procedures.views.cards import live_cards, shows_samples

PER_PAGE = 10


@require_safe
def search(request):
    samples = shows_samples(request)
    typed = request.GET.get("q", "").strip()[: searching.MOST_LETTERS]
    found = searching.index(samples, get_language()).search(typed)
    context = {
        "typed": typed,
        "found": found,
        "page": Paginator(found.matches, PER_PAGE).get_page(request.GET.get("page")),
        "conditions": [] if found.matches else list(live_cards(samples, article__kind=ArticleKind.CONDITION).values()),
    }
    response = render(request, "procedures/search.html", context)
    if typed:  # it may tell of somebody's health: no cache keeps it, and no other page hears of it
        response["Cache-Control"] = "private, no-store"
        response["Referrer-Policy"] = "no-referrer"
    return response
