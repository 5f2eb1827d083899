"""Links that lead nowhere, or where no reader should be sent."""

from urllib.parse import urlsplit

from django.conf import settings
from django.urls import Resolver404, resolve
from django.utils.translation import get_language_from_path, override
from django.utils.translation import gettext as _

from procedures.anatomy import ArticleKind
from procedures.gate.finding import Site
from procedures.gate.texts import markdown_texts, targets

MAY_LEAD_AWAY = ("https", "mailto", "tel")
# Parts of every page that can be linked to, beside its sections.
ANCHORS = {"glance", "questions", "ask-us", "who", "also"}


def dead_links(document: dict, site: Site):
    anchors = ANCHORS | {row["kind"] for row in document["sections"]}
    for where, text in markdown_texts(document):
        for target in targets(text):
            if problem := _problem(target, anchors, site):
                yield where, problem % {"link": target}


def dead_pages(document: dict, site: Site):
    """Slugs of pages that the rows and the page itself name."""
    named = [("conditions", slug, ArticleKind.CONDITION) for slug in document["conditions"]]
    named += [("related", slug, None) for slug in document["related"]]
    named += [(f"choices {n} slug", row["slug"], None) for n, row in enumerate(document["choices"], 1) if row["slug"]]
    for where, slug, kind in named:
        if not site.has(slug, kind):
            yield where, _("There is no page “%(slug)s”. Choose one that there is, or leave it empty.") % {"slug": slug}


def _problem(target, anchors, site):
    """What is wrong with a link, "" if nothing."""
    target = target.removeprefix(settings.PUBLIC_URL) or "/"
    try:
        parts = urlsplit(target)
    except ValueError:
        return _("“%(link)s” is no address.")
    if target.startswith("#"):
        return "" if target[1:] in anchors else _("This page has no part “%(link)s”.")
    if parts.scheme == "http":
        return _("“%(link)s” is not private on its way. Write https:// if the site has it, or leave the link out.")
    if parts.scheme:
        known = parts.scheme in MAY_LEAD_AWAY
        return "" if known else _("“%(link)s” cannot be a link. Links begin with https:// or, on this site, with /.")
    if not target.startswith("/") or target.startswith("//"):
        return _("“%(link)s” is no whole address. Links begin with https:// or, on this site, with /.")
    return (
        "" if _leads_somewhere(parts.path, site) else _("“%(link)s” leads nowhere. Look the address up in the browser.")
    )


def _leads_somewhere(path, site):
    try:
        with override(get_language_from_path(path) or settings.LANGUAGE_CODE):
            match = resolve(path)
    except Resolver404:
        return False
    if match.app_names == ["procedures"] and (slug := match.captured_kwargs.get("slug")):
        return site.has(slug, match.kwargs.get("kind"))
    return True
