"""Body text: paragraphs, lists, bold, emphasis and links. HTML is text, not markup."""

import re
from collections.abc import Collection, Mapping

from django.conf import settings
from django.urls import translate_url
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, override
from markdown_it import MarkdownIt
from markdown_it.token import Token

CITATION = re.compile(r"\[\^(?P<key>[a-z0-9-]+)\]")

# What Word and its like leave in plain text: bullets as characters, spaces of no width, odd line ends.
LINE_ENDS = re.compile("\r\n|[\r\v\u2028\u2029]")
SPACES = re.compile("[\u00a0\u2007\u202f]")
WIDTHLESS = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
# “o” is Word's bullet of the second level, but also Spanish for “or”: as a bullet a tab or two spaces follow it.
BULLET = re.compile(r"^[ \t]*(?:[•·▪◦‣●○■\uf0b7\uf0a7][ \t]*|[o§](?:\t| {2,})[ \t]*)(?=\S)")
NUMBER = re.compile(r"^[ \t]*(\d{1,3}[.)])(?:\t| {2,})[ \t]*(?=\S)")


def clean_markdown(text: str) -> str:
    """`text` as typed or pasted, with the bullets, spaces and line ends of this Markdown. Twice changes no more."""
    text = WIDTHLESS.sub("", SPACES.sub(" ", LINE_ENDS.sub("\n", text)))
    lines, in_list = [], False
    for line in map(str.rstrip, text.split("\n")):
        fresh = NUMBER.sub(r"\1 ", BULLET.sub("- ", line))
        # Without an empty line between them the words after a list would belong to its last item.
        if in_list and line and fresh == line and not line.lstrip().startswith("- "):
            lines.append("")
        in_list = fresh != line
        lines.append(fresh)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def cited_keys(text: str) -> list[str]:
    """The keys of the sources cited in `text` as [^key], in order, each once."""
    return list(dict.fromkeys(CITATION.findall(text)))


def parse(text: str) -> list[Token]:
    """`text` as tokens of paragraphs, lists and headings; a citation is a token of its own, with its key as `meta`."""
    return _markdown.parse(text)


def render(
    text: str,
    numbers: Mapping[str, int] | None = None,
    *,
    due: Collection[str] = (),
    language: str | None = None,
    inline: bool = False,
) -> SafeString:
    """`text` as HTML, each [^key] as a small link to its source by `numbers` (source key → number on the page).

    A key without a number is left out: the freeze refuses such text. After a key in `due` the page says that its source
    is to be checked again. Links to our own pages lead to those in `language`, that of the reader by default.
    `inline` leaves out the paragraph around the text.
    """

    def cite(key):
        number = (numbers or {}).get(key)
        if not number:
            return ""
        late = format_html(" <small>({})</small>", gettext("source due to be checked again")) if key in due else ""
        return format_html('<sup><a href="#s{}">{}</a></sup>{}', number, number, late)

    return _html(text, cite, language, inline)


def preview(text: str, known: Mapping[str, bool], *, inline: bool = False) -> SafeString:
    """`text` as its writer sees it, citations by their keys. `known`: the keys there are → whether they are due."""

    def cite(key):
        if key not in known:
            return format_html("<mark>[{}: {}]</mark>", key, gettext("there is no such source"))
        late = format_html(" <mark>({})</mark>", gettext("source due to be checked again")) if known[key] else ""
        return format_html("<sup>[{}]</sup>{}", key, late)

    return _html(text, cite, None, inline)


def _html(text, cite, language, inline):
    env = {"cite": cite, "language": language or get_language() or settings.LANGUAGE_CODE}
    html = (_markdown.renderInline if inline else _markdown.render)(text, env)
    # markdown-it escapes HTML in the text, and what our two rules put in is made with format_html or escaped by it.
    return mark_safe(html.strip())  # noqa: S308


def _parse_citation(state, silent):
    match = CITATION.match(state.src, state.pos)
    if match and not silent:
        state.push("citation", "", 0).meta = match["key"]
    state.pos = match.end() if match else state.pos
    return bool(match)


def _render_citation(renderer, tokens, index, options, env):
    return env["cite"](tokens[index].meta)


def _render_link(renderer, tokens, index, options, env):
    href = tokens[index].attrGet("href")
    if href.startswith(("http://", "https://", "//")):
        tokens[index].attrSet("rel", "external")
    elif href.startswith("/") and env["language"] != settings.LANGUAGE_CODE:
        with override(settings.LANGUAGE_CODE):  # texts name our pages without a language
            tokens[index].attrSet("href", translate_url(href, env["language"]))
    return renderer.renderToken(tokens, index, options, env)


_markdown = MarkdownIt("zero").enable(["list", "emphasis", "link", "heading", "newline", "entity", "escape"])
_markdown.inline.ruler.before("link", "citation", _parse_citation)
_markdown.add_render_rule("citation", _render_citation)
_markdown.add_render_rule("link_open", _render_link)
