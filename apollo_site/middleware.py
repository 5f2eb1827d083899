"""What holds for every answer: headers, compression, and an honest page when something is broken."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.middleware.gzip import GZipMiddleware

from apollo_site import errors

PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()"


class HeadersMiddleware:
    """The outermost one, so that static files and errors carry the headers too (P45)."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", PERMISSIONS)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class CompressPublicPagesMiddleware(GZipMiddleware):
    """Compresses public pages only: beside typed text, the length of a compressed secret tells something about it."""

    def process_response(self, request, response):
        if "no-store" in response.get("Cache-Control", ""):
            return response
        return super().process_response(request, response)


class HonestErrorsMiddleware:
    """Turns a database that is away, and bodies that are too big, into pages that say so."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.MAX_BODY_BYTES:
            return errors.page(request, 413)
        return self.get_response(request)

    def process_exception(self, request, exception):
        if isinstance(exception, OperationalError | InterfaceError):
            return errors.page(request, 503)
        if isinstance(exception, RequestDataTooBig):
            return errors.page(request, 413)
        return None
