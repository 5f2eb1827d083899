"""Search over the frozen documents of the live pages, with the same answers on every database.

A practice has tens of pages, so each process holds the words of all of them, and makes the index again when the set of
live documents has changed. What was searched for is kept nowhere.
"""

import html
import math
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from django.conf import settings
from django.urls import reverse
from django.utils.html import strip_tags
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from practice.markdown import render
from procedures.anatomy import ArticleKind
from procedures.document import citing_texts, in_todays_format
from procedures.models import Version
from procedures.snippet import Pieces, cut, marked
from procedures.words import STEMMERS, STOP, WORD, Stemmer, plain, sound

FALLBACK = "en"
MOST_LETTERS = 200
MOST_WORDS = 16
# How much a word counts by where it stands.
NAME, LEAD, HEADING, BODY = 12, 4, 3, 1
HEADINGS = {"outcomes": "finding", "choices": "name", "questions": "question", "asks": "question"} | {
    f"steps_{phase}": "title" for phase in ("before", "day", "after")
}
# A page is found if it has this share of what was typed, rare words counting more than common ones.
ENOUGH = 0.6
# What we put in for the words of the reader is a little less than the words themselves.
SYNONYM = 0.9
# The shortest words in which one letter may be wrong, and two.
ONE_SLIP, TWO_SLIPS = 5, 8
A_SENTENCE = 60  # letters
BLOCK_END = re.compile(r"</(?:p|li|h\d)>")

Phrase = tuple[str, ...]  # keys of words that stand side by side


@dataclass(frozen=True)
class Need:
    """One thing that was typed: any of these phrases will do, the reader's own first."""

    phrases: tuple[Phrase, ...]


@dataclass(frozen=True)
class Match:
    """A page that was found, as the list of results shows it."""

    page: "IndexedPage"
    needs: tuple[Need, ...]

    @property
    def kind_label(self):
        return ArticleKind(self.page.kind).label

    @property
    def url(self):
        return reverse(f"procedures:{self.page.kind}", args=[self.page.slug])

    @property
    def title(self) -> Pieces:
        return marked(self.page.short_title, *self._words())

    @property
    def snippet(self) -> Pieces:
        """The passage that says most of what was typed; else the teaser."""
        return cut(self.page.best_passage(self.needs) or self.page.teaser, *self._words())

    def _words(self):
        return Stemmer(self.page.language), [phrase for need in self.needs for phrase in need.phrases]


@dataclass(frozen=True)
class Found:
    """`did_you_mean`: what was typed with its slips mended, or "". `danger`: "spine", "body", "self-harm" or ""."""

    matches: list[Match]
    did_you_mean: str = ""
    danger: str = ""


class IndexedPage:
    """The words of one frozen document, by where they stand."""

    def __init__(self, document: dict, stemmer: Stemmer):
        self.kind, self.slug, self.language = document["kind"], document["slug"], document["language"]
        self.short_title, self.teaser = document["short_title"], document["teaser"]
        self.passages = [(weight, text, stemmer.phrase(text)) for weight, text in passages(document)]
        self.name = stemmer.phrase(self.short_title)
        self._places = defaultdict(list)
        for number, (_, _, keys) in enumerate(self.passages):
            for place, key in enumerate(keys):
                self._places[key].append((number, place))

    @property
    def keys(self):
        return self._places.keys()

    def found(self, phrase: Phrase) -> list[int]:
        """The number of the passage of each occurrence."""
        places = self._places.get(phrase[0], ())
        return [number for number, place in places if self.passages[number][2][place : place + len(phrase)] == phrase]

    def score(self, need: Need) -> float:
        """0 if the page has none of it; the tenth occurrence in one kind of place counts less than the first."""
        return max((SYNONYM if place else 1) * self._score(phrase) for place, phrase in enumerate(need.phrases))

    def _score(self, phrase):
        counts = Counter(self.passages[number][0] for number in self.found(phrase))
        return sum(weight * count / (count + 1) for weight, count in counts.items())

    def best_passage(self, needs) -> str:
        """The text that has most of `needs`, a whole sentence before a name; "" if none says more than the title."""
        scores = Counter()
        for need in needs:
            scores.update({number for phrase in need.phrases for number in self.found(phrase)})
        found = [(count, self._says(number), -number) for number, count in scores.items() if self._says(number)]
        return self.passages[-max(found)[2]][1] if found else ""

    def _says(self, number):
        """2 for a sentence, 1 for another name or a line of a list, 0 for what tells a reader nothing by itself."""
        weight, text, _ = self.passages[number]
        if len(text) >= A_SENTENCE and weight != NAME:
            return 2
        return int(weight != HEADING and text != self.short_title)


class Index:
    """The pages that one reader may find."""

    def __init__(self, documents: list[dict]):
        stemmers = {language: Stemmer(language) for language in STEMMERS}
        self.pages = [IndexedPage(document, stemmers[document["language"]]) for document in documents]
        self.languages = {page.language for page in self.pages}
        self.synonyms = {language: _synonyms(stemmer) for language, stemmer in stemmers.items()}
        self.keys = {key for page in self.pages for key in page.keys} | {
            key for table in self.synonyms.values() for phrase in table for key in phrase
        }

    @cached_property
    def spellings(self) -> dict[str, dict[str, str]]:
        """First letter → how a word sounds → how our pages spell it, the usual spelling last."""
        counts = Counter(
            word.casefold() for page in self.pages for _, text, _ in page.passages for word in WORD.findall(text)
        )
        ours = [phrase for entry in _data()["synonyms"] for phrase in (*entry["say"], *entry["means"])]
        counts.update({word.casefold() for phrase in ours for word in WORD.findall(phrase)})
        table = defaultdict(dict)
        for word, _ in reversed(counts.most_common()):
            if len(plain(word)) >= ONE_SLIP - 1 and plain(word) not in STOP:
                heard = sound(plain(word))
                table[heard[0]][heard] = word
        return {letter: dict(reversed(words.items())) for letter, words in table.items()}

    def search(self, typed: str) -> Found:
        typed = typed[:MOST_LETTERS]
        mended = self._mended(typed)
        danger = danger_in(typed) or danger_in(mended)
        if danger == "self-harm":  # one thing to read, and nothing beside it
            return Found([], danger=danger)
        by_language = {language: self._needs(mended, language) for language in self.languages}
        scores = {page: self._score(page, by_language[page.language]) for page in self.pages}
        best = sorted(filter(scores.get, scores), key=lambda page: (-scores[page], page.short_title, page.slug))
        matches = [Match(page, tuple(by_language[page.language])) for page in best]
        return Found(matches, mended if mended != typed else "", danger)

    def _mended(self, typed):
        """`typed` with each word that no page has in the spelling of one that is nearly the same."""
        stemmers = [Stemmer(language) for language in STEMMERS]
        words = list(WORD.finditer(typed))[:MOST_WORDS]
        mended = typed
        for match in reversed(words):  # from the end, so that places stay what they are
            word = plain(match[0])
            if word and word not in STOP and not any(stemmer.key(word) in self.keys for stemmer in stemmers):
                mended = mended[: match.start()] + (self._spelling(word) or match[0]) + mended[match.end() :]
        return mended

    def _spelling(self, word):
        slips = (len(word) >= ONE_SLIP) + (len(word) >= TWO_SLIPS)
        heard = sound(word)
        nearby = self.spellings.get(heard[0], {})
        best = process.extractOne(heard, nearby.keys(), scorer=DamerauLevenshtein.distance, score_cutoff=slips)
        return nearby[best[0]] if best and slips else ""

    def _needs(self, typed, language):
        """What was typed, as the pages of one language may say it, and how rare that is: need → weight.

        A known phrase of several words is one need.
        """
        keys = Stemmer(language).phrase(typed)[:MOST_WORDS]
        synonyms, longest = self.synonyms[language], max(map(len, self.synonyms[language]))
        needs, place = [], 0
        while place < len(keys):
            ends = range(min(len(keys), place + longest), place, -1)
            phrase = next((keys[place:end] for end in ends if keys[place:end] in synonyms), keys[place : place + 1])
            needs.append(Need((phrase, *synonyms.get(phrase, ()))))
            place += len(phrase)
        return {need: self._rarity(need) for need in needs}

    def _score(self, page, needs):
        """0 if `page` has too little of `needs`, and they are not its whole name either."""
        scores = {need: page.score(need) for need in needs}
        has = sum(needs[need] for need, score in scores.items() if score)
        typed = {key for need in needs for phrase in need.phrases for key in phrase}
        if has < ENOUGH * sum(needs.values()) and not set(page.name) <= typed:
            return 0
        return sum(needs[need] * score for need, score in scores.items())

    def _rarity(self, need):
        having = sum(any(page.found(phrase) for phrase in need.phrases) for page in self.pages)
        return math.log(1 + len(self.pages) / (1 + having))


def index(samples: bool, language: str) -> Index:
    """The index of what a reader of `language` may read now, each page in that language or else in English.

    `samples`: whether the practice shows sample content. One query, and a second one when a page has changed.
    """
    languages = (FALLBACK, language)  # the later one wins
    rows = (
        Version.objects.current(samples=samples)
        .filter(article__language__in=languages)
        .values_list("article__language", "article__slug", "pk", "document_hash", named=True)
    )
    nearest_last = sorted(rows, key=lambda row: languages.index(row.article__language))
    by_slug = {row.article__slug: row for row in nearest_last}
    return _index(tuple(sorted((row.pk, row.document_hash, slug) for slug, row in by_slug.items())))


@lru_cache(maxsize=8)
def _index(live: tuple) -> Index:
    """`live`: (pk of the version, hash of its document, slug of its page); the slug may have changed since it froze."""
    documents = dict(Version.objects.filter(pk__in=[pk for pk, _, _ in live]).values_list("pk", "document"))
    return Index([in_todays_format(documents[pk]) | {"slug": slug} for pk, _, slug in live if pk in documents])


def danger_in(typed: str) -> str:
    """The kind of danger that `typed` speaks of, in any language and order of words; "" if none."""
    keys = {language: _all_keys(typed, Stemmer(language)) for language in STEMMERS}
    return next((kind for kind, language, signs in _dangers() if signs <= keys[language]), "")


def passages(document: dict) -> Iterator[tuple[int, str]]:
    """(weight, text without marks) of every text that a reader sees, in the order of the page."""
    for name in ("short_title", "title", "also_known_as"):
        yield NAME, document[name]
    yield LEAD, document["teaser"]
    for key, name in HEADINGS.items():
        for row in document[key]:
            yield HEADING, row[name]
    for where, text in citing_texts(document):
        if text and where != "interests":
            for block in BLOCK_END.split(render(text)):
                yield (LEAD if where == "summary" else BODY), " ".join(html.unescape(strip_tags(block)).split())


def _all_keys(text, stemmer):
    """The keys of all words of `text`, also of those that are usually left aside."""
    return {stemmer.key(plain(match[0])) for match in WORD.finditer(text)}


def _synonyms(stemmer):
    """What is typed → what to look for as well, as phrases."""
    table = defaultdict(list)
    for entry in _data()["synonyms"]:
        means = [stemmer.phrase(text) for text in entry["means"]]
        for say in entry["say"]:
            table[stemmer.phrase(say)] += means
    return {phrase: tuple(dict.fromkeys(means)) for phrase, means in table.items()}


@lru_cache(maxsize=1)
def _dangers():
    """(kind, language, keys of the words of a sign); a person in despair comes first."""
    stemmers = {language: Stemmer(language) for language in STEMMERS}
    return [
        (entry["kind"], language, _all_keys(line, stemmer))
        for entry in reversed(_data()["danger"])
        for line in entry["typed"]
        for language, stemmer in stemmers.items()
    ]


@lru_cache(maxsize=1)
def _data():
    with (settings.BASE_DIR / "content/synonyms.toml").open("rb") as file:
        return tomllib.load(file)
