import tomllib

import pytest
from django.conf import settings
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from practice.markdown import cited_keys, clean_markdown, preview, render

MARK = " <small>(source due to be checked again)</small>"


def test_render_gives_paragraphs_lists_bold_and_emphasis():
    html = render("Rest **a lot**.\n\n- *walk*\n- sleep")

    assert html == ("<p>Rest <strong>a lot</strong>.</p>\n<ul>\n<li><em>walk</em></li>\n<li>sleep</li>\n</ul>")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("<b>x</b>", "&lt;b&gt;x&lt;/b&gt;"),
        ("<script>x()</script>", "&lt;script&gt;x()&lt;/script&gt;"),
        ("[x](javascript:alert)", "[x](javascript:alert)"),
        ("![x](/a.png)", '!<a href="/a.png">x</a>'),
        ('[x](/a "[^book]")', '<a href="/a" title="[^book]">x</a>'),
    ],
)
def test_html_and_scripts_stay_text(text, html):
    assert render(text, {"book": 1}, inline=True) == html


def test_citation_is_a_link_to_its_number():
    html = render("It helps.[^trial] Ask.[^book]", {"trial": 2}, inline=True)

    assert html == 'It helps.<sup><a href="#s2">2</a></sup> Ask.'


def test_citation_of_a_source_that_is_due_says_so_at_the_statement():
    html = render("It helps.[^trial] Ask.[^book]", {"trial": 1, "book": 2}, due={"trial"}, inline=True)

    assert html == (f'It helps.<sup><a href="#s1">1</a></sup>{MARK} Ask.<sup><a href="#s2">2</a></sup>')


def test_cited_keys_are_listed_once_in_order():
    assert cited_keys("b[^b] a[^a] b[^b] [^Not]") == ["b", "a"]


def test_preview_shows_keys_and_says_which_do_not_exist():
    html = preview("One[^a], two[^b], three[^c].", {"a": False, "b": True}, inline=True)

    assert html == (
        "One<sup>[a]</sup>, two<sup>[b]</sup> <mark>(source due to be checked again)</mark>, "
        "three<mark>[c: there is no such source]</mark>."
    )


@pytest.mark.parametrize(
    ("link", "english", "spanish"),
    [
        ("/procedures/mild/", "/procedures/mild/", "/es/procedures/mild/"),
        ("/procedures/mild/?a=1#risks", "/procedures/mild/?a=1#risks", "/es/procedures/mild/?a=1#risks"),
        ("/", "/", "/es/"),
        ("/robots.txt", "/robots.txt", "/robots.txt"),  # no language in its address
        ("/nowhere/", "/nowhere/", "/nowhere/"),
        ("#risks", "#risks", "#risks"),
        ("tel:+18135550100", "tel:+18135550100", "tel:+18135550100"),
    ],
)
def test_link_to_our_pages_stays_in_the_language_of_the_reader(link, english, spanish):
    html = {}
    for language in ("en", "es"):
        with override(language):
            html[language] = render(f"[x]({link})", inline=True)

    assert html == {"en": f'<a href="{english}">x</a>', "es": f'<a href="{spanish}">x</a>'}


def test_language_of_links_may_be_another_than_that_of_the_page():
    with override("en"):
        html = render("[x](/urgent/)", language="es", inline=True)

    assert html == '<a href="/es/urgent/">x</a>'


@pytest.mark.parametrize("link", ["https://example.org/a", "//example.org/a"])
def test_link_to_another_site_says_so(link):
    with override("es"):
        assert render(f"[x]({link})", inline=True) == f'<a href="{link}" rel="external">x</a>'


# What the clipboard holds as plain text after copying in Word.
FROM_WORD = (
    "Before\u00a0you come:\r\n"
    "•\tbring your list of medicines\u200b\r\n"
    "•\ttell us about \u00adallergies   \r\n"
    "o\tfood\r\n"
    "§\tlatex\r\n"
    "Then:\r\n"
    "1.\tRest.\r\n"
    "2)   Walk.\r\n"
    "\r\n\r\n\r\n"
    "Line one\vline two"
)
CLEAN = (
    "Before you come:\n"
    "- bring your list of medicines\n"
    "- tell us about allergies\n"
    "- food\n"
    "- latex\n"
    "\n"
    "Then:\n"
    "1. Rest.\n"
    "2) Walk.\n"
    "\n"
    "Line one\nline two"
)


def test_clean_markdown_makes_lists_of_what_word_pastes():
    assert clean_markdown(FROM_WORD) == CLEAN


@pytest.mark.parametrize(
    "text",
    [
        "Calor\no frío",  # Spanish “or” at the start of a line
        "- one\n  - inside\n- two\ngoes on",
        "1. one\n2. two",
        "“Smart” – marks… stay’s",
        "5 – 10 mg",
    ],
)
def test_clean_markdown_leaves_other_text_alone(text):
    assert clean_markdown(text) == text


@given(st.text(alphabet="ab -•·o§1.)\t \u00a0\u200b\r\n\v", max_size=40))
def test_cleaning_twice_is_cleaning_once(text):
    once = clean_markdown(text)

    assert clean_markdown(once) == once


def texts(value):
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(inner)


@pytest.mark.parametrize("path", sorted((settings.BASE_DIR / "content").rglob("*.toml")), ids=lambda path: path.stem)
def test_cleaning_changes_nothing_that_readers_of_starter_content_see(path):
    changed = [text for text in texts(tomllib.loads(path.read_text())) if render(clean_markdown(text)) != render(text)]

    assert changed == []
