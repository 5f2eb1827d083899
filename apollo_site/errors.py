"""Error pages in the look of the site, with the phone number, also when the database or the templates are broken."""

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.html import format_html

from practice.services import read_card

LAST_RESORT = (
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>Something went wrong</title><h1>Something went wrong</h1>"
    "<p>This page does not work right now. What you just sent may not have reached us.</p>"
    "<p>Please call {} <a href='{}'>{}</a>. In an emergency call <a href='tel:911'>911</a>.</p>"
)


def page(request, status: int, template: str | None = None, **context) -> HttpResponse:
    """The error page for `status`; it needs no database, and if need be no templates (P50)."""
    card = read_card()
    try:
        html = render_to_string(template or f"{status}.html", {"card": card, **context}, request=None)
    except Exception:
        html = format_html(
            LAST_RESORT,
            card.get("name", "the office"),
            card.get("phone_uri", ""),
            card.get("phone_display", ""),
        )
    response = HttpResponse(html, status=status)
    response["Cache-Control"] = "no-store"
    return response


def bad_request(request, exception=None):
    return page(request, 400)


def forbidden(request, exception=None):
    return page(request, 403)


def not_found(request, exception=None):
    return page(request, 404)


def server_error(request):
    return page(request, 500)


def csrf_failure(request, reason=""):
    return page(request, 403, "403_csrf.html")
