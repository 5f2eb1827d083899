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
    assert found["risks 1 text"].new == []


def test_sections_go_by_their_kind(document):
    moved = document | {"sections": list(reversed(document["sections"]))}

    assert differences(document, moved) == []


def test_sources_go_by_their_key(document):
    changed = document | {"sources": [row | {"title": "New"} for row in document["sources"] if row["key"] == "book"]}

    places = [difference.where for difference in differences(document, changed)]

    assert "sources book title" in places
    assert "sources trial title" in places
