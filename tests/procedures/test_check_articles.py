import datetime
import io
import shutil

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from procedures.management.commands import check_articles
from procedures.models import Article, Source, Version
from procedures.services import publishing
from tests.procedures import library

pytestmark = pytest.mark.django_db


def lines(*arguments):
    """(what the command said, whether it ended well)."""
    out = io.StringIO()
    try:
        call_command("check_articles", *arguments, stdout=out)
    except CommandError:
        return out.getvalue().splitlines(), False
    return out.getvalue().splitlines(), True


@pytest.fixture
def content(tmp_path, monkeypatch):
    """The starter files, to be changed."""
    folder = tmp_path / "content"
    shutil.copytree(settings.BASE_DIR / "content", folder)
    monkeypatch.setattr(check_articles, "CONTENT", folder)
    return folder


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


# The files


def test_starter_articles_pass_and_nothing_is_saved():
    said, is_well = lines("--content")

    files = [path for folder in check_articles.FOLDERS for path in (check_articles.CONTENT / folder).glob("*.toml")]
    assert (is_well, [line for line in said if "MEND" in line]) == (True, [])
    assert said[-1].startswith(f"{len(files)} pages. To mend: 0. ")
    assert (Article.objects.count(), Version.objects.count(), Source.objects.count()) == (0, 0, 0)


def test_file_that_cannot_be_shown_ends_badly_and_the_others_are_checked_too(content):
    change(
        content / "procedures/mild.toml", "Most people go home the same day.[^hayes]", "You go home within 24 hours."
    )

    said, is_well = lines("--content")

    assert is_well is False
    assert [line for line in said if "MEND" in line] == [
        "  MEND  facts 5: “24” needs a source: put [^key] behind it. Or say it without the number, or leave it out.",
        "  MEND  facts 5 value: The comparison of treatments shows this: put [^key] behind it, or leave it out.",
    ]
    assert any(line.startswith("opioid-pain-medicines (en), file ") for line in said)


def test_file_with_a_word_that_does_not_fit_is_named(content):
    change(content / "procedures/mild.toml", 'short_title = "MILD"', f'short_title = "{"M" * 61}"')

    said, is_well = lines("--content")

    assert is_well is False
    assert [line for line in said if "MEND" in line] == [
        "  MEND  file: short_title: Ensure this value has at most 60 characters (it has 61)."
    ]


def test_advice_alone_ends_well(content):
    change(content / "procedures/mild.toml", "Only an exam and a scan can tell.", "Only then do we utilize it.")

    said, is_well = lines("--content")

    words = "“utilize” is a hard word. Write “use”, or explain it in brackets right after it."
    assert (is_well, f"  look  sections for-me: {words}" in said) == (True, True)


# The database


def test_site_without_articles_is_well(practice):
    assert lines()[1] is True


def test_live_and_open_versions_are_checked_and_counted(practice):
    library.sample("mild")
    library.draft("kyphoplasty")

    said, is_well = lines()

    rows = [line.split() for line in said if ", sample " in line or ", draft " in line]
    assert [row[:4] for row in rows] == [["mild", "(en)", "v1,", "sample"], ["kyphoplasty", "(en)", "v1,", "draft"]]
    assert rows[0][-2:] == ["0", "0"]
    assert (said[-1], is_well) == ("2 pages. To mend: 0. Advice: 0.", True)


def test_draft_that_could_not_be_shown_ends_badly(practice):
    library.draft().risk_rows.all().delete()

    said, is_well = lines()

    assert (is_well, "  MEND  risks: At least one row is needed." in said) == (False, True)


def test_live_page_whose_link_died_since_is_found(practice):
    version = library.draft()
    other = library.draft("sciatica", "condition")
    version.section_rows.filter(kind="cost").update(body="See [this](/conditions/sciatica/).")
    publishing.publish_sample(version)
    other.delete()
    other.article.delete()

    said, is_well = lines()

    assert is_well is False
    assert any(line.startswith("  MEND  sections cost: “/conditions/sciatica/” leads nowhere.") for line in said)


def test_version_that_was_changed_after_it_was_signed_is_found(practice):
    version = library.approved()
    assert lines()[1] is True

    Version.objects.filter(pk=version.pk).update(document=version.document | {"teaser": "Other words."})

    said, is_well = lines()
    found = f"{version}: changed since it was signed. No name stands under it; have it signed again."
    assert (is_well, found in said) == (False, True)


def test_overdue_reviews_and_expired_sources_are_named_with_their_pages(practice):
    version = library.approved()
    today = timezone.localdate()
    Version.objects.filter(pk=version.pk).update(
        reviewed_on=today - datetime.timedelta(days=9), next_review=today - datetime.timedelta(days=2)
    )
    Source.objects.filter(key="trial").update(checked_on="2025-01-01", expires_on="2026-01-01")
    library.source("unused", checked_on=datetime.date(2025, 1, 1), expires_on=datetime.date(2026, 1, 1))

    said, is_well = lines()

    assert is_well is True
    assert f"{version}: was to be checked again by {today - datetime.timedelta(days=2)}." in said
    assert f"Source trial: was to be read again by 2026-01-01. Used by: {version}." in said
    assert "Source unused: was to be read again by 2026-01-01. Used by: no page that readers see." in said
