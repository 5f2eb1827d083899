"""The register of sources: where each one is cited."""

from django.db.models import Exists, Q

from procedures.models import ROW_MODELS, Source, Version


def is_cited(source: Source) -> bool:
    """Whether any text of any version cites `source`; one query."""
    needle = f"[^{source.key}]"
    anywhere = Q()
    for model in ROW_MODELS:
        for name in _text_fields(model):
            anywhere |= Q(Exists(model.objects.filter(**{f"{name}__contains": needle})))
    for name in _text_fields(Version):
        anywhere |= Q(Exists(Version.objects.filter(**{f"{name}__contains": needle})))
    return Source.objects.filter(anywhere, pk=source.pk).exists()


def _text_fields(model):
    return [f.name for f in model._meta.concrete_fields if f.get_internal_type() in ("TextField", "CharField")]
