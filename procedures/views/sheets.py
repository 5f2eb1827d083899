"""Sheets to print and bring along, each made of one part of a live procedure: the checklist, before, after."""

import io
from dataclasses import dataclass
from functools import lru_cache

import segno
from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from procedures.anatomy import ANATOMY, ArticleKind, SectionKind
from procedures.excerpt import excerpt
from procedures.page import Page
from procedures.services import register
from procedures.views.article import live_versions, missing
from procedures.views.cards import FALLBACK, shows_samples
from procedures.views.lists import LISTS

A_DAY = 24 * 60 * 60


@dataclass(frozen=True)
class Sheet:
    """`part`: the kind of the section that the sheet is made of. `qr`: the name of the address of its QR code."""

    part: str
    template: str
    qr: str = ""

    @property
    def rows(self):
        return next(part.rows for part in ANATOMY[ArticleKind.PROCEDURE] if part.kind == self.part)


SHEETS = {  # by the name of the address
    "for-me": Sheet(SectionKind.FOR_ME, "procedures/for_me.html"),
    "before": Sheet(SectionKind.GETTING_READY, "procedures/days_before.html", qr="before-qr"),
    "after": Sheet(SectionKind.GOING_HOME, "procedures/days_after.html", qr="after-qr"),
}


@require_safe
def sheet(request, slug, name):
    wanted = SHEETS[name]
    version = _live(request, slug)
    if version is None:
        return missing(request, ArticleKind.PROCEDURE, slug, page=name)
    part, page = _excerpt(version, wanted)
    crumbs = [
        (_("Home"), reverse("home")),
        (LISTS[ArticleKind.PROCEDURE][0], reverse("procedures:procedure-list")),
        (page.short_title, reverse("procedures:procedure", args=[slug])),
        (part.title, None),
    ]
    context = {
        "version": version,
        "page": page,
        "part": part,
        "slug": slug,
        "crumbs": crumbs,
        "qr_url": reverse(f"procedures:{wanted.qr}", args=[slug]) if wanted.qr else "",
        "canonical_url": _absolute(name, slug),
        "is_fallback": page.language != get_language(),
    }
    return render(request, wanted.template, context)


@require_safe
def qr(request, slug, name):
    """The QR code of the sheet, with its public address."""
    version = _live(request, slug)
    if version is None:
        return missing(request, ArticleKind.PROCEDURE, slug, page=SHEETS[name].qr)
    _excerpt(version, SHEETS[name])
    response = HttpResponse(_drawing(_absolute(name, slug)), content_type="image/svg+xml")
    patch_cache_control(response, public=True, max_age=A_DAY)
    return response


def _live(request, slug):
    versions = live_versions(shows_samples(request), ArticleKind.PROCEDURE, slug)
    return versions.get(get_language()) or versions.get(FALLBACK)


def _excerpt(version, sheet):
    """The part of `version` that the sheet shows, and its words as a page of their own. Raises Http404 if empty."""
    words = excerpt(version.document, sections={sheet.part}, rows={sheet.rows, "asks"})
    page = Page(words, {}, version.article.slug, register.checks(words))
    if not page.parts or not page.parts[0].rows:
        raise Http404
    return page.parts[0], page


def _absolute(name, slug):
    return settings.PUBLIC_URL + reverse(f"procedures:{name}", args=[slug])


@lru_cache(maxsize=128)
def _drawing(address: str) -> bytes:
    """The QR code of `address` as SVG: black on white in every theme, with the white edge that readers need."""
    drawing = io.BytesIO()
    segno.make_qr(address, error="m").save(
        drawing, kind="svg", border=4, light="#fff", xmldecl=False, omitsize=True, svgclass=None, lineclass=None
    )
    return drawing.getvalue()
