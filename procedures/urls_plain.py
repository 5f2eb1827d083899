"""Addresses without a language: for search engines, and those that other sites still link to."""

from django.contrib.sitemaps.views import sitemap
from django.urls import path, re_path
from django.views.generic import RedirectView

from procedures.sitemaps import SITEMAPS
from procedures.views import lists, media

OLD_MILD = "mild-minimally-invasive-lumbar-decompression-what-is-it-and-can-it-help-you"


urlpatterns = [
    path("sitemap.xml", sitemap, {"sitemaps": SITEMAPS}, name="sitemap"),
    path("robots.txt", lists.robots, name="robots"),
    re_path(
        r"^media/pictures/(?P<digest>[0-9a-f]{64})/(?P<width>[1-9][0-9]{2,3})\.(?P<extension>avif|webp|jpg)$",
        media.picture,
        name="picture",
    ),
    re_path(
        rf"^blog/{OLD_MILD}/?$",
        RedirectView.as_view(pattern_name="procedures:procedure", permanent=True),
        {"slug": "mild"},
    ),
    re_path(
        r"^blog/(?P<slug>[-a-zA-Z0-9_]+)/?$", RedirectView.as_view(pattern_name="procedures:article", permanent=True)
    ),
]
