"""Reading, comparing, ticking and printing: in a browser, by keyboard, without scripts, and on paper."""

import io

import pytest
from pypdf import PdfReader

from tests.browser.conftest import SIZES, look_through

COMPARED = "/procedures/compare/?with=mild,epidural-steroid-injection,physical-therapy,laminectomy"
READ = (
    "/procedures/compare/",
    "/procedures/compare/?with=mild",
    COMPARED,
    "/procedures/mild/for-me/",
    "/before/mild/",
    "/after/mild/",
    "/urgent/",
)
MM = 96 / 25.4  # CSS pixels
PUBLIC = (
    "/",
    "/conditions/",
    "/conditions/lumbar-spinal-stenosis/",
    "/procedures/",
    "/procedures/mild/",
    "/articles/",
    "/articles/opioid-pain-medicines/",
    "/about/",
    "/urgent/",
    "/privacy/",
    "/accessibility/",
    "/appointments/request/",
    "/no-such-page/",
)


@pytest.mark.parametrize(("size", "scheme"), [("narrow", "light"), ("desk", "dark")])
def test_axe_finds_nothing_on_any_public_page(page, library, size, scheme):
    look_through(page, [library + path for path in PUBLIC], size=size, scheme=scheme)


def test_the_skip_link_comes_first_on_every_page_and_works(page, library):
    for path in PUBLIC:
        page.goto(library + path)

        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent.trim()") == "Skip to main content", path
        page.keyboard.press("Enter")
        page.wait_for_url("**/*#main")


@pytest.mark.parametrize(("size", "scheme"), [("phone", "dark"), ("desk", "light")])
def test_axe_finds_nothing_where_one_reads_and_prints(visitor, library, size, scheme):
    look_through(visitor, [library + path for path in READ], size=size, scheme=scheme)


# Comparing


def test_treatments_are_chosen_by_keyboard(visitor, library):
    visitor.goto(library + "/procedures/compare/")

    visitor.get_by_label("MILD").focus()
    visitor.keyboard.press("Space")
    visitor.get_by_label("Laminectomy").focus()
    visitor.keyboard.press("Space")
    visitor.keyboard.press("Enter")

    visitor.get_by_role("columnheader", name="Doing nothing for now").wait_for()
    names = visitor.get_by_role("columnheader").all_inner_texts()
    assert names == ["Question", "Doing nothing for now", "Laminectomy", "MILD"]
    assert visitor.get_by_label("MILD").is_checked()


def test_wrong_choice_is_told_and_leads_back_to_the_boxes(browser, library):
    context = browser.new_context(java_script_enabled=False, viewport=SIZES["narrow"])
    page = context.new_page()
    page.goto(library + "/procedures/compare/")
    page.get_by_label("MILD").check()
    page.get_by_role("button", name="Compare side by side").click()

    page.get_by_role("alert").get_by_role("link", name="You chose only MILD.").click()
    assert page.title().startswith("Error:")
    assert page.url.endswith("#id_with_0")
    page.get_by_label("Laminectomy").check()
    page.get_by_role("button", name="Compare side by side").click()
    page.get_by_role("cell", name="Not known").first.wait_for()
    context.close()


def test_on_a_phone_each_line_is_a_card_that_names_its_treatments(visitor, library):
    visitor.set_viewport_size(SIZES["phone"])
    visitor.goto(library + COMPARED)

    card = visitor.locator(".compare tbody tr").nth(1)
    named = card.locator("td").evaluate_all("cells => cells.map(cell => getComputedStyle(cell, '::before').content)")
    assert named == ['"Doing nothing for now"', '"MILD"', '"Steroid shot"', '"Physical therapy"', '"Laminectomy"']
    assert card.locator("td").first.bounding_box()["width"] > 250


# Ticking


def test_ticks_are_neither_sent_nor_stored(visitor, context, library):
    visitor.goto(library + "/procedures/mild/for-me/")
    visitor.wait_for_load_state("networkidle")
    sent = []
    visitor.on("request", lambda request: sent.append(request.url))

    boxes = visitor.get_by_role("checkbox")
    for box in boxes.all():
        box.focus()
        visitor.keyboard.press("Space")

    assert all(box.is_checked() for box in boxes.all())
    assert boxes.count() > 5
    assert sent == []
    assert visitor.url == library + "/procedures/mild/for-me/"
    kept = visitor.evaluate("[localStorage.length, sessionStorage.length]")
    assert (kept, context.cookies()) == ([0, 0], [])
    visitor.reload()
    assert not any(box.is_checked() for box in visitor.get_by_role("checkbox").all())


# Printing


@pytest.mark.parametrize("path", [COMPARED, "/procedures/mild/for-me/", "/before/mild/", "/after/mild/", "/urgent/"])
def test_print_button_prints_and_waits_out_of_sight_without_scripts(visitor, browser, library, path):
    visitor.add_init_script("window.print = () => { window.printed = true; }")
    visitor.goto(library + path)
    visitor.get_by_role("button", name="Print this page").click()
    assert visitor.evaluate("window.printed")

    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(library + path)
    assert page.get_by_role("button", name="Print this page").count() == 0
    context.close()


def paper(page):
    """The pages that the browser would print on letter paper, as their words."""
    printed = PdfReader(io.BytesIO(page.pdf(format="Letter")))
    return [" ".join(sheet.extract_text().split()) for sheet in printed.pages]


@pytest.mark.parametrize(
    ("path", "most", "words"),
    [
        (
            "/procedures/mild/",
            8,
            [
                "Emergency: call 911",
                "At a glance",
                "Getting ready",
                "Going home and getting better",
                "Who wrote and checked this",
                "Sources",
                "Version 1, shown since",
                "https://practice.example.org/procedures/mild/",
                "(https://doi.org/",
                "813-555-0100",
            ],
        ),
        ("/conditions/lumbar-spinal-stenosis/", 8, ["Emergency: call 911", "Sources", "(https://"]),
        (COMPARED, 6, ["Call 911 now", "Doing nothing for now", "Not known", "Sources", "(https://", "?with=mild,"]),
        ("/procedures/mild/for-me/", 3, ["Emergency: call 911", "It may fit if", "Questions to ask", "My notes"]),
        ("/before/mild/", 3, ["Getting ready", "My date:", "Date:", "Bring with you", "/before/mild/"]),
        ("/after/mild/", 3, ["When to call 911", "Whom to call", "My date:", "813-555-0100", "/after/mild/"]),
        ("/urgent/", 3, ["Emergency: call 911", "A card for your wallet", "My name:"]),
    ],
)
def test_on_paper_the_words_are_there_and_the_pages_are_few(visitor, library, path, most, words):
    visitor.goto(library + path)

    sheets = paper(visitor)

    text = " ".join(sheets)
    assert [word for word in words if word not in text.replace("- ", "-")] == []
    assert len(sheets) <= most
    assert "Request an appointment" not in text or path == "/urgent/"


@pytest.mark.parametrize("path", ["/procedures/mild/", "/after/mild/"])
def test_paper_is_black_on_white_in_the_dark_theme_too(visitor, library, path):
    visitor.emulate_media(media="print", color_scheme="dark")
    visitor.goto(library + path)

    colours = visitor.evaluate(
        """() => {
          const seen = "body, h1, h2, main p, main a, .sign h2, .sign li, .byline strong";
          const shown = [...document.querySelectorAll(seen)].filter(one => one.checkVisibility());
          return [...new Set(shown.map(one => getComputedStyle(one).color))];
        }"""
    )
    assert colours == ["rgb(0, 0, 0)"]
    assert visitor.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_wallet_cards_are_as_large_as_a_credit_card_and_hold_their_words(visitor, library):
    visitor.goto(library + "/urgent/")
    assert [card.is_visible() for card in visitor.locator(".wallet").all()] == [True, False]

    visitor.emulate_media(media="print")

    cards = visitor.locator(".wallet").evaluate_all(
        """cards => cards.map(card => {
          const box = card.getBoundingClientRect();
          return [box.width, box.height, card.scrollHeight <= card.clientHeight, card.scrollWidth <= card.clientWidth];
        })"""
    )
    assert cards == [[pytest.approx(85.6 * MM, abs=0.5), pytest.approx(54 * MM, abs=0.5), True, True]] * 2
    assert visitor.locator(".wallet").first.inner_text().startswith("Emergency: call 911")


def test_qr_code_is_drawn(visitor, library):
    visitor.goto(library + "/after/mild/")

    assert visitor.locator(".origin img").evaluate("image => image.complete && image.naturalWidth > 0")


def test_on_paper_the_words_stay_and_the_buttons_go(page, library):
    page.goto(library + "/procedures/mild/")
    page.emulate_media(media="print")

    for gone in (".bar", ".toc", ".menu", ".skip", ".foot nav"):
        assert page.locator(gone).evaluate_all(
            "found => found.length > 0 && found.every(one => !one.checkVisibility())"
        ), gone
    assert page.get_by_role("heading", name="MILD", exact=False).first.is_visible()
    assert page.locator(".reach a[href^='tel:']").first.is_visible()
    assert page.locator(".src").first.is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.foot')).color") == "rgb(0, 0, 0)"
