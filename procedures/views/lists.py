from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from procedures.anatomy import ArticleKind
from procedures.views.cards import live_cards, shows_samples

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
    cards = live_cards(shows_samples(request), article__kind=kind)
    return render(request, "procedures/list.html", {"title": title, "lead": lead, "pages": list(cards.values())})


@require_safe
def robots(request):
    """While pages that no clinician has signed are shown, search engines are kept out of all of them."""
    if shows_samples(request):
        rules = "User-agent: *\nDisallow: /\n"
    else:
        rules = f"User-agent: *\nDisallow: /admin/\n\nSitemap: {settings.PUBLIC_URL}/sitemap.xml\n"
    return HttpResponse(rules, content_type="text/plain; charset=utf-8")
