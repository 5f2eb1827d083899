"""Words as search compares them: without accents and endings, spelled as they sound."""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

import snowballstemmer

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
STEMMERS = {"en": "english", "es": "spanish"}
# What stands in every text: not looked for, and left out of phrases ("shot in the back" is "shot back").
SMALL_WORDS = """
    a about after all also am an and any are as at be because been before both but by can could did do does doing down
    each few for from get got had has have having he her here hers him his how i if in into is it its just me more most
    my no nor not of off on once only or other our out over own should so some such than that the their them then
    there these they this those through to too under until up us very was we were what when where which while who
    whom why will with would you your
    al algo ante antes como con contra cual cuando de del desde donde durante e el ella ellas ellos en entre era eran
    es esa esas ese eso esos esta estas este esto estos ha hasta hay la las le les lo los mas me mi mis mucho muy
    nada ni nos o para pero por porque que quien se ser sin sobre son su sus tambien te tiene todo todos tu un una
    uno unos y ya yo
"""
STOP = frozenset(SMALL_WORDS.split())
# In this order: as English and Spanish say it, near enough. "Kyfoplasty" is "kyphoplasty", "disk" is "disc".
SOUNDS = [
    (re.compile(pattern), sound)
    for pattern, sound in [
        ("ph", "f"),
        ("c(?=[eiy])", "s"),
        ("z", "s"),
        ("k", "c"),
        ("y", "i"),
        (r"([^aeiou])\1+", r"\1"),
    ]
]


class Word(NamedTuple):
    """A word of a text: how it is compared, and where it stands."""

    key: str
    start: int
    end: int


class Stemmer:
    """Makes the keys of words in one language. Not to be shared by threads."""

    def __init__(self, language: str):
        self._stem = snowballstemmer.stemmer(STEMMERS[language]).stemWord
        self._keys = {}

    def words(self, text: str) -> Iterator[Word]:
        """The words of `text` that say something, in order."""
        for match in WORD.finditer(text):
            word = plain(match[0])
            if word and word not in STOP:
                yield Word(self.key(word), match.start(), match.end())

    def phrase(self, text: str) -> tuple[str, ...]:
        return tuple(word.key for word in self.words(text))

    def key(self, word: str) -> str:
        """`word` as plain() gives it, stemmed."""
        if word not in self._keys:
            self._keys[word] = sound(self._stem(word))
        return self._keys[word]


def plain(word: str) -> str:
    """`word` in lower case, without accents, apostrophes and the 's of an owner."""
    letters = unicodedata.normalize("NFKD", word.casefold().replace("’", "'").removesuffix("'s"))
    return "".join(letter for letter in letters if letter.isalnum() and not unicodedata.combining(letter))


def sound(word: str) -> str:
    for pattern, letter in SOUNDS:
        word = pattern.sub(letter, word)
    return word
