import re

import pytest
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from practice.models import Practice
from procedures.anatomy import ANATOMY
from procedures.models import Article, Related, Source, Version
from procedures.services import publishing
from tests.factories import UserFactory
from tests.procedures import library
from tests.procedures.people import typed

pytestmark = pytest.mark.django_db

ACTIONS = ("submit", "publish_sample", "new_draft", "translate", "withdraw")


@pytest.fixture
def editor(client, practice):
    user = UserFactory(is_superuser=True)
    client.force_login(user)
    return user


def change(obj, name="change"):
    return reverse(f"admin:procedures_{obj._meta.model_name}_{name}", args=[obj.pk])


def messages_of(client, response):
    return [str(message) for message in client.get(response["Location"]).context["messages"]]


def test_draft_is_edited_and_readers_see_nothing_of_it(client, editor):
    live = library.sample()
    draft = library.draft()
    data = typed(client.get(change(draft)))

    response = client.post(change(draft), data | {"risk_rows-0-text": "Other words.", "title": "Another title"})

    assert response.status_code == 302
    draft.refresh_from_db()
    assert (draft.title, draft.risk_rows.get().text) == ("Another title", "Other words.")
    assert Version.objects.current(samples=True).get() == live


@pytest.mark.parametrize("make", [library.sample, library.approved])
def test_live_version_is_only_to_be_read(client, editor, make):
    version = make()
    draft = library.draft()
    data = typed(client.get(change(draft)))

    html = client.get(change(version)).content.decode()
    response = client.post(change(version), data | {"risk_rows-0-text": "Other words."})

    assert "<textarea" not in html
    assert response.status_code == 403
    assert version.risk_rows.get().text == "Bleeding.[^trial]"


@pytest.mark.parametrize("change", ["save_model", "delete_model"])
def test_a_version_published_meanwhile_is_not_touched(editor, change):
    stale = library.draft()
    publishing.publish_sample(Version.objects.get())
    arguments = {"save_model": [stale, None, True], "delete_model": [stale]}[change]

    with pytest.raises(PermissionDenied):
        getattr(admin.site.get_model_admin(Version), change)(None, *arguments)

    assert Version.objects.get().status == "sample"


def test_words_that_an_editor_saved_are_starter_content_no_more(client, editor):
    draft = library.draft(seeded_hash="x")

    client.post(change(draft), typed(client.get(change(draft))))

    draft.refresh_from_db()
    assert draft.seeded_hash == ""


def test_links_that_an_editor_saved_are_starter_content_no_more(client, editor):
    version = library.sample(seeded_hash="x")

    client.post(change(version.article), typed(client.get(change(version.article))))

    version.refresh_from_db()
    assert version.seeded_hash == ""


def test_status_cannot_be_sent(client, editor):
    draft = library.draft()
    data = typed(client.get(change(draft)))

    client.post(change(draft), data | {"status": "approved", "document_hash": "x", "number": 9})

    draft.refresh_from_db()
    assert (draft.status, draft.document_hash, draft.number) == ("draft", "", 1)


def test_new_page_starts_with_a_row_for_every_section(client, editor):
    empty = {"related_pages-TOTAL_FORMS": 0, "related_pages-INITIAL_FORMS": 0}
    page = {"kind": "condition", "slug": "sciatica", "language": "en"}

    response = client.post(reverse("admin:procedures_article_add"), page | empty)

    draft = Version.objects.get()
    assert response["Location"] == change(draft)
    assert (draft.number, draft.author, draft.status) == (1, editor, "draft")
    assert [row.kind for row in draft.section_rows.all()] == [part.kind for part in ANATOMY["condition"]]


def test_new_draft_copies_the_live_version(client, editor):
    version = library.sample()

    response = client.post(change(version, "new_draft"))

    draft = Version.objects.get(status="draft")
    assert response["Location"] == change(draft)
    assert (draft.number, draft.author, draft.risk_rows.count()) == (2, editor, 1)


def test_publish_sample_shows_the_draft(client, editor):
    draft = library.draft(title="Words of an editor")

    client.post(change(draft, "publish_sample"))

    assert "Words of an editor" in client.get("/procedures/mild/").content.decode()


@pytest.mark.parametrize("name", ["submit", "publish_sample"])
def test_what_is_missing_is_said_with_its_place_in_the_form(client, editor, name):
    draft = library.draft()
    draft.risk_rows.all().delete()

    page = client.get(client.post(change(draft, name))["Location"])

    assert [str(message) for message in page.context["messages"]] == [
        "Not yet: the list below says what to mend first."
    ]
    assert '<a href="#risk_rows-group">Risk</a>: At least one row is needed.' in page.content.decode()
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_publish_sample_is_refused_while_samples_are_off(client, editor):
    Practice.objects.update(sample_content=False)
    draft = library.draft()

    response = client.post(change(draft, "publish_sample"))

    assert "switch for sample content" in messages_of(client, response)[0]
    assert client.get("/procedures/mild/").status_code == 404


def test_withdraw_takes_the_page_back(client, editor):
    version = library.sample()

    client.post(change(version, "withdraw"))

    assert client.get("/procedures/mild/").status_code == 410


@pytest.mark.parametrize("name", ACTIONS)
def test_actions_need_a_post_and_the_right(client, editor, name):
    version = library.sample()

    assert client.get(change(version, name)).status_code == 405
    client.force_login(UserFactory())
    assert client.post(change(version, name)).status_code == 403
    assert list(Version.objects.values_list("number", "status")) == [(1, "sample")]


@pytest.mark.parametrize(
    ("make", "shown"),
    [
        (library.draft, ["submit", "publish_sample"]),
        (library.sample, ["new_draft", "translate", "withdraw"]),
        (library.approved, ["new_draft", "translate", "withdraw"]),
    ],
)
def test_page_offers_what_can_be_done(client, editor, make, shown):
    version = make()

    html = client.get(change(version)).content.decode()

    assert [name for name in ACTIONS if f'action="{change(version, name)}"' in html] == shown


def test_live_version_cannot_be_deleted(client, editor):
    version = library.sample()

    assert client.post(change(version, "delete"), {"post": "yes"}).status_code == 403
    client.post(
        reverse("admin:procedures_version_changelist"), {"action": "delete_selected", "_selected_action": [version.pk]}
    )
    assert Version.objects.exists()


def test_cited_source_cannot_be_deleted(client, editor):
    library.draft()
    source = Source.objects.get(key="trial")

    assert client.post(change(source, "delete"), {"post": "yes"}).status_code == 403
    client.post(
        reverse("admin:procedures_source_changelist"),
        {"action": "delete_selected", "_selected_action": [source.pk], "post": "yes"},
    )
    assert Source.objects.filter(pk=source.pk).exists()


def test_source_that_nobody_cites_can_be_deleted(client, editor):
    source = library.source("nobody")

    client.post(change(source, "delete"), {"post": "yes"})

    assert not Source.objects.exists()


def test_key_of_a_source_stays(client, editor):
    source = library.source("trial")
    data = typed(client.get(change(source))) | {"checked_on": "2026-11-20", "expires_on": "2027-11-20"}

    client.post(change(source), data | {"key": "other", "title": "New title"})

    source.refresh_from_db()
    assert (source.key, source.title) == ("trial", "New title")


def test_related_pages_are_chosen_in_the_article(client, editor):
    article, other = library.draft().article, library.draft("other").article
    data = typed(client.get(change(article)))
    row = {"related_pages-0-page": other.pk, "related_pages-0-order": 1, "related_pages-TOTAL_FORMS": 1}

    response = client.post(change(article), data | row)

    assert response.status_code == 302
    assert list(article.related_pages.values_list("page__slug", flat=True)) == ["other"]


@pytest.mark.parametrize("count", [1, 3])
def test_version_takes_as_many_queries_for_many_rows(client, editor, django_assert_num_queries, count):
    draft = library.draft()
    draft.fit_rows.all().delete()
    for number in range(count):
        draft.fit_rows.create(text=f"Row {number}")

    with django_assert_num_queries(42):
        client.get(change(draft))


@pytest.mark.parametrize("count", [1, 3])
def test_article_takes_as_many_queries_for_many_rows(client, editor, django_assert_num_queries, count):
    article = library.draft().article
    for order in range(1, count + 1):
        page = Article.objects.create(slug=f"page-{order}", kind="article")
        Related.objects.create(article=article, page=page, order=order)

    with django_assert_num_queries(19):
        client.get(change(article))


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("model", ["article", "version", "source"])
def test_lists_take_as_many_queries_for_many_rows(client, editor, django_assert_num_queries, model, count):
    for number in range(count):
        library.draft(f"page-{number}")

    with django_assert_num_queries({"article": 11, "version": 11, "source": 13}[model]):
        client.get(reverse(f"admin:procedures_{model}_changelist"))


def test_a_page_is_not_taken_back_by_one_press(client, editor):
    html = client.get(change(library.sample())).content.decode()

    assert re.search(r"<details><summary>Take this page back</summary><form [^>]*/withdraw/", html)


def test_a_draft_saved_by_somebody_else_is_not_written_over(client, editor):
    draft = library.draft()
    mine = typed(client.get(change(draft)))
    client.post(change(draft), typed(client.get(change(draft))) | {"title": "Theirs"})

    response = client.post(change(draft), mine | {"title": "Mine"})

    draft.refresh_from_db()
    assert (response.status_code, draft.title) == (200, "Theirs")
    assert "Somebody saved this draft after you opened it" in response.content.decode()
    assert response.context["adminform"].form["title"].value() == "Mine"


def test_saving_twice_in_a_row_is_one_person_working(client, editor):
    draft = library.draft()

    for title in ("First", "Second"):
        response = client.post(change(draft), typed(client.get(change(draft))) | {"title": title})

    draft.refresh_from_db()
    assert (response.status_code, draft.title) == (302, "Second")
    assert list(draft.events.values_list("kind", "by")) == [("edited", editor.pk)] * 2


def test_the_address_of_a_page_is_changed_in_a_step_of_its_own(client, editor):
    article = library.sample().article

    client.post(change(article, "change_address"), {"slug": "mild-procedure"})

    assert client.get("/procedures/mild/")["Location"] == "/procedures/mild-procedure/"
    assert "Former addresses" in client.get(change(article)).content.decode()


@pytest.mark.parametrize("slug", ["", "no spaces here", "x" * 51, "other"])
def test_a_bad_address_is_refused_with_a_sentence(client, editor, slug):
    library.sample("other")
    article = library.sample().article

    response = client.post(change(article, "change_address"), {"slug": slug})

    assert len(messages_of(client, response)[0]) > 20
    article.refresh_from_db()
    assert article.slug == "mild"


def test_an_article_with_versions_is_not_deleted(client, editor):
    article = library.draft().article

    assert client.post(change(article, "delete"), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("name", ["start_draft", "change_address"])
def test_steps_of_an_article_need_a_post_and_the_right(client, editor, name):
    article = library.sample().article

    assert client.get(change(article, name)).status_code == 405
    client.force_login(UserFactory())
    assert client.post(change(article, name), {"slug": "x"}).status_code == 403
    assert Version.objects.count() == 1


def test_each_row_of_the_form_is_called_by_its_own_words(client, editor):
    draft = library.draft()

    html = client.get(change(draft)).content.decode()

    called = re.findall(r'class="inline_label">(?!#)([^<\n]+)', html)  # with #: rows to be added
    assert [words for words in called if re.search(r" \d+$", words)] == []
    assert {"What is it?", "Cost and coverage", "Bleeding."} <= set(called)


@pytest.mark.parametrize(
    ("order", "texts"), [("0", ["Bleeding.[^trial]", "New."]), ("3", ["New.", "Bleeding.[^trial]"])]
)
def test_a_new_row_without_a_place_goes_below_the_others(client, editor, order, texts):
    draft = library.draft()
    draft.risk_rows.update(order=5)
    new = {"frequency": "rare", "text": "New.", "what_we_do": "We look.", "order": order}
    row = {f"risk_rows-1-{name}": value for name, value in new.items()}

    client.post(change(draft), typed(client.get(change(draft))) | row | {"risk_rows-TOTAL_FORMS": 2})

    assert list(draft.risk_rows.values_list("text", flat=True)) == texts


@pytest.mark.parametrize("words", ["mild", "Making room"])
def test_list_of_articles_is_found_by_address_and_title_and_tells_the_state(client, editor, words):
    library.sample()
    library.draft()
    library.draft("other", title="Another", short_title="Other")

    html = client.get(reverse("admin:procedures_article_changelist"), {"q": words}).content.decode()

    cells = re.findall(r'class="field-(\w+)[^>]*>(?:<a [^>]*>)?([^<]+)', html)
    assert [cell for cell in cells if cell[0] in ("name", "address", "newest")] == [
        ("name", "MILD"),
        ("address", "mild"),
        ("newest", "Draft"),
    ]


def test_first_page_leads_an_editor_to_the_drafts(client, editor):
    library.draft()

    html = client.get(reverse("admin:index")).content.decode()

    listed = reverse("admin:procedures_version_changelist")
    assert f'<a href="{listed}?status__exact=draft">1 draft is being written</a>' in html
