"""What the gate asks an editor to look at again."""

import pytest

from procedures.gate import advice, blocks, long_sentences, reading
from procedures.gate.advised import plain_words
from procedures.gate.finding import Site
from tests.procedures.documents import document, with_section

HARD = (
    "Radiological investigation demonstrated considerable degenerative abnormalities necessitating "
    "multidisciplinary evaluation. "
)


def told(page):
    return [(finding.where, finding.what) for finding in advice(page)]


def test_nothing_is_said_of_a_good_page():
    assert advice(document()) == []


def test_hard_section_is_named_with_its_grade():
    page = with_section(HARD * 5)

    (where, what), *rest = told(page)

    assert where == "page"
    assert what == f"The page is hard to read: {reading(page)}. Shorter sentences and shorter words help."
    assert rest[0][0] == "sections cost"
    assert rest[0][1].startswith("This section is hard to read: grade ")


def test_long_sentence_is_quoted():
    sentence = "One two three four five six seven " + "and more " * 10 + "end."
    page = with_section(f"Short. {sentence}")

    assert told(page) == [
        ("sections cost", "A sentence of 28 words: “One two three four five six seven …” Make two of it.")
    ]
    assert long_sentences(page) == [("sections cost", sentence)]


def test_a_sentence_of_25_words_is_not_too_long():
    assert told(with_section("word " * 24 + "end.")) == []


@pytest.mark.parametrize(
    ("language", "text", "hard", "plain"),
    [
        ("en", "We utilize a tool.", "utilize", "use"),
        ("en", "Utilizing it is a habit.", "Utilizing", "use"),
        ("en", "Take it prior to the visit.", "prior to", "before"),
        ("es", "Vamos a utilizar una aguja.", "utilizar", "usar"),
        ("es", "Es un fármaco.", "fármaco", "medicina"),
    ],
)
def test_hard_word_comes_with_a_plain_one(language, text, hard, plain):
    words = f"“{hard}” is a hard word. Write “{plain}”, or explain it in brackets right after it."

    assert told(with_section(text, language=language)) == [("sections cost", words)]


@pytest.mark.parametrize(
    "text",
    [
        "They utilize (use) it.",
        "They utilize[^trial] (use) it. Then they utilize it.",
        "They use it (utilize).",
        "Utilize means use.",
        "Doctors call this *edema*.",
        "They use it.",
    ],
)
def test_explained_word_is_left_alone(text):
    assert told(with_section(text)) == []


def test_word_that_the_page_is_about_is_left_alone():
    assert told(with_section("The incision is small.", also_known_as="A small incision")) == []


def test_hard_word_is_named_once():
    assert len(told(with_section("We utilize it. We utilize it."))) == 1


def test_list_of_hard_words_is_long_enough_and_suggests_no_hard_word():
    lists = {language: plain_words(language) for language in ("en", "es")}

    assert {language: len(words) >= 50 for language, words in lists.items()} == {"en": True, "es": True}
    assert [
        (plain, pattern.pattern)
        for words in lists.values()
        for _, plain in words
        for pattern, _ in words
        if pattern.search(plain)
    ] == []


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("A safe choice.", "“safe” hides the risk."),
        ("Es muy seguro para todos.", "“muy seguro” hides the risk."),
        ("People who suffer from it.", "“suffer” makes people small."),
        ("Walk pain-free.", "“pain-free” sounds like a promise."),
    ],
)
def test_unfortunate_words_are_named(text, begins):
    ((where, what),) = told(with_section(text))

    assert (where, what[: len(begins)]) == ("sections cost", begins)


def test_the_risk_of_something_may_be_named():
    assert told(with_section("The risk of bleeding is small.")) == []


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("It helped 57% of people.[^trial]", True),
        ("Ayudó al 57 por ciento de los pacientes.[^trial]", True),
        ("About 6 in 10 people (57%) got better.[^trial]", False),
        ("It helped 34 of 1,782 people (1.9%).[^trial]", False),
        ("Cerca de 6 de cada 10 personas (57%).[^trial]", False),
        ("You pay one fifth (20%).[^trial]", False),
    ],
)
def test_percentage_of_people_stands_beside_a_count(text, bare):
    said = "A percentage alone is hard to picture. Say also “about 6 in 10 people”."

    assert told(with_section(text)) == ([("sections cost", said)] if bare else [])


def test_expired_source_is_to_be_read_again():
    page = document()
    page["sources"][0]["expires_on"] = "2026-01-31"

    assert told(page) == [
        (
            "sources trial",
            "“Title of trial” was due to be read again by 2026-01-31. Read it, then set a new date in the register.",
        )
    ]


def test_advice_keeps_no_page_from_readers():
    page = with_section(HARD * 5 + "We utilize it. People suffer.")

    assert (advice(page) != [], blocks(page, Site())) == (True, [])
