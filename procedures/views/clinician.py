"""The page of a clinician, here and not in `practice`, since it lists the pages that carry their signature."""

from django.conf import settings
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from practice import jsonld
from practice.models import Clinician
from procedures.models import Version
from procedures.views.cards import FALLBACK


@require_safe
def clinician(request, slug):
    person = get_object_or_404(Clinician, slug=slug)
    crumbs = [(_("Home"), reverse("home")), (_("About us"), reverse("practice:about")), (str(person), None)]
    url = settings.PUBLIC_URL + person.get_absolute_url()
    data = jsonld.graph_of(jsonld.clinician(person, url), jsonld.breadcrumb(crumbs, url))
    context = {
        "clinician": person,
        "versions": signed_by(person),
        "crumbs": crumbs,
        "canonical_url": url,
        "jsonld": jsonld.script(data),
    }
    return render(request, "practice/clinician.html", context)


def signed_by(person: Clinician) -> list[Version]:
    """The live pages whose exact words `person` has signed, by title, each in the reader's language or in English.

    Whole documents are read, for a page whose words have changed since must not be listed; one query.
    """
    languages = (FALLBACK, get_language())  # the later one wins
    versions = (
        Version.objects.current(samples=False)
        .filter(reviewer=person, article__language__in=languages)
        .select_related("reviewer")
    )
    nearest_last = sorted(versions, key=lambda version: languages.index(version.article.language))
    by_slug = {version.article.slug: version for version in nearest_last if version.byline}
    return sorted(by_slug.values(), key=lambda version: version.document["short_title"])
