from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from appointments import steps
from appointments.phone_lines import PHONE_LINES, call
from appointments.services import draft as drafts
from appointments.views.access import DraftAccess, give_cookies, tickets
from appointments.views.private import SeeOther
from practice.context import practice


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def start(request):
    if request.method != "POST":
        return page(request, request.GET.get("for", ""))
    draft, secret = drafts.begin(request.POST.get("for", ""))
    first = reverse("appointments:step", args=[draft.public_id, steps.NAMES[0]])
    return give_cookies(request, SeeOther(first), DraftAccess(draft, secret))


def page(request, source_slug, *, again=False, status=200):
    """The start page; `again` says that pressing the button did not work the first time."""
    source_slug = source_slug if drafts.SLUG.fullmatch(source_slug) else ""
    context = {
        "source_slug": source_slug,
        "again": again,
        "begun": drafts.begun_with(tickets(request)),
        "calls": [call(line, practice(request)["practice"]) for line in PHONE_LINES.values()],
        "days": drafts.days_kept(),
    }
    return render(request, "appointments/start.html", context, status=status)
