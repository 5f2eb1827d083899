"""The pages about us, as people use them: no faults, no sideways scrolling, a map in both themes, good on paper."""

import pytest

from tests.browser.conftest import look_through

PAGES = (
    "/about/",
    "/about/how-we-write/",
    "/about/teaching/",
    "/clinicians/elena-sample/",
    "/locations/sun-city-center/",
    "/costs/",
    "/notices/",
    "/notices/privacy-practices/",
    "/notices/nondiscrimination/",
    "/notices/language-assistance/",
    "/notices/good-faith-estimate/",
    "/notices/patient-rights/",
)


@pytest.mark.parametrize(("size", "scheme"), [("narrow", "light"), ("phone", "dark"), ("desk", "dark")])
def test_axe_finds_nothing_on_the_pages_about_us(visitor, library, size, scheme):
    look_through(visitor, [library + path for path in PAGES], size=size, scheme=scheme)


def test_map_takes_the_colours_of_the_page(visitor, library):
    shots = []
    for scheme in ("light", "dark"):
        visitor.emulate_media(color_scheme=scheme)
        visitor.goto(library + "/locations/sun-city-center/")
        drawing = visitor.get_by_role("img", name="Map, north at the top.")
        assert drawing.bounding_box()["height"] > 200
        shots.append(drawing.screenshot())

    assert shots[0] != shots[1]


def test_notice_on_paper_keeps_its_date_and_address_and_drops_the_menus(visitor, library):
    visitor.goto(library + "/notices/privacy-practices/")
    visitor.emulate_media(media="print")

    assert visitor.get_by_text("In force since").is_visible()
    assert visitor.get_by_text("/notices/privacy-practices/").is_visible()
    for gone in (".bar", ".menu", ".crumbs", ".foot nav"):
        assert not visitor.locator(gone).first.is_visible(), gone
