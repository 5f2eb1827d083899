from django.conf import settings
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from practice import hours, jsonld
from practice.context import practice as practice_context
from practice.models import Clinician, HelpLanguage, Location, Notice
from practice.services import closures_of


@require_safe
def about(request):
    context = {
        "clinicians": Clinician.objects.all(),
        "locations": Location.objects.prefetch_related("opening_hours"),
    }
    return render(request, "practice/about.html", context)


@require_safe
def how_we_write(request):
    return render(request, "practice/how_we_write.html", {"crumbs": _crumbs(_("How we write"))})


@require_safe
def teaching(request):
    """Only where fellows train: elsewhere there is nobody to say no to."""
    if not _practice(request).affiliation:
        raise Http404
    return render(request, "practice/teaching.html", {"crumbs": _crumbs(_("Doctors in training"))})


@require_safe
def location(request, slug):
    place = get_object_or_404(Location.objects.prefetch_related("opening_hours"), slug=slug)
    closures = list(closures_of(place))
    today = timezone.localdate(timezone=hours.zone())
    holidays = hours.Calendar(place.opening_hours.all(), closures).holidays_ahead(today)
    closed_days = [(row.starts_on, row.ends_on) for row in closures] + [(day, day) for day, _name in holidays]
    crumbs = _crumbs(place.name)
    url = settings.PUBLIC_URL + place.get_absolute_url()
    data = jsonld.graph_of(
        jsonld.location(place, closed_days, url), jsonld.clinic(_practice(request)), jsonld.breadcrumb(crumbs, url)
    )
    context = {
        "place": place,
        "closures": closures,
        "holidays": holidays,
        "crumbs": crumbs,
        "canonical_url": url,
        "jsonld": jsonld.script(data),
    }
    return render(request, "practice/location.html", context)


@require_safe
def urgent(request):
    return render(request, "practice/urgent.html")


@require_safe
def notice_list(request):
    return render(request, "practice/notices.html", {"notices": Notice.objects.for_reader(get_language())})


@require_safe
def notice(request, slug):
    """The notice in the reader's language, else in English; at its own address only."""
    found = next(iter(Notice.objects.filter(slug=slug).for_reader(get_language())), None)
    if not found:
        raise Http404
    if request.path != found.get_absolute_url():
        return redirect(found, permanent=True)
    languages = HelpLanguage.objects.all() if slug == Notice.LANGUAGES_SLUG else []
    url = settings.PUBLIC_URL + found.get_absolute_url()
    return render(request, "practice/notice.html", {"notice": found, "languages": languages, "canonical_url": url})


def _crumbs(label):
    """The way to a page under "About us"."""
    return [(_("Home"), reverse("home")), (_("About us"), reverse("practice:about")), (label, None)]


def _practice(request):
    return practice_context(request)["practice"]
