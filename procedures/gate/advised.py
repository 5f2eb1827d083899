"""What an editor should look at again; none of it keeps a page from readers."""

import datetime
import re
import tomllib
from functools import lru_cache

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures.gate.finding import Finding
from procedures.gate.texts import PLAIN, Passage, markdown_texts, passages, place, rows_of, said, statements
from procedures.gate.words import ADVISED, IN_PEOPLE, PEOPLE, PERCENT
from procedures.readability import Reading, measure, sentences, words_of

LONGEST_SENTENCE = 25  # words
FEWEST_WORDS = 40  # of a section: the grade of a shorter one says little
QUOTED_WORDS = 7
EXPLAINS_AFTER = re.compile(r"[\"”’»*]*\s*(?:\(|(?:means?|is when|significa|quiere decir)\b)", re.IGNORECASE)
EXPLAINS_BEFORE = re.compile(
    r"\([^()]*$|\b(?:call(?:s|ed)?|known as|se llaman?|llamad[oa]s?)\b[^.]{0,30}$", re.IGNORECASE
)
PLAIN_WORDS = settings.BASE_DIR / "content" / "plain-words.toml"


def advice(document: dict) -> list[Finding]:
    """What could be better in `document`."""
    rules = (_hard_to_read, _long_sentences, _hard_words, _unfortunate_words, _bare_percentages, _expired_sources)
    return [Finding(where, str(what)) for rule in rules for where, what in rule(document)]


def reading(document: dict) -> Reading:
    """How hard the whole page is to read."""
    return measure((passage.text for passage in _prose(document)), document["language"])


def long_sentences(document: dict) -> list[tuple[str, str]]:
    """(where, sentence) of every sentence that is too long."""
    return [
        (passage.where, sentence)
        for passage in _prose(document)
        for sentence in sentences(passage.text)
        if len(words_of(sentence)) > LONGEST_SENTENCE
    ]


def _hard_to_read(document):
    whole = reading(document)
    if whole.is_hard:
        yield (
            "page",
            _("The page is hard to read: %(reading)s. Shorter sentences and shorter words help.") % {"reading": whole},
        )
    for row in document["sections"]:
        section = measure((passage.text for passage in passages("", row["body"])), document["language"])
        if section.words >= FEWEST_WORDS and section.is_hard:
            yield f"sections {row['kind']}", _("This section is hard to read: %(reading)s.") % {"reading": section}


def _long_sentences(document):
    for where, sentence in long_sentences(document):
        yield (
            where,
            _("A sentence of %(count)d words: “%(start)s …” Make two of it.")
            % {"count": len(words_of(sentence)), "start": " ".join(sentence.split()[:QUOTED_WORDS])},
        )


def _hard_words(document):
    """Each hard word once, where it stands first; not if the page explains it, or is about it."""
    spoken = list(_prose(document))
    everything = "\n".join(passage.text for passage in spoken)
    about = " ".join(document[name] for name in ("title", "also_known_as", "short_title"))
    for pattern, plain in plain_words(document["language"]):
        first = next((passage for passage in spoken if pattern.search(passage.text)), None)
        if first is None or pattern.search(about) or _is_explained(pattern, everything):
            continue
        yield (
            first.where,
            _("“%(word)s” is a hard word. Write “%(plain)s”, or explain it in brackets right after it.")
            % {"word": pattern.search(first.text)[0], "plain": plain},
        )


def _is_explained(pattern, text):
    """Whether brackets or "means" follow the word somewhere, or it stands in brackets or after "call" itself."""
    return any(
        EXPLAINS_AFTER.match(text, found.end()) or EXPLAINS_BEFORE.search(text[: found.start()])
        for found in pattern.finditer(text)
    )


def _unfortunate_words(document):
    for passage in said(document):
        for pattern, what in ADVISED:
            if found := pattern.search(passage.text):
                yield passage.where, what % {"words": found[0]}


def _bare_percentages(document):
    for passage in statements(document):
        if PERCENT.search(text := passage.text) and PEOPLE.search(text) and not IN_PEOPLE.search(text):
            yield passage.where, _("A percentage alone is hard to picture. Say also “about 6 in 10 people”.")


def _expired_sources(document):
    today = timezone.localdate()
    for source in document["sources"]:
        if datetime.date.fromisoformat(source["expires_on"]) <= today:
            yield (
                f"sources {source['key']}",
                _("“%(title)s” was due to be read again by %(date)s. Read it, then set a new date in the register.")
                % {"title": source["title"], "date": source["expires_on"]},
            )


def _prose(document):
    """What a reader reads from top to bottom: texts, names of rows, questions to ask."""
    for where, text in markdown_texts(document):
        if not where.endswith(" paid_by"):
            yield from passages(where, text)
    for key, number, row in rows_of(document):
        for name in PLAIN.get(key, ()):
            if name != "alt":
                yield Passage(f"{place(key, number, row)} {name}", row[name], is_cited=False)


@lru_cache(maxsize=2)
def plain_words(language: str) -> list[tuple[re.Pattern, str]]:
    """(pattern of a hard word, plain words for it); a * in the file stands for any ending."""
    words = tomllib.loads(PLAIN_WORDS.read_text())[language]
    return [(re.compile(_any_ending(word), re.IGNORECASE), plain) for word, plain in words.items()]


def _any_ending(word):
    stem, star, _rest = word.partition("*")
    return rf"\b{re.escape(stem)}" + (r"[^\W\d_]*" if star else r"(?![^\W\d_])")
