"""Where sources are used, and what happens when one is due to be checked again."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from procedures.freeze import freeze
from procedures.models import Source, Version
from procedures.page import Page
from procedures.services import publishing, register
from tests.factories import UserFactory
from tests.procedures import library

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate
YEAR = datetime.timedelta(days=365)
MARK = "<small>(source due to be checked again)</small>"


@pytest.fixture
def editor(client, practice):
    user = UserFactory(is_superuser=True)
    client.force_login(user)
    return user


def expired(key="trial"):
    return library.source(key, checked_on=TODAY() - 2 * YEAR, expires_on=TODAY() - YEAR)


def found(source):
    return [(use.version, use.state) for use in register.uses(source)]


# Where a source is used


def test_uses_are_the_frozen_words_and_the_open_rows(practice):
    source = library.source("trial")
    live = library.sample()
    draft = library.draft()

    assert found(source) == [(live, "Readers see it"), (draft, "Draft")]


def test_live_page_uses_what_it_was_frozen_with(practice):
    live = library.sample()
    for name in ("risk_rows", "outcome_rows"):
        getattr(live, name).all().delete()
    Version.objects.update(summary="Nothing cited.")

    assert found(library.source("trial")) == [(live, "Readers see it")]


def test_uses_say_what_became_of_a_version(practice):
    source = library.source("trial")
    coming = library.approved("coming")
    Version.objects.filter(pk=coming.pk).update(live_from=datetime.datetime(2099, 3, 4, 17, tzinfo=datetime.UTC))
    library.sample("gone")
    publishing.withdraw(Version.objects.get(article__slug="gone").article, UserFactory())
    earlier, newer = library.sample("page"), library.sample("page")

    assert {(str(use.version), use.state) for use in register.uses(source)} == {
        (str(coming), "Readers will see it from March 4, 2099"),
        (str(Version.objects.get(article__slug="gone")), "Withdrawn"),
        (str(earlier), "Earlier version"),
        (str(newer), "Readers see it"),
    }


def test_samples_are_not_live_while_samples_are_off(practice):
    practice.sample_content = False
    practice.save()
    version = library.sample()

    assert found(library.source("trial")) == [(version, "Earlier version")]


def test_key_that_begins_like_another_is_another(practice):
    library.draft()

    assert (register.uses(library.source("tria")), register.uses(library.source("rial"))) == ([], [])


@pytest.mark.parametrize("count", [1, 3])
def test_uses_take_three_queries(practice, django_assert_num_queries, count):
    for number in range(count):
        library.sample(f"page-{number}")
    source = library.source("trial")

    with django_assert_num_queries(3):
        assert len([str(use.version) + use.state for use in register.uses(source)]) == count


@pytest.mark.parametrize("count", [1, 3])
def test_live_uses_take_two_queries(practice, django_assert_num_queries, count):
    for number in range(count):
        library.sample(f"page-{number}")
    library.draft("draft")
    sources = list(Source.objects.all())

    with django_assert_num_queries(2):
        pages = register.live_uses(sources)

    slugs = [f"page-{number}" for number in range(count)]
    assert {key: [version.article.slug for version in versions] for key, versions in pages.items()} == {
        "trial": slugs,
        "book": slugs,
    }


def test_live_uses_of_nothing_ask_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert register.live_uses([]) == {}


# In the admin


def listed(client, query=""):
    response = client.get(reverse("admin:procedures_source_changelist") + query)
    return {source.key for source in response.context["cl"].result_list}, response.content.decode()


def test_list_says_which_source_is_expired_and_who_uses_it(client, editor):
    expired("trial"), expired("nobody")
    version = library.sample()

    keys, html = listed(client)

    link = reverse("admin:procedures_version_change", args=[version.pk])
    assert keys == {"trial", "book", "nobody"}
    assert f'<td class="field-due">Expired. Used on: <a href="{link}">MILD</a></td>' in html
    assert '<td class="field-due">Expired. No live page cites it.</td>' in html
    assert html.count('<td class="field-due">Expired.') == 2


def test_list_can_be_narrowed_to_the_expired(client, editor):
    expired("old"), library.source("new")

    assert (listed(client, "?due=expired")[0], listed(client)[0]) == ({"old"}, {"old", "new"})


@pytest.mark.parametrize("count", [1, 3])
def test_list_takes_as_many_queries_for_many_expired(client, editor, django_assert_num_queries, count):
    for number in range(count):
        expired(f"source-{number}")
        library.sample(f"page-{number}", summary=f"Cited.[^source-{number}]")

    with django_assert_num_queries(15):
        client.get(reverse("admin:procedures_source_changelist"))


@pytest.mark.parametrize("name", ["change", "delete"])
def test_pages_that_use_it_stand_on_the_page_of_a_source(client, editor, name):
    source = library.source("trial")
    live, draft = library.sample(), library.draft()

    html = client.get(reverse(f"admin:procedures_source_{name}", args=[source.pk])).content.decode()

    for version, state in ((live, "Readers see it"), (draft, "Draft")):
        link = reverse("admin:procedures_version_change", args=[version.pk])
        assert f'<li><a href="{link}">{version.title}</a> ({version}): {state}</li>' in html
    assert 'name="post"' not in html


def test_source_that_nobody_uses_says_so_and_asks(client, editor):
    source = library.source("nobody")

    html = client.get(reverse("admin:procedures_source_delete", args=[source.pk])).content.decode()

    assert ("No page uses it." in html, 'name="post"' in html) == (True, True)


@pytest.mark.parametrize("count", [1, 3])
def test_page_takes_as_many_queries_for_many_uses(client, editor, django_assert_num_queries, count):
    for number in range(count):
        library.draft(f"page-{number}")
    address = reverse("admin:procedures_source_change", args=[library.source("trial").pk])
    client.get(address)  # Django keeps what it has asked about the kinds of rows

    with django_assert_num_queries(12):
        client.get(address)


# On the page


def shown(document, **options):
    page = Page(document, {}, **options)
    return str(page.summary), page.sources[0]["is_expired"], page.sources[0]["checked_on"]


def test_expired_source_is_marked_at_the_statement():
    expired("trial")
    document = freeze(library.draft())

    assert shown(document) == (
        f'Some people had less pain.<sup><a href="#s1">1</a></sup> {MARK} Not everyone got better.',
        True,
        TODAY() - 2 * YEAR,
    )


def test_mark_speaks_the_language_of_the_page():
    expired("trial")
    document = freeze(library.draft())

    with override("es"):
        assert MARK in shown(document)[0]


@pytest.mark.parametrize(
    ("checked", "expires", "due"),
    [
        (datetime.timedelta(days=-1), YEAR, False),  # checked again
        (-2 * YEAR, YEAR, False),  # the same check, given more time
        (-2 * YEAR, -YEAR, True),  # nothing new
        (-3 * YEAR, YEAR, True),  # an older check says nothing about this one
        (datetime.timedelta(days=-2), datetime.timedelta(days=-1), True),  # checked, and due once more
    ],
)
def test_register_of_today_outranks_what_was_frozen_before(checked, expires, due):
    expired("trial")
    document = freeze(library.draft())
    Source.objects.filter(key="trial").update(checked_on=TODAY() + checked, expires_on=TODAY() + expires)

    summary, is_expired, checked_on = shown(document, register=register.checks(document))

    assert (MARK in summary, is_expired) == (due, due)
    assert checked_on == TODAY() + max(checked, -2 * YEAR)


def test_checks_are_those_of_the_sources_of_the_page(django_assert_num_queries):
    document = freeze(library.draft())
    library.source("nobody")
    Source.objects.filter(key="book").delete()

    with django_assert_num_queries(1):
        checks = register.checks(document)

    assert checks == {"trial": (datetime.date(2026, 11, 20), datetime.date(2099, 1, 1))}


# The preview of what an editor types


def preview(client, text, field="section_rows-0-body"):
    return client.post(reverse("admin:procedures_markdown_preview"), {"text": text, "field": field})


def test_preview_renders_as_the_page_does(client, editor):
    library.source("trial")

    response = preview(client, "•\tone[^trial]\r\n•\t<b>two</b>[^no]")

    assert response.content.decode() == (
        "<ul>\n<li>one<sup>[trial]</sup></li>\n"
        "<li>&lt;b&gt;two&lt;/b&gt;<mark>[no: there is no such source]</mark></li>\n</ul>"
    )
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize(
    ("field", "is_block"),
    [
        ("section_rows-3-body", True),
        ("outcome_rows-0-result", True),
        ("outcome_rows-0-limits", True),
        ("question_rows-12-answer", True),
        ("step_rows-0-text", True),
        ("risk_rows-0-text", False),
        ("regulator_rows-0-note", False),
        ("summary", False),
        ("interests", False),
    ],
)
def test_preview_makes_paragraphs_where_the_page_does(client, editor, field, is_block):
    assert preview(client, "Words", field).content.decode() == ("<p>Words</p>" if is_block else "Words")


def test_preview_is_for_those_who_may_edit(client, practice):
    client.force_login(UserFactory())
    as_another = preview(client, "x").status_code
    client.logout()

    assert (as_another, preview(client, "x").status_code) == (403, 302)


def test_preview_needs_a_post_and_a_text_of_some_size(client, editor):
    address = reverse("admin:procedures_markdown_preview")

    assert (client.get(address).status_code, preview(client, "x" * 20_001).status_code) == (405, 413)


def test_preview_takes_as_many_queries_for_many_keys(client, editor, django_assert_num_queries):
    for text in ("[^a]", "[^a][^b][^c]"):
        with django_assert_num_queries(3):
            preview(client, text)


def test_live_page_marks_an_expired_source_until_it_is_checked_again(client, practice):
    source = expired("trial")
    library.sample()

    before = client.get("/procedures/mild/").content.decode()
    Source.objects.filter(pk=source.pk).update(checked_on=TODAY(), expires_on=TODAY() + YEAR)
    after = client.get("/procedures/mild/").content.decode()

    assert [(MARK in html, "Due to be checked again." in html) for html in (before, after)] == [
        (True, True),
        (False, False),
    ]
