from django import template
from django.urls import reverse
from django.utils.translation import ngettext

from procedures.models import Version
from procedures.services import reviews

register = template.Library()


@register.simple_tag
def pages_to_mind(user) -> list[tuple[str, str]]:
    """(words, address) of what waits for an editor or a clinician; [] for others."""
    if not user.has_perm("procedures.view_version"):
        return []
    written = Version.objects.filter(status=Version.Status.DRAFT).count()
    waiting = Version.objects.filter(status=Version.Status.IN_REVIEW).count()
    overdue = reviews.due().count()
    soon = reviews.due(max(reviews.AHEAD_DAYS)).count()
    rows = [
        (
            written,
            ngettext("%d draft is being written", "%d drafts are being written", written),
            "status__exact=draft",
        ),
        (
            waiting,
            ngettext("%d page waits for a signature", "%d pages wait for a signature", waiting),
            "status__exact=in-review",
        ),
        (
            overdue,
            ngettext("%d page is due for its check now", "%d pages are due for their check now", overdue),
            "due=0",
        ),
        (
            soon - overdue,
            ngettext("%d page is due within 90 days", "%d pages are due within 90 days", soon - overdue),
            "due=90",
        ),
    ]
    listed = reverse("admin:procedures_version_changelist")
    return [(words % count, f"{listed}?{query}") for count, words, query in rows if count]
