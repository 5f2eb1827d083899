import re
from html import unescape

import pytest

from procedures.services import publishing
from tests.procedures import library

pytestmark = pytest.mark.django_db

FRAME = 4  # practice, its main office, that one's hours, closures
VERDICT = re.compile(r"\b(score|result|points?|you (are|may be) a candidate|you qualify)\b", re.IGNORECASE)


@pytest.fixture
def mild(practice):
    version = library.draft("mild")
    version.fit_rows.create(order=3, fits=True, text="It eases when you sit[^trial]")
    publishing.publish_sample(version)
    return version


def words(html):
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", html).split()))


def boxes(html, heading):
    """The words beside each box under `heading`."""
    [group] = re.findall(rf"<fieldset><legend><h2>{heading}</h2></legend>(.*?)</fieldset>", html, re.DOTALL)
    return [words(label) for label in re.findall(r"<label [^>]*><input [^>]*>(.*?)</label>", group, re.DOTALL)]


def test_checklist_shows_what_fits_and_what_does_not(client, mild):
    html = client.get("/procedures/mild/for-me/").content.decode()

    assert boxes(html, "It may fit if") == ["A scan shows it", "It eases when you sit 1"]
    assert boxes(html, "It is not right if") == ["A slipped disc is the cause"]


def test_emergency_signs_come_first_and_questions_last(client, mild):
    html = client.get("/procedures/mild/for-me/").content.decode()

    places = [
        html.index(words) for words in ("Emergency: call 911", "It may fit if", "It is not right if", "What if I")
    ]
    assert places == sorted(places)
    assert "Does it hurt?" not in html  # a question with an answer is for the article


def test_ticks_can_go_nowhere(client, mild):
    html = client.get("/procedures/mild/for-me/").content.decode()

    main = html[html.index("<main") : html.index("</main>")]
    assert re.findall(r"<input[^>]*>", main) == ['<input type="checkbox" autocomplete="off">'] * 3
    assert re.findall(r"<(?:form|select|textarea)\b", main) == []
    assert re.findall(r"<script[^>]*>", html) == ['<script src="/static/js/print.js" defer>']
    assert "Nothing is sent to us, and nothing is stored." in words(main)


def test_checklist_gives_no_verdict(client, mild):
    main = words(client.get("/procedures/mild/for-me/").content.decode())

    assert VERDICT.findall(main) == []
    assert "It gives no yes or no" in main


@pytest.mark.parametrize("words", ["Your score: 3", "You may be a candidate"])
def test_a_verdict_would_be_found(words):  # the control
    assert VERDICT.findall(words)


def test_checklist_cites_only_what_it_shows(client, mild):
    html = client.get("/procedures/mild/for-me/").content.decode()

    assert re.findall(r'<li id="(s\d+)">[^<]*<a [^>]*>(.*?)</a>', html) == [("s1", "Title of trial")]


def test_page_that_is_not_about_the_spine_has_no_emergency_card(client, practice):
    library.sample(spine=False, also_known_as="")

    assert "Emergency: call 911" not in client.get("/procedures/mild/for-me/").content.decode()


def test_article_leads_to_the_checklist(client, mild):
    html = client.get("/procedures/mild/").content.decode()

    part = html[html.index('<h2 id="for-me">') : html.index('<h2 id="options">')]
    assert '<a href="/procedures/mild/for-me/">' in part


def test_words_of_an_editor_are_text(client, practice):
    version = library.draft(short_title="<b>MILD</b>")
    version.fit_rows.create(order=3, fits=True, text='"><script>alert(this)</script>')
    publishing.publish_sample(version)

    html = client.get("/procedures/mild/for-me/").content.decode()

    assert "<script>alert" not in html
    assert "<b>MILD" not in html


@pytest.mark.parametrize("count", [1, 3])
def test_checklist_takes_two_queries_beside_the_frame(client, practice, django_assert_num_queries, count):
    version = library.draft()
    for number in range(count):
        version.fit_rows.create(order=number, fits=True, text=f"Reason {number}[^trial]")
    publishing.publish_sample(version)

    with django_assert_num_queries(FRAME + 2):
        client.get("/procedures/mild/for-me/")
