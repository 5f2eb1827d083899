from django.shortcuts import render
from django.views.decorators.http import require_safe

from practice.context import practice
from procedures.anatomy import ArticleKind
from procedures.views.cards import live_cards


@require_safe
def home(request):
    cards = live_cards(practice(request)["practice"].sample_content).values()
    lists = {f"{kind}s": [card for card in cards if card.kind == kind] for kind in ArticleKind}
    return render(request, "practice/home.html", lists)
