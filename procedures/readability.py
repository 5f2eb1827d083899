"""How hard words are to read, by formulas that were tried on readers. Nothing here needs a network.

Texts are plain: no markup, no citations. Languages: "en", "es".
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import pyphen
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

HARDEST_GRADE = 8  # English: years of school
LEAST_EASE = 55  # Spanish: below it, the INFLESZ scale calls a text hard
EASE_BANDS = (
    (80, gettext_lazy("very easy")),
    (65, gettext_lazy("quite easy")),
    (LEAST_EASE, gettext_lazy("normal")),
    (40, gettext_lazy("quite hard")),
    (float("-inf"), gettext_lazy("very hard")),
)

_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”’»)]*\s+(?![a-záéíóúüñ])")
_SHORT_FORM = re.compile(
    r"\b(Drs?|Dras?|Mrs?|Ms|Sr|Sra|St|vs|approx|No|Núm|EE|UU|U\.S|e\.g|i\.e|p\. ?ej)\.", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d[\d.,]*")
_VOWELS = re.compile(r"[aeiouy]+")
# Endings that are written and not spoken: "care", "helped", "times"; but "table", "needed", "causes".
_SILENT = re.compile(r"(?<![^aeiouy]l)e$|(?<=[^dt])ed$|(?<=[^scxzhgl])es$")
# One strong vowel with the weak ones that lean on it, or weak ones among themselves; an accent parts a weak one.
_SPANISH_NUCLEUS = re.compile(r"[iu]?[aeoáéó][iu]?|[íú]|[iu]+")


@dataclass(frozen=True)
class Reading:
    """What the formulas count; readings add up."""

    language: str
    words: int = 0
    sentences: int = 0
    syllables: int = 0

    def __add__(self, other):
        return Reading(
            self.language,
            self.words + other.words,
            self.sentences + other.sentences,
            self.syllables + other.syllables,
        )

    @property
    def score(self) -> float:
        """English: years of school, lower is easier. Spanish: 0 to 100, higher is easier."""
        per_sentence = self.words / max(self.sentences, 1)
        per_word = self.syllables / max(self.words, 1)
        if self.language == "es":
            return 206.835 - 62.3 * per_word - per_sentence  # Szigriszt-Pazos 1993
        return 0.39 * per_sentence + 11.8 * per_word - 15.59  # Flesch-Kincaid 1975

    @property
    def is_hard(self) -> bool:
        return self.score < LEAST_EASE if self.language == "es" else self.score > HARDEST_GRADE

    @property
    def grade(self) -> str:
        """The score in an editor's words."""
        if self.language == "es":
            band = next(words for least, words in EASE_BANDS if self.score >= least)
            return _("%(band)s, INFLESZ %(score).0f") % {"band": band, "score": self.score}
        return _("grade %(score).1f") % {"score": self.score}

    def __str__(self):
        """The grade with what to aim for."""
        if self.language == "es":
            return _("%(grade)s (aim for %(least)d or more)") % {"grade": self.grade, "least": LEAST_EASE}
        return _("%(grade)s (aim for %(most)d or less)") % {"grade": self.grade, "most": HARDEST_GRADE}


def measure(texts: Iterable[str], language: str) -> Reading:
    """The reading of `texts`, each a paragraph, a list item or a line: a sentence does not go on in the next one."""
    total = Reading(language)
    for text in texts:
        for sentence in sentences(text):
            words = words_of(sentence)
            total += Reading(language, len(words), 1, sum(syllables(word, language) for word in words))
    return total


def sentences(text: str) -> list[str]:
    """The sentences of one paragraph that hold a word; "Dr. Ortiz" and "8 a.m. on" end none."""
    kept = _SHORT_FORM.sub(lambda match: match[0].replace(".", "\0"), " ".join(text.split()))
    found = [part.replace("\0", ".") for part in _SENTENCE_END.split(kept)]
    return [sentence for sentence in found if _WORD.search(sentence)]


def words_of(sentence: str) -> list[str]:
    return _WORD.findall(sentence)


@lru_cache(maxsize=8192)
def syllables(word: str, language: str) -> int:
    """At least one; a number counts as one."""
    word = word.lower()
    return max(_spanish(word) if language == "es" else _english(word), 1)


def _english(word):
    # The places where a word may be cut at a line end are too few alone, and vowels alone miss "o-pi-oid". Together
    # they are right for nine words in ten, and for nearly all of the common ones.
    *pieces, last = _hyphenation().inserted(word).split("-")
    spoken = _SILENT.sub("", last)
    if not pieces and not _VOWELS.search(spoken):  # "the", "red"
        spoken = last
    return sum(len(_VOWELS.findall(piece)) for piece in (*pieces, spoken))


def _spanish(word):
    word = re.sub(r"(?<=q)u|(?<=g)u(?=[eiéí])", "", word).replace("ü", "u")  # written, not spoken
    word = re.sub(r"y(?![aeiouáéíóú])", "i", word)
    return len(_SPANISH_NUCLEUS.findall(word))


@lru_cache(maxsize=1)
def _hyphenation():
    return pyphen.Pyphen(lang="en_US", left=2, right=2)  # a file inside the package
