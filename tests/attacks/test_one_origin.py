"""P34: no page asks anything of another origin, not even a font."""

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders

OURS = {"", "testserver", "practice.example.org"}  # the last is APOLLO_PUBLIC_URL, for canonical addresses
# Attributes that make a browser fetch or send something. A link that somebody has to press is none of them.
FETCHING = {"src", "srcset", "imagesrcset", "action", "formaction", "poster", "data", "background", "ping", "manifest"}
NAMES_ADDRESS_OF = {"a": "href", "area": "href"}


class Fetches(HTMLParser):
    """Every address that a browser goes to by itself, or sends a form to."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in FETCHING or (name in ("href", "xlink:href") and tag not in NAMES_ADDRESS_OF):
                self.found += [part.split()[0] for part in (value or "").split(",") if part.strip()]
            if tag == "meta" and name == "content":
                self.found += re.findall(r"url=(\S+)", value or "", re.IGNORECASE)
            if name == "style":
                self.found += addresses_in_css(value or "")

    def handle_data(self, data):
        if self.lasttag == "style":
            self.found += addresses_in_css(data)


def addresses_in_css(text):
    return re.findall(r"""(?:url\(\s*|@import\s+)["']?([^"')\s;]+)""", text)


def foreign(addresses):
    return [address for address in addresses if urlsplit(address).netloc not in OURS or address.startswith("data:")]


def of_the_sitemap(client):
    found = re.findall(r"<loc>https://practice\.example\.org([^<]+)</loc>", client.get("/sitemap.xml").content.decode())
    return found + [f"/es{address}" for address in found]


FIXED = [
    "/search/",
    "/search/?q=stenosys",
    "/search/?q=suicide",
    "/es/search/?q=nervio",
    "/missing/",
    "/?q=%00",
    "/admin/login/",
    "/blog/mild/",
    "/es/missing/",
]


def test_no_public_page_asks_another_origin(site, visitor):
    pages = of_the_sitemap(visitor) + FIXED
    assert len(pages) > 25

    asked = {page: foreign(Fetches(visitor.get(page).content.decode()).found) for page in pages}

    assert {page: found for page, found in asked.items() if found} == {}


def test_no_step_of_the_form_asks_another_origin(in_the_form):
    browser, address = in_the_form
    steps = [address.replace("/urgent/", f"/{step}/") for step in ("urgent", "you", "sent")]

    found = [Fetches(browser.get(step, follow=True).content.decode()).found for step in steps]

    assert all(found)
    assert [foreign(addresses) for addresses in found] == [[], [], []]


def test_no_page_of_staff_asks_another_origin(desk_addresses, visitor, owner):
    visitor.force_login(owner)
    answers = {page: visitor.get(page) for page in desk_addresses}
    pages = {page: answer for page, answer in answers.items() if answer["Content-Type"].startswith("text/html")}
    assert len(pages) > 60

    asked = {page: foreign(Fetches(answer.content.decode()).found) for page, answer in pages.items()}

    assert {page: found for page, found in asked.items() if found} == {}


def sheets_and_pictures():
    for finder in finders.get_finders():
        for name, storage in finder.list([]):
            if name.endswith((".css", ".svg")) and "vendor" not in name:
                yield pytest.param(storage.path(name), id=name)


@pytest.mark.parametrize("path", list(sheets_and_pictures()))
def test_no_sheet_and_no_picture_asks_another_origin(path):
    with open(path) as file:
        text = file.read()
    addresses = addresses_in_css(text)
    if path.endswith(".svg"):
        addresses += Fetches(text).found

    assert [address for address in addresses if urlsplit(address).netloc not in OURS] == []


@pytest.mark.parametrize(
    "html",
    [
        '<link rel="stylesheet" href="https://fonts.example/x.css">',
        '<script src="//cdn.example/x.js"></script>',
        '<img src="/a.png" srcset="/a.png 1x, https://cdn.example/b.png 2x">',
        '<form action="https://evil.example/"></form>',
        '<svg><use href="https://cdn.example/i.svg#a"/></svg>',
        '<meta http-equiv="refresh" content="0; url=https://evil.example/">',
        "<style>@import 'https://fonts.example/x.css';</style>",
        '<p style="background: url(https://pixel.example/)">',
        '<iframe src="https://maps.example/"></iframe>',
    ],
)
def test_this_test_would_notice(html):  # the control
    assert len(foreign(Fetches(html).found)) == 1
