"""The request form in a browser: by keyboard, small and zoomed, with errors, come back to, cleared, clicked twice."""

import pytest
from playwright.sync_api import expect

from appointments.forms.questions import VisitForm
from appointments.models import AppointmentRequest, RequestDraft
from tests.browser.conftest import SIZES, axe_finds_nothing, fits_its_width
from tests.browser.test_journey import about_walter, answer_the_questions

START = "/appointments/request/"
ZOOMED = {"width": 320, "height": 256}  # a window of 1280 by 1024 at 400 %
CONTROLS = "main :is(a[href], button, summary, textarea, input:not([type=hidden], [tabindex='-1']))"
OFFER = "You have begun a request on this device"


@pytest.fixture
def site(bare_site):
    return bare_site


def begin(page, site):
    page.goto(site + START)
    page.get_by_role("button", name="Start now").click()


def next_page(page):
    page.get_by_role("button", name="Continue").click()


def go_to(page, site, step):
    """Begin, and answer the questions in front of `step`."""
    begin(page, site)
    for name in ("urgent", "you", "reach", "visit", "referrer", "check"):
        if name == step:
            break
        if name == "you":
            about_walter(page)
        if name == "reach":
            page.get_by_label("Phone number").fill("813-555-0142")
        if name == "visit":
            page.get_by_label("What would you like help with?").fill("My legs get heavy.")
        next_page(page)
    expect(page).to_have_url(f"{site}{START}{RequestDraft.objects.latest('pk').public_id}/{step}/")


# By keyboard


def tab_to(page, control):
    """Press Tab until `control` has focus, as somebody without a mouse does."""
    for _ in range(90):
        page.keyboard.press("Tab")
        if control.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"Tab does not lead to {control}")


def test_a_request_is_sent_by_keyboard_alone(visitor, site):
    def write(label, text, *, exact=False):
        tab_to(visitor, visitor.get_by_label(label, exact=exact))
        visitor.keyboard.type(text)

    def press(button):
        tab_to(visitor, visitor.get_by_role("button", name=button))
        visitor.keyboard.press("Enter")

    visitor.goto(site + START)
    press("Start now")
    visitor.get_by_role("heading", name="First: is this an emergency?").wait_for()
    tab_to(visitor, visitor.get_by_label("No", exact=True))
    visitor.keyboard.press("Space")
    press("Continue")
    visitor.get_by_role("heading", name="About you").wait_for()
    write("First name", "Walter")
    write("Last name", "Probe")
    press("Continue")  # too early
    expect(visitor.get_by_role("alert")).to_be_focused()
    visitor.keyboard.press("Tab")
    visitor.keyboard.press("Enter")
    for part in ("3", "14", "1948"):
        visitor.keyboard.type(part)
        visitor.keyboard.press("Tab")
    visitor.keyboard.type("33573")
    visitor.keyboard.press("Enter")
    visitor.get_by_role("heading", name="How to reach you").wait_for()
    write("Phone number", "813-555-0142")
    visitor.keyboard.press("Enter")
    visitor.get_by_role("heading", name="Your visit").wait_for()
    write("What would you like help with?", "My legs get heavy.")
    press("Continue")
    visitor.get_by_role("heading", name="Your doctor and insurance").wait_for()
    press("Continue")
    visitor.get_by_role("heading", name="Check your answers").wait_for()
    press("Send request")

    visitor.get_by_role("heading", name="We have your request").wait_for()
    received = AppointmentRequest.objects.get()
    assert (received.first_name, received.date_of_birth.year, received.phone) == ("Walter", 1948, "+18135550142")


# Small and zoomed

STOPS = """all => {
  const shown = all.filter((one) => one.checkVisibility());
  // Of a group of radio buttons the chosen one, or else the first, takes focus; arrows lead to the others.
  const group = (one) => shown.filter((other) => other.type === "radio" && other.name === one.name);
  const takesFocus = (one) => one === (group(one).find((other) => other.checked) || group(one)[0]);
  const stops = shown.filter((one) => one.type !== "radio" || takesFocus(one));
  stops.forEach((one, at) => (one.dataset.stop = at));
  return stops.length;
}"""
IN_SIGHT = """() => {
  const one = document.activeElement.closest("label") || document.activeElement;
  const box = one.getClientRects()[0]; // the first line of a link that goes on in the next
  const [x, y] = [box.x + box.width / 2, box.y + Math.min(box.height, innerHeight - box.y) / 2];
  return box.left >= 0 && box.right <= innerWidth && one.contains(document.elementFromPoint(x, y));
}"""


def every_control_is_reached(page):
    """Asserts that Tab leads to each control of the page, and that it is then in sight, with nothing over it."""
    page.evaluate("document.activeElement.blur()")
    wanted = page.locator(CONTROLS).evaluate_all(STOPS)
    reached, hidden = set(), []
    for _ in range(wanted + 40):
        page.keyboard.press("Tab")
        stop = page.evaluate("document.activeElement.dataset.stop")
        if stop is not None and stop not in reached:
            reached.add(stop)
            if not page.evaluate(IN_SIGHT):
                hidden.append(page.evaluate("document.activeElement.outerHTML.slice(0, 160)"))
        if len(reached) == wanted:
            break
    assert (len(reached), hidden) == (wanted, []), page.url


@pytest.mark.parametrize("size", [SIZES["narrow"], ZOOMED], ids=["narrow", "zoomed"])
def test_nothing_is_out_of_reach_on_a_small_screen(visitor, site, size):
    visitor.set_viewport_size(size)

    def look(page):
        fits_its_width(page)
        every_control_is_reached(page)

    begin(visitor, site)
    answer_the_questions(visitor, check=look)
    visitor.goto(site + START)
    look(visitor)


@pytest.mark.parametrize("size", [SIZES["narrow"], ZOOMED], ids=["narrow", "zoomed"])
def test_pages_beside_the_questions_fit_a_small_screen(visitor, site, size):
    visitor.set_viewport_size(size)
    go_to(visitor, site, "visit")
    visitor.get_by_label("A refill of a medicine").check()
    next_page(visitor)
    visitor.get_by_role("heading", name="For a refill, please call us").wait_for()
    fits_its_width(visitor)
    visitor.goto(site + START)
    visitor.get_by_role("heading", name=OFFER).wait_for()
    fits_its_width(visitor)
    every_control_is_reached(visitor)


# With errors

WRONG = {
    "you": lambda page: page.get_by_label("ZIP code").fill("x"),
    "reach": lambda page: page.get_by_label("Phone number").fill("813"),
    "visit": lambda page: None,
    "referrer": lambda page: page.get_by_label("Doctor's name").fill("Dr. Ines Sampleton"),
}


@pytest.mark.parametrize(("size", "scheme"), [("narrow", "dark"), ("desk", "light")])
def test_axe_finds_nothing_where_something_is_wrong(visitor, site, size, scheme):
    visitor.emulate_media(color_scheme=scheme)
    visitor.set_viewport_size(SIZES[size])
    for step, mistake in WRONG.items():
        go_to(visitor, site, step)
        mistake(visitor)
        next_page(visitor)

        expect(visitor.get_by_role("alert")).to_be_focused()
        axe_finds_nothing(visitor)
        fits_its_width(visitor)
        visitor.context.clear_cookies()


@pytest.mark.parametrize(("size", "scheme"), [("phone", "dark"), ("desk", "light")])
def test_axe_finds_nothing_beside_the_questions(visitor, site, size, scheme):
    visitor.emulate_media(color_scheme=scheme)
    visitor.set_viewport_size(SIZES[size])

    go_to(visitor, site, "visit")
    visitor.get_by_label("A question about a bill").check()
    next_page(visitor)
    visitor.get_by_role("heading", name="For a question about a bill, please call us").wait_for()
    axe_finds_nothing(visitor)
    visitor.locator("summary", has_text="Does somebody else use this computer too?").click()
    axe_finds_nothing(visitor)
    visitor.goto(site + START)
    visitor.get_by_role("heading", name=OFFER).wait_for()
    axe_finds_nothing(visitor)
    visitor.get_by_role("link", name="Go on with it").click()
    visitor.locator("summary", has_text="Does somebody else use this computer too?").click()
    visitor.get_by_role("button", name="Stop and clear this form").click()
    visitor.get_by_role("heading", name="This screen is cleared").wait_for()
    axe_finds_nothing(visitor)


# Coming back


def test_who_closes_the_browser_goes_on_where_it_was(browser, site):
    first = browser.new_context()
    page = first.new_page()
    go_to(page, site, "reach")
    cookies = first.storage_state()
    first.close()

    later = browser.new_context(storage_state=cookies, java_script_enabled=False)
    page = later.new_page()
    page.goto(f"{site}/es{START}")
    assert page.locator("a[href$='/check/']").count() == 1
    page.goto(site + START)
    page.get_by_role("link", name="Go on with it").click()

    expect(page.get_by_role("heading", name="How to reach you")).to_be_visible()
    page.get_by_role("link", name="Back to step 2").click()
    expect(page.get_by_label("First name")).to_have_value("Walter")
    later.close()


def test_two_people_in_two_tabs_are_offered_both(context, page, site):
    begin(page, site)
    other = context.new_page()
    other.goto(site + START)
    other.get_by_role("button", name="Begin a new one").click()
    other.get_by_role("heading", name="First: is this an emergency?").wait_for()

    page.goto(site + START)

    offers = page.get_by_role("link", name="Go on with it").evaluate_all("links => links.map(link => link.pathname)")
    assert offers == [f"{START}{draft.public_id}/check/" for draft in RequestDraft.objects.order_by("-pk")]


def test_cleared_cookies_give_the_usual_start(context, page, site):
    go_to(page, site, "you")
    context.clear_cookies()

    page.goto(site + START)

    expect(page.get_by_role("button", name="Start now")).to_be_visible()
    assert page.get_by_role("heading", name=OFFER).count() == 0


def test_a_sent_request_is_offered_no_more_and_back_says_so(page, site):
    begin(page, site)
    answer_the_questions(page)
    page.go_back()

    expect(page.get_by_text("This request was already sent. Nothing was changed.")).to_be_visible()
    page.goto(site + START)
    assert page.get_by_role("heading", name=OFFER).count() == 0
    assert AppointmentRequest.objects.count() == 1


# Clearing


def traces(page):
    """What of Walter the page shows or holds."""
    held = page.content() + page.evaluate(
        "[...document.querySelectorAll('input, textarea')].map(one => one.value).join()"
    )
    return [word for word in ("Walter", "Probe", "813-555-0142", "heavy", "APM-") if word in held.replace("APM. ", "")]


def test_a_form_that_is_cleared_is_gone_whatever_goes_back(page, context, site):
    go_to(page, site, "referrer")
    page.locator("summary", has_text="Does somebody else use this computer too?").click()
    page.get_by_role("button", name="Stop and clear this form").click()
    expect(page.get_by_role("heading", name="This screen is cleared")).to_be_visible()
    assert page.url == f"{site}{START}cleared/"

    for _ in range(4):
        page.go_back()
        expect(page.get_by_role("heading", name="We cannot open this form here")).to_be_visible()
        assert traces(page) == []
    assert [cookie["name"] for cookie in context.cookies() if cookie["name"].startswith("apollo")] == []
    assert RequestDraft.objects.count() == 0


@pytest.mark.parametrize("scripts", [True, False])
def test_a_screen_that_is_cleared_after_sending_shows_no_reference(browser, site, scripts):
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    begin(page, site)
    answer_the_questions(page)
    page.get_by_role("button", name="Finish and clear this screen").click()
    expect(page.get_by_role("heading", name="This screen is cleared")).to_be_visible()

    for _ in range(2):
        page.go_back()
        expect(page.get_by_role("heading", name="We cannot open this form here")).to_be_visible()
        assert AppointmentRequest.objects.get().reference not in page.content()
    context.close()


# Clicked twice


# Says of each press whether it was swallowed, and sends nothing.
PRESSES = """button => {
  const swallowed = [];
  button.form.addEventListener("submit", (event) => {
    swallowed.push(event.defaultPrevented);
    event.preventDefault();
  });
  const words = button.textContent;
  button.click();
  button.click();
  dispatchEvent(new PageTransitionEvent("pageshow"));
  button.click();
  return [...swallowed, button.textContent === words && !button.disabled];
}"""


@pytest.mark.parametrize(("step", "button"), [("start", "Start now"), ("you", "Continue"), ("check", "Send request")])
def test_a_second_press_is_swallowed_until_the_page_is_shown_again(visitor, site, step, button):
    if step == "start":
        visitor.goto(site + START)
    else:
        go_to(visitor, site, step)

    assert visitor.get_by_role("button", name=button).evaluate(PRESSES) == [False, True, False, True]


def test_a_double_click_sends_once(visitor, site):
    go_to(visitor, site, "check")

    visitor.get_by_role("button", name="Send request").dblclick()

    visitor.get_by_role("heading", name="We have your request").wait_for()
    assert AppointmentRequest.objects.count() == 1


def test_a_double_click_without_scripts_sends_once_too(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    go_to(page, site, "check")

    page.get_by_role("button", name="Send request").dblclick()

    expect(page.get_by_role("heading", name="We have your request")).to_be_visible()
    assert AppointmentRequest.objects.count() == 1
    context.close()


def test_a_button_that_was_pressed_works_again_after_coming_back(visitor, site):
    go_to(visitor, site, "reach")
    visitor.go_back()

    next_page(visitor)

    visitor.get_by_role("heading", name="How to reach you").wait_for()


# Counting

COUNT = "p[role=status]"


TEXTS = {
    "a" * 799: "",
    "a" * 800: "Characters left: 200",
    " " + "a" * 1000 + "\n\n": "Characters left: 0",  # spaces at the ends do not count
    "e\u0301" * 999 + "👩": "Characters left: 0",  # two signs that make one letter, and one outside the first plane
    "a\n" * 500 + "👩": "Characters too many: 1",
}


def test_characters_are_counted_as_the_server_counts(visitor, site):
    go_to(visitor, site, "visit")

    for text, said in TEXTS.items():
        visitor.get_by_label("What would you like help with?").fill(text)

        expect(visitor.locator(COUNT)).to_have_text(said)
        assert VisitForm({"reason": text, "part_of_day": "any"}).is_valid() == ("many" not in said)

    next_page(visitor)
    visitor.get_by_role("alert").get_by_text("This has 1,001 characters").wait_for()
    expect(visitor.locator(COUNT)).to_have_text("Characters too many: 1")
    axe_finds_nothing(visitor)


def test_the_start_button_is_on_the_first_screen_of_a_phone(page, site):
    page.set_viewport_size(SIZES["phone"])
    page.goto(site + START)

    box = page.get_by_role("button", name="Start now").bounding_box()

    assert box["y"] + box["height"] <= SIZES["phone"]["height"]
