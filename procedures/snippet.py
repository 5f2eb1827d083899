"""Text cut into pieces, so that a template can mark what was searched for without HTML made by hand."""

from procedures.words import Stemmer

Pieces = list[tuple[str, bool]]  # (text, whether it is what was searched for)
LENGTH = 220
BEFORE = 80


def marked(text: str, stemmer: Stemmer, phrases: list[tuple[str, ...]]) -> Pieces:
    """The whole of `text` in pieces."""
    pieces, end = [], 0
    for start, stop in _spans(text, stemmer, phrases):
        pieces += [(text[end:start], False), (text[start:stop], True)]
        end = stop
    pieces.append((text[end:], False))
    return [piece for piece in pieces if piece[0]]


def cut(text: str, stemmer: Stemmer, phrases: list[tuple[str, ...]]) -> Pieces:
    """About LENGTH letters of `text` around the first thing that was searched for, in pieces."""
    spans = _spans(text, stemmer, phrases)
    first = spans[0][0] if spans else 0
    start = text.find(" ", first - BEFORE) + 1 if first > BEFORE and len(text) > LENGTH else 0
    end = len(text) if len(text) - start <= LENGTH else text.rfind(" ", start, start + LENGTH)
    end = end if end > start else start + LENGTH
    ellipses = ("… " if start else "", " …" if end < len(text) else "")
    return marked(text[start:end].strip().join(ellipses), stemmer, phrases)


def _spans(text, stemmer, phrases):
    """(start, end) of each phrase in `text`; those that touch or overlap are one."""
    words = list(stemmer.words(text))
    keys = tuple(word.key for word in words)
    hits = sorted(
        (words[place].start, words[place + len(phrase) - 1].end)
        for phrase in set(phrases)
        for place in range(len(keys))
        if keys[place : place + len(phrase)] == phrase
    )
    spans = []
    for start, end in hits:
        if spans and not text[spans[-1][1] : start].strip():
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans
