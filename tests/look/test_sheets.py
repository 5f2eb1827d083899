"""The style sheets: small enough, in layers, readable in both themes."""

import re
from pathlib import Path

import brotli
import pytest
from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.core.management import call_command

from apollo_site.storage import bundle

CSS = Path(settings.BASE_DIR) / "static/css"
TOKENS = "".join((CSS / name).read_text() for name in ("tokens.css", "tokens-more.css"))
LIGHT_DARK = {
    name: (light, dark) for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\);", TOKENS)
}
FIXED = dict(re.findall(r"--([\w-]+): (#\w+);", TOKENS))


def bundled(name):
    source = FileSystemStorage(CSS.parent)
    paths = {
        str(path.relative_to(CSS.parent)): (source, str(path.relative_to(CSS.parent))) for path in CSS.rglob("*.css")
    }
    return bundle(f"css/{name}", paths)


@pytest.mark.parametrize("name", ["apollo.css", "form.css", "tools.css", "paper.css", "desk.css"])
def test_bundle_leaves_no_import(name):
    assert "@import" not in bundled(name)


def test_collected_page_asks_for_one_style_sheet(tmp_path, settings):
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "apollo_site.storage.BundledStorage"}}
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]  # ours, without the admin's

    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)  # over the bundle of the first run

    [hashed] = (tmp_path / "css").glob("apollo.????????????.css")
    text = hashed.read_text()
    assert ("@import" in text, ".found{" in text) == (False, True)


def test_public_bundle_leaves_room_for_the_longest_page():
    # 14,480 bytes hold the page and its sheet in one network flight; the longest page needs two thirds of them.
    assert len(brotli.compress(bundled("apollo.css").encode())) < 3800


def test_every_component_file_is_imported_once():
    sheets = "".join((CSS / name).read_text() for name in ("apollo.css", "form.css", "tools.css", "paper.css"))
    imported = re.findall(r'^@import "([^"]+)" layer\(\w+\);$', sheets, re.MULTILINE)
    linked = {
        "apollo.css",
        "form.css",
        "tools.css",
        "paper.css",
        "desk.css",
        "card.css",
        "directory.css",
        "editor.css",
        "fax.css",
        "intake.css",
        "letters.css",
        "numbers.css",
        "papers.css",
        "review.css",
        "second.css",
        "watch.css",
        "worklists.css",
    }
    files = {str(path.relative_to(CSS)) for path in CSS.rglob("*.css")} - linked
    assert sorted(imported) == sorted(files)


@pytest.mark.parametrize("path", sorted(CSS.rglob("*.css")), ids=lambda path: path.name)
def test_sheet_needs_no_force_and_no_other_origin(path):
    text = path.read_text()
    assert ("!important" in text, "url(" in text, "http" in text.replace('href^="http"', "")) == (False, False, False)


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground", "least"),
    [
        *[(text, ground, 7) for text in ("ink", "soft", "link") for ground in ("paper", "mist", "bone")],
        *[("ink", ground, 7) for ground in ("stop-bg", "warn-bg", "go-bg")],
        ("stop", "stop-bg", 7),
        ("go", "go-bg", 7),
        ("warn", "warn-bg", 6.5),  # bold and short
        *[("link", ground, 6.5) for ground in ("stop-bg", "warn-bg")],
        *[("edge", ground, 3) for ground in ("paper", "mist", "bone")],  # borders of fields
    ],
)
def test_text_stands_out(theme, text, ground, least):
    assert contrast(LIGHT_DARK[text][theme], LIGHT_DARK[ground][theme]) >= least


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("on-sun", "sun"),
        ("on-deep", "deep"),
        ("on-sign", "stop-sign"),
        ("on-sign", "warn-sign"),
        ("on-sign", "calm-sign"),
    ],
)
def test_text_on_signs_and_buttons_stands_out(text, ground):
    assert contrast(FIXED[text], FIXED[ground]) >= 7


def test_light_theme_is_the_same_with_and_without_light_dark():
    assert {name: FIXED[name] for name in LIGHT_DARK} == {name: light for name, (light, __) in LIGHT_DARK.items()}
