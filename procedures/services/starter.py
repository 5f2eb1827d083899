"""Starter articles and sources from content/: they never overwrite what an editor changed, and claim no sign-off."""

from django.db import transaction

from practice.services import current_practice
from procedures.canonical import document_hash
from procedures.document import WORDS, Draft
from procedures.freeze import document_of, freeze
from procedures.models import (
    Article,
    Choice,
    Fact,
    Fit,
    Outcome,
    PictureUse,
    Question,
    Regulator,
    Related,
    Risk,
    Section,
    Source,
    Step,
    Version,
)
from procedures.services import publishing

# The tables of a content file and the rows they become.
TABLES = {
    "sections": Section,
    "facts": Fact,
    "regulator": Regulator,
    "fits": Fit,
    "choices": Choice,
    "outcomes": Outcome,
    "risks": Risk,
    "steps": Step,
    "questions": Question,
    "pictures": PictureUse,
}


@transaction.atomic
def load_sources(data: dict) -> int:
    """Add the sources of a file under content/sources (key → fields) that are not there yet; how many were added.

    One that is there stays as it is: an editor may have checked it again.
    """
    known = set(Source.objects.values_list("key", flat=True))
    fresh = [Source(key=key, **fields) for key, fields in data.items() if key not in known]
    for source in fresh:
        source.full_clean()
    Source.objects.bulk_create(fresh)
    return len(fresh)


@transaction.atomic
def load_articles(files: list[dict]) -> dict[str, str]:
    """Load starter articles that may link to each other; slug → what was done with it."""
    for data in files:
        Article.objects.get_or_create(slug=data["slug"], language=data["language"], defaults={"kind": data["kind"]})
    return {data["slug"]: load_article(data) for data in files}


@transaction.atomic
def load_article(data: dict) -> str:
    """Load one starter article, shaped as a file under content/; "added", "renewed" or "unchanged".

    While the practice shows samples it is published as one, otherwise it stays a draft; it is never signed off. A
    version whose words an editor changed is left alone, and so is an article with a newer version by an editor.
    Its article and those that it links to must exist. Raises CannotFreeze and ValidationError; nothing is saved then.
    """
    article = Article.objects.select_for_update().get(slug=data["slug"], language=data["language"])
    newest = article.versions.first()
    draft = starter_draft(data, article, number=newest.number + 1 if newest else 1)
    version, document = draft.version, document_of(draft)
    version.seeded_hash = document_hash(document)
    if newest is None:
        _link(article, data)
    elif not _is_untouched(newest):
        return "unchanged"
    elif newest.seeded_hash == version.seeded_hash:
        return _publish_if_waiting(newest)
    else:
        _link(article, data)
        if newest.status == Version.Status.DRAFT:
            newest.delete()  # an article has one draft at most, and nobody has touched this one
    publishing.save_rows(version, draft.rows)
    if current_practice().sample_content:
        publishing.show_as_sample(version, document)
    return "renewed" if newest else "added"


def starter_draft(data: dict, article: Article, number: int = 1) -> Draft:
    """What a file under content/ says of `article`, not saved; one query. Raises ValidationError."""
    version, rows = _starter_version(article, data, number), _starter_rows(data)
    sources = {source.key: source for source in Source.objects.all()}
    return Draft(version, rows, sorted(data["conditions"]), data["related"], sources)


def _starter_version(article, data, number):
    version = Version(article=article, number=number, **{name: data[name] for name in WORDS if name in data})
    version.summary = version.summary.strip()
    version.full_clean(exclude=["article"])
    return version


def _starter_rows(data):
    rows = [
        model(order=order, **{name: _stripped(value) for name, value in fields.items()})
        for table, model in TABLES.items()
        for order, fields in enumerate(data.get(table, []), start=1)
    ]
    asked = len(data.get("questions", []))
    rows += [
        Question(order=order, question=fields["text"]) for order, fields in enumerate(data.get("ask", []), asked + 1)
    ]
    for row in rows:
        row.full_clean(exclude=["version"])
    return rows


def _stripped(value):
    return value.strip() if isinstance(value, str) else value


def _is_untouched(version):
    """Whether `version` is starter content that no editor has saved or taken back."""
    return version.seeded_hash and version.status in (Version.Status.SAMPLE, Version.Status.DRAFT)


def _publish_if_waiting(version):
    """A draft that was loaded while samples were off is shown once they are on."""
    if version.status == Version.Status.DRAFT and current_practice().sample_content:
        publishing.show_as_sample(version, freeze(version))
        return "renewed"
    return "unchanged"


def _link(article, data):
    by_slug = {page.slug: page for page in Article.objects.filter(language=article.language)}
    article.conditions.set(by_slug[slug] for slug in data["conditions"])
    article.related_pages.all().delete()
    Related.objects.bulk_create(
        Related(article=article, page=by_slug[slug], order=order) for order, slug in enumerate(data["related"], start=1)
    )
