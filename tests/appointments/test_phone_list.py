"""Mail is down: every page of staff says so, and a list says whom to call instead."""

import datetime
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appointments.models import AppointmentRequest, Visit
from appointments.models.words import Priority
from appointments.services import moves
from appointments.templatetags.promise import promise
from tests.appointments.desk import LIST, page_of, sign_in
from tests.factories import AppointmentRequestFactory, LocationFactory
from tests.outbox.factories import MessageFactory
from vault.fields import Sealed

pytestmark = pytest.mark.django_db
ADDRESS = "/admin/phone-list/"
BANNER = 'class="mail-fails" role="alert"'
DAY = datetime.timedelta(days=1)


@pytest.fixture
def an_hour_ago(time_machine):
    """A request with a message about it that was made an hour ago and has not left."""

    def make(kind="acknowledgement", state="failed-temporary", request=None, **values):
        now = timezone.now()
        time_machine.move_to(now - datetime.timedelta(hours=1))
        appointment_request = request or AppointmentRequestFactory(**values)
        MessageFactory(kind=kind, state=state, about=appointment_request.reference)
        time_machine.move_to(now)
        return appointment_request

    return make


def references(client):
    response = client.get(ADDRESS)
    assert (response.status_code, "no-store" in response["Cache-Control"]) == (200, True)
    return list(dict.fromkeys(re.findall(r"APM-\w{4}-\w{4}", response.content.decode())))


# The banner


@pytest.mark.parametrize("group", ["scheduler", "clinician", "editor", "auditor", "owner"])
def test_every_page_of_staff_says_that_mail_fails(client, practice, an_hour_ago, group):
    sign_in(client, group)
    assert BANNER not in client.get("/admin/").content.decode()
    an_hour_ago()

    html = client.get("/admin/").content.decode()

    assert BANNER in html
    assert "no mail has left." in html
    assert (f'href="{ADDRESS}"' in html.partition(BANNER)[2][:2000]) == (group in ("scheduler", "owner"))


def test_list_and_page_of_a_request_say_it_too(client, practice, an_hour_ago):
    sign_in(client, "scheduler")
    appointment_request = an_hour_ago()

    for address in (LIST, page_of(appointment_request), ADDRESS):
        assert BANNER in client.get(address).content.decode(), address


def test_who_has_not_signed_in_is_told_nothing(client, practice, an_hour_ago):
    an_hour_ago()

    assert BANNER not in client.get("/admin/login/").content.decode()


def test_the_banner_costs_one_query(client, practice, an_hour_ago, monkeypatch):
    sign_in(client, "scheduler")
    for _ in range(3):
        an_hour_ago()

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/admin/").status_code == 200
        return len(captured)

    with_banner = queries()
    monkeypatch.setattr("apollo_site.site.failing_since", lambda: None)

    assert with_banner - queries() == 1


# The list


def test_list_says_whom_to_call_by_when_and_why(client, practice, an_hour_ago):
    sign_in(client, "scheduler")
    appointment_request = an_hour_ago(
        first_name="Rosa", last_name="Example", language="es", voicemail="name-only", scheduled=True
    )
    an_hour_ago("visit-booked", request=appointment_request)
    visit = Visit.objects.create(
        appointment_request=appointment_request, starts_at=timezone.now() + 3 * DAY, location=LocationFactory()
    )

    row = client.get(ADDRESS).content.decode().partition("<tbody>")[2]

    for text in [
        promise(appointment_request.respond_by),
        "Rosa Example",
        'href="tel:+18135550142">813-555-0142',
        "Español",
        "Name and number only",
        "We have the request",
        "A visit is booked",
        f"Visit: {promise(visit.starts_at)}",
        appointment_request.reference,
    ]:
        assert text in row
    assert "My legs get heavy" not in row


def test_list_is_in_the_order_of_the_queue(client, practice, an_hour_ago):
    sign_in(client, "scheduler")
    later = an_hour_ago(respond_by=timezone.now() + 2 * DAY)
    sooner = an_hour_ago(respond_by=timezone.now() + DAY)
    urgent = an_hour_ago(respond_by=timezone.now() + 3 * DAY, priority=Priority.URGENT)

    assert references(client) == [row.reference for row in (urgent, sooner, later)]


@pytest.mark.parametrize("state", ["queued", "failed-temporary", "failed-permanent", "needs-human", "held"])
def test_every_mail_that_has_not_left_counts(client, practice, an_hour_ago, state):
    sign_in(client, "scheduler")
    appointment_request = an_hour_ago(state=state)

    assert references(client) == [appointment_request.reference]


def test_a_mail_of_this_minute_and_those_that_are_no_news_do_not_count(client, practice, an_hour_ago):
    sign_in(client, "scheduler")
    MessageFactory(kind="acknowledgement", about=AppointmentRequestFactory().reference)
    an_hour_ago(state="sent")
    an_hour_ago("staff-notice")
    an_hour_ago("access-code")
    an_hour_ago(status="quarantined")
    an_hour_ago(completed=True)
    an_hour_ago("request-news", status="closed", outcome="deceased")

    assert references(client) == []
    assert "Nobody: every mail to a patient has left." in client.get(ADDRESS).content.decode()


def test_who_was_reached_leaves_the_list(client, practice, an_hour_ago):
    user = sign_in(client, "scheduler")
    tried, reached = an_hour_ago(respond_by=timezone.now() + DAY), an_hour_ago()
    closed = an_hour_ago("request-news", status="closed", outcome="not-a-service-we-offer")
    for row, result in ((tried, "no-answer"), (reached, "reached"), (closed, "no-answer")):
        moves.log_call(row.public_id, result=result, note="", by=user)

    assert references(client) == [tried.reference]


def test_what_was_written_after_the_talk_is_still_to_be_told(client, practice, an_hour_ago, time_machine):
    user = sign_in(client, "scheduler")
    now = timezone.now()
    appointment_request = AppointmentRequestFactory()
    time_machine.move_to(now - 2 * DAY)
    moves.log_call(appointment_request.public_id, result="reached", note="", by=user)
    time_machine.move_to(now)
    an_hour_ago("times-offered", request=appointment_request)

    assert references(client) == [appointment_request.reference]


@pytest.mark.parametrize("group", ["clinician", "editor", "auditor", None])
def test_list_is_closed_to_who_does_not_call(client, practice, group):
    sign_in(client, group)

    assert client.get(ADDRESS).status_code == 403


def test_list_takes_as_many_queries_for_3_as_for_1(client, practice, an_hour_ago):
    sign_in(client, "scheduler")

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(ADDRESS).status_code == 200
        return len(captured)

    an_hour_ago()
    with_one = queries()
    an_hour_ago()
    an_hour_ago()

    assert queries() == with_one


def test_phone_list_goes_on_past_a_request_that_no_key_reads(client, practice, an_hour_ago):
    sign_in(client, "scheduler")
    lost, __ = an_hour_ago(), an_hour_ago(first_name="Other")
    AppointmentRequest.objects.filter(pk=lost.pk).update(phone=Sealed("v1.gone.AAAA"))

    text = client.get(ADDRESS).content.decode()

    assert (text.count("Cannot be read: please tell"), "Other Demo" in text) == (1, True)
