import json
import re

import pytest

from practice.models import Clinician
from procedures.models import Version
from tests.factories import ClinicianFactory
from tests.procedures import library

pytestmark = pytest.mark.django_db

FRAME = 4  # practice, its main office, that one's hours, closures
ADDRESS = "/clinicians/elena-sample/"


@pytest.fixture
def elena(practice):
    return ClinicianFactory(
        training="- Medical school: Sample University", license_number="ME 0000", languages="English, Spanish"
    )


def listed(client, address=ADDRESS):
    """The pages under "Pages they have checked", as addresses."""
    html = client.get(address).content.decode()
    return re.findall(r'<li><a href="([^"]+)">', html[html.index('id="checked"') : html.index('id="ask"')])


def test_clinician_page_tells_who_they_are(client, elena):
    html = client.get(ADDRESS).content.decode()

    page = " ".join(re.sub(r"<[^>]+>", " ", html).split())
    for words in (
        "Elena Sample, MD",
        "License ME 0000",
        "Speaks English, Spanish",
        "Medical school: Sample University",
    ):
        assert words in page
    assert "None yet. A name stands on a page only after" in page


def test_clinician_page_lists_live_pages_that_they_have_signed(client, elena):
    library.approved("mild", short_title="MILD")
    library.approved("sciatica", "condition", short_title="Back and leg pain")
    library.sample("kyphoplasty")
    library.draft("laminectomy")

    assert listed(client) == ["/conditions/sciatica/", "/procedures/mild/"]


def test_clinician_page_lists_nothing_that_a_colleague_has_signed(client, elena):
    ClinicianFactory(slug="marcus-sample", first_name="Marcus")
    library.approved()

    assert listed(client, "/clinicians/marcus-sample/") == []


def test_clinician_page_leaves_out_a_page_whose_words_have_changed(client, elena):
    version = library.approved()
    version.document["title"] = "Another title"
    Version.objects.filter(pk=version.pk).update(document=version.document)

    assert listed(client) == []


def test_clinician_page_leaves_out_an_older_version(client, elena):
    ClinicianFactory(slug="marcus-sample", first_name="Marcus")
    library.approved()
    newer = library.approved()
    Version.objects.filter(pk=newer.pk).update(reviewer=Clinician.objects.get(slug="marcus-sample"))

    assert (listed(client), listed(client, "/clinicians/marcus-sample/")) == ([], ["/procedures/mild/"])


def test_clinician_page_shows_a_page_in_the_language_of_the_reader(client, elena):
    library.approved("mild", short_title="MILD")
    library.approved("mild", language="es", short_title="MILD en español")

    assert "MILD en español" in client.get(f"/es{ADDRESS}").content.decode()
    assert "MILD en español" not in client.get(ADDRESS).content.decode()


@pytest.mark.parametrize(("credentials", "kind"), [("MD", "Physician"), ("RN", "Person")])
def test_clinician_page_tells_machines_who_it_is_about(client, elena, credentials, kind):
    Clinician.objects.update(credentials=credentials)

    html = client.get(ADDRESS).content.decode()
    person, way = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', html)[1])["@graph"]

    url = "https://practice.example.org/clinicians/elena-sample/"
    assert person == {
        "@type": kind,
        "@id": f"{url}#clinician",
        "name": f"Elena Sample, {credentials}",
        "url": url,
        "description": "Pain medicine",
        "knowsLanguage": ["English", "Spanish"],
        "memberOf": {"@id": "https://practice.example.org/#clinic"},
    }
    assert way["itemListElement"][-1]["item"] == url


def test_clinician_who_is_not_there_is_404(client, practice):
    assert client.get("/clinicians/nobody/").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_clinician_page_takes_two_queries_beside_the_frame(client, elena, django_assert_num_queries, count):
    for number in range(count):
        library.approved(f"page-{number}")

    with django_assert_num_queries(FRAME + 2):
        html = client.get(ADDRESS).content.decode()

    assert html.count('<a href="/procedures/page-') == count
