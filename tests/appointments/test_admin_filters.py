"""What narrows a worklist: topic, insurance, language, who works on it, how and when it came."""

import datetime

import pytest
from django.utils import timezone

from tests.appointments.desk import LIST, sign_in
from tests.factories import AppointmentRequestFactory, UserFactory

DAY = datetime.timedelta(days=1)


def shown(client, **params):
    return {row.reference for row, *__ in client.get(LIST, {"show": "all", **params}).context["rows"]}


@pytest.mark.parametrize(
    ("name", "value", "other"),
    [
        ("topic", "accident", "refill"),
        ("payer_kind", "medicare", ""),
        ("language", "es", "en"),
        ("channel", "fax", "web"),
    ],
)
def test_filter_shows_what_has_the_code(client, practice, name, value, other):
    sign_in(client, "scheduler")
    wanted = AppointmentRequestFactory(**{name: value})
    AppointmentRequestFactory(**{name: other})

    assert shown(client, **{name: value}) == {wanted.reference}


def test_filter_shows_the_work_of_one_person_or_of_nobody(client, practice):
    sign_in(client, "scheduler")
    ana = UserFactory(first_name="Ana", is_active=False)  # who has left leaves work behind
    hers, free = AppointmentRequestFactory(assignee=ana), AppointmentRequestFactory()

    assert shown(client, assignee=ana.pk) == {hers.reference}
    assert shown(client, assignee="nobody") == {free.reference}


def test_filter_by_age(client, practice):
    sign_in(client, "scheduler")
    now = timezone.now()
    today, week, older = (AppointmentRequestFactory(submitted_at=now - days * DAY).reference for days in (0, 6, 8))

    assert shown(client, sent="today") == {today}
    assert shown(client, sent="week") == {today, week}
    assert shown(client, sent="older") == {older}


def test_filters_combine_with_the_worklist_and_with_each_other(client, practice):
    sign_in(client, "scheduler")
    wanted = AppointmentRequestFactory(language="es", channel="fax")
    for values in ({"language": "es"}, {"channel": "fax"}, {"language": "es", "channel": "fax", "scheduled": True}):
        AppointmentRequestFactory(**values)

    assert shown(client, show="new", language="es", channel="fax") == {wanted.reference}


def test_filters_stay_in_tabs_and_pages_and_can_be_cleared(client, practice):
    sign_in(client, "scheduler")
    AppointmentRequestFactory.create_batch(51, language="es")
    AppointmentRequestFactory()

    first = client.get(LIST, {"show": "open", "language": "es", "topic": "", "sent": "today"})
    html = first.content.decode()

    assert "<strong>Only:</strong> Language: Español · Sent: Today" in html
    assert '<a href="?show=open">Clear the filters</a>' in html
    assert '<a href="?language=es&amp;sent=today&amp;show=new">New (51)</a>' in html
    assert "?language=es&amp;p=2&amp;sent=today&amp;show=open" in html
    assert '<option value="es" selected>' in html
    assert len(client.get(LIST, {"show": "open", "language": "es", "p": 2}).context["rows"]) == 1


def test_heading_says_that_it_counts_what_was_chosen(client, practice):
    sign_in(client, "scheduler")
    AppointmentRequestFactory(language="es")
    AppointmentRequestFactory(respond_by=timezone.now() - DAY)

    assert "<h1>Chosen requests: 1 open</h1>" in client.get(LIST, {"language": "es"}).content.decode()
    assert "<h1>Requests: 2 open, 1 late</h1>" in client.get(LIST).content.decode()


def test_empty_list_with_filters_says_so(client, practice):
    sign_in(client, "scheduler")
    AppointmentRequestFactory()

    html = client.get(LIST, {"language": "es"}).content.decode()

    assert "None of these requests is as you chose. Clear the filters to see all of them." in html


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("topic", "Walter"),
        ("language", "xx"),
        ("sent", "yesterday"),
        ("assignee", "0"),
        ("assignee", "9" * 20),
        ("assignee", "\u00b2"),
        ("channel", "\x00"),
        ("topic__startswith", "a"),
        ("assignee__username", "staff0"),
        ("last_name", "Demo"),
    ],
)
def test_anything_but_a_code_is_refused(client, practice, name, value):
    sign_in(client, "scheduler")

    assert client.get(LIST, {name: value}).status_code == 400
