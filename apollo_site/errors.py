"""Error pages in the look of the site, with the phone number, also when the database or the templates are broken."""

import logging
import re
import sys
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language_from_path, override, pgettext
from django.utils.translation import gettext as _

from appointments.fhir import outcomes
from practice.services import read_card

logger = logging.getLogger(__name__)

LAST_RESORT = (
    '<!doctype html><html lang="{}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>{}</title><h1>{}</h1><p>{}</p><p>{} {}</p></html>"
)
# Locked, away, full, read-only. InternalError is what PostgreSQL says while it only reads.
DATABASE_AWAY = (OperationalError, InterfaceError, InternalError)
PUBLIC_FORM = re.compile(r"(/es)?/(appointments/(request|status)|refer)/[\w/-]*")
TO_COPY = re.compile(r"/admin/|(/es)?/appointments/status/")
MOST_TYPED_CHARACTERS = 100_000
UNSHOWN = re.compile(r"pass|token|secret|otp|^_", re.IGNORECASE)


def page(request: HttpRequest, status: int, template: str | None = None, **context) -> HttpResponse:
    """The error page for `status`; it needs no database, and if need be no templates (P50). Machines get theirs."""
    if outcomes.is_fhir(request):
        return outcomes.refusal(status)
    # The middleware that finds the language may not have come to it; the last reader's would still be set then.
    with override(get_language_from_path(request.path_info) or settings.LANGUAGE_CODE):
        card = read_card()
        try:
            html = render_to_string(template or f"{status}.html", {"card": card, **context}, request=None)
        except Exception:  # whatever breaks a template, somebody still needs the phone number
            logger.exception("the error page for %s could not be rendered", status)
            html = last_resort(card)
    response = HttpResponse(html, status=status)
    response["Cache-Control"] = "no-store"
    return response


def last_resort(card: dict) -> SafeString:
    """A page made without the template engine."""
    name, phone, uri = (str(card.get(key, "")) for key in ("name", "phone_display", "phone_uri"))
    title = _("Something went wrong")
    said = _("This page does not work right now. What you just sent may not have reached us.")
    call = format_html(_('Please call {} at <a href="{}">{}</a>.'), name, uri, phone) if uri else _("Please call us.")
    danger = format_html(_('In an emergency call <a href="tel:{number}">{number}</a>.'), number=911)
    return format_html(LAST_RESORT, pgettext("language of these words", "en"), title, title, said, call, danger)


def database_is_away(exception: BaseException | None) -> bool:
    """Whether `exception`, or one that led to it, says that the database cannot be used right now."""
    while exception is not None:
        if isinstance(exception, DATABASE_AWAY):
            return True
        exception = exception.__cause__ or exception.__context__
    return False


def unavailable(request: HttpRequest, exception: BaseException) -> HttpResponse:
    """What was sent was not received: says so, and keeps what was typed in the public form for another try (P5, P8)."""
    logger.error("database away: %s", type(exception.__cause__ or exception).__name__)
    sent = request.method == "POST"
    typed = _typed(request) if sent and PUBLIC_FORM.fullmatch(request.path) else []
    response = page(request, 503, sent=sent, typed=typed, action=request.get_full_path())
    response["Retry-After"] = "60"
    return response


def _typed(request) -> list[tuple[str, str]]:
    """Every (name, value) that was sent, files left out; [] if that is a letter too long to send twice."""
    try:
        typed = [(name, value) for name, values in request.POST.lists() for value in values]
    except Exception:
        # A body that cannot be read is no reason to fail again: we are the error page.
        return []
    return typed if sum(len(name) + len(value) for name, value in typed) <= MOST_TYPED_CHARACTERS else []


def bad_request(request, exception=None):
    # A session that could not be saved comes as SuspiciousOperation, with the database's own error behind it.
    if database_is_away(exception):
        return unavailable(request, exception)
    return page(request, 413 if isinstance(exception, RequestDataTooBig) else 400)


def forbidden(request, exception=None):
    return page(request, 403)


def not_found(request, exception=None):
    return page(request, 404)


def server_error(request):
    """Called while the exception is handled, also for one from a middleware or from a context processor."""
    exception = sys.exc_info()[1]
    return unavailable(request, exception) if database_is_away(exception) else page(request, 500)


def csrf_failure(request, reason=""):
    """Nothing typed is lost (P5): the public form goes on by itself, others can copy what they typed."""
    from appointments.views import csrf_failure as of_the_form

    if outcomes.is_fhir(request):
        return outcomes.refusal(405)  # nothing can be sent there, from whatever page
    if not from_our_page(request):
        return page(request, 403, "403_csrf.html")
    return of_the_form(request) or page(request, 403, "403_csrf.html", typed=_to_copy(request))


def from_our_page(request) -> bool:
    """Whether a page of ours sent this, as far as the browser tells.

    Others shall not put their words into our pages, nor lead somebody into a draft that is not theirs.
    """
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return False
    told = request.headers.get("Origin", request.headers.get("Referer"))
    try:
        return told is None or urlsplit(told).netloc == request.get_host()
    except ValueError:  # no address, as "http://["
        return False


def _to_copy(request):
    if not TO_COPY.match(request.path):
        return []
    return [(name, value) for name, value in _typed(request) if value and not UNSHOWN.search(name)]
