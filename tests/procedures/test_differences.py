import pytest

from procedures.differences import Difference, differences
from procedures.document import build, draft_of
from tests.procedures import library

pytestmark = pytest.mark.django_db


@pytest.fixture
def document():
    return build(draft_of(library.draft()))


def test_the_same_document_has_none(document):
    assert differences(document, document) == []


def test_a_changed_word_is_marked_on_both_sides(document):
    changed = document | {"title": "Making space for nerves"}

    assert differences(document, changed) == [
        Difference(
            "title",
            [("Making ", False), ("room", True), (" for nerves", False)],
            [("Making ", False), ("space", True), (" for nerves", False)],
        )
    ]


def test_a_new_row_and_a_lost_row_are_shown(document):
    changed = document | {"fits": [*document["fits"], {"fits": True, "text": "A new row"}], "risks": []}

    found = {difference.where: difference for difference in differences(document, changed)}

    assert found["fits 3 text"] == Difference("fits 3 text", [], [("A new row", True)])
    assert found["risks 1_gone text"].new == []


def risk(text):
    return {"frequency": "rare", "text": text, "what_we_do": "We look."}


@pytest.mark.parametrize(
    ("before", "after", "places"),
    [
        ("abc", "xabc", ["risks 1 frequency", "risks 1 text", "risks 1 what_we_do"]),
        ("abc", "abxc", ["risks 3 frequency", "risks 3 text", "risks 3 what_we_do"]),
        ("abc", "ac", ["risks 2_gone frequency", "risks 2_gone text", "risks 2_gone what_we_do"]),
        ("abc", "axc", ["risks 2 text"]),
    ],
)
def test_rows_that_only_moved_are_no_difference(document, before, after, places):
    old, new = ({**document, "risks": [risk(text) for text in texts]} for texts in (before, after))

    assert [difference.where for difference in differences(old, new)] == places


def test_a_new_source_does_not_show_the_others_with_new_numbers(document):
    sources = [row | {"number": row["number"] + 1} for row in document["sources"]]

    assert differences(document, document | {"sources": sources}) == []


def test_sections_go_by_their_kind(document):
    moved = document | {"sections": list(reversed(document["sections"]))}

    assert differences(document, moved) == []


def test_sources_go_by_their_key(document):
    changed = document | {"sources": [row | {"title": "New"} for row in document["sources"] if row["key"] == "book"]}

    places = [difference.where for difference in differences(document, changed)]

    assert "sources book title" in places
    assert "sources trial title" in places
