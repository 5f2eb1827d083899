"""Which words of a page or a mail are in another language than they are said to be."""

import re
from functools import cache
from html.parser import HTMLParser

from apollo_site import catalogue

VOID = {"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
SPOKEN = {"alt", "aria-label", "placeholder", "title"}
# Words that stand in nearly every sentence of one language and in none of the other.
ENGLISH = re.compile(
    r"\b(the|and|of|with|you|your|is|are|for|from|that|this|what|when|how|not|if|call)\b", re.IGNORECASE
)
SPANISH = re.compile(r"\b(el|los|las|una|de|del|que|para|con|por|su|sus|usted|qué|cuándo|cómo|llame)\b", re.IGNORECASE)
# Said in both languages on purpose, and addresses.
NEITHER = re.compile(r"Could this be cauda equina syndrome\?|https?://\S+")
STOPS = " .:,;!?"
SENTENCE_END = re.compile(r"(?<=[.:!?]) ")


class Texts(HTMLParser):
    """(language, text) of all that the body of a page shows or says, in order; and the `title`.

    The title stands apart: that of an article without Spanish is English, and nothing can say so.
    """

    def __init__(self, html):
        super().__init__()
        self.found, self.title, self._open = [], "", []
        self.feed(html)

    @property
    def language(self):
        return next((lang for _tag, lang in reversed(self._open) if lang), "")

    def _says(self, text):
        if text.strip() and all(tag not in ("head", "script", "style") for tag, _lang in self._open):
            self.found.append((self.language, " ".join(text.split())))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self._open.append((tag, attributes.get("lang")))
        for name in SPOKEN & attributes.keys():
            self._says(attributes[name] or "")
        if tag in VOID:
            self._open.pop()

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if [tag for tag, _lang in self._open[-2:]] == ["head", "title"]:
            self.title += data
        self._says(data)


def texts(response):
    return Texts(response.content.decode()).found


def left_over(found):
    """Texts that are said to be Spanish but are English, by the catalogue or by their small words; and the reverse."""
    untouched = _untouched()
    return [
        (language, text)
        for language, text in found
        if (language == "es" and (untouched.intersection(_parts(text)) or ENGLISH.search(NEITHER.sub("", text))))
        or (language == "en" and SPANISH.search(text))
    ]


@cache
def _untouched():
    """The English of every text that reads differently in Spanish."""
    return {
        message.id.strip(STOPS)
        for message in catalogue.translated()
        if message.id and isinstance(message.id, str) and message.id != message.string
    }


def _parts(text):
    """`text` as a whole, and its sentences, without what stands behind them."""
    return {part.strip(STOPS) for part in (text, *SENTENCE_END.split(text))}
