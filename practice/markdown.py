"""Body text: paragraphs, lists, bold, emphasis and links. HTML is text, not markup."""

import re

from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_markdown = MarkdownIt("zero").enable(["list", "emphasis", "link", "heading", "newline", "entity", "escape"])
CITATION = re.compile(r"\[\^(?P<key>[a-z0-9-]+)\]")


def cited_keys(text: str) -> list[str]:
    """The keys of the sources cited in `text` as [^key], in order, each once."""
    return list(dict.fromkeys(CITATION.findall(text)))


def render(text: str, numbers: dict[str, int] | None = None, *, inline: bool = False) -> SafeString:
    """`text` as HTML, each [^key] as a small link to its source by `numbers` (source key → number on the page).

    `inline` leaves out the paragraph around it. A key without a number is left out: the freeze refuses such text.
    """
    html = (_markdown.renderInline if inline else _markdown.render)(text)
    # markdown-it escapes HTML in the text, so what it returns is ours; the keys that are put in are [a-z0-9-] only.
    return mark_safe(CITATION.sub(lambda match: _link(match["key"], numbers or {}), html).strip())  # noqa: S308


def _link(key, numbers):
    number = numbers.get(key)
    return f'<sup><a href="#source-{number}">{number}</a></sup>' if number else ""
