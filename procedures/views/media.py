"""Uploaded pictures. WhiteNoise knows only the files that were there when it started."""

from django.http import FileResponse, Http404
from django.views.decorators.http import require_safe

from procedures import pictures


@require_safe
def picture(request, digest, width, extension):
    """A rendition; the pattern of the address has checked each of its parts."""
    try:
        file = pictures.path(digest, width, extension).open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    mime_type, __ = pictures.TYPES[extension]
    # The name is made of the content, so what lies under it never changes.
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return FileResponse(file, content_type=mime_type, headers=headers)
