"""Starter articles and sources from content/: they never overwrite what an editor changed, and claim no sign-off.

English files stand in content/, a translation of one under the same slug in the folder of its language (content/es/).
"""

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from practice.services import current_practice
from procedures.canonical import document_hash
from procedures.document import WORDS, Draft
from procedures.freeze import document_of, freeze
from procedures.models import (
    Article,
    Choice,
    Fact,
    Fit,
    FormerSlug,
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

KINDS = ("conditions", "procedures", "articles")
# Where the files of articles stand under content/, those that others translate first.
FOLDERS = KINDS + tuple(
    f"{language}/{kind}"
    for language, _name in settings.LANGUAGES
    if language != settings.LANGUAGE_CODE
    for kind in KINDS
)

UNTOUCHED = (Version.Status.SAMPLE, Version.Status.DRAFT)

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


class NoOriginal(Exception):
    """A translation has no English article to translate; the text says which, and nothing was saved."""


@transaction.atomic
def load_articles(files: list[dict]) -> dict[tuple[str, str], str]:
    """Load starter articles that may link to each other; (slug, language) → what was done with it.

    English ones come first, whatever their order: a translation follows the words that are there after this run.
    Raises NoOriginal, CannotFreeze and ValidationError; nothing is saved then.
    """
    files = sorted(_at_their_addresses(files), key=_is_translation)
    for data in files:
        if not _is_translation(data):
            _article(data)
    return {(data["slug"], data["language"]): load_article(data) for data in files}


def _at_their_addresses(files):
    """`files` with the slugs of today: a page that an editor moved is the same page."""
    moved = dict(FormerSlug.objects.values_list("slug", "article__slug"))

    def now(slugs):
        return [moved.get(slug, slug) for slug in slugs]

    return [
        data | {"slug": now([data["slug"]])[0], "conditions": now(data["conditions"]), "related": now(data["related"])}
        for data in files
    ]


@transaction.atomic
def load_article(data: dict) -> str:
    """Load one starter article, shaped as a file under content/; "added", "renewed", "unchanged" or "left out".

    While the practice shows samples it is published as one, otherwise it stays a draft; it is never signed off. A
    version whose words an editor changed is left alone, and so is an article with a newer version by an editor. A
    translation is left out where the English starter words are an editor's by now, or were taken back.
    The pages that it links to must exist. Raises NoOriginal, CannotFreeze and ValidationError; nothing is saved then.
    """
    original = _original_of(data)
    translates = original and _starter_words_of(original)
    if original and not translates:
        return "left out"
    article = _article(data, original)
    newest = article.versions.first()
    draft = starter_draft(data, article, number=newest.number + 1 if newest else 1)
    version, document = draft.version, document_of(draft)
    version.seeded_hash, version.translates = document_hash(document), translates
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


def _is_translation(data):
    return data["language"] != settings.LANGUAGE_CODE


def _original_of(data):
    """The English article that a file translates; None if the file is English itself."""
    if not _is_translation(data):
        return None
    names = {"kind": data["kind"], "slug": data["slug"], "language": settings.LANGUAGE_CODE}
    if original := Article.objects.filter(**names).first():
        return original
    raise NoOriginal(
        _("“%(slug)s” (%(language)s) is a translation, and there is no English page of that name. Add that one first.")
        % {"slug": data["slug"], "language": data["language"]}
    )


def _starter_words_of(article):
    """The newest version of `article` with starter words that nobody has changed or taken back."""
    return article.versions.filter(status__in=UNTOUCHED).exclude(seeded_hash="").first()


def _article(data, original=None):
    """The article of a file, locked; it is made where there is none."""
    defaults = {"kind": data["kind"], "translation_of": original}
    names = {"slug": data["slug"], "language": data["language"]}
    return Article.objects.select_for_update().get_or_create(**names, defaults=defaults)[0]


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
    return version.seeded_hash and version.status in UNTOUCHED


def _publish_if_waiting(version):
    """A draft that was loaded while samples were off is shown once they are on."""
    if version.status == Version.Status.DRAFT and current_practice().sample_content:
        publishing.show_as_sample(version, freeze(version))
        return "renewed"
    return "unchanged"


def _link(article, data):
    """Link `article` to the pages that it names: the English ones, which all languages have."""
    by_slug = {page.slug: page for page in Article.objects.filter(language=settings.LANGUAGE_CODE)}
    article.conditions.set(by_slug[slug] for slug in data["conditions"])
    article.related_pages.all().delete()
    Related.objects.bulk_create(
        Related(article=article, page=by_slug[slug], order=order) for order, slug in enumerate(data["related"], start=1)
    )
