"""What is no appointment leads to a telephone number, and never to a dead end."""

import pytest
from django.test import Client

from appointments.models import AppointmentRequest
from appointments.services.request import receive
from practice.models import Practice
from tests.answers import ANSWERS, WORDS, answers_with, filled_draft, page_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("practice")]
START = "/appointments/request/"
NUMBERS = {
    "refill": ("refill_phone", "For a refill, please call us"),
    "records": ("records_phone", "For a copy of your records, please call us"),
    "bill": ("billing_phone", "For a question about a bill, please call us"),
}


@pytest.fixture
def numbers():
    numbers = {field: f"+1813555011{at}" for at, (field, _) in enumerate(NUMBERS.values())}
    Practice.objects.update(**numbers)
    return numbers


def open_with(client, topic, step="visit", **more):
    """A draft filled up to `step`, in which `topic` was chosen; (draft, secret)."""
    answers = answers_with("visit", topic=topic, **more)
    until = list(ANSWERS).index(step) + 1
    draft, secret = filled_draft({name: answers[name] for name in list(ANSWERS)[:until]})
    client.cookies["apollo-draft-en"] = secret
    return draft, secret


def address(draft, end="call-us", prefix=""):
    return f"{prefix}{START}{draft.public_id}/{end}/"


@pytest.mark.parametrize("prefix", ["", "/es"])
def test_the_start_page_gives_the_three_numbers(client, numbers, prefix):
    links = page_of(client.get(f"{prefix}{START}")).links

    at = links.index("tel:+18135550110")
    assert links[at : at + 3] == [f"tel:{number}" for number in numbers.values()]


def test_a_desk_without_a_number_is_reached_by_that_of_the_practice(client, numbers):
    Practice.objects.update(records_phone="")

    html = client.get(START).content.decode()

    assert 'A copy of your records: <a href="tel:+18135550100">813-555-0100</a>' in html


def test_a_practice_without_any_number_gives_none(client):
    Practice.objects.all().delete()

    assert "You want something else?" not in client.get(START).content.decode()


@pytest.mark.parametrize("query", ["", "?back"])
@pytest.mark.parametrize("topic", NUMBERS)
def test_choosing_it_leads_to_its_number_first(client, numbers, topic, query):
    draft, _ = open_with(client, "", step="reach")

    response = client.post(address(draft, "visit") + query, answers_with("visit", topic=topic)["visit"])

    assert (response.status_code, response["Location"]) == (303, address(draft))
    page = client.get(response["Location"])
    field, title = NUMBERS[topic]
    assert page.content.decode().index(title) < page.content.decode().index("Go on with the request")
    main = page.content.decode().partition("<main")[2]
    assert main.index(f'href="tel:{numbers[field]}"') == main.index('href="tel:')
    assert "no-store" in page["Cache-Control"]
    assert [word for word in WORDS if word in main.replace(str(draft.public_id), "")] == []


@pytest.mark.parametrize(("step", "next_step"), [("visit", "referrer"), ("referrer", "check")])
def test_the_way_on_leads_to_what_is_not_answered_yet(client, step, next_step):
    draft, _ = open_with(client, "refill", step=step)

    assert address(draft, "check") in page_of(client.get(address(draft))).links
    response = client.get(address(draft, "check"), follow=True)

    assert response.wsgi_request.path == address(draft, next_step)


def test_whoever_goes_on_sends_a_request_that_says_so(client):
    draft, secret = open_with(client, "bill", step="referrer")

    client.post(address(draft, "check"), {"draft_secret": secret})

    assert AppointmentRequest.objects.get().get_topic_display() == "A question about a bill"


@pytest.mark.parametrize("topic", ["", "follow-up", "x", "\x00"])
def test_the_page_of_a_number_nobody_asked_for_leads_on(client, topic):
    draft, _ = open_with(client, topic)

    assert client.get(address(draft))["Location"] == address(draft, "check")


def test_a_topic_said_twice_is_no_error(client):
    draft, _ = open_with(client, "", step="reach")

    response = client.post(address(draft, "visit"), ANSWERS["visit"] | {"topic": ["new-pain", "refill"]})

    assert response["Location"] == address(draft)
    assert client.get(address(draft)).status_code == 200


def test_bad_input_beside_it_is_told_first_and_keeps_the_choice(client):
    draft, _ = open_with(client, "", step="reach")
    typed = answers_with("visit", topic="refill", earliest_on_month="2", earliest_on_day="31", earliest_on_year="2027")

    response = client.post(address(draft, "visit"), typed["visit"])

    assert response["Location"] == address(draft, "visit")
    assert "Please fix" in client.get(response["Location"]).content.decode()


def test_an_emergency_sign_still_shows_911(client):
    draft, secret = open_with(client, "refill")
    client.post(address(draft, "urgent"), {"signs": "yes", "draft_secret": secret})

    assert 'Call <a href="tel:911">911</a> now' in client.get(address(draft)).content.decode()


def test_strangers_and_those_who_have_sent_see_no_number_page(client):  # P24
    draft, _ = open_with(client, "refill", step="referrer")

    assert Client().get(address(draft)).content == Client().get(address(draft, "you")).content
    assert Client().get(address(draft)).status_code == 404
    receive(draft)
    followed = client.get(address(draft), follow=True)
    assert followed.wsgi_request.path == address(draft, "sent")


def test_the_page_costs_its_queries(client, django_assert_num_queries):
    draft, _ = open_with(client, "refill")
    practice_of_every_page = 4

    with django_assert_num_queries(1 + practice_of_every_page):
        client.get(address(draft))


def test_nothing_changes_by_opening_it(client):
    draft, _ = open_with(client, "refill")
    before = type(draft).objects.values().get()

    assert client.get(address(draft)).status_code == 200
    assert client.post(address(draft)).status_code == 405
    assert type(draft).objects.values().get() == before
