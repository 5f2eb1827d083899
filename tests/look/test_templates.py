"""The templates: their inputs are stated, no style or script stands in them, error pages need nothing."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string

TEMPLATES = Path(settings.BASE_DIR) / "templates"
SPRITE = (Path(settings.BASE_DIR) / "static/img/icons.svg").read_text()
ALL = sorted(TEMPLATES.rglob("*.html"))
CARD = {
    "name": "Apollo Pain Management",
    "phone_display": "813-555-0100",
    "phone_uri": "tel:+18135550100",
    "hours_lines": ["Mon to Fri, 8 a.m. to 5 p.m."],
}
ERRORS = ["400", "403", "403_csrf", "404", "410", "413", "500", "503"]


def name(path):
    return str(path.relative_to(TEMPLATES))


@pytest.mark.parametrize("path", sorted((TEMPLATES / "includes").glob("_*.html")), ids=name)
def test_include_states_its_inputs(path):
    assert path.read_text().startswith("{# takes: ")


def test_every_icon_used_is_in_the_sprite():
    used = {icon for path in ALL for icon in re.findall(r'_icon\.html" with name="(\w+)"', path.read_text())}
    assert used - set(re.findall(r'<symbol id="(\w+)"', SPRITE)) == set()


@pytest.mark.parametrize("code", ERRORS)
def test_error_page_needs_no_database_and_shows_the_phone(code):
    html = render_to_string(f"{code}.html", {"card": CARD}, request=None)
    assert html.count('href="tel:+18135550100"') == 3  # head, call button, foot


@pytest.mark.parametrize("code", ERRORS)
def test_error_page_stands_without_a_card(code):
    html = render_to_string(f"{code}.html", {"card": {}}, request=None)
    assert ("tel:+" in html, 'href="tel:911"' in html, html.count("<h1>")) == (False, True, 1)


def test_page_to_copy_from_shows_what_was_typed_as_text():
    typed = [("reason", '"><script>alert(1)</script>')]

    html = render_to_string("403_csrf.html", {"card": CARD, "typed": typed})

    assert "<dd>&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;</dd>" in html


@pytest.mark.parametrize("alt", ["", "A bone & a <nerve>"])
@pytest.mark.parametrize("picture", ["canal-normal", "canal-narrowed"])
def test_picture_is_named_or_hidden(picture, alt):
    html = render_to_string(f"procedures/pictures/{picture}.html", {"alt": alt})
    named, hidden = 'role="img" aria-label="A bone &amp; a &lt;nerve&gt;"' in html, "aria-hidden" in html
    assert (named, hidden) == ((False, True) if not alt else (True, False))
