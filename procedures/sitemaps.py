from collections import defaultdict
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.urls import reverse
from django.utils.translation import get_language

from practice.models import Clinician, Location, Notice
from practice.services import current_practice
from procedures.anatomy import ArticleKind
from procedures.models import Version
from procedures.views.sheets import SHEETS

PAGES = (
    "home",
    "practice:about",
    "practice:how-we-write",
    "practice:urgent",
    "practice:notices",
    "procedures:condition-list",
    "procedures:procedure-list",
    "procedures:compare",
    "procedures:article-list",
    "appointments:start",
    "refer:form",
    "refer:fax-form",
)


class PublicSitemap(Sitemap):
    """Addresses begin with APOLLO_PUBLIC_URL, whatever the Host header says."""

    protocol = urlsplit(settings.PUBLIC_URL).scheme

    def get_domain(self, site=None):
        return urlsplit(settings.PUBLIC_URL).netloc


class PageSitemap(PublicSitemap):
    def items(self):
        return PAGES

    def location(self, item):
        return reverse(item)


class PracticeSitemap(PublicSitemap):
    """The pages of people, offices and notices, and of fellows where they train."""

    def items(self):
        paths = [
            row.get_absolute_url()
            for rows in (Clinician.objects.all(), Location.objects.all(), Notice.objects.for_reader("en"))
            for row in rows
        ]
        return paths + ([reverse("practice:teaching")] if current_practice().affiliation else [])

    def location(self, item):
        return item


class VersionSitemap(PublicSitemap):
    """Every live page, samples too: they are there to be looked at, and say noindex themselves.

    One item is a page in all its languages: language → card.
    """

    i18n = alternates = x_default = True

    def items(self):
        pages = defaultdict(dict)
        for card in Version.objects.current(samples=current_practice().sample_content).cards():
            pages[card["slug"]][card["language"]] = card
        return list(pages.values())

    def get_languages_for_item(self, item):
        return list(item)

    def location(self, item):
        card = item[get_language()]
        return reverse(f"procedures:{card['kind']}", args=[card["slug"]])

    def lastmod(self, item):
        return max(card["live_from"] for card in item.values())


class SheetSitemap(PublicSitemap):
    """The sheets to print of every live procedure, where it has the rows that they are made of."""

    def items(self):
        versions = Version.objects.current(samples=current_practice().sample_content).filter(
            article__kind=ArticleKind.PROCEDURE, article__language="en"
        )
        return [
            (name, slug)
            for name, sheet in SHEETS.items()
            for slug in versions.exclude(**{f"document__{sheet.rows}": []}).values_list("article__slug", flat=True)
        ]

    def location(self, item):
        name, slug = item
        return reverse(f"procedures:{name}", args=[slug])


SITEMAPS = {"pages": PageSitemap, "practice": PracticeSitemap, "versions": VersionSitemap, "sheets": SheetSitemap}
