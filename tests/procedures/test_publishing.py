"""From a draft to a signed page and back: who may do what, and what never happens."""

import datetime

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from outbox.models import Message
from practice.models import Practice
from procedures.canonical import document_hash
from procedures.freeze import CannotFreeze, freeze
from procedures.models import FormerSlug, Picture, Version
from procedures.services import publishing
from tests.factories import UserFactory
from tests.procedures import library, people

pytestmark = pytest.mark.django_db


def later(days=365):
    return timezone.localdate() + datetime.timedelta(days=days)


@pytest.fixture
def editor(practice):
    return people.editor()


@pytest.fixture
def clinician(practice):
    return people.clinician()


@pytest.fixture
def in_review(editor, clinician):
    version = library.draft(author=editor)
    publishing.submit(version, editor)
    return version


def sign(version, by, **changes):
    publishing.sign(version, by, **{"seen_hash": version.document_hash, "next_review": later()} | changes)


# Sending for review


def test_submit_freezes_the_words(in_review, editor):
    assert (in_review.status, in_review.events.first().by) == ("in-review", editor)
    assert in_review.document_hash == document_hash(in_review.document)
    assert in_review.document["title"] == in_review.title


def test_submit_refuses_what_is_not_whole(editor):
    version = library.draft()
    version.risk_rows.all().delete()

    with pytest.raises(CannotFreeze):
        publishing.submit(version, editor)

    assert Version.objects.get().status == "draft"


def test_submit_writes_to_clinicians_who_did_not_write_it(editor, clinician):
    author = people.clinician("marcus-sample", email="author@example.org")
    people.clinician("ana-sample", email="")
    version = library.draft(author=author)

    publishing.submit(version, editor)

    assert [(message.kind, message.to) for message in Message.objects.all()] == [("page-to-sign", clinician.email)]
    assert Message.objects.get().context["path"] == f"/admin/procedures/version/{version.pk}/review/"


@pytest.mark.parametrize("make", [library.sample, library.approved])
def test_submit_refuses_what_is_no_draft(editor, make):
    version = make()

    with pytest.raises(publishing.NotAllowed):
        publishing.submit(version, editor)

    assert Version.objects.get().status == version.status


def test_sent_back_is_a_draft_again_and_says_why(in_review, clinician):
    publishing.send_back(in_review, clinician, "The risk of bleeding is missing.")

    version = Version.objects.get()
    assert (version.status, version.document, version.document_hash) == ("draft", None, "")
    assert version.events.first().note == "The risk of bleeding is missing."


def test_send_back_needs_a_reason(in_review, clinician):
    with pytest.raises(publishing.NotAllowed):
        publishing.send_back(in_review, clinician, "  ")


# Signing


def test_signed_words_are_live_under_the_name_of_the_clinician(client, in_review, clinician):
    Practice.objects.update(sample_content=False)

    sign(in_review, clinician)

    version = Version.objects.current(samples=False).get()
    assert (version.byline.reviewer, version.byline.next_review) == (str(clinician.clinician), later())
    html = client.get("/procedures/mild/").content.decode()
    assert 'Checked by <a href="/clinicians/elena-sample/">Elena Sample, MD,</a>' in html


def refused(version, by, **changes):
    with pytest.raises(publishing.NotAllowed) as caught:
        sign(version, by, **changes)
    assert Version.objects.get(pk=version.pk).status == "in-review"
    return str(caught.value)


def test_the_author_does_not_sign(clinician, editor):
    version = library.draft(author=clinician)
    publishing.submit(version, editor)

    assert "Somebody else must sign" in refused(version, clinician)


def test_who_edited_it_does_not_sign(clinician, editor):
    version = library.draft(author=editor)
    publishing.record(version, "edited", clinician)
    publishing.submit(version, editor)

    assert "Somebody else must sign" in refused(version, clinician)


def test_the_database_refuses_a_signature_of_the_author(in_review, clinician):
    sign(in_review, clinician)

    with pytest.raises(IntegrityError, match="the_author_does_not_sign"), transaction.atomic():
        Version.objects.update(author=clinician)


def test_an_editor_does_not_sign(in_review, editor):
    assert "Only clinicians" in refused(in_review, editor)


def test_an_account_without_a_clinician_does_not_sign(in_review):
    assert "not joined to a clinician" in refused(in_review, people.member("clinician"))


def test_other_words_than_those_shown_are_not_signed(in_review, clinician):
    shown = in_review.document_hash
    publishing.send_back(in_review, clinician, "Shorter, please.")
    Version.objects.update(title="Other words")
    publishing.submit(Version.objects.get(), in_review.author)

    assert "not the words you were shown" in refused(Version.objects.get(), clinician, seen_hash=shown)


def test_a_document_changed_past_the_site_is_not_signed(in_review, clinician):
    Version.objects.update(document=in_review.document | {"title": "Changed by hand"})

    assert "not the words you were shown" in refused(Version.objects.get(), clinician)


@pytest.mark.parametrize("days", [0, -1])
def test_the_next_check_is_later_than_today(in_review, clinician, days):
    assert "later day" in refused(in_review, clinician, next_review=later(days))


def test_a_page_that_nobody_would_see_is_not_signed(in_review, clinician):
    ended = timezone.now() - datetime.timedelta(days=1)
    Version.objects.update(live_until=ended)

    assert "nobody would ever see" in refused(Version.objects.get(), clinician)


@pytest.mark.parametrize("make", [library.draft, library.sample, library.approved])
def test_only_a_page_in_review_is_signed(clinician, make):
    version = make()

    with pytest.raises(publishing.NotAllowed):
        sign(version, clinician)

    assert Version.objects.get().status == version.status


def test_a_coming_page_waits_for_its_day(in_review, clinician):
    tomorrow = timezone.now() + datetime.timedelta(days=1)
    Version.objects.update(live_from=tomorrow)

    sign(Version.objects.get(), clinician)

    assert not Version.objects.current(samples=False).exists()
    assert Version.objects.current(samples=False, at=tomorrow).get() == in_review


@pytest.mark.parametrize(
    "missing", ["reviewer", "signed_by", "reviewed_on", "next_review", "live_from", "document", "document_hash"]
)
def test_the_database_refuses_an_approved_page_without(missing):
    library.approved()

    with pytest.raises(IntegrityError), transaction.atomic():
        Version.objects.update(**{missing: "" if missing == "document_hash" else None})


@pytest.mark.parametrize("status", ["draft", "in-review", "sample"])
def test_the_database_refuses_a_reviewer_of_a_page_that_is_not_signed(status):
    library.approved()

    with pytest.raises(IntegrityError), transaction.atomic():
        Version.objects.update(status=status)


def test_the_database_refuses_a_review_of_nothing():
    library.draft()

    with pytest.raises(IntegrityError, match="what_is_read_is_frozen"), transaction.atomic():
        Version.objects.update(status="in-review")


def test_the_database_refuses_two_drafts_of_a_page(practice):
    version = library.sample()
    publishing.new_draft(version)

    with pytest.raises(IntegrityError, match=r"one_draft_per_article|UNIQUE"), transaction.atomic():
        Version.objects.create(article=version.article, number=9)


# Afterwards


def test_dates_of_a_signed_page_can_change(clinician, in_review, editor):
    sign(in_review, clinician)
    start, end = timezone.now(), timezone.now() + datetime.timedelta(days=2)

    publishing.schedule(in_review, editor, live_from=start, live_until=end)

    version = Version.objects.get()
    assert (version.live_from, version.live_until, version.byline is None) == (start, end, False)
    assert version.events.first().kind == "scheduled"


def test_dates_that_end_before_they_begin_are_refused(clinician, in_review, editor):
    sign(in_review, clinician)
    now = timezone.now()

    with pytest.raises(publishing.NotAllowed):
        publishing.schedule(in_review, editor, live_from=now, live_until=now)


def test_samples_become_drafts_when_the_switch_goes_off(practice):
    version = library.sample()

    practice.sample_content = False
    practice.save()

    version.refresh_from_db()
    assert (version.status, version.document, version.live_from) == ("draft", None, None)


def test_a_sample_with_a_later_draft_is_taken_back_when_the_switch_goes_off(practice):
    version = library.sample()
    publishing.new_draft(version)

    practice.sample_content = False
    practice.save()

    assert list(Version.objects.order_by("number").values_list("status", flat=True)) == ["withdrawn", "draft"]


def test_the_switch_touches_no_signed_page(practice):
    version = library.approved()

    practice.sample_content = False
    practice.save()

    assert Version.objects.get().status == version.status


# Addresses


def test_a_former_address_leads_to_the_page(client, practice):
    version = library.sample("old-name")
    publishing.change_address(version.article, "new-name")

    response = client.get("/procedures/old-name/")

    assert (response.status_code, response["Location"]) == (301, "/procedures/new-name/")
    assert client.get("/procedures/new-name/").status_code == 200


def test_two_changes_make_no_chain(client, practice):
    version = library.sample("first")
    publishing.change_address(version.article, "second")
    publishing.change_address(version.article, "third")

    assert client.get("/procedures/first/")["Location"] == "/procedures/third/"


def test_back_to_a_former_address(client, practice):
    version = library.sample("first")
    publishing.change_address(version.article, "second")
    publishing.change_address(version.article, "first")

    assert client.get("/procedures/first/").status_code == 200
    assert client.get("/procedures/second/")["Location"] == "/procedures/first/"


def test_an_address_that_nobody_saw_leaves_nothing(practice):
    version = library.draft("first")

    publishing.change_address(version.article, "second")

    assert not FormerSlug.objects.exists()


@pytest.mark.parametrize("slug", ["other", "former", "compare"])
def test_the_address_of_another_page_is_refused(practice, slug):
    other = library.sample("former")
    publishing.change_address(other.article, "other")
    version = library.sample("mild")

    with pytest.raises(publishing.NotAllowed):
        publishing.change_address(version.article, slug)

    version.article.refresh_from_db()
    assert version.article.slug == "mild"


def test_links_of_signed_pages_follow_a_change_of_address(client, practice):
    page = library.sample("stenosis", "condition")
    version = library.draft()
    version.article.related_pages.create(page=page.article)
    publishing.publish_sample(version)

    publishing.change_address(page.article, "lumbar-stenosis")

    assert 'href="/conditions/lumbar-stenosis/"' in client.get("/procedures/mild/").content.decode()


# Translations


def test_a_translation_is_a_page_of_its_own(client, practice, editor):
    version = library.sample()

    draft = publishing.start_translation(version, "es", editor)
    Version.objects.filter(pk=draft.pk).update(title="Más espacio para los nervios")
    publishing.publish_sample(Version.objects.get(pk=draft.pk))

    assert (draft.translates, draft.article.slug, draft.risk_rows.count()) == (version, "mild", 1)
    assert "Más espacio" in client.get("/es/procedures/mild/").content.decode()
    assert "Más espacio" not in client.get("/procedures/mild/").content.decode()


def test_a_translation_says_that_the_original_has_moved_on(client, practice, editor):
    version = library.sample()
    translation = publishing.start_translation(version, "es", editor)
    publishing.publish_sample(translation)
    before = client.get("/es/procedures/mild/").content.decode()

    publishing.publish_sample(publishing.new_draft(version))

    behind = "cambió desde que se tradujo"
    assert (behind in before, behind in client.get("/es/procedures/mild/").content.decode()) == (False, True)


def test_a_new_draft_of_a_translation_follows_the_original_of_today(practice, editor):
    version = library.sample()
    translation = publishing.start_translation(version, "es", editor)
    publishing.publish_sample(translation)
    newer = publishing.new_draft(version)
    publishing.publish_sample(newer)

    assert publishing.new_draft(translation).translates == newer


def test_there_is_one_translation(practice, editor):
    version = library.sample()
    translation = publishing.start_translation(version, "es", editor)

    for source in (version, translation):
        with pytest.raises(publishing.NotAllowed):
            publishing.start_translation(source, "es", editor)


def test_start_draft_goes_on_with_the_open_one(practice, editor):
    version = library.sample()
    first = publishing.start_draft(version.article, editor)

    assert publishing.start_draft(version.article, UserFactory()) == first


def test_a_translation_links_where_its_original_does(practice, editor):
    version = library.sample()
    version.article.conditions.add(library.sample("stenosis", "condition").article)
    version.article.related_pages.create(page=library.sample("sciatica", "condition").article, order=2)

    article = publishing.start_translation(version, "es", editor).article

    assert list(article.conditions.values_list("slug", flat=True)) == ["stenosis"]
    assert list(article.related_pages.values_list("page__slug", "order")) == [("sciatica", 2)]


def test_a_page_taken_back_takes_its_translations_along(client, practice, editor):
    version = library.sample()
    publishing.publish_sample(publishing.start_translation(version, "es", editor))

    assert publishing.withdraw(version.article, editor) == 2

    assert client.get("/es/procedures/mild/").status_code == 410


def test_a_translation_taken_back_leaves_its_original(client, practice, editor):
    version = library.sample()
    translation = publishing.start_translation(version, "es", editor)
    publishing.publish_sample(translation)

    assert publishing.withdraw(translation.article, editor) == 1

    assert client.get("/procedures/mild/").status_code == 200


# What a second pair of eyes means


def test_a_copy_by_somebody_else_does_not_make_the_writer_a_stranger(editor):
    writer = people.clinician("marcus-sample")
    written = library.draft(author=writer)
    publishing.publish_sample(written, writer)
    copy = publishing.new_draft(written, editor)
    publishing.submit(copy, editor)

    assert "Somebody else must sign" in refused(copy, writer)


def test_words_that_another_clinician_signed_are_vouched_for(editor, clinician):
    writer = people.clinician("marcus-sample")
    written = library.draft(author=writer)
    publishing.submit(written, editor)
    sign(written, clinician)
    copy = publishing.new_draft(written, editor)
    publishing.submit(copy, editor)

    sign(copy, writer)

    assert Version.objects.current(samples=False).get() == copy


def test_a_refused_signature_leaves_the_version_as_it_was(in_review, clinician):
    Version.objects.update(live_until=timezone.now() - datetime.timedelta(days=1))
    version = Version.objects.get()

    refused(version, clinician)

    assert (version.status, version.reviewer) == ("in-review", None)


# Dates


def signed(slug="mild", **fields):
    version = library.approved(slug)
    Version.objects.filter(pk=version.pk).update(**fields)
    return version


def ago(days):
    return timezone.now() - datetime.timedelta(days=days)


def test_the_newest_signed_words_are_shown_whatever_their_dates(practice):
    signed(live_from=ago(1))
    newest = signed(live_from=ago(5))

    assert Version.objects.current(samples=False).get() == newest


def test_older_words_do_not_come_back_when_newer_ones_end(client, practice):
    signed(live_from=ago(5))
    signed(live_from=ago(3), live_until=ago(1))

    assert not Version.objects.current(samples=False).exists()
    assert client.get("/procedures/mild/").status_code == 410


def test_older_words_stay_until_newer_ones_begin(practice):
    older = signed(live_from=ago(5))
    signed(live_from=timezone.now() + datetime.timedelta(days=2))

    assert Version.objects.current(samples=False).get() == older


def test_what_changed_tells_nothing_of_words_to_come(client, practice):
    signed(live_from=ago(5))
    signed(live_from=timezone.now() + datetime.timedelta(days=2))
    Version.objects.filter(number=2).update(document=Version.objects.get(number=2).document | {"what_changed": "Soon."})

    assert "Soon." not in client.get("/procedures/mild/").content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_a_freeze_takes_as_many_queries_for_many_pictures(practice, django_assert_num_queries, count):
    version = library.draft()
    for number in range(count):
        picture = Picture.objects.create(title=f"P{number}", credit="Ours", digest=f"{number}" * 64, width=9, height=9)
        version.pictureuse_rows.create(section="what-is-it", picture=picture, alt="The lower back from behind")

    with django_assert_num_queries(14):
        freeze(version)
