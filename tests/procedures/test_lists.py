import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from procedures.models import Article, FormerSlug
from tests.procedures import library

pytestmark = pytest.mark.django_db

FRAME = 4  # practice, its main office, that one's hours, closures


def treatment(slug, *conditions, **words):
    article = Article.objects.create(kind="procedure", slug=slug)
    article.conditions.set(conditions)
    return library.sample(slug, short_title=slug, **words)


@pytest.fixture
def stenosis(practice):
    return library.sample("stenosis", "condition", short_title="Spinal stenosis").article


@pytest.fixture
def sciatica(practice):
    return library.sample("sciatica", "condition", short_title="Sciatica").article


def groups(client, address="/procedures/"):
    """(heading, names of the pages below it) of a list."""
    main = re.search(r"<main.*?</main>", client.get(address).content.decode(), re.DOTALL)[0]
    found = []
    for heading, name in re.findall(r"<h2>(.*?)</h2>|<li><a [^>]*>([^<]*)</a>A doctor makes room", main):
        if heading:
            found.append((re.sub(r"<[^>]+>", "", heading), []))
        elif name:
            found = found or [("", [])]
            found[-1][1].append(name)
    return found


def test_procedures_stand_under_each_condition_they_treat(client, stenosis, sciatica):
    treatment("mild", stenosis)
    treatment("shot", stenosis, sciatica)
    treatment("other-thing")

    assert groups(client) == [
        ("Sciatica", ["shot"]),
        ("Spinal stenosis", ["mild", "shot"]),
        ("Other", ["other-thing"]),
    ]


def test_procedures_without_conditions_need_no_headings(client, practice):
    treatment("mild")

    assert groups(client) == [("", ["mild"])]


def test_heading_leads_to_the_condition(client, stenosis):
    treatment("mild", stenosis)

    assert '<h2><a href="/conditions/stenosis/">Spinal stenosis</a></h2>' in client.get("/procedures/").content.decode()


def test_condition_that_is_not_live_is_no_heading(client, practice):
    treatment("mild", Article.objects.create(kind="condition", slug="draft-only"))

    assert groups(client) == [("", ["mild"])]


def test_condition_that_has_moved_keeps_its_treatments(client, stenosis):
    treatment("mild", stenosis)
    FormerSlug.objects.create(article=stenosis, slug="stenosis")
    Article.objects.filter(pk=stenosis.pk).update(slug="narrow-canal")

    assert groups(client) == [("Spinal stenosis", ["mild"])]
    assert '<h2 id="treatments">' in client.get("/conditions/narrow-canal/").content.decode()


def test_list_goes_by_the_frozen_words(client, stenosis, sciatica):
    mild = treatment("mild", stenosis)

    mild.article.conditions.set([sciatica])

    assert groups(client) == [("Spinal stenosis", ["mild"])]


def test_condition_shows_the_treatments_that_name_it(client, stenosis, sciatica):
    treatment("mild", stenosis)
    treatment("shot", sciatica)

    html = client.get("/conditions/stenosis/").content.decode()

    cards = html[html.index('<h2 id="treatments">') :]
    assert re.findall(r'<li><a href="(/procedures/[^"]+)">', cards) == ["/procedures/mild/"]


def test_condition_without_treatments_has_no_such_part(client, stenosis):
    assert 'id="treatments"' not in client.get("/conditions/stenosis/").content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_list_by_condition_takes_two_queries_beside_the_frame(client, stenosis, django_assert_num_queries, count):
    for number in range(count):
        treatment(f"procedure-{number}", stenosis)

    with django_assert_num_queries(FRAME + 2):
        client.get("/procedures/")


def test_treatments_of_a_condition_take_as_many_queries_for_three_as_for_one(client, stenosis):
    counts = []
    for new in (["mild"], ["shot", "heat"]):
        for slug in new:
            treatment(slug, stenosis)
        with CaptureQueriesContext(connection) as queries:
            html = client.get("/conditions/stenosis/").content.decode()
        counts.append((html.count("A doctor makes room"), len(queries)))

    assert counts == [(1, counts[0][1]), (3, counts[0][1])]


@pytest.mark.parametrize("address", ["/", "/conditions/", "/procedures/", "/articles/", "/search/"])
def test_lists_have_a_search_field(client, practice, address):
    library.sample()

    html = client.get(address).content.decode()

    assert html.count('<form class="search" role="search" action="/search/">') == 1
    assert '<label for="q">Search our pages</label>' in html
    assert '<a href="/search/"' in html[html.index('id="menu"') :]
