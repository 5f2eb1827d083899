import io
import json
import tomllib

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from practice.models import Clinician, Location, Notice, Practice
from practice.services import read_card
from procedures.anatomy import ArticleKind
from procedures.models import Article, Version

pytestmark = pytest.mark.django_db

CONTENT = settings.BASE_DIR / "content"
FILES = [tomllib.loads(path.read_text()) for path in CONTENT.rglob("*.toml")]
LIBRARY = {(data["slug"], data["language"]) for data in FILES if data.get("kind") in ArticleKind.values}


def seed(*arguments):
    out = io.StringIO()
    call_command("seed", *arguments, stdout=out)
    return out.getvalue()


def test_seed_fills_an_empty_site_and_says_what_it_did():
    said = seed()

    loaded = {f"Article: {slug} ({language}): added" for slug, language in LIBRARY}
    assert {line for line in said.splitlines() if line.startswith("Article: ")} == loaded
    assert set(Article.objects.values_list("slug", "language")) == LIBRARY
    assert set(Version.objects.values_list("status", "reviewer")) == {("sample", None)}
    assert Location.objects.get().hours_lines == ["Mon to Fri, 8 a.m. to 5 p.m."]
    assert (Clinician.objects.count(), Notice.objects.count()) == (3, 8)
    assert read_card()["phone_display"] == "813-555-0100"


def test_seed_again_overwrites_nothing():
    seed()
    Practice.objects.update(name="An editor's name")
    Notice.objects.update(title="An editor's title")
    Location.objects.get().opening_hours.filter(weekday=0).delete()

    said = seed()

    assert "Article: mild (en): unchanged" in said
    assert Practice.objects.get().name == "An editor's name"
    assert set(Notice.objects.values_list("title", flat=True)) == {"An editor's title"}
    assert Location.objects.get().opening_hours.count() == 4


@pytest.mark.parametrize(
    "address", ["/procedures/mild/", "/conditions/lumbar-spinal-stenosis/", "/articles/opioid-pain-medicines/"]
)
def test_starter_pages_are_shown(client, address):
    seed()

    response = client.get(address)

    assert response.status_code == 200
    assert "Not yet checked by a clinician." in response.content.decode()


def test_starter_pages_make_none_of_the_unsupported_claims(client):
    seed()

    page = client.get("/procedures/mild/").content.decode()

    for claim in ("FDA approved", "FDA-approved", "80%", "79%", "covered nationwide", "pain free", "pain-free"):
        assert claim not in page


def test_seed_demo_writes_accounts_for_their_owner_only(settings):
    settings.DEBUG = True  # production has no demo accounts

    seed("--demo")

    path = settings.VAR_DIR / "demo-accounts.json"
    assert json.loads(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600


def test_seed_demo_is_refused_in_production_with_a_sentence():
    with pytest.raises(CommandError, match="APOLLO_DEBUG=1"):
        seed("--demo")
