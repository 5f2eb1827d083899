"""What holds for every answer: headers, compression, and an honest page when something is broken."""

import re
from functools import lru_cache

import brotli
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import UnreadablePostError
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

from apollo_site import errors

HEADERS = {
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Django's own middlewares set these too, but not on an error that they raised themselves.
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
}
BROTLI = re.compile(r"\bbr\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))")
EMPTY_LINES = re.compile(rb"\n\s*\n")
DENSE = {"image/avif", "image/webp", "image/jpeg"}
FILES = re.compile(
    r"/(es/)?(appointments/(status|office)/[0-9a-f-]{36}/files|refer)/|/admin/appointments/appointmentrequest/refer/"
)
PRIVATE = re.compile(r"/(es/)?(admin|appointments|fhir|r|refer)(/|$)")
SECRET_LINK = re.compile(r"/(es/)?r/")


class HeadersMiddleware:
    """The outermost one, so that static files and errors carry the headers too (P45)."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.setdefault(name, value)
        if "immutable" in response.get("Cache-Control", ""):
            # Its name changes with its content, so nobody asks whether it has changed: 70 bytes of each page's flight.
            del response["ETag"], response["Last-Modified"]
        if settings.SECURE_HSTS_SECONDS and request.is_secure():
            seconds = settings.SECURE_HSTS_SECONDS
            response.setdefault("Strict-Transport-Security", f"max-age={seconds}; includeSubDomains; preload")
        return response


class CompressPublicPagesMiddleware(GZipMiddleware):
    """Compresses public pages only: beside typed text, the length of a compressed secret tells something about it."""

    def process_response(self, request, response):
        if "no-store" in response.get("Cache-Control", "") or response.get("Content-Type") in DENSE:
            return response
        if BROTLI.search(request.headers.get("Accept-Encoding", "")) and self._is_worth_it(response):
            patch_vary_headers(response, ["Accept-Encoding"])
            response.content = _brotli(_without_empty_lines(response))
            response["Content-Encoding"] = "br"
            response["Content-Length"] = str(len(response.content))
            return response
        return super().process_response(request, response)

    def _is_worth_it(self, response):
        return not response.streaming and len(response.content) >= 200 and not response.has_header("Content-Encoding")


def _without_empty_lines(response) -> bytes:
    """The content; of HTML, without the empty lines that templates leave."""
    is_html = response.get("Content-Type", "").startswith("text/html")
    return EMPTY_LINES.sub(b"\n", response.content) if is_html else response.content


@lru_cache(maxsize=128)
def _brotli(content: bytes) -> bytes:
    """The densest form, a sixth smaller than gzip's. It takes a tenth of a second, so pages that repeat are kept."""
    return brotli.compress(content)


class HonestErrorsMiddleware:
    """Refuses what cannot be read, keeps private pages out of caches, and says so when the database is away."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.refusal(request) or self.get_response(request)
        if PRIVATE.match(request.path_info) and "no-store" not in response.get("Cache-Control", ""):
            response["Cache-Control"] = "private, no-store"  # P37, whatever the view has said
        if SECRET_LINK.match(request.path_info):
            # Only the name of our host goes along as Referer: with "same-origin" each style sheet asked for from here
            # would hand the token to whatever writes a log. "no-referrer" would take away the Origin that forms need.
            response["Referrer-Policy"] = "strict-origin"
        return response

    def refusal(self, request):
        """The error page for a request that no view could read (P39, P43); None for all others."""
        length = request.META.get("CONTENT_LENGTH") or "0"
        if "apollo.unreadable" in request.META or not (length.isascii() and length.isdigit()) or has_null(request):
            return errors.page(request, 400)
        files = bool(FILES.fullmatch(request.path_info))
        most = settings.MAX_FILE_BODY_BYTES if files else settings.MAX_BODY_BYTES
        if len(length) > 15 or int(length) > most:
            return errors.page(request, 413, files=files)
        if request.encoding:
            # Our pages speak UTF-8. Any codec of Python may be named there, "hex" and "idna" too.
            request.encoding = "utf-8"
        return None

    def process_exception(self, request, exception):
        if errors.database_is_away(exception):
            return errors.unavailable(request, exception)
        if isinstance(exception, RequestDataTooBig):
            return errors.page(request, 413)
        # Forms of Django ask SQLite for a row of any number; one that no column holds names no row.
        if isinstance(exception, UnreadablePostError | OverflowError):
            return errors.page(request, 400)
        return None


def has_null(request) -> bool:
    """Whether a null byte stands in the address or a cookie: PostgreSQL takes none, and no link of ours has one."""
    query, cookies = request.META.get("QUERY_STRING", ""), request.META.get("HTTP_COOKIE", "")
    return "%00" in query or any("\0" in text for text in (query, cookies, request.path_info))
