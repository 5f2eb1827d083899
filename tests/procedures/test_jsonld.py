import json
import re
from html import unescape

import pytest

from practice.models import Clinician, Practice
from tests.procedures import library

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
