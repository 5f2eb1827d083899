from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from practice.context import practice as practice_context
from practice.services import read_card
from procedures import jsonld
from procedures.anatomy import ArticleKind
from procedures.models import Article, Version
from procedures.page import Card, Page

FALLBACK = "en"
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
    cards = live_cards(_samples(request), article__kind=kind)
    return render(request, "procedures/list.html", {"title": title, "lead": lead, "pages": list(cards.values())})


@require_safe
def detail(request, kind, slug):
    version = _live_version(_samples(request), kind, slug)
    if version is None:
        return _gone(request, kind, slug)
    document = version.document
    linked = {*document["conditions"], *document["related"], *(row["slug"] for row in document["choices"])}
    page = Page(document, live_cards(_samples(request), article__slug__in=linked))
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
        "jsonld": jsonld.script(jsonld.graph(version, _practice(request), canonical_url, crumbs)),
    }
    return render(request, "procedures/detail.html", context)


@require_safe
def robots(request):
    """While pages that no clinician has signed are shown, search engines are kept out of all of them."""
    if _samples(request):
        rules = "User-agent: *\nDisallow: /\n"
    else:
        rules = f"User-agent: *\nDisallow: /admin/\n\nSitemap: {settings.PUBLIC_URL}/sitemap.xml\n"
    return HttpResponse(rules, content_type="text/plain; charset=utf-8")


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
    conditions = live_cards(_samples(request), article__procedures__in=withdrawn)
    html = render_to_string("410.html", {"card": read_card(), "conditions": list(conditions.values())}, request)
    return HttpResponse(html, status=410)


def _absolute(kind, slug, language):
    with override(language):
        return settings.PUBLIC_URL + reverse(f"procedures:{kind}", args=[slug])


def _practice(request):
    return practice_context(request)["practice"]


def _samples(request):
    return _practice(request).sample_content
