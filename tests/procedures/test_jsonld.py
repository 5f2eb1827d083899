import json
import re
from html import unescape

import pytest

from practice.models import Clinician, Practice
from procedures.models import Article
from tests.factories import ClinicianFactory
from tests.procedures import library
from tests.schemaorg import mistakes

pytestmark = pytest.mark.django_db

SCRIPT = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.DOTALL)
NOT_SHOWN = {"@context", "@type", "@id", "url", "item", "position", "inLanguage", "lastReviewed"}


def read(client, address):
    html = client.get(address).content.decode()
    return json.loads(SCRIPT.search(html)[1]), html


def types(graph):
    return [node["@type"] for node in graph["@graph"]]


def words(node, key=""):
    """Every text in the data that a reader should find on the page."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from words(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from words(value, key)
    elif key not in NOT_SHOWN:
        yield str(node)


@pytest.mark.parametrize(
    ("slug", "kind", "subject"),
    [
        ("mild", "procedure", "MedicalProcedure"),
        ("stenosis", "condition", "MedicalCondition"),
        ("opioids", "article", None),
    ],
)
def test_page_names_its_subject(client, practice, slug, kind, subject):
    library.sample(slug, kind)

    graph, _ = read(client, f"/{kind}s/{slug}/")

    assert types(graph) == ["MedicalWebPage", "MedicalClinic"]
    assert graph["@graph"][0].get("about", {}).get("@type") == subject
    assert graph["@graph"][0]["breadcrumb"]["itemListElement"][-1]["item"] == graph["@graph"][0]["url"]


def test_data_says_only_what_stands_on_the_page(client, practice):
    library.sample()

    graph, html = read(client, "/procedures/mild/")

    shown = " ".join(unescape(re.sub(r"<(?!meta)[^>]+>", " ", SCRIPT.sub("", html))).split())
    for text in words(graph):
        for piece in text.split("; "):
            assert piece in shown


def test_sample_names_no_physician(client, practice):
    library.sample()

    graph, _ = read(client, "/procedures/mild/")

    assert "Physician" not in json.dumps(graph)


@pytest.mark.parametrize(
    ("credentials", "kind"),
    [("MD", "Physician"), ("D.O., PhD", "Physician"), ("APRN", "Person"), ("PharmD", "Person"), ("DNP, RN", "Person")],
)
def test_signed_page_names_who_checked_it(client, practice, credentials, kind):
    Practice.objects.update(sample_content=False)
    version = library.approved()
    Clinician.objects.update(credentials=credentials)

    graph, _ = read(client, "/procedures/mild/")

    page = graph["@graph"][0]
    url = "https://practice.example.org/clinicians/elena-sample/"
    name = f"Elena Sample, {credentials}"
    assert page["reviewedBy"] == {"@type": kind, "@id": f"{url}#clinician", "name": name, "url": url}
    assert page["lastReviewed"] == version.reviewed_on.isoformat()


def test_no_word_ends_the_data(client, practice):
    library.sample(title="</script><script>alert(1)</script>", also_known_as="<!-- & -->")

    graph, html = read(client, "/procedures/mild/")

    assert graph["@graph"][0]["name"] == "</script><script>alert(1)</script>"
    assert html.count("</script>") == 1


# The terms


@pytest.fixture
def pages(practice):
    """Addresses with data of every kind that the site has."""
    Practice.objects.update(sample_content=False)
    condition = library.approved("stenosis", "condition").article
    Article.objects.create(kind="procedure", slug="mild").conditions.add(condition)
    library.approved("mild")
    library.approved("opioids", "article")
    ClinicianFactory()
    return [
        "/procedures/mild/",
        "/conditions/stenosis/",
        "/articles/opioids/",
        "/clinicians/elena-sample/",
        "/locations/main-office/",
    ]


def test_every_term_is_one_of_schema_org(client, pages):
    found = {address: mistakes(read(client, address)[0]) for address in pages}

    assert found == {address: [] for address in pages}


@pytest.mark.parametrize(
    ("node", "mistake"),
    [
        ({"@type": "MedicalArticle"}, "no type MedicalArticle"),
        ({"@type": "MedicalWebPage", "reviewer": "A"}, "MedicalWebPage has no reviewer"),
        ({"@type": "MedicalCondition", "howPerformed": "A"}, "MedicalCondition has no howPerformed"),
        (
            {"@type": "MedicalCondition", "possibleTreatment": {"@type": "MedicalProcedure", "name": "A"}},
            "possibleTreatment of MedicalCondition is no MedicalProcedure",
        ),
        ({"@type": "MedicalCondition", "possibleTreatment": "MILD"}, "possibleTreatment of MedicalCondition is no str"),
        ({"@type": "ListItem", "item": {"name": "A"}}, "['name'] without @type"),
    ],
)
def test_a_wrong_term_would_be_found(node, mistake):  # the control
    assert mistakes({"@context": "https://schema.org", "@graph": [node]}) == [mistake]


def test_a_term_of_a_type_above_is_right():  # the other control
    physician = {"@type": "Physician", "name": "A", "knowsLanguage": ["en"], "address": {"@type": "PostalAddress"}}

    assert mistakes({"@context": "https://schema.org", "@graph": [physician]}) == []


# What they say


def test_condition_names_the_treatments_on_its_page(client, pages):
    graph, html = read(client, "/conditions/stenosis/")

    url = "https://practice.example.org/procedures/mild/"
    assert graph["@graph"][0]["about"]["possibleTreatment"] == [{"@type": "MedicalTherapy", "name": "MILD", "url": url}]
    assert '<a href="/procedures/mild/">MILD</a>' in html


@pytest.mark.parametrize(
    ("title", "place"),
    [("Nerves of the lower back", "lower back"), ("A test shot at the back", "back"), ("Pain medicines", None)],
)
def test_procedure_says_where_it_is_done_if_its_title_does(client, practice, title, place):
    library.sample(title=title)

    graph, _ = read(client, "/procedures/mild/")

    assert graph["@graph"][0]["about"].get("bodyLocation") == place


# Translations

ENGLISH, SPANISH = (f"https://practice.example.org{path}/procedures/mild/" for path in ("", "/es"))
ALTERNATE = re.compile(r'<link rel="alternate" hreflang="([^"]+)" href="([^"]+)">')


@pytest.mark.parametrize("address", ["/procedures/mild/", "/es/procedures/mild/"])
def test_page_names_its_translations(client, practice, address):
    library.sample("mild")
    library.sample("mild", language="es")

    html = client.get(address).content.decode()

    assert ALTERNATE.findall(html) == [("en", ENGLISH), ("es", SPANISH), ("x-default", ENGLISH)]


def test_page_without_a_translation_names_none(client, practice):
    library.sample("mild")
    library.draft("mild", language="es")

    assert ALTERNATE.findall(client.get("/procedures/mild/").content.decode()) == []


def test_sitemap_names_translations(client, practice):
    library.sample("mild")
    library.sample("mild", language="es")

    sitemap = client.get("/sitemap.xml").content.decode()

    entries = re.findall(r"<loc>([^<]+/procedures/mild/)</loc>", sitemap)
    alternates = re.findall(r'hreflang="([^"]+)" href="([^"]+)"', sitemap)
    assert sorted(entries) == sorted([ENGLISH, SPANISH])
    assert alternates == 2 * [("en", ENGLISH), ("es", SPANISH), ("x-default", ENGLISH)]
