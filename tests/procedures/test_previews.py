import datetime

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from procedures import previews
from procedures.models import Source, Version
from procedures.services import publishing
from tests.procedures import library, people

pytestmark = pytest.mark.django_db


def test_a_preview_is_the_public_page_and_never_kept(client, practice):
    version = library.draft(title="Words that nobody has signed")

    response = client.get(previews.path_of(version))

    html = response.content.decode()
    assert (response.status_code, response["X-Robots-Tag"]) == (200, "noindex")
    assert "no-store" in response["Cache-Control"]
    assert "<h1>Words that nobody has signed</h1>" in html
    assert '<meta name="robots" content="noindex">' in html
    assert "<strong>Preview</strong>" in html
    assert client.get("/procedures/mild/").status_code == 404


def test_a_preview_shows_a_draft_that_is_not_whole(client, practice):
    version = library.draft()
    version.section_rows.all().delete()

    assert client.get(previews.path_of(version)).status_code == 200


def test_a_preview_shows_words_that_stand_only_in_the_table(client, practice):
    version = library.draft()
    version.fact_rows.create(kind="main-risk", value="Bleeding.[^trial]")

    assert "<dt>Main risk</dt><dd>Bleeding." in client.get(previews.path_of(version)).content.decode()


@pytest.mark.parametrize("change", ["a word", "a row", "a source"])
def test_the_link_ends_when_the_text_changes(client, practice, change):
    version = library.draft()
    link = previews.path_of(version)
    if change == "a word":
        Version.objects.update(title="Another title")
    elif change == "a row":
        version.risk_rows.update(text="Other words.[^trial]")
    else:
        Source.objects.filter(key="trial").update(title="Another title")

    response = client.get(link)

    assert (response.status_code, "no-store" in response["Cache-Control"]) == (410, True)
    assert "This link has ended" in response.content.decode()


def test_the_link_ends_after_a_week(client, practice):
    version = library.draft()
    link = previews.path_of(version)

    with time_machine.travel(timezone.now() + previews.LIFE - datetime.timedelta(minutes=1)):
        assert client.get(link).status_code == 200
    with time_machine.travel(timezone.now() + previews.LIFE + datetime.timedelta(minutes=1)):
        assert client.get(link).status_code == 410


@pytest.mark.parametrize("token", ["x", "a:b:c", "é" * 50])
def test_a_made_up_link_has_ended(client, practice, token):
    assert client.get(f"/preview/{token}/").status_code == 410


def test_a_link_to_a_deleted_draft_has_ended(client, practice):
    version = library.draft()
    link = previews.path_of(version)
    version.delete()

    assert client.get(link).status_code == 410


def test_staff_come_to_the_preview_from_the_admin(client, practice):
    version = library.draft()
    client.force_login(people.editor())

    response = client.get(reverse("admin:procedures_version_preview", args=[version.pk]))

    assert client.get(response["Location"]).status_code == 200


def test_a_page_in_review_previews_the_frozen_words(client, practice):
    editor = people.editor()
    version = library.draft(author=editor)
    publishing.submit(version, editor)
    version.risk_rows.update(text="Changed past the site.")

    html = client.get(previews.path_of(version)).content.decode()

    assert "Changed past the site." not in html
    assert "Bleeding." in html


def test_a_preview_of_a_translation_is_in_its_language(client, practice):
    translation = publishing.start_translation(library.sample(), "es")

    link = previews.path_of(translation)
    html = client.get(link).content.decode()

    assert link.startswith("/es/preview/")
    assert "todavía no está en español" not in html
    assert '<html lang="es">' in html
