"""What the gate keeps from readers for how it is built: pictures, headings, links, the emergency card."""

import pytest
from django.conf import settings

from procedures.anatomy import ANATOMY, ArticleKind
from procedures.gate import Site, blocks
from tests.procedures.documents import document, with_section

SITE = Site(
    frozenset({("condition", "sciatica"), ("procedure", "mild"), ("article", "opioids"), ("condition", "old-name")})
)


def found(page):
    return [finding.where for finding in blocks(page, SITE)]


# Sections


@pytest.mark.parametrize("body", ["", " \n"])
@pytest.mark.parametrize(("kind", "places"), [("cost", ["sections cost"]), ("risks", [])])
def test_a_section_without_rows_has_words(kind, places, body):
    assert found(with_section(body, kind=kind)) == places


# Languages


@pytest.mark.parametrize(("language", "places"), [("es", ["sections 10 body"]), ("en", [])])
def test_a_translation_whose_words_are_still_english_is_held_back(language, places):
    page = with_section("You can go home the same day. Somebody has to be with you.", language=language)

    assert found(page) == places


@pytest.mark.parametrize(
    ("language", "body"),
    [
        ("es", "Usted puede irse a casa el mismo día, con la guía “Management of the Spine and the Nerves”."),
        ("en", "Usted puede irse a casa el mismo día, con la guía de su clínica."),
    ],
)
def test_some_words_of_the_other_language_may_stand_on_a_page(language, body):
    assert found(with_section(body, language=language)) == []


# Pictures


@pytest.mark.parametrize(
    "alt",
    [
        "IMG_2031.jpg",
        "spine.png",
        "DSC 0042",
        "picture 1",
        "Screenshot 2026-11-20",
        "foto",
        "A canal",
        "A normal, canal!",
    ],
)
def test_picture_is_described_in_words(alt):
    page = document()

    page["pictures"][0] |= {"alt": alt, "caption": "A normal canal"}

    assert found(page) == ["pictures 1 alt"]


def test_a_described_picture_and_a_decorative_one_pass():
    page = document()
    page["pictures"][0] |= {"alt": "The bone from above, with a roomy canal.", "caption": "A normal canal"}
    page["pictures"].append(page["pictures"][0] | {"alt": "", "decorative": True})

    assert found(page) == []


# Headings


@pytest.mark.parametrize("body", ["### One\n\nText.\n\n#### Two\n\nText.\n\n### Three\n\nText.", "Text without any."])
def test_headings_in_order_pass(body):
    assert found(with_section(body)) == []


@pytest.mark.parametrize("body", ["# One", "## One", "#### One", "### One\n\n##### Two", "Text.\n\n### One\n\n## Two"])
def test_headings_out_of_order_are_held_back(body):
    assert found(with_section(body)) == ["sections cost"]


def test_a_row_has_no_heading():
    page = document()

    page["steps_before"][0]["text"] = "### Before\n\nEat."

    assert found(page) == ["steps_before 1 text"]


# Links


@pytest.mark.parametrize(
    "target",
    [
        "/conditions/sciatica/",
        "/conditions/old-name/",
        "/procedures/mild/#risks",
        "/procedures/?page=1",
        "/es/procedures/mild/",
        "/urgent/",
        "/",
        "#risks",
        "#questions",
        "https://example.org/page",
        "mailto:office@example.org",
        "tel:+18135550100",
        "{public}/conditions/sciatica/",
    ],
)
def test_link_that_leads_somewhere_passes(target):
    target = target.replace("{public}", settings.PUBLIC_URL)

    assert found(with_section(f"See [this]({target}).")) == []


@pytest.mark.parametrize(
    "target",
    [
        "/conditions/nothing/",
        "/conditions/mild/",
        "/nowhere/",
        "/urgent",
        "{public}/nowhere/",
        "#nowhere",
        "http://example.org/",
        "javascript:alert(x)",
        "data:text/html,x",
        "//example.org/",
        "conditions/sciatica/",
        "https://[",
    ],
)
def test_link_that_leads_nowhere_is_held_back(target):
    target = target.replace("{public}", settings.PUBLIC_URL)

    assert found(with_section(f"See [this]({target}).")) == ["sections cost"]


def test_pages_that_rows_name_exist():
    page = document()
    page["choices"][0]["slug"] = "nothing"
    page["conditions"], page["related"] = ["sciatica", "mild"], ["mild", "nowhere"]

    assert found(page) == ["conditions", "related", "choices 1 slug"]


# The emergency card


@pytest.mark.parametrize(
    "text",
    [
        "Back pain is common.",
        "It helps people with leg pain.",
        "Pain in your neck can spread.",
        "Your lower back has five bones.",
        "The spine bends.",
        "A slipped disc can press on a nerve.",
        "Le duele la espalda.",
        "Tiene dolor en las piernas.",
        "La columna se dobla.",
    ],
)
def test_page_about_the_spine_shows_the_emergency_card(text):
    page = with_section(text, also_known_as="", spine=False)

    assert found(page) == ["spine"]
    assert found(page | {"spine": True}) == []


@pytest.mark.parametrize(
    "text", ["Come back in a week.", "The knee hurts.", "Sit down and put a leg up.", "La rodilla."]
)
def test_another_page_needs_no_card(text):
    assert found(with_section(text, also_known_as="", spine=False)) == []


def test_page_of_a_spine_condition_shows_the_card():
    page = document(also_known_as="", spine=False) | {"conditions": ["sciatica"]}

    assert found(page) == ["spine"]


# Facts of an article are no cells of the table


def test_article_may_say_a_fact_without_a_source():
    page = document() | {
        "kind": ArticleKind.ARTICLE,
        "fits": [],
        "steps_before": [],
        "steps_day": [],
        "steps_after": [],
    }
    page["sections"] = [{"kind": part.kind, "body": "Words.", "order": 0} for part in ANATOMY[ArticleKind.ARTICLE]]
    page["facts"] = [{"kind": "main-risk", "value": "Falls", "order": 1}]

    assert found(page) == []
