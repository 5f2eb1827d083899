from urllib.parse import urlencode

from django.conf import settings
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from procedures.anatomy import ArticleKind
from procedures.compare import Column, CompareForm, shared_conditions, table
from procedures.models import Version
from procedures.services import register
from procedures.views.cards import FALLBACK, live_cards, moved_to, shows_samples
from procedures.views.lists import LISTS


@require_safe
def compare(request):
    samples = shows_samples(request)
    form = CompareForm(
        request.GET if "with" in request.GET else None, live_cards(samples, article__kind=ArticleKind.PROCEDURE)
    )
    crumbs = [
        (_("Home"), reverse("home")),
        (LISTS[ArticleKind.PROCEDURE][0], reverse("procedures:procedure-list")),
        (_("Compare"), None),
    ]
    context = {"form": form, "field": form["with"], "crumbs": crumbs}
    if not form.is_valid() and (address := _address_of_today(form)):
        return redirect(address, permanent=True)
    if form.is_valid():
        context |= _side_by_side(samples, form.cleaned_data["with"], request.GET.get("condition"))
    return render(request, "procedures/compare.html", context)


def _address_of_today(form):
    """The address of the same table where treatments have moved since it was written down; "" if none has."""
    asked = form["with"].data or []
    moved = moved_to(asked)
    return _address([moved.get(slug, slug) for slug in asked]) if moved else ""


def _address(slugs):
    return f"{reverse('procedures:compare')}?{urlencode({'with': ','.join(slugs)}, safe=',')}"


def _side_by_side(samples, slugs, wanted):
    """The table of those treatments, beside doing nothing about `wanted`, or about the first condition they share."""
    live = _live(samples, ArticleKind.PROCEDURE, slugs)
    treatments = [live[slug] for slug in slugs if slug in live]
    shared = shared_conditions(treatments)
    conditions = _conditions(samples, shared)
    condition = next((one for one in conditions if one.article.slug == wanted), conditions[0] if conditions else None)
    nothing = Column(_("Doing nothing for now"), condition, _url(condition) if condition else "", is_treatment=False)
    columns = [Column(version.document["short_title"], version, _url(version)) for version in treatments]
    cited = [source for column in (nothing, *columns) for source in column.document["sources"]]
    address = _address(slugs)
    return {
        "table": table([nothing, *columns], register.checks({"sources": cited})),
        "condition": condition,
        "others": [(one, f"{address}&condition={one.article.slug}") for one in conditions if one != condition],
        "canonical_url": settings.PUBLIC_URL + address,
    }


def _conditions(samples, slugs):
    """The live pages of conditions that signed documents name, in that order, also of those that have moved since."""
    found = _live(samples, ArticleKind.CONDITION, slugs)
    if len(found) < len(slugs) and (moved := moved_to(slugs)):
        slugs = [moved.get(slug, slug) for slug in slugs]
        found = _live(samples, ArticleKind.CONDITION, slugs)
    return [found[slug] for slug in slugs if slug in found]


def _live(samples, kind, slugs):
    """Slug → live version with its reviewer, in the reader's language or else in English; one query."""
    versions = Version.objects.current(samples=samples).filter(
        article__kind=kind, article__slug__in=slugs, article__language__in=(FALLBACK, get_language())
    )
    own_language_last = sorted(
        versions.select_related("article", "reviewer"), key=lambda version: version.article.language != FALLBACK
    )
    return {version.article.slug: version for version in own_language_last}


def _url(version):
    return reverse(f"procedures:{version.article.kind}", args=[version.article.slug])
