import random
import re
from itertools import pairwise

import pytest

from appointments import reference
from appointments.reference import ALPHABET, new_reference, parse_reference


@pytest.fixture
def references(monkeypatch):
    monkeypatch.setattr(reference.secrets, "choice", random.Random(1).choice)
    return [new_reference() for _ in range(200)]


PLACES = [4, 5, 6, 7, 9, 10, 11, 12]  # of the eight symbols in APM-7K4M-X2QS


def with_symbols(text, symbols):
    """`text` with other symbols at some places: {place: symbol}."""
    return "".join(symbols.get(place, symbol) for place, symbol in enumerate(text))


def test_reference_has_its_shape_and_no_symbols_that_look_alike(references):
    assert all(re.fullmatch(rf"APM-[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", text) for text in references)
    assert not set("01ILOU") & set("".join(references))
    assert len(set(references)) == len(references)


@pytest.mark.parametrize(
    "typed", [str, str.lower, lambda text: text[4:], lambda text: text.replace("-", " "), lambda text: f" {text}. "]
)
def test_reference_is_read_as_people_type_it(references, typed):
    assert [parse_reference(typed(text)) for text in references] == references


def test_any_wrong_symbol_is_refused(references):
    wrong = [
        with_symbols(text, {place: other})
        for text in references[:50]
        for place in PLACES
        for other in ALPHABET
        if other != text[place]
    ]

    assert [text for text in wrong if parse_reference(text)] == []


def test_nearly_every_swap_of_two_neighbours_is_refused(references):
    swapped = [
        with_symbols(text, {first: text[second], second: text[first]})
        for text in references
        for first, second in pairwise(PLACES)
        if text[first] != text[second]
    ]

    assert len([text for text in swapped if parse_reference(text)]) < len(swapped) / 100


@pytest.mark.parametrize("text", ["", "APM", "APM-", "APM-0000-0000", "7K4MX2QSA", "²²²²²²²²", "é" * 8])
def test_anything_else_is_no_reference(text):
    assert parse_reference(text) == ""
