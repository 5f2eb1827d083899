from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What is wrong and how to mend it.

    `where` is a key of the document, then the number or kind of a row, then its field, as far as they are known:
    "summary", "sections risks", "outcomes 2 result". "page" is the whole of it.
    """

    where: str
    what: str

    def __str__(self):
        return f"{self.where}: {self.what}"


@dataclass(frozen=True)
class Site:
    """The pages there are, or were: links and cards lead to these. (kind, slug) of each."""

    addresses: frozenset[tuple[str, str]] = frozenset()

    def has(self, slug: str, kind: str | None = None) -> bool:
        return any(slug == known and kind in (None, of_kind) for of_kind, known in self.addresses)
