"""From one request on to the next one of the list that one came from."""

import datetime

import pytest
from django.contrib.messages import get_messages
from django.utils import timezone

from tests.appointments.desk import LIST, page_of, sign_in
from tests.factories import AppointmentRequestFactory

HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def first_and_second(practice):
    now = timezone.now()
    return [AppointmentRequestFactory(respond_by=now + hours * HOUR, language="es") for hours in (1, 2)]


def go_on(client, query):
    return client.get(f"{LIST}next/?{query}")


def test_next_is_who_stands_first_but_for_whom_one_leaves(client, first_and_second):
    sign_in(client, "scheduler")
    first, second = first_and_second
    AppointmentRequestFactory(claimed=True)

    leaving_first = go_on(client, f"show=new&language=es&left={first.pk}")
    leaving_second = go_on(client, f"show=new&language=es&left={second.pk}")

    kept = "?_changelist_filters=show%3Dnew%26language%3Des"
    assert (leaving_first.url, leaving_second.url) == (page_of(second) + kept, page_of(first) + kept)


def test_page_leads_on_by_the_list_that_one_came_from(client, first_and_second):
    sign_in(client, "scheduler")
    first = first_and_second[0]

    page = client.get(page_of(first), {"_changelist_filters": "show=new"}).content.decode()

    assert page.count(f'href="{LIST}next/?show=new&amp;left={first.pk}"') == 2


def test_next_without_a_list_is_of_what_is_to_do(client, first_and_second):
    sign_in(client, "scheduler")
    first, second = first_and_second

    assert go_on(client, f"&left={first.pk}").url == page_of(second)


def test_next_after_the_last_one_leads_back_to_the_list(client, first_and_second):
    sign_in(client, "scheduler")

    response = go_on(client, f"show=quarantine&left={first_and_second[0].pk}")

    told = [str(message) for message in get_messages(response.wsgi_request)]
    assert (response.url, told) == (f"{LIST}?show=quarantine", ["That was the last one of this list."])


@pytest.mark.parametrize("query", ["show=new&left=x", "left=9" + "9" * 30, "left=1&left=2", ""])
def test_next_goes_on_whatever_one_leaves(client, first_and_second, query):
    sign_in(client, "scheduler")

    assert go_on(client, query).url.startswith(page_of(first_and_second[0]))


def test_next_takes_no_column_from_the_address(client, first_and_second):
    sign_in(client, "scheduler")

    assert go_on(client, "first_name__startswith=W").status_code == 400


@pytest.mark.parametrize("group", ["editor", None])
def test_next_is_for_who_may_see_requests(client, first_and_second, group):
    sign_in(client, group)

    assert go_on(client, "show=new").status_code == 403
