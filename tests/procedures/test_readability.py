import socket

import pytest

from procedures import readability
from procedures.readability import measure, sentences, syllables

ENGLISH = {
    "the": 1, "red": 1, "care": 1, "helped": 1, "times": 1, "table": 2, "needed": 2, "causes": 2, "people": 2,
    "opioid": 3, "herniation": 4, "radiation": 4, "medicine": 3, "stenosis": 3, "anticoagulant": 6, "doing": 2,
    "laminectomy": 5, "they’re": 1,
}  # fmt: skip
SPANISH = {
    "día": 2, "aéreo": 4, "ciudad": 2, "también": 2, "país": 2, "poeta": 3, "riesgo": 2, "procedimiento": 5,
    "cirugía": 4, "queso": 2, "guerra": 2, "averigüe": 4, "ahora": 3, "prohíbe": 3, "muy": 1, "y": 1, "yo": 1,
    "ayuda": 3, "anestesia": 4, "estenosis": 4, "inyección": 3,
}  # fmt: skip


@pytest.mark.parametrize(
    ("word", "language", "count"),
    [(word, "en", count) for word, count in ENGLISH.items()] + [(word, "es", count) for word, count in SPANISH.items()],
)
def test_syllables_are_those_one_hears(word, language, count):
    assert syllables(word, language) == count


def test_sentences_end_where_a_reader_stops():
    text = "Ask Dr. Ortiz. He is in from 8 a.m. on Monday. It took 3.5 hours! Why? ¿Quién? 9 of 75 did."

    assert sentences(text) == [
        "Ask Dr. Ortiz.",
        "He is in from 8 a.m. on Monday.",
        "It took 3.5 hours!",
        "Why?",
        "¿Quién?",
        "9 of 75 did.",
    ]


def test_english_grade_is_that_of_the_formula():
    reading = measure(["The cat sat on the mat.", "A doctor opens it."], "en")

    assert (reading.words, reading.sentences, reading.syllables) == (10, 2, 12)
    assert reading.score == pytest.approx(0.39 * 5 + 11.8 * 1.2 - 15.59)
    assert (str(reading), reading.is_hard) == ("grade 0.5 (aim for 8 or less)", False)


def test_spanish_score_is_that_of_the_formula():
    reading = measure(["El médico abre un espacio."], "es")

    assert (reading.words, reading.sentences, reading.syllables) == (5, 1, 10)
    assert reading.score == pytest.approx(206.835 - 62.3 * 2 - 5)
    assert (str(reading), reading.is_hard) == ("quite easy, INFLESZ 77 (aim for 55 or more)", False)


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        (
            "en",
            "Percutaneous decompression demonstrates statistically significant superiority concerning functionality.",
            "grade 37.7",
        ),
        (
            "es",
            "La descompresión percutánea demuestra superioridad estadísticamente significativa.",
            "very hard, INFLESZ -76",
        ),
    ],
)
def test_hard_words_are_called_hard(language, text, said):
    reading = measure([text], language)

    assert (reading.grade, reading.is_hard) == (said, True)


def test_nothing_to_read_is_not_hard():
    assert [measure([], language).is_hard for language in ("en", "es")] == [False, False]


def test_nothing_is_asked_of_the_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    readability._hyphenation.cache_clear()
    readability.syllables.cache_clear()

    assert measure(["An opioid is a medicine."], "en").syllables == 9
    with pytest.raises(AssertionError, match="a socket was opened"):  # the control
        socket.create_connection(("127.0.0.1", 9))
