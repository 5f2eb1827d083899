"""Whole documents without a database, for tests of what reads them. Words are made up."""

from procedures.anatomy import ANATOMY, ArticleKind
from procedures.document import Draft, build
from procedures.models import ROW_MODELS, Article, Section, Source, Version
from tests.procedures import library

MODELS = {f"{model._meta.model_name}_rows": model for model in ROW_MODELS}


def document(language="en", sources=("trial", "book"), **words):
    """The document of a procedure page with which nothing is wrong."""
    article = Article(kind=ArticleKind.PROCEDURE, slug="mild", language=language)
    rows = [Section(kind=part.kind, body=f"About {part.kind}.") for part in ANATOMY[article.kind]]
    rows += [
        MODELS[name](order=order, **fields)
        for name, of_kind in library.ROWS.items()
        for order, fields in enumerate(of_kind, start=1)
    ]
    register = {
        key: Source(key=key, title=f"Title of {key}", kind="trial", checked_on="2026-11-20", expires_on="2099-01-01")
        for key in sources
    }
    return build(Draft(Version(article=article, **library.WORDS | words), rows, sources=register))


def with_section(body, kind="cost", **changes):
    """The same with a section of these words."""
    page = document(**changes)
    next(row for row in page["sections"] if row["kind"] == kind)["body"] = body
    return page
