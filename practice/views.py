from django.http import Http404
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from practice.models import Clinician, Location, Notice


@require_safe
def about(request):
    context = {
        "clinicians": Clinician.objects.all(),
        "locations": Location.objects.prefetch_related("opening_hours"),
    }
    return render(request, "practice/about.html", context)


@require_safe
def urgent(request):
    return render(request, "practice/urgent.html")


@require_safe
def notice(request, slug):
    """The notice in the reader's language, else in English."""
    notices = {notice.language: notice for notice in Notice.objects.filter(slug=slug)}
    if not notices:
        raise Http404
    found = notices.get(get_language()) or notices.get("en") or next(iter(notices.values()))
    return render(request, "practice/notice.html", {"notice": found})
