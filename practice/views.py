from django.http import Http404
from django.shortcuts import render
from django.utils.translation import get_language

from practice.models import Clinician, Location, Notice


def about(request):
    context = {
        "clinicians": Clinician.objects.all(),
        "locations": Location.objects.prefetch_related("opening_hours"),
    }
    return render(request, "practice/about.html", context)


def urgent(request):
    return render(request, "practice/urgent.html")


def notice(request, slug):
    """The notice in the reader's language, else in English."""
    notices = {notice.language: notice for notice in Notice.objects.filter(slug=slug)}
    if not notices:
        raise Http404
    found = notices.get(get_language()) or notices.get("en") or next(iter(notices.values()))
    return render(request, "practice/notice.html", {"notice": found})
