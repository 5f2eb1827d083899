from django.conf import settings
from django.db.models import Q
from django.db.models.fields.json import KT
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from practice.services import read_card
from procedures import jsonld
from procedures.anatomy import ArticleKind
from procedures.models import Article, FormerSlug, Version
from procedures.page import Page
from procedures.services import register
from procedures.views.cards import FALLBACK, cards_of, live_cards, practice, shows_samples
from procedures.views.lists import LISTS, treatments

WAS_SHOWN = (Version.Status.APPROVED, Version.Status.WITHDRAWN)


@require_safe
def detail(request, kind, slug):
    versions = live_versions(shows_samples(request), kind, slug)
    version = versions.get(get_language()) or versions.get(FALLBACK)
    if version is None:
        return missing(request, kind, slug)
    return show(request, version, version.document, original=versions.get(FALLBACK), languages=versions)


def show(request, version, document, *, original=None, languages=(), preview=False):
    """The page of `version` with the words of `document`: for readers, and before that for editors and clinicians.

    `original`: the live version in the language that translations follow. `languages`: those that the page is live in.
    `preview`: it is not live, or may not be.
    """
    article, kind = version.article, version.article.kind
    linked = {*document["conditions"], *document["related"], *(row["slug"] for row in document["choices"])}
    page = Page(document, cards_of(shows_samples(request), linked), article.slug, register.checks(document))
    crumbs = [
        (_("Home"), reverse("home")),
        (LISTS[kind][0], reverse(f"procedures:{kind}-list")),
        (document["short_title"], None),
    ]
    canonical_url = _absolute(kind, article.slug, document["language"])
    cards = treatments(shows_samples(request), article.slug) if kind == ArticleKind.CONDITION else []
    data = None if preview else jsonld.graph(version, practice(request), canonical_url, crumbs, cards)
    context = {
        "version": version,
        "page": page,
        "slug": article.slug,
        "crumbs": crumbs,
        "canonical_url": canonical_url,
        "alternates": _alternates(article, languages),
        "treatments": cards,
        "is_fallback": document["language"] != get_language(),
        "is_behind": _is_behind(version, original),
        "earlier": _earlier(version),
        "preview": preview,
        "jsonld": jsonld.script(data) if data else "",
    }
    return render(request, "procedures/detail.html", context)


def live_versions(samples, kind, slug):
    """Language → the live version in it."""
    versions = Version.objects.current(samples=samples).filter(article__kind=kind, article__slug=slug)
    return {version.article.language: version for version in versions.select_related("article", "reviewer")}


def _alternates(article, languages):
    """(hreflang, address) of a page that is live in several languages; English is for readers of all others."""
    if len(languages) < 2:
        return []
    named = [(language, language) for language in sorted(languages)] + [("x-default", FALLBACK)]
    return [(name, _absolute(article.kind, article.slug, language)) for name, language in named]


def _is_behind(version, original):
    """Whether the page that `version` translates has other words by now, or may have: nobody knows which it renders."""
    return bool(original and version.article.translation_of_id and version.translates_id != original.pk)


def _earlier(version):
    """What changed before `version`, newest first: dicts with live_from and words."""
    if version.number == 1:
        return []
    earlier = Version.objects.filter(
        article=version.article, number__lt=version.number, status__in=WAS_SHOWN, live_from__lte=timezone.now()
    )
    return earlier.order_by("-number").values("live_from", words=KT("document__what_changed"))


def missing(request, kind, slug, page=None):
    """The answer for an article that is not live: 301 to where it moved, 410 if it was taken back, else Http404.

    `page`: the name of the address that was asked for, where that is another one than the article's own.
    """
    return _moved(kind, slug, page or kind) or _gone(request, kind, slug)


def _moved(kind, slug, page):
    former = FormerSlug.objects.filter(slug=slug, article__kind=kind).select_related("article").first()
    return redirect(f"procedures:{page}", former.article.slug, permanent=True) if former else None


def _gone(request, kind, slug):
    """410 with a way on, if the page was once shown and was taken back or has ended; else there never was one."""
    over = Q(versions__status=Version.Status.WITHDRAWN) | Q(
        versions__status=Version.Status.APPROVED, versions__live_until__lte=timezone.now()
    )
    gone = Article.objects.filter(over, kind=kind, slug=slug)
    if not gone.exists():
        raise Http404
    conditions = live_cards(shows_samples(request), article__procedures__in=gone)
    html = render_to_string("410.html", {"card": read_card(), "conditions": list(conditions.values())}, request)
    return HttpResponse(html, status=410)


def _absolute(kind, slug, language):
    with override(language):
        return settings.PUBLIC_URL + reverse(f"procedures:{kind}", args=[slug])
