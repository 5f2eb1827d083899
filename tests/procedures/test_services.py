import threading
import tomllib
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import connection

from practice.models import Practice
from procedures.anatomy import ArticleKind
from procedures.canonical import document_hash
from procedures.freeze import CannotFreeze
from procedures.models import Article, Source, Version
from procedures.services import publishing, starter
from tests.factories import UserFactory
from tests.procedures import library

pytestmark = pytest.mark.django_db

CONTENT = settings.BASE_DIR / "content"


def starter_file(folder, slug):
    return tomllib.loads((CONTENT / folder / f"{slug}.toml").read_text())


@pytest.fixture
def files(practice):
    for path in (CONTENT / "sources").glob("*.toml"):
        starter.load_sources(tomllib.loads(path.read_text()))
    for path in CONTENT.glob("*s/*.toml"):  # the three link to others
        if (kind := path.parent.name.removesuffix("s")) in ArticleKind.values:
            Article.objects.create(kind=kind, slug=path.stem)
    return [
        starter_file("conditions", "lumbar-spinal-stenosis"),
        starter_file("procedures", "mild"),
        starter_file("articles", "opioid-pain-medicines"),
    ]


@pytest.fixture
def mild(files):
    return next(data for data in files if data["slug"] == "mild")


def state(slug="mild"):
    return list(Version.objects.filter(article__slug=slug).order_by("number").values_list("number", "status"))


def test_starter_articles_are_published_as_samples(files):
    results = starter.load_articles(files)

    assert set(results.values()) == {"added"}
    for version in Version.objects.all():
        assert (version.status, version.reviewer, version.byline) == ("sample", None, None)
        assert version.document_hash == version.seeded_hash == document_hash(version.document)
        assert version.live_from is not None


def test_loading_again_changes_nothing(files):
    starter.load_articles(files)
    before = list(Version.objects.order_by("pk").values())

    results = starter.load_articles(files)

    assert set(results.values()) == {"unchanged"}
    assert list(Version.objects.order_by("pk").values()) == before


def test_without_samples_starter_articles_stay_drafts(files):
    Practice.objects.update(sample_content=False)

    starter.load_articles(files)

    assert set(Version.objects.values_list("status", "document_hash", "live_from")) == {("draft", "", None)}


def test_drafts_are_published_once_samples_are_on(files):
    Practice.objects.update(sample_content=False)
    starter.load_articles(files)
    Practice.objects.update(sample_content=True)

    assert set(starter.load_articles(files).values()) == {"renewed"}
    assert state() == [(1, "sample")]


def test_new_starter_words_become_a_new_version(files, mild):
    starter.load_articles(files)
    mild["title"] = "Other words"

    assert starter.load_article(mild) == "renewed"
    assert state() == [(1, "sample"), (2, "sample")]
    assert Version.objects.current(samples=True).get(article__slug="mild").title == "Other words"


@pytest.mark.parametrize("change", ["saved", "withdrawn", "draft"])
def test_what_an_editor_changed_is_left_alone(files, mild, change):
    starter.load_articles(files)
    version = Version.objects.get(article__slug="mild")
    if change == "saved":
        Version.objects.filter(pk=version.pk).update(seeded_hash="")  # as the admin does
    elif change == "withdrawn":
        publishing.withdraw(version.article)
    else:
        publishing.new_draft(version)
    before = state()
    mild["title"] = "New starter words"

    assert starter.load_article(mild) == "unchanged"
    assert state() == before


def test_a_document_of_an_older_shape_is_renewed(files):
    starter.load_articles(files)
    Version.objects.update(seeded_hash="hash of the same words in another shape")

    assert set(starter.load_articles(files).values()) == {"renewed"}
    assert set(starter.load_articles(files).values()) == {"unchanged"}


def test_a_file_that_cannot_be_frozen_leaves_nothing(files, mild):
    mild["sections"] = mild["sections"][1:]
    before = Article.objects.count()

    with pytest.raises(CannotFreeze):
        starter.load_articles(files)

    assert (Article.objects.count(), Version.objects.count()) == (before, 0)


def test_sources_that_are_there_stay_as_they_are(db):
    library.source("trial", title="An editor's title")
    fields = {"title": "Starter", "kind": "trial", "checked_on": "2026-11-20", "expires_on": "2027-11-20"}

    assert starter.load_sources({"trial": fields, "other": fields}) == 1
    assert Source.objects.get(key="trial").title == "An editor's title"


def test_new_draft_copies_words_and_rows_and_readers_see_no_change(practice):
    version = library.sample()
    editor = UserFactory()

    draft = publishing.new_draft(version, by=editor)

    assert (draft.number, draft.status, draft.document, draft.author) == (2, "draft", None, editor)
    assert publishing.freeze(draft) == version.document
    assert Version.objects.current(samples=True).get() == version


def test_editing_the_draft_leaves_the_live_words(practice):
    version = library.sample()
    draft = publishing.new_draft(version)

    draft.risk_rows.update(text="Something else")

    version.refresh_from_db()
    assert version.document["risks"][0]["text"] == "Bleeding.[^trial]"
    assert publishing.freeze(version) == version.document


def test_publish_sample_freezes_the_draft(practice):
    library.sample()
    draft = publishing.new_draft(Version.objects.get())
    draft.risk_rows.update(text="Something else")

    publishing.publish_sample(draft)

    live = Version.objects.current(samples=True).get()
    assert (live, live.document["risks"][0]["text"]) == (draft, "Something else")


def test_publish_sample_refuses_while_samples_are_off(practice):
    Practice.objects.update(sample_content=False)
    draft = library.draft()

    with pytest.raises(publishing.NotAllowed):
        publishing.publish_sample(draft)

    assert state() == [(1, "draft")]


@pytest.mark.parametrize("make", [library.sample, library.approved])
def test_publish_sample_refuses_what_readers_see(practice, make):
    version = make()
    version.risk_rows.update(text="Other words.")

    with pytest.raises(publishing.NotAllowed):
        publishing.publish_sample(version)

    before = (version.status, version.document)
    version.refresh_from_db()
    assert (version.status, version.document) == before


def test_publish_sample_goes_by_what_is_stored(practice):
    draft = library.draft()
    stale = Version.objects.get()
    publishing.publish_sample(draft)
    publishing.withdraw(draft.article)

    with pytest.raises(publishing.NotAllowed):
        publishing.publish_sample(stale)

    assert state() == [(1, "withdrawn")]


@pytest.mark.django_db(transaction=True)
def test_of_drafts_begun_at_the_same_moment_there_is_one(practice):
    version = library.sample()
    start = threading.Barrier(4)

    def press(_):
        start.wait()
        try:
            return publishing.new_draft(version).number
        except publishing.NotAllowed:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        numbers = list(threads.map(press, range(4)))

    assert sorted(numbers, key=bool) == [None, None, None, 2]


def test_withdraw_takes_back_older_versions_too(practice):
    first = library.sample()
    publishing.publish_sample(publishing.new_draft(first))

    publishing.withdraw(first.article)

    assert not Version.objects.current(samples=True).exists()
    assert state() == [(1, "withdrawn"), (2, "withdrawn")]


def test_a_page_that_moved_is_not_loaded_again_at_its_former_address(files):
    starter.load_articles(files)
    before = Article.objects.count()
    publishing.change_address(Article.objects.get(slug="lumbar-spinal-stenosis", language="en"), "stenosis")

    starter.load_articles(files)
    results = starter.load_articles(files)

    assert Article.objects.count() == before
    assert set(results.values()) == {"unchanged"}
    assert results["stenosis", "en"] == "unchanged"
