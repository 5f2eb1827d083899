"""Freezing a draft: its document as it stands, if nothing in it keeps it from readers."""

from django.core.exceptions import ValidationError

from procedures import gate
from procedures.document import Draft, build, draft_of
from procedures.models import Article, FormerSlug, Version


class CannotFreeze(ValidationError):
    """What is missing or wrong; `findings` are those of the gate, the messages say where and what."""

    def __init__(self, findings):
        self.findings = findings
        super().__init__([str(finding) for finding in findings])


def freeze(version: Version) -> dict:
    """The document of `version` as its rows stand now. Saves nothing; raises CannotFreeze."""
    return document_of(draft_of(version))


def document_of(draft: Draft) -> dict:
    """The document of a draft in memory. Raises CannotFreeze."""
    document = build(draft)
    if findings := gate.blocks(document, site()):
        raise CannotFreeze(findings)
    return document


def site() -> gate.Site:
    """The pages that links may lead to, under their own addresses and under former ones; one query.

    Also those that are still being written, as two new pages may link to each other, and those that were taken back:
    their address tells readers so and leads on.
    """
    pages = Article.objects.order_by().values_list("kind", "slug")
    former = FormerSlug.objects.order_by().values_list("article__kind", "slug")
    return gate.Site(frozenset(pages.union(former)))
