"""Pages that are due to be checked again: who is told, and when; and signed words that are no longer those signed."""

import datetime

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import override

from procedures.canonical import document_hash
from procedures.models import Version
from procedures.services.publishing import staff_with, write_to

AHEAD_DAYS = (90, 30, 0)  # before the day of the next check


def due(within_days: int = 0):
    """Signed versions that readers see, whose next check is at most `within_days` away; the most urgent first.

    Older versions of a page wait for nothing: a newer one took their place.
    """
    day = timezone.localdate() + datetime.timedelta(days=within_days)
    signed = Version.objects.current(samples=False).filter(next_review__lte=day)
    return signed.select_related("reviewer").order_by("next_review", "pk")


@transaction.atomic
def remind() -> list[Version]:
    """Write to every editor about each page that has come nearer to its day than 90, 30 or 0 days; those pages.

    May run as often as one likes: nobody is told twice of the same step, and a step that was missed is made up for.
    """
    versions, editors = list(due(within_days=max(AHEAD_DAYS))), _editors()
    for version in versions:
        days = (version.next_review - timezone.localdate()).days
        step = min(ahead for ahead in AHEAD_DAYS if days <= ahead)
        write_to(
            editors,
            "review-due",
            path=_address(version),
            dedupe_key=f"review:{version.pk}:{version.next_review}:{step}",
            review_on=_in_words(version.next_review),
        )
    return versions


@transaction.atomic
def warn() -> list[Version]:
    """Write to every editor about each signed page that was changed past the site, once a change; those pages."""
    versions, editors = changed_since_signed(), _editors()
    for version in versions:
        words = document_hash(version.document)[:16]
        write_to(editors, "page-changed", path=_address(version), dedupe_key=f"changed:{version.pk}:{words}")
    return versions


def _editors():
    return list(staff_with("procedures.change_version"))


def _address(version):
    return reverse("admin:procedures_version_change", args=[version.pk])


def _in_words(day):
    with override("en"):  # as all mails to staff
        return date_format(day, "F j, Y")


def changed_since_signed() -> list[Version]:
    """Approved versions whose document is not the one that was signed: somebody changed it past the site."""
    signed = Version.objects.filter(status=Version.Status.APPROVED).select_related("article")
    return [version for version in signed if document_hash(version.document) != version.document_hash]
