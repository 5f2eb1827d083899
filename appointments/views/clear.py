"""For a computer that others use too: the form and its traces go from this screen."""

from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from appointments.services import draft as drafts
from appointments.views.access import open_draft, take_cookies
from appointments.views.private import SeeOther, forget_pages, private


@private
@require_http_methods(["GET", "HEAD", "POST"])
def clear(request, public_id):
    if request.method != "POST":
        return redirect(reverse("appointments:sent", args=[public_id]))
    return cleared_screen(request, public_id, open_draft(request, public_id))


def cleared_screen(request, public_id, access):
    """Whoever asks is told the same, and nothing remains in this browser; the draft goes with its proof only (P24)."""
    if access is not None:
        drafts.clear(access.draft)
    return forget_pages(take_cookies(request, SeeOther(reverse("appointments:cleared")), public_id))


@private
@require_safe
def cleared(request):
    return render(request, "appointments/cleared.html")
