"""What staff do on the page of a referral so that its office gets in: a link, a code read out, the end of both."""

import datetime
import re

import pytest
import segno
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appointments.models import AccessCode, AccessLink, ContactPoint, ReferralEvent
from appointments.services import access, office_links
from appointments.services.rights import NoRight
from outbox.models import Message
from outbox.render import render
from tests.appointments.desk import sign_in
from tests.appointments.office_steps import MAILBOX, link_row, office_link, read_out
from tests.appointments.test_access import text_of
from tests.appointments.test_admin_referral import page_of
from tests.appointments.test_office_page import NOON, OBSTACLES, meanwhile
from tests.factories import ContactPointFactory, UserFactory

COORDINATOR = "referral coordinator"


@pytest.fixture
def noon(time_machine):
    time_machine.move_to(NOON, tick=False)
    return time_machine


@pytest.fixture
def referral(practice):
    """A referral whose office has a verified fax, and a link that was sent there."""
    return office_link()[0]


@pytest.fixture
def robin(practice):
    return UserFactory(group=COORDINATOR)


def point():
    return ContactPoint.objects.get(kind="fax")


def phone(referral, **values):
    values = {"value": "+18135550151", "verified": True} | values
    return ContactPointFactory(practice=referral.practice, kind="phone", **values)


def make(client, referral, contact_point):
    return client.post(page_of(referral), {"office_link": "1", "contact_point": contact_point.public_id})


def read(client, referral, called, link=None):
    values = {"office_code": "1", "link": (link or link_row()).pk, "called": called.public_id}
    return client.post(page_of(referral), values)


def code_on(answer):
    return re.search(r"<strong>(\d{4} \d{4})</strong>", answer.content.decode())[1]


# Links


def address_on(answer):
    """What somebody types from the sheet."""
    return re.sub(r"<[^>]+>|\s", "", re.search(r"<code>.*?</code>", answer.content.decode(), re.DOTALL)[0])


def test_a_fax_gets_a_sheet_that_shows_the_address_once_and_nothing_of_the_patient(client, referral, settings):
    user = sign_in(client, COORDINATOR)
    assert f'value="{point().public_id}" selected' in client.get(page_of(referral)).content.decode()

    answer = make(client, referral, point())

    assert f'<a href="{page_of(referral)}">Back to the referral' in answer.content.decode()

    address = address_on(answer)
    link = address.removeprefix(settings.PUBLIC_URL)
    assert re.fullmatch(r"/r/([2-9A-HJKMNP-Z]{4}-){13}[2-9A-HJKMNP-Z]{4}", link)
    drawn = {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", answer.content.decode())}
    code = segno.make_qr(address, error="m").matrix
    assert drawn == {(x, y) for y, row in enumerate(code) for x, is_dark in enumerate(row) if is_dark}
    assert access.find_link(link.rpartition("/")[2]).contact_point == point()
    assert "no-store" in answer["Cache-Control"]
    assert [
        word for word in ("Walter", "Demo", "1950", "heavy") if word in text_of(answer).replace("Dana Demo", "")
    ] == []
    assert link.rpartition("/")[2] not in client.get(page_of(referral)).content.decode()
    event = ReferralEvent.objects.get()
    assert (event.what, event.by, event.details["contact_point"]) == ("office-link", user, point().pk)
    assert LogEntry.objects.get().change_message == "office link"
    assert Message.objects.count() == 0


def test_a_mailbox_gets_a_mail_with_nothing_of_the_patient(client, practice):
    referral, _ = office_link(MAILBOX)
    sign_in(client, COORDINATOR)

    answer = make(client, referral, ContactPoint.objects.get())

    message = Message.objects.get()
    body = render(message).body
    assert (answer.status_code, message.kind, message.to) == (302, "office-link", MAILBOX["value"])
    assert Client().get(message.secrets["path"]).status_code == 200
    assert message.secrets["path"] in body
    assert [word for word in ("Walter", "1950", "heavy", "pain", "Pattern") if word in body.lower()] == []
    assert "/r/" not in str(message.context)


def test_a_phone_gets_no_link(client, referral):
    sign_in(client, COORDINATOR)

    assert make(client, referral, phone(referral)).status_code == 422
    assert AccessLink.objects.count() == 1


@pytest.mark.parametrize("obstacle", OBSTACLES, ids=lambda obstacle: obstacle.__name__)
def test_no_link_and_no_code_is_made_where_nothing_may_go(client, referral, robin, obstacle):
    meanwhile(obstacle)
    sign_in(client, COORDINATOR)

    with pytest.raises(access.OfficeMayNotHear):
        office_links.make_link(referral.public_id, point(), by=robin)
    with pytest.raises(office_links.LinkOver):
        office_links.read_out(referral.public_id, access_link(), called=point(), by=robin)
    assert [make(client, referral, point()).status_code, read(client, referral, point()).status_code] == [422, 422]
    assert (AccessLink.objects.count(), AccessCode.objects.count()) == (1, 0)


def access_link():
    return AccessLink.objects.with_all().get()


@pytest.mark.parametrize("value", ["", "x", "\0", "9" * 40, "00000000-0000-4000-8000-000000000000"], ids=repr)
def test_what_is_no_contact_point_and_no_link_is_refused_in_words(client, referral, value):
    sign_in(client, COORDINATOR)

    answers = [
        client.post(page_of(referral), {"office_link": "1", "contact_point": value}),
        client.post(page_of(referral), {"office_code": "1", "link": value, "called": value}),
    ]

    assert [answer.status_code for answer in answers] in ([422, 422], [422, 400])
    assert "Choose a verified number or address of this office." in text_of(answers[0])


# Codes


def test_a_code_is_shown_once_stored_nowhere_and_opens_the_page(client, noon, practice):
    referral, link = office_link()
    user, called = sign_in(client, COORDINATOR), phone(referral)

    answer = read(client, referral, called)

    code = code_on(answer)
    stored = str(AccessCode.objects.values()) + str(ReferralEvent.objects.values()) + str(LogEntry.objects.values())
    assert [text for text in (code, code.replace(" ", "")) if text in stored] == []
    assert "no-store" in answer["Cache-Control"]
    assert "813-555-0151" in text_of(answer)
    event = ReferralEvent.objects.get()
    assert (event.what, event.by, event.details["contact_point"]) == ("code-read-out", user, called.pk)
    assert Client().post(link, {"code": code}).status_code == 303
    assert Message.objects.count() == 0


def test_a_code_is_read_out_to_a_verified_phone_of_the_office_only(client, referral, robin):
    mailbox = ContactPointFactory(practice=referral.practice, verified=True, **MAILBOX)
    unverified = phone(referral, verified=False)
    elsewhere = ContactPointFactory(verified=True, kind="phone", value="+18135550152")
    others = (point(), mailbox, unverified, elsewhere)
    sign_in(client, COORDINATOR)

    assert [read(client, referral, called).status_code for called in others] == [422] * 4
    for called in others:
        with pytest.raises(access.OfficeMayNotHear):
            office_links.read_out(referral.public_id, access_link(), called=called, by=robin)
    assert AccessCode.objects.count() == 0


def test_without_a_verified_phone_the_page_says_where_to_verify_one(client, referral):
    sign_in(client, COORDINATOR)
    way = f'<a href="/admin/appointments/referringpractice/{referral.practice_id}/change/#points">'
    way += "Verify a phone number of this office first</a>"

    without = client.get(page_of(referral)).content.decode()
    phone(referral)
    with_one = client.get(page_of(referral)).content.decode()

    assert [(way in page, "Make a code to read out" in page) for page in (without, with_one)] == [
        (True, False), (False, True)
    ]  # fmt: skip


def test_three_codes_are_read_out_in_an_hour(client, noon, referral):
    sign_in(client, COORDINATOR)
    called = phone(referral)
    answers = [read(client, referral, called).status_code for _ in range(4)]
    noon.move_to(NOON + datetime.timedelta(minutes=61), tick=False)
    answers.append(read(client, referral, called).status_code)

    assert answers == [200, 200, 200, 409, 200]


def test_no_code_is_made_for_a_link_that_ended_or_of_another_referral(client, referral, robin):
    other, _ = office_link({"value": "+18135550160"})
    theirs = AccessLink.objects.get(appointment_request=other.appointment_request)
    sign_in(client, COORDINATOR)
    ours = AccessLink.objects.get(appointment_request=referral.appointment_request)
    called = phone(referral)

    assert read(client, referral, called, theirs).status_code == 422
    AccessLink.objects.update(revoked_at=timezone.now())
    assert read(client, referral, called, ours).status_code == 422
    with pytest.raises(office_links.LinkOver):
        office_links.read_out(
            referral.public_id, AccessLink.objects.with_all().get(pk=ours.pk), called=called, by=robin
        )


# The end


def test_all_links_of_the_office_are_ended_with_their_pages(client, practice):
    referral, link = office_link()
    second = access.new_office_link(referral, point())
    browser = Client()
    home = browser.post(link, {"code": read_out(link)})["Location"]
    code = read_out(second)
    sign_in(client, COORDINATOR)

    answer = client.post(page_of(referral), {"office_end": "1"})

    assert answer.status_code == 302
    assert [Client().get(link).status_code, Client().post(second, {"code": code}).status_code] == [404, 404]
    assert "This link has ended" in text_of(browser.get(home))
    assert ReferralEvent.objects.get().what == "office-links-ended"


# Who


@pytest.mark.parametrize(
    ("group", "may"),
    [
        ("scheduler", False),
        (COORDINATOR, True),
        ("clinician", False),
        ("editor", False),
        ("supervisor", True),
        ("auditor", False),
        ("owner", True),
    ],
)
def test_coordinators_and_supervisors_do_it(client, referral, group, may):
    sign_in(client, group)
    page = client.get(page_of(referral))

    answers = [read(client, referral, phone(referral)), make(client, referral, point())]
    answers.append(client.post(page_of(referral), {"office_end": "1"}))

    assert [answer.status_code for answer in answers] == ([200, 200, 302] if may else [403] * 3)
    assert ("Make a link for this office" in text_of(page)) == may
    assert AccessLink.objects.count() == (2 if may else 1)


@pytest.mark.parametrize("group", ["scheduler", "clinician"])
def test_the_services_refuse_too(referral, group):
    user, link, called = UserFactory(group=group), access_link(), phone(referral)
    for call in (
        lambda: office_links.make_link(referral.public_id, point(), by=user),
        lambda: office_links.read_out(referral.public_id, link, called=called, by=user),
        lambda: office_links.end_links(referral.public_id, by=user),
    ):
        with pytest.raises(NoRight):
            call()


def test_the_page_takes_as_many_queries_for_three_links_as_for_one(client, referral):
    sign_in(client, COORDINATOR)
    client.get(page_of(referral))
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get(page_of(referral))
        counts.append(len(queries))
        access.new_office_link(referral, point())
        access.new_office_link(referral, point())

    assert counts[0] == counts[1]
