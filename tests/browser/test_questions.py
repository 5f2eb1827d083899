"""Questions come into sight when they apply, without scripts, and nothing typed is out of sight."""

import pytest
from playwright.sync_api import expect

from tests.answers import ANSWERS, filled_draft
from tests.browser.conftest import SIZES, axe_finds_nothing, fits_its_width
from tests.browser.test_journey import about_walter, choose


@pytest.fixture
def quiet_page(browser):
    """A page of a browser that runs no scripts."""
    context = browser.new_context(java_script_enabled=False, viewport=SIZES["phone"])
    page = context.new_page()
    yield page
    context.close()


@pytest.fixture
def ask(bare_site):
    """Opens one step of a new form, the steps before it answered."""

    def open_step(page, step):
        names = list(ANSWERS)
        draft, secret = filled_draft({name: ANSWERS[name] for name in names[: names.index(step)]})
        address = f"{bare_site}/appointments/request/{draft.public_id}/"
        page.context.add_cookies([{"name": "apollo-draft-en", "value": secret, "url": address}])
        page.goto(f"{address}{step}/")

    return open_step


def test_a_question_follows_its_answer_and_goes_with_it(quiet_page, ask):
    for step, question, answer, other, follows in (
        ("urgent", "Do you have any of these signs now?", "Yes", "No", "Which ones?"),
        ("you", "I am asking for", "Someone else", "Myself", "If you ask for someone else"),
        ("visit", "Which of these fits best?", "Pain after a car accident", "A follow-up visit", "Day of the accident"),
        ("visit", "Do you live in Florida all year?", "No, part of the year", "Yes", "In Florida from"),
    ):
        ask(quiet_page, step)
        group = quiet_page.get_by_role("group", name=follows)
        expect(group).to_be_hidden()

        choose(quiet_page, question, answer)
        expect(group).to_be_visible()
        fits_its_width(quiet_page)
        choose(quiet_page, question, other)
        expect(group).to_be_hidden()


def test_a_need_and_an_address_bring_their_questions(quiet_page, ask):
    ask(quiet_page, "reach")
    language = quiet_page.get_by_label("Interpreter for which language?")
    details = quiet_page.get_by_role("group", name="May an e-mail say when and where your visit is?")
    expect(language).to_be_hidden()
    expect(details).to_be_hidden()

    quiet_page.get_by_label("An interpreter").check()
    quiet_page.get_by_label("E-mail address (optional)").fill("w")

    expect(language).to_be_visible()
    expect(details).to_be_visible()


def test_a_browser_that_cannot_tell_shows_all(quiet_page, ask):
    def older(route):
        sheet = route.fetch().text()
        route.fulfill(body=sheet.replace("selector(:has(*))", "selector(:unheard-of(*))"), content_type="text/css")

    quiet_page.route("**/when.css", older)
    for step, follows in (
        ("urgent", "Which ones?"),
        ("you", "If you ask for someone else"),
        ("visit", "If this is about a car accident"),
        ("visit", "If you are in Florida for part of the year"),
    ):
        ask(quiet_page, step)

        expect(quiet_page.get_by_role("group", name=follows)).to_be_visible()


def test_a_mistake_in_a_question_keeps_it_in_sight(quiet_page, ask):
    ask(quiet_page, "you")
    about_walter(quiet_page)
    choose(quiet_page, "I am asking for", "Someone else")
    quiet_page.get_by_label("Your own name").fill("Ana")
    choose(quiet_page, "I am asking for", "Myself")
    quiet_page.get_by_role("button", name="Continue").click()

    expect(quiet_page.get_by_label("Your own name")).to_be_visible()
    expect(quiet_page.get_by_label("Your own name")).to_have_value("Ana")
    choose(quiet_page, "I am asking for", "Someone else")
    quiet_page.get_by_role("button", name="Continue").click()
    expect(quiet_page.get_by_role("alert").get_by_role("link")).to_have_count(2)
    choose(quiet_page, "I am asking for", "Myself")
    expect(quiet_page.get_by_label("Your own phone number")).to_be_visible()


@pytest.mark.parametrize(("size", "scheme"), [("phone", "light"), ("desk", "dark")])
def test_axe_finds_nothing_where_every_question_is_open(visitor, ask, size, scheme):
    visitor.emulate_media(color_scheme=scheme)
    visitor.set_viewport_size(SIZES[size])
    for step, question, answer in (
        ("urgent", "Do you have any of these signs now?", "Yes"),
        ("you", "I am asking for", "Someone else"),
        ("reach", "Do you need any of these?", "An interpreter"),
        ("visit", "Which of these fits best?", "Pain after a car accident"),
    ):
        ask(visitor, step)
        choose(visitor, question, answer)
        axe_finds_nothing(visitor)
        visitor.get_by_role("button", name="Continue").click()
        axe_finds_nothing(visitor)
        fits_its_width(visitor)
