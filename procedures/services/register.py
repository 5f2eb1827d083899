"""The register of sources and pictures: where each one is used, and which sources are due to be checked again."""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, TextField
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from practice.models import Practice
from procedures.models import ROW_MODELS, Picture, PictureUse, Source, Version

SHOWN = (Version.Status.APPROVED, Version.Status.SAMPLE)


@dataclass(frozen=True)
class Use:
    """A version that uses a source or a picture; `is_live` if readers see it now."""

    version: Version
    is_live: bool

    @property
    def state(self) -> str:
        version = self.version
        if self.is_live:
            return _("Readers see it")
        if version.status not in SHOWN:
            return version.get_status_display()
        if version.live_from and version.live_from > timezone.now():
            return _("Readers will see it from %(date)s") % {"date": date_format(timezone.localdate(version.live_from))}
        return _("Earlier version")


def uses(source: Source) -> list[Use]:
    """The versions that cite `source` in their frozen document or in a row, what readers see first; three queries."""
    return _uses(_holds(f"[^{source.key}]"))


def uses_of_picture(picture: Picture) -> list[Use]:
    """The versions that show `picture`, in their frozen document or in a row, what readers see first; three queries."""
    rows = PictureUse.objects.filter(version=OuterRef("pk"), picture=picture)
    return _uses(Q(frozen_text__contains=picture.digest) | Q(Exists(rows)))


def live_uses(sources: Iterable[Source]) -> dict[str, list[Version]]:
    """Key → the versions that readers see now and that cite the source of that key; two queries."""
    keys = {source.key for source in sources}
    if not keys:
        return {}
    found = defaultdict(list)
    for version in _current().annotate(cited=KeyTransform("sources", "document")).defer("document"):
        for cited in version.cited:
            if cited["key"] in keys:
                found[cited["key"]].append(version)
    return dict(found)


def checks(document: dict) -> dict[str, tuple[datetime.date, datetime.date]]:
    """Key → (checked_on, expires_on) as the register has them today, of the sources in a frozen document; one query."""
    keys = [source["key"] for source in document["sources"]]
    rows = Source.objects.filter(key__in=keys).values_list("key", "checked_on", "expires_on")
    return {key: (checked_on, expires_on) for key, checked_on, expires_on in rows}


def _uses(condition):
    live = set(_current().values_list("pk", flat=True))
    found = [Use(version, version.pk in live) for version in _versions(condition).order_by("article__slug", "-number")]
    return sorted(found, key=lambda use: not use.is_live)


def _current():
    return Version.objects.current(samples=Practice.objects.filter(sample_content=True).exists())


def _versions(condition):
    # As text, because SQLite cannot look inside JSON lists.
    frozen_text = Cast("document", TextField())
    return Version.objects.alias(frozen_text=frozen_text).filter(condition).select_related("article").defer("document")


def _holds(needle):
    """Whether `needle` stands in the frozen document, in the version's own words or in a row."""
    anywhere = Q(frozen_text__contains=needle)
    for name in _text_fields(Version):
        anywhere |= Q(**{f"{name}__contains": needle})
    for model in ROW_MODELS:
        in_row = Q()
        for name in _text_fields(model):
            in_row |= Q(**{f"{name}__contains": needle})
        anywhere |= Q(Exists(model.objects.filter(in_row, version=OuterRef("pk"))))
    return anywhere


def _text_fields(model):
    return [f.name for f in model._meta.concrete_fields if f.get_internal_type() in ("TextField", "CharField")]
