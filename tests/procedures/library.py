"""Articles for tests: drafts with a row of every kind, samples and signed pages. Sources and words are made up."""

import datetime
import itertools

from django.utils import timezone

from procedures.anatomy import ANATOMY, ArticleKind
from procedures.canonical import document_hash
from procedures.freeze import freeze
from procedures.models import Article, Source, Version
from procedures.services import publishing
from tests.factories import ClinicianFactory, UserFactory

WORDS = {
    "title": "Making room for nerves",
    "also_known_as": "Minimally invasive lumbar decompression",
    "short_title": "MILD",
    "seo_title": "MILD",
    "seo_description": "What it is.",
    "teaser": "A doctor makes room through a small opening.",
    "summary": "Some people had less pain.[^trial] Not everyone got better.",
    "author_name": "Starter content",
    "interests": "We earn money when we do this procedure.",
    "what_changed": "First version.",
}
ROWS = {
    "fact_rows": [{"kind": "for", "value": "A thick ligament[^book]"}],
    "regulator_rows": [
        {
            "device": "Sample kit",
            "status": "cleared",
            "number": "K123456",
            "decided_on": datetime.date(2024, 5, 6),
            "note": "The tools.[^book]",
        }
    ],
    "pictureuse_rows": [
        {"section": "what-is-it", "drawing": "canal-normal", "alt": "A bone from above.", "caption": "A canal"}
    ],
    "fit_rows": [{"fits": True, "text": "A scan shows it"}, {"fits": False, "text": "A slipped disc is the cause"}],
    "choice_rows": [
        {
            "name": "Doing nothing for now",
            "what_it_is": "Wait.",
            "what_studies_found": "It varies.",
            "keep_in_mind": "Rest.",
        }
    ],
    "outcome_rows": [
        {
            "finding": "9 of 75 people had surgery later",
            "measure": "Surgery",
            "people": "75 people",
            "comparison": "With nobody",
            "timing": "Five years",
            "count": 9,
            "total": 75,
            "happened": "had surgery later",
            "did_not_happen": "did not",
            "result": "That is 12 in 100.[^trial]",
            "limits": "It does not tell how the others felt.",
            "paid_by": "The maker",
        }
    ],
    "risk_rows": [{"frequency": "rare", "text": "Bleeding.[^trial]", "what_we_do": "We ask first."}],
    "step_rows": [
        {"phase": "before", "day": -14, "title": "Two weeks before", "text": "Tell us your medicines."},
        {"phase": "day", "day": 0, "title": "You lie face down", "text": "Your skin is numbed."},
        {"phase": "after", "day": 1, "title": "The days after", "text": "Walk a little."},
    ],
    "question_rows": [{"question": "Does it hurt?", "answer": "A little."}, {"question": "What if I wait?"}],
}
NEEDED = {"fits": "fit_rows", "choices": "choice_rows", "outcomes": "outcome_rows", "risks": "risk_rows"}
ANYWHERE = ("fact_rows", "regulator_rows", "pictureuse_rows", "question_rows")

_numbers = itertools.count(1)


def source(key, **fields):
    defaults = {
        "title": f"Title of {key}",
        "authors": "Sample A",
        "year": 2022,
        "link": f"https://example.org/{key}",
        "kind": "trial",
        "checked_on": datetime.date(2026, 11, 20),
        "expires_on": datetime.date(2099, 1, 1),
    }
    return Source.objects.get_or_create(key=key, defaults=defaults | fields)[0]


def draft(slug="mild", kind=ArticleKind.PROCEDURE, language="en", **words):
    """A draft that can be frozen, with a row of every kind that such a page has."""
    source("trial"), source("book", kind="reference")
    article, _ = Article.objects.get_or_create(slug=slug, language=language, defaults={"kind": kind})
    version = Version.objects.create(article=article, number=article.versions.count() + 1, **WORDS | words)
    for part in ANATOMY[kind]:
        version.section_rows.create(kind=part.kind, body=f"About {part.kind}.")
    needed = [NEEDED[part.rows] for part in ANATOMY[kind] if part.rows in NEEDED]
    steps = ["step_rows"] if kind == ArticleKind.PROCEDURE else []
    for name in (*ANYWHERE, *needed, *steps):
        for order, fields in enumerate(ROWS[name], start=1):
            getattr(version, name).create(order=order, **fields)
    return version


def sample(slug="mild", kind=ArticleKind.PROCEDURE, **words):
    """A page as `seed` publishes it."""
    version = draft(slug, kind, **words)
    publishing.show_as_sample(version, freeze(version))
    return version


def approved(slug="mild", kind=ArticleKind.PROCEDURE, **words):
    """A page that a clinician has signed."""
    version = draft(slug, kind, **words)
    version.document = freeze(version)
    version.document_hash = document_hash(version.document)
    version.reviewer = ClinicianFactory()
    version.signed_by = UserFactory()
    version.reviewed_on = timezone.localdate() - datetime.timedelta(days=1)
    version.next_review = version.reviewed_on + datetime.timedelta(days=365)
    version.live_from = timezone.now()
    version.status = Version.Status.APPROVED
    version.save()
    return version
