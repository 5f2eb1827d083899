from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from practice.services import read_card
from procedures import jsonld
from procedures.models import Article, Version
from procedures.page import Page
from procedures.views.cards import FALLBACK, live_cards, practice, shows_samples
from procedures.views.lists import LISTS


@require_safe
def detail(request, kind, slug):
    version = _live_version(shows_samples(request), kind, slug)
    if version is None:
        return _gone(request, kind, slug)
    document = version.document
    linked = {*document["conditions"], *document["related"], *(row["slug"] for row in document["choices"])}
    page = Page(document, live_cards(shows_samples(request), article__slug__in=linked))
    crumbs = [
        (_("Home"), reverse("home")),
        (LISTS[kind][0], reverse(f"procedures:{kind}-list")),
        (document["short_title"], None),
    ]
    canonical_url = _absolute(kind, slug, document["language"])
    context = {
        "version": version,
        "page": page,
        "crumbs": crumbs,
        "canonical_url": canonical_url,
        "is_fallback": document["language"] != get_language(),
        "jsonld": jsonld.script(jsonld.graph(version, practice(request), canonical_url, crumbs)),
    }
    return render(request, "procedures/detail.html", context)


def _live_version(samples, kind, slug):
    versions = Version.objects.current(samples=samples).filter(
        article__kind=kind, article__slug=slug, article__language__in=(FALLBACK, get_language())
    )
    by_language = {version.article.language: version for version in versions.select_related("article", "reviewer")}
    return by_language.get(get_language()) or by_language.get(FALLBACK)


def _gone(request, kind, slug):
    """410 with a way on, if the page was once shown and taken back; otherwise there never was one."""
    withdrawn = Article.objects.filter(kind=kind, slug=slug, versions__status=Version.Status.WITHDRAWN)
    if not withdrawn.exists():
        raise Http404
    conditions = live_cards(shows_samples(request), article__procedures__in=withdrawn)
    html = render_to_string("410.html", {"card": read_card(), "conditions": list(conditions.values())}, request)
    return HttpResponse(html, status=410)


def _absolute(kind, slug, language):
    with override(language):
        return settings.PUBLIC_URL + reverse(f"procedures:{kind}", args=[slug])
