import re

import pytest
from django.utils import translation

from practice.models import Notice, Practice
from practice.services import write_card
from procedures.models import Related, Version
from procedures.services import publishing
from tests.procedures import library

pytestmark = pytest.mark.django_db

FRAME = 4  # practice, its main office, that one's hours, closures


@pytest.fixture
def stenosis(practice):
    return library.sample("lumbar-spinal-stenosis", "condition", short_title="Spinal stenosis")


@pytest.fixture
def mild(practice):
    return library.sample("mild")


def text(response):
    """The words of the page, tags left out."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


# One page


def test_detail_shows_every_part_of_the_anatomy_in_order(client, mild):
    html = client.get("/procedures/mild/").content.decode()

    contents = re.search(r'<nav class="toc".*?</nav>', html, re.DOTALL)[0]
    links = re.findall(r'href="#([\w-]+)"', contents)
    assert links == [
        "what-is-it",
        "what-it-treats",
        "for-me",
        "options",
        "how-well",
        "risks",
        "getting-ready",
        "on-the-day",
        "going-home",
        "cost",
        "questions",
        "ask-us",
        "who",
    ]
    assert re.findall(r'<h2 id="([\w-]+)"', html[html.index(contents) :])[1:14] == links
    assert len(re.findall("<h1", html)) == 1


def test_detail_shows_the_frozen_words_and_not_the_rows(client, mild):
    mild.risk_rows.update(text="Changed behind the reader's back.")

    page = text(client.get("/procedures/mild/"))

    assert "Bleeding." in page
    assert "behind the reader" not in page


def test_sample_says_that_no_clinician_has_checked_it(client, mild):
    response = client.get("/procedures/mild/")

    assert "Written by Starter content. Not yet checked by a clinician." in text(response)
    assert '<meta name="robots" content="noindex">' in response.content.decode()


def test_signed_page_names_who_checked_it_and_when(client, practice):
    Practice.objects.update(sample_content=False)
    library.approved()

    response = client.get("/procedures/mild/")

    assert "Checked by Elena Sample, MD, on" in text(response)
    assert "Not yet checked" not in text(response)
    assert "noindex" not in response.content.decode()


def test_signed_page_with_another_word_loses_its_byline(client, practice):
    version = library.approved()
    version.document["title"] = "Another title"
    Version.objects.filter(pk=version.pk).update(document=version.document)

    page = text(client.get("/procedures/mild/"))

    assert "Another title" in page
    assert "Checked by" not in page
    assert "Not yet checked by a clinician." in page


def test_cleared_is_never_called_approved(client, mild):
    page = text(client.get("/procedures/mild/"))

    assert "Sample kit: cleared (May 6, 2024, K123456). That is not the same as FDA approval." in page
    assert not re.search(r"FDA[- ]approved|approved by the (US )?(FDA|Food)", page)


def test_icon_array_counts_in_the_total_of_the_study(client, mild):
    html = client.get("/procedures/mild/").content.decode()

    assert 'aria-label="75 circles. 9 are filled: 9 of 75 people had surgery later. 66 are empty."' in html
    assert 'd="M0 0h180v20h-180z"' in html  # nine filled
    assert 'd="M180 0h120v20h-120zM0 20h300v80h-300z"' in html  # six and sixty empty


def test_citations_link_to_numbered_sources(client, mild):
    html = client.get("/procedures/mild/").content.decode()

    targets = set(re.findall(r'<sup><a href="#(s\d+)">', html))
    sources = re.findall(r'<li id="(s\d+)">', html)
    assert sources == ["s1", "s2"]
    assert targets == set(sources)
    assert "[^" not in html


def test_source_says_who_paid_and_when_it_was_checked(client, mild):
    html = client.get("/procedures/mild/").content.decode()

    assert '<a href="https://example.org/trial">Title of trial</a>' in html
    assert "2022. Trial. Paid by: not stated in what we read. Checked Nov 20, 2026." in " ".join(html.split())


def test_expired_source_is_flagged(client, practice):
    library.source("trial", expires_on="2026-11-20", checked_on="2026-01-01")
    library.sample()

    assert "Due to be checked again." in text(client.get("/procedures/mild/"))


def test_spine_page_has_the_emergency_card_before_the_article(client, mild):
    html = client.get("/procedures/mild/").content.decode()

    assert html.index("Emergency: call 911") < html.index('id="what-is-it"')


def test_page_that_is_not_about_the_spine_has_no_emergency_card(client, practice):
    library.sample(spine=False, also_known_as="")

    assert "Emergency: call 911" not in text(client.get("/procedures/mild/"))


@pytest.mark.parametrize(("affiliation", "said"), [("Fellows of Sample University train here.", True), ("", False)])
def test_on_the_day_tells_of_fellows_where_they_train(client, mild, affiliation, said):
    Practice.objects.update(affiliation=affiliation)

    html = client.get("/procedures/mild/").content.decode()

    part = html[html.index('<h2 id="on-the-day">') : html.index('<h2 id="going-home">')]
    assert ("You may say no to a fellow" in part) is said


def test_request_link_carries_the_slug_and_nothing_else(client, mild):
    html = client.get("/procedures/mild/").content.decode()

    assert re.findall(r'href="(/appointments/request/\?[^"]*)"', html) == ["/appointments/request/?for=mild"]


def test_words_of_an_editor_are_text(client, practice):
    library.sample(title="<script>alert(1)</script>", interests="<b>bold</b> & </script>", also_known_as='"><img>')

    html = client.get("/procedures/mild/").content.decode()

    assert "<script>alert" not in html
    assert "<b>bold" not in html
    assert '"><img>' not in html


def test_no_style_and_no_executable_script_stands_in_the_page(client, mild):
    html = client.get("/procedures/mild/").content.decode()

    assert re.findall(r"<script[^>]*>", html) == ['<script type="application/ld+json">']
    assert not re.search(r"<style|\sstyle=|\son\w+=", html)


def test_related_pages_are_cards_with_whole_sentences(client, mild, stenosis):
    mild.article.conditions.add(stenosis.article)
    library.draft("opioid-pain-medicines", "article")
    publishing.publish_sample(publishing.new_draft(mild))

    html = client.get("/procedures/mild/").content.decode()

    cards = html[html.index("You might also enjoy") :]
    assert '<a href="/conditions/lumbar-spinal-stenosis/">Spinal stenosis</a>A doctor makes room' in cards
    assert "opioid" not in cards


def test_choices_link_to_live_pages_only(client, practice, stenosis):
    version = library.draft()
    library.draft("kyphoplasty")
    for order, slug in enumerate(["lumbar-spinal-stenosis", "kyphoplasty"], start=2):
        version.choice_rows.create(
            order=order, name=slug, slug=slug, what_it_is="a", what_studies_found="b", keep_in_mind="c"
        )
    publishing.publish_sample(version)

    html = client.get("/procedures/mild/").content.decode()

    assert '<a href="/conditions/lumbar-spinal-stenosis/">lumbar-spinal-stenosis</a>' in html
    assert "/kyphoplasty/" not in html


def test_print_line_has_address_version_and_date(client, mild):
    page = text(client.get("/procedures/mild/"))

    assert re.search(r"Version 1, shown since \w+ \d+, \d{4}\. https://practice\.example\.org/procedures/mild/", page)


# Languages


def test_spanish_address_shows_the_english_page_and_says_so(client, mild):
    html = client.get("/es/procedures/mild/").content.decode()

    assert "Esta página todavía no está en español." in html
    assert '<div class="lede" lang="en">' in html
    assert '<link rel="canonical" href="https://practice.example.org/procedures/mild/">' in html


def test_spanish_version_is_shown_where_there_is_one(client, mild):
    library.sample("mild", language="es", title="Más espacio para los nervios")

    html = client.get("/es/procedures/mild/").content.decode()

    assert "Más espacio para los nervios" in html
    assert "todavía no está en español" not in html
    assert '<link rel="canonical" href="https://practice.example.org/es/procedures/mild/">' in html
    assert "Más espacio" not in client.get("/procedures/mild/").content.decode()


# Pages that are not there


@pytest.mark.parametrize("address", ["/procedures/none/", "/conditions/mild/", "/articles/mild/", "/procedures/MILD/"])
def test_unknown_page_is_404(client, mild, address):
    assert client.get(address).status_code == 404


def test_draft_is_404(client, practice):
    library.draft()

    assert client.get("/procedures/mild/").status_code == 404


def test_sample_is_404_while_the_switch_is_off(client, mild):
    Practice.objects.update(sample_content=False)

    assert client.get("/procedures/mild/").status_code == 404
    assert "MILD" not in text(client.get("/procedures/"))
    assert "MILD" not in text(client.get("/"))


def test_withdrawn_page_is_410_with_a_way_to_its_condition(client, mild, stenosis):
    mild.article.conditions.add(stenosis.article)
    publishing.withdraw(mild.article)
    write_card()

    response = client.get("/procedures/mild/")

    assert response.status_code == 410
    assert "813-555-0100" in text(response)
    assert '<a href="/conditions/lumbar-spinal-stenosis/">Spinal stenosis</a>' in response.content.decode()
    assert "Bleeding." not in text(response)


# Lists


@pytest.mark.parametrize(
    ("address", "shown"),
    [("/conditions/", "Spinal stenosis"), ("/procedures/", "MILD"), ("/articles/", "Opioids")],
)
def test_lists_show_their_kind_only(client, mild, stenosis, address, shown):
    library.sample("opioid-pain-medicines", "article", short_title="Opioids")

    html = client.get(address).content.decode()
    titles = re.findall(r"<li><a [^>]*>([^<]*)</a>A doctor makes room", html)

    assert titles == [shown]


def test_home_shows_live_pages_of_all_kinds(client, mild, stenosis):
    html = client.get("/").content.decode()

    assert '<a href="/procedures/mild/">MILD</a>' in html
    assert '<a href="/conditions/lumbar-spinal-stenosis/">Spinal stenosis</a>' in html


@pytest.mark.parametrize(
    ("days", "said"), [(1, "by the end of the next business day."), (3, "within 3 business days.")]
)
def test_home_promises_what_the_practice_has_set(client, practice, days, said):
    Practice.objects.update(reply_business_days=days)

    assert f"answers you {said}" in text(client.get("/"))


def test_empty_list_says_so(client, practice):
    assert "We are still writing these pages." in text(client.get("/articles/"))


# Queries


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("address", ["/", "/procedures/"])
def test_lists_take_one_query_beside_the_frame(client, practice, django_assert_num_queries, address, count):
    for number in range(count):
        library.sample(f"procedure-{number}")

    with django_assert_num_queries(FRAME + 1):
        client.get(address)


@pytest.mark.parametrize("count", [1, 3])
def test_detail_takes_three_queries_beside_the_frame(client, practice, django_assert_num_queries, count):
    version = library.draft()
    for number in range(1, count + 1):
        other = library.sample(f"condition-{number}", "condition")
        Related.objects.create(article=version.article, page=other.article, order=number)
        version.risk_rows.create(frequency="rare", text="Bleeding.", what_we_do="Care.")
    publishing.publish_sample(version)

    with django_assert_num_queries(FRAME + 3):
        response = client.get("/procedures/mild/")

    assert response.content.decode().count('<a href="/conditions/condition-') == count


def test_lists_do_not_read_whole_documents(client, mild, django_assert_num_queries):
    with django_assert_num_queries(FRAME + 1) as queries:
        client.get("/procedures/")

    columns = queries[-1]["sql"].split(" FROM ")[0].removeprefix("SELECT ").split(", ")
    assert '"procedures_version"."document"' not in columns


# Addresses for machines, and old ones


def test_sitemap_lists_live_pages_under_the_public_address(client, mild, stenosis):
    library.draft("kyphoplasty")
    for slug in ("privacy", "accessibility"):
        Notice.objects.create(slug=slug, title=slug, summary="Short.", body="Long.", effective_on="2026-11-20")

    locations = re.findall(r"<loc>(.*?)</loc>", client.get("/sitemap.xml", HTTP_HOST="testserver").content.decode())

    assert "https://practice.example.org/procedures/mild/" in locations
    assert "https://practice.example.org/conditions/lumbar-spinal-stenosis/" in locations
    assert all(location.startswith("https://practice.example.org/") for location in locations)
    assert not any("kyphoplasty" in location for location in locations)
    answers = [client.get(location) for location in locations]
    assert {(answer.status_code, answer.get("X-Robots-Tag")) for answer in answers} == {(200, None)}


def test_robots_keeps_search_engines_out_while_samples_are_shown(client, practice):
    assert client.get("/robots.txt").content.decode() == "User-agent: *\nDisallow: /\n"


def test_robots_names_the_sitemap_otherwise(client, practice):
    Practice.objects.update(sample_content=False)

    assert "Sitemap: https://practice.example.org/sitemap.xml" in client.get("/robots.txt").content.decode()
    assert "Disallow: /\n" not in client.get("/robots.txt").content.decode()


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("mild-minimally-invasive-lumbar-decompression-what-is-it-and-can-it-help-you", "/procedures/mild/"),
        ("opioid-pain-medicines", "/articles/opioid-pain-medicines/"),
    ],
)
def test_old_addresses_lead_to_the_new_ones(client, old, new, slash):
    response = client.get(f"/blog/{old}{slash}")

    assert (response.status_code, response["Location"]) == (301, new)


def test_address_with_a_letter_that_no_slug_has_is_404(client):
    assert client.get("/blog/a%C3%B1b").status_code == 404


@pytest.mark.parametrize(
    "address",
    ["/procedures/", "/procedures/mild/", "/", "/robots.txt", "/about/", "/urgent/", "/privacy/", "/accessibility/"],
)
def test_pages_are_only_for_reading(client, mild, address):
    with translation.override("en"):
        assert client.post(address).status_code == 405


def test_risks_of_one_frequency_stand_under_one_heading(client, practice):
    version = library.draft()
    version.risk_rows.create(order=2, frequency="rare", text="Nerve damage.", what_we_do="We watch.")
    publishing.publish_sample(version)

    html = client.get("/procedures/mild/").content.decode()

    risks = re.search(r'<dl class="risks">.*?</dl>', html, re.DOTALL)[0]
    assert (risks.count("<dt>"), risks.count("<dd>")) == (1, 2)
