"""What the gate keeps from readers for what it says."""

import pytest

from procedures.gate import Site, blocks
from tests.procedures.documents import document, with_section

NOWHERE = Site()


def found(page, site=NOWHERE):
    return [finding.where for finding in blocks(page, site)]


def test_a_whole_page_passes():
    assert blocks(document(), NOWHERE) == []


# A source behind every number, and behind what the FDA or a payer does

UNCITED = [
    "It takes 20 minutes.",
    "About 9 of 75 people had surgery.",
    "It helped 57% of them.",
    "Wait 2-3 days.",
    "You are 65 or older.",
    "The FDA looked at the tools.",
    "The Food and Drug Administration looked at the tools.",
    "Medicare may pay for this.",
    "Other insurers may not pay.",
    "Your plan covers most of it.",
    "Most of it is covered by Medicare.",
    "Medicare reimburses the center.",
    "Call 911 within 10 minutes.",
    "It helped 988 people.",
    "It helped 911 of them.",
    "It began in mid-2024.",
    "Dura 20 minutos.",
    "La FDA vio las herramientas.",
    "Medicare puede pagar esto.",
    "Su seguro cubre la visita.",
    "Los gastos son pagados o cubiertos por Medicare.",
]
NO_STATEMENT = [
    "Call 911.",
    "Call or text 988 at any hour.",
    "Call us at (813) 555-0100 or 813-555-0100, or 1-800-555-0100.",
    "The nerve at L4-L5 or L4/5, and at S1, T12-L1, vitamin B12 and COVID-19.",
    "It takes two weeks.",
    "Ask your plan whether it pays.",
    "Ask Medicare what it covers.",
    "Does Medicare pay for this?",
    "If Medicare does not pay, ask us for a written estimate.",
    "We will check whether Medicare pays.",
    "Plan for a day at home, and keep the bandage covered.",
    "Pay attention to your plan.",
    "Llame al 911.",
    "Pregunte a su seguro si paga.",
    "1. First ask.\n2. Then decide.",
]


@pytest.mark.parametrize("text", UNCITED)
def test_statement_without_a_source_is_held_back(text):
    assert found(with_section(text)) == ["sections cost"]


@pytest.mark.parametrize("text", UNCITED)
def test_statement_with_its_source_passes(text):
    assert found(with_section(f"{text}[^trial]")) == []


@pytest.mark.parametrize("text", NO_STATEMENT)
def test_what_states_nothing_needs_no_source(text):
    assert found(with_section(text)) == []


@pytest.mark.parametrize(
    ("body", "held_back"),
    [
        ("It takes 20 minutes. It is short.[^trial]", False),
        ("It takes 20 minutes.\n\nIt is short.[^trial]", True),
        ("- It takes 20 minutes.\n- It is short.[^trial]", True),
        ("- It takes 20 minutes.[^trial]\n- It is short.", False),
        ("It takes **20** minutes.", True),
    ],
    ids=["same paragraph", "another paragraph", "another item", "same item", "bold"],
)
def test_source_stands_in_the_same_paragraph_or_item(body, held_back):
    assert found(with_section(body)) == (["sections cost"] if held_back else [])


@pytest.mark.parametrize(
    ("key", "field", "where"),
    [
        ("facts", "value", ["facts 1", "facts 1 value"]),
        ("fits", "text", ["fits 1"]),
        ("choices", "keep_in_mind", ["choices 1 keep_in_mind"]),
        ("steps_before", "text", ["steps_before 1 text"]),
        ("questions", "answer", ["questions 1 answer"]),
        ("pictures", "caption", ["pictures 1 caption"]),
    ],
)
def test_statement_in_a_row_is_held_back(key, field, where):
    page = document()

    page[key][0][field] = "It takes 20 minutes."

    assert found(page) == where


@pytest.mark.parametrize(("key", "field"), [("outcomes", "limits"), ("risks", "what_we_do")])
def test_a_row_that_is_one_statement_has_one_source(key, field):
    page = document()

    page[key][0][field] = "It took 20 minutes."

    assert found(page) == []


def test_outcome_without_a_source_is_held_back():
    page = document()

    page["outcomes"][0]["result"] = "The others did not."

    assert found(page) == ["outcomes 1"]


@pytest.mark.parametrize(("key", "field"), [("steps_before", "title"), ("questions", "question"), ("asks", "question")])
def test_labels_and_questions_need_no_source(key, field):
    page = document()

    page[key][0][field] = "Does it take 14 days, and does Medicare pay?"

    assert found(page) == []


@pytest.mark.parametrize("name", ["teaser", "seo_description"])
def test_what_is_shown_alone_holds_no_number(name):
    assert found(document(**{name: "It helped 8 in 10 people."})) == [name]


def test_summary_and_interests_need_a_source():
    assert found(document(summary="It helped 8 in 10.", interests="Medicare pays us.")) == ["summary", "interests"]


def test_finding_names_the_words_and_the_way_to_mend_them():
    (finding,) = blocks(with_section("It takes 20 minutes."), NOWHERE)

    assert str(finding) == (
        "sections cost: “20” needs a source: put [^key] behind it. Or say it without the number, or leave it out."
    )


def test_a_row_about_the_fda_has_a_source_in_its_note():
    page = document()

    page["regulators"][0]["note"] = "The tools."

    assert found(page) == ["regulators 1 note"]


def test_what_the_table_of_treatments_shows_has_a_source():
    page = document()

    page["facts"][0]["value"] = "A thick ligament"

    assert found(page) == ["facts 1 value"]


# What the evidence does not bear

FORBIDDEN = [
    "The device is FDA approved.",
    "An FDA-approved device.",
    "It was approved by the FDA.",
    "It is approved by the US FDA.",
    "The FDA has approved it.",
    "The Food and Drug Administration approved it.",
    "It has FDA approval.",
    "It won the approval of the FDA.",
    "This is not new: it is FDA approved.",
    "It is not only FDA approved.",
    "It is FDA approved and does not hurt.",
    "Está aprobado por la FDA.",
    "La FDA ha aprobado el aparato.",
    "Tiene la aprobación de la FDA.",
    "Medicare covers it nationwide.",
    "It is covered by Medicare in all states and covered nationwide.",
    "Medicare lo cubre en todo el país.",
    "It has an 80% success rate.",
    "The success rate is 79 percent.",
    "Tiene 80% de éxito.",
    "It is 100% safe.",
    "The procedure is safe.",
    "It is very safe and quick.",
    "It is a risk-free choice.",
    "El procedimiento es seguro.",
    "You will be pain free.",
    "After the procedure you will be pain free.",
    "Patients who come here can walk pain-free.",
    "Live a pain-free life.",
    "We guarantee relief.",
    "You don't have to suffer.",
    "You do not have to live with pain.",
    "It will end your pain.",
    "Va a quedar sin dolor.",
    "Le garantizamos alivio.",
]
ALLOWED = [
    "It is not FDA approved.",
    "It was not approved by the FDA.",
    "The FDA has not approved it.",
    "Clearance is not the same as FDA approval.",
    "That is less than FDA approval.",
    "FDA approval was not needed.",
    "It was sold without FDA approval.",
    "Is it FDA approved?",
    "Ask whether it is FDA approved.",
    "The FDA cleared the tools.",
    "Medicare may pay as part of a study that Medicare has approved.",
    "No está aprobado por la FDA.",
    "La FDA no ha aprobado el aparato.",
    "Medicare does not cover it nationwide.",
    "About 8 of 10 parts (80%) of the pain must go.",
    "Nobody can say that it is safe.",
    "Ask what is safe for you.",
    "Ask when it is safe to drive.",
    "Wait until it is safe.",
    "Ask your doctor if you can take it and if it is safe.",
    "No treatment is risk-free.",
    "We cannot guarantee relief.",
    "Nobody will be pain free.",
    "No podemos garantizar alivio.",
    "The risk of bleeding is small.",
]


@pytest.mark.parametrize("text", FORBIDDEN)
def test_what_the_evidence_does_not_bear_is_held_back(text):
    assert found(with_section(f"{text}[^trial]")) == ["sections cost"]


@pytest.mark.parametrize("text", ALLOWED)
def test_honest_words_pass(text):
    assert found(with_section(f"{text}[^trial]")) == []


@pytest.mark.parametrize("name", ["title", "teaser", "seo_title", "seo_description", "what_changed", "also_known_as"])
def test_titles_and_teasers_claim_no_approval(name):
    page = document()
    page[name] = "The device is approved by the FDA"

    assert name in found(page)


def test_typed_data_of_an_approval_allows_the_word():
    page = with_section("The device is FDA approved.[^trial] It is safe.")
    page["regulators"][0] |= {"status": "approved", "number": "P123456"}

    assert [finding.what[:9] for finding in blocks(page, NOWHERE)] == ["“is safe”"]
