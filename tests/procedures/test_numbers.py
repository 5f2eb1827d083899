import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from procedures.models import Version
from procedures.numbers import Share, day_in_words, drawn, in_words, share
from tests.procedures import library

HAD, HAD_NOT = "had open surgery within five years", "did not"


@pytest.mark.parametrize(
    ("count", "total", "said"),
    [
        (9, 75, Share("about", 1, 10)),
        (66, 75, Share("about", 9, 10)),
        (57, 100, Share("about", 6, 10)),
        (50, 100, Share("exactly", 5, 10)),
        (15, 100, Share("exactly", 15, 100)),  # 2 in 10 would be a third more
        (29, 2229, Share("about", 13, 1000)),
        (1, 75, Share("about", 1, 100)),  # 75 people cannot tell how many in 1,000
        (1, 149, Share("fewer", 1, 100)),
        (148, 149, Share("more", 99, 100)),
        (1, 5000, Share("fewer", 1, 1000)),
        (1, 2, Share("exactly", 5, 10)),
    ],
)
def test_share_is_the_smallest_group_that_does_not_mislead(count, total, said):
    assert share(count, total) == said


@pytest.mark.parametrize(("count", "total"), [(0, 75), (75, 75), (76, 75), (-1, 75), (0, 0)])
def test_share_refuses_what_is_no_part(count, total):
    with pytest.raises(ValueError, match="is not a part"):
        share(count, total)


@st.composite
def parts(draw):
    total = draw(st.integers(2, 100_000))
    return draw(st.integers(1, total - 1)), total


@given(parts())
@example((1, 100_000))
@example((99_999, 100_000))
@example((1, 2))
def test_share_and_its_complement_say_the_same(part):
    count, total = part
    found, other = share(count, total), share(total - count, total)

    turned = {"fewer": "more", "more": "fewer"}
    assert other == Share(turned.get(found.relation, found.relation), found.rest, found.of)
    assert (found.part + found.rest, found.of in (10, 100, 1000)) == (found.of, True)
    assert 1 <= found.part < found.of


@given(parts())
def test_share_is_true(part):
    count, total = part
    found = share(count, total)
    exact = count * found.of - found.part * total  # the sign of what rounding took away

    assert {
        "exactly": exact == 0,
        "about": 0 < abs(exact) * 2 <= total,
        "fewer": exact < 0,
        "more": exact > 0,
    }[found.relation]


@pytest.mark.parametrize(
    ("count", "total", "said"),
    [
        (9, 75, f"About 1 in 10 people {HAD} (9 of 75). About 9 in 10 did not."),
        (30, 100, f"3 in 10 people {HAD} (30 of 100). 7 in 10 did not."),
        (1, 5000, f"Fewer than 1 in 1,000 people {HAD} (1 of 5,000). More than 999 in 1,000 did not."),
        (4999, 5000, f"More than 999 in 1,000 people {HAD} (4,999 of 5,000). Fewer than 1 in 1,000 did not."),
        (0, 373, f"None of the 373 people {HAD}."),
        (75, 75, f"All 75 people {HAD}."),
    ],
)
def test_sentence_gives_both_sides_and_the_count(count, total, said):
    assert in_words(count, total, HAD, HAD_NOT) == said


def test_sentence_leaves_the_words_of_an_editor_alone():
    assert in_words(9, 75, "gained 100% (%s)", "<b>") == (
        "About 1 in 10 people gained 100% (%s) (9 of 75). About 9 in 10 <b>."
    )


@pytest.mark.parametrize(
    ("day", "said"),
    [(-14, "14 days before"), (-1, "1 day before"), (0, "The day itself"), (1, "1 day after"), (7, "7 days after")],
)
def test_day_is_told_from_the_day_itself(day, said):
    assert day_in_words(day) == said


@pytest.mark.parametrize(
    ("count", "total", "circles"),
    [
        (9, 75, (9, 75)),
        (0, 75, (0, 75)),
        (130, 413, (3, 10)),
        (283, 413, (7, 10)),
        (97, 4144, (2, 100)),
        (1, 4144, None),  # fewer than 1 in 1,000
        (0, 4144, None),
        (4144, 4144, None),
    ],
)
def test_of_many_people_the_share_is_drawn(count, total, circles):
    assert drawn(count, total) == circles


# On the page


def outcome(client):
    """The words of the first outcome on the page, and the text alternative of its drawing."""
    html = client.get("/procedures/mild/").content.decode()
    found = re.search(r'<div class="found flow">(.*?)</div>', html, re.DOTALL)[1]
    return re.findall(r"<p>(.*?)</p>", found), re.search(r'<svg[^>]* aria-label="([^"]*)"', found)[1]


@pytest.mark.django_db
def test_page_says_the_numbers_above_the_circles_that_show_them(client, practice):
    library.sample()

    paragraphs, drawing = outcome(client)

    assert paragraphs[0] == "About 1 in 10 people had surgery later (9 of 75). About 9 in 10 did not."
    assert drawing == "75 circles. 9 are filled: 9 of 75 people had surgery later. 66 are empty."


@pytest.mark.django_db
def test_page_frozen_before_there_were_such_words_is_as_it_was(client, practice):
    version = library.sample()
    document = version.document | {"format": 1}
    document["outcomes"] = [
        {name: value for name, value in row.items() if name not in ("happened", "did_not_happen")}
        for row in document["outcomes"]
    ]
    document["pictures"] = []
    Version.objects.update(document=document)

    paragraphs, drawing = outcome(client)

    assert not any("1 in 10" in paragraph for paragraph in paragraphs)
    assert drawing.startswith("75 circles. 9 are filled")
