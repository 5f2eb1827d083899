"""Two people, or two presses, at the same moment: one wins, nothing is shown that nobody signed (P7, P30)."""

import datetime
import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError, OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from practice.models import Practice
from procedures import pictures
from procedures.models import Article, Version
from procedures.services import publishing
from tests.procedures import library, people

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 5


def at_once(*calls):
    """What each call gave, or the class of what it raised, all begun at the same moment."""
    start = threading.Barrier(len(calls))

    def run(call):
        try:
            start.wait()
            return call()
        except (publishing.NotAllowed, IntegrityError, OperationalError) as error:
            return type(error)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


@pytest.fixture
def editor(practice):
    return people.editor()


@pytest.fixture
def clinicians(practice):
    return [people.clinician("elena-sample"), people.clinician("marcus-sample")]


@pytest.fixture
def in_review(editor, clinicians):
    version = library.draft(author=editor)
    publishing.submit(version, editor)
    return version


def fresh(version):
    return Version.objects.select_related("article").get(pk=version.pk)


def signing(version, clinician):
    day = timezone.localdate() + datetime.timedelta(days=90)
    row = fresh(version)
    return lambda: publishing.sign(row, clinician, seen_hash=version.document_hash, next_review=day)


def events(version):
    return sorted(version.events.exclude(kind__in=["created", "edited"]).values_list("kind", flat=True))


def test_of_two_who_sign_one_does(in_review, clinicians):
    results = at_once(*(signing(in_review, clinician) for clinician in clinicians * 2))

    version = fresh(in_review)
    assert sorted(results, key=str) == [publishing.NotAllowed] * 3 + [None]
    assert (version.signed_by.clinician, events(version)) == (version.reviewer, ["signed", "submitted"])


@pytest.mark.parametrize("_", range(ROUNDS))
def test_signed_or_sent_back_never_both(in_review, clinicians, editor, _):
    row = fresh(in_review)

    results = at_once(signing(in_review, clinicians[0]), lambda: publishing.send_back(row, editor, "A word."))

    version = fresh(in_review)
    assert results in ([None, publishing.NotAllowed], [publishing.NotAllowed, None])
    assert (version.status == "approved", version.byline is not None) == (results[0] is None,) * 2
    assert len(events(version)) == 2


def posting(user, address, data):
    def post():
        browser = Client(raise_request_exception=False)
        browser.force_login(user)
        return browser.post(address, data).status_code

    return post


@pytest.mark.parametrize("_", range(ROUNDS))
def test_what_is_saved_while_it_is_sent_is_in_the_frozen_words_or_refused(editor, clinicians, _):
    version = library.draft(author=editor)
    publishing.record(version, "edited", editor)
    address = reverse("admin:procedures_version_change", args=[version.pk])
    browser = Client()
    browser.force_login(editor)
    typed = people.typed(browser.get(address)) | {"risk_rows-0-text": "Changed.[^trial]", "title": "Changed"}
    row = fresh(version)

    saved, sent = at_once(posting(editor, address, typed), lambda: publishing.submit(row, editor))

    version = fresh(version)
    assert (sent, version.status) == (None, "in-review")
    frozen = (version.document["title"], version.document["risks"][0]["text"])
    assert frozen == (version.title, version.risk_rows.get().text)
    assert (saved == 302) == (version.title == "Changed")


@pytest.mark.parametrize("_", range(ROUNDS))
def test_a_page_taken_back_stays_so_whoever_moves_its_dates(in_review, clinicians, editor, _):
    signing(in_review, clinicians[0])()
    row, now = fresh(in_review), timezone.now()

    at_once(
        lambda: publishing.schedule(row, editor, live_from=now, live_until=None),
        lambda: publishing.withdraw(Article.objects.get(), editor),
    )

    assert fresh(in_review).status == "withdrawn"


@pytest.mark.parametrize("_", range(ROUNDS))
def test_no_sample_slips_in_behind_the_switch(editor, practice, _):
    version = library.draft(author=editor)

    def switch_off():
        with transaction.atomic():
            row = Practice.objects.get()
            row.sample_content = False
            row.save()

    at_once(switch_off, lambda: publishing.publish_sample(version, editor))

    assert fresh(version).status == "draft"
    assert Practice.objects.get().sample_content is False


@pytest.mark.parametrize("_", range(ROUNDS))
def test_the_switch_does_not_disturb_a_signature(in_review, clinicians, _):
    library.sample("other")

    def switch_off():
        with transaction.atomic():
            row = Practice.objects.get()
            row.sample_content = False
            row.save()

    results = at_once(switch_off, signing(in_review, clinicians[0]))

    assert results == [None, None]
    assert sorted(Version.objects.values_list("status", flat=True)) == ["approved", "draft"]


def test_of_drafts_started_at_once_there_is_one(editor, practice):
    article = Article.objects.create(kind="article", slug="new")
    address = reverse("admin:procedures_article_start_draft", args=[article.pk])

    statuses = at_once(*[posting(editor, address, {})] * 4)

    assert statuses == [302] * 4
    assert [(version.number, version.status) for version in Version.objects.all()] == [(1, "draft")]


def test_a_draft_that_is_sent_is_not_deleted(editor, clinicians):
    version = library.draft(author=editor)
    publishing.record(version, "edited", editor)
    address = reverse("admin:procedures_version_delete", args=[version.pk])
    row = fresh(version)

    def send():
        try:
            return publishing.submit(row, editor)
        except Version.DoesNotExist:
            return "gone"

    deleted, sent = at_once(posting(editor, address, {"post": "yes"}), send)

    assert (deleted == 302, Version.objects.exists()) == (sent == "gone", sent is None)


def upload():
    file = io.BytesIO()
    Image.effect_noise((500, 400), 60).convert("RGB").save(file, "PNG")
    file.size = file.tell()
    file.seek(0)
    return pictures.clean(file)


def test_a_picture_written_twice_at_once_is_there_once(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    cleaned = upload()

    results = at_once(*[lambda: pictures.write(cleaned)] * 3)

    assert results == [None] * 3
    assert [folder.name for folder in (tmp_path / "pictures").iterdir()] == [cleaned.digest]
