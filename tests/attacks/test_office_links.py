"""Links of offices against scanners, guessers, strangers and other offices (P24, P26)."""

import re
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from appointments.models import AccessCode, AccessLink, AccessSession, ReferralEvent, StaffNote
from appointments.services import access, office_page
from appointments.services.office_links import TooManyCodes, read_out
from appointments.services.secret import new_secret
from outbox.models import Message
from outbox.worker import Worker
from tests.appointments import office_steps
from tests.appointments.access_steps import mailed_code, request_with_link
from tests.appointments.access_steps import open_page as open_patient
from tests.appointments.office_steps import MAILBOX, letter_of, office_link, open_office
from tests.attacks.test_links import (
    SCANS,
    bytes_of,
    clock,
    everything_but_mails,
    rows_of_all_tables,
    together,
    written,
)
from tests.factories import ContactPointFactory, UserFactory
from tests.mail import Sink, use

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["clock", "written"]  # fixtures
OTHER = {"value": "+18135550160"}
TAILS = (
    "",
    "code/",
    "end/",
    "full/",
    f"letters/{uuid.uuid4()}/",
    f"letters/{uuid.uuid4()}/read/",
    "message/",
    "files/",
    "wrong/",
)


def link_of_mailbox():
    return office_link(MAILBOX)[1]


# Scanners


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("contact", [{}, MAILBOX], ids=["fax", "e-mail"])
def test_opening_a_link_changes_nothing(method, contact):  # P26
    _, link = office_link(contact)
    before = everything_but_mails()

    for _ in range(SCANS):
        assert getattr(Client(), method)(link).status_code == 200

    assert everything_but_mails() == before
    assert (AccessCode.objects.count(), Message.objects.count()) == (0, 0)


def test_pressing_every_button_mails_one_code_and_changes_nothing_else():  # P26
    link = link_of_mailbox()
    before = everything_but_mails()

    for _ in range(SCANS):
        for data in ({"send-code": "1"}, {"send-link": "1"}, {}, {"code": "x"}, {"code": ""}):
            Client().post(link, data)

    assert everything_but_mails() == before
    assert [(message.kind, message.to) for message in Message.objects.all()] == [("office-code", MAILBOX["value"])]


def test_a_scanner_that_follows_every_link_of_the_page_changes_nothing():  # P26
    referral, link = office_link()
    letter_of(referral, link, sent=True)
    client = Client()
    home = open_office(client, link)
    before = everything_but_mails()
    before.pop("ReadEvent")  # each look is recorded

    for address in re.findall(r'(?:href|action)="(/[^"]*)"', client.get(home).content.decode()):
        if address.startswith(home):
            client.get(address)
            client.head(address)

    after = everything_but_mails()
    after.pop("ReadEvent")
    assert after == before


# Strangers see one answer


def test_unknown_ended_revoked_and_forbidden_links_look_the_same_as_patients():  # P24
    _, ended = office_link(MAILBOX)
    _, revoked = office_link(MAILBOX | {"value": "b@office.example.org"})
    blocked, forbidden = office_link(MAILBOX | {"value": "c@office.example.org"})
    _, fax = office_link()
    _, of_patient = request_with_link()
    rows = {link: access.find_link(link.rpartition("/")[2]).pk for link in (ended, revoked, fax, of_patient)}
    AccessLink.objects.filter(pk__in=[rows[ended], rows[fax], rows[of_patient]]).update(expires_at=timezone.now())
    AccessLink.objects.filter(pk=rows[revoked]).update(revoked_at=timezone.now())
    blocked.appointment_request.may_contact_referrer = False
    blocked.appointment_request.save()
    links = [f"/r/{new_secret()}", ended, revoked, forbidden, fax, of_patient]

    for data in (None, {"send-link": "1"}, {"send-code": "1"}, {"code": "12345678"}, {"send-link": "1"}):
        answers = [Client().post(link, data) if data else Client().get(link) for link in links]
        assert len({str(bytes_of(answer)) for answer in answers}) == 1
    assert sorted(message.to for message in Message.objects.all()) == [MAILBOX["value"], "walter@example.org"]


@pytest.mark.parametrize("who", ["another office", "the patient", "nobody"])
def test_another_offices_page_is_one_that_does_not_exist(who):  # P24
    stranger, owner = Client(), Client()
    referral, link = office_link()
    home = open_office(owner, link)
    if who == "another office":
        open_office(stranger, office_link(OTHER)[1])
    elif who == "the patient":
        referral.appointment_request.email = "walter@example.org"
        referral.appointment_request.save()
        open_patient(stranger, access.new_link(referral.appointment_request))
    unknown = f"/appointments/office/{uuid.uuid4()}/"

    for tail in TAILS:
        for method in ("get", "post"):
            there, nowhere = (getattr(stranger, method)(f"{base}{tail}") for base in (home, unknown))
            assert bytes_of(there) == bytes_of(nowhere)
            assert there.status_code in (404, 405)
    assert owner.get(home).status_code == 200
    assert AccessSession.objects.filter(link__purpose="office", link__appointment_request=referral.appointment_request)


@pytest.mark.parametrize("secret", ["", "x", new_secret()])
def test_a_wrong_cookie_opens_nothing(secret):  # P24
    home = open_office(Client(), office_link()[1])
    unknown = f"/appointments/office/{uuid.uuid4()}/"
    client = Client()
    client.cookies["apollo-status-en"] = secret

    assert bytes_of(client.get(home)) == bytes_of(client.get(unknown))
    assert client.get(home).status_code == 404


def test_a_patients_session_opens_no_office_and_an_offices_no_patient():
    """The very session, at an address of the other purpose: its cookie is sent by hand."""
    referral, link = office_link()
    office, patient = Client(), Client()
    home = open_office(office, link)
    own = open_office(patient, access.new_link(referral.appointment_request))

    there = own.replace("/status/", "/office/"), home.replace("/office/", "/status/")
    assert [patient.get(there[0]).status_code, office.get(there[1]).status_code] == [404, 404]
    assert [patient.get(own).status_code, office.get(home).status_code] == [200, 200]


def test_a_letter_of_another_referral_is_one_that_does_not_exist():  # P24
    _, link = office_link()
    other, there = office_link(OTHER)
    letter = letter_of(other, there, sent=True)
    client = Client()
    home = open_office(client, link)

    for tail in ("", "read/"):
        real = client.post(f"{home}letters/{letter.public_id}/{tail}")
        made_up = client.post(f"{home}letters/{uuid.uuid4()}/{tail}")
        assert bytes_of(real) == bytes_of(made_up)
        assert real.status_code == 404
    letter.refresh_from_db()
    assert (letter.status, ReferralEvent.objects.count()) == ("sent", 0)


# Codes, many at once


def test_of_four_who_enter_the_right_code_at_once_one_gets_in():
    _, link = office_link()
    code = office_steps.read_out(link)

    answers = together(*[lambda: Client().post(link, {"code": code}).status_code] * 4)

    assert sorted(answers) == [200, 200, 200, 303]
    assert AccessSession.objects.count() == 1


def test_of_many_wrong_codes_at_once_five_are_looked_at_and_staff_are_told_once():
    _, link = office_link()
    wrong = f"{(int(office_steps.read_out(link)) + 1) % 10**8:08}"

    together(*[lambda: Client().post(link, {"code": wrong})] * 12)

    row = access.find_link(link.rpartition("/")[2])
    assert (row.tries, row.revoked_at is None) == (access.MOST_TRIES, False)
    assert StaffNote.objects.get().text == access.FIVE_WRONG_AT_OFFICE


def test_of_many_presses_at_once_one_mails():
    link = link_of_mailbox()

    together(*[lambda: Client().post(link, {"send-code": "1"})] * 8)

    assert Message.objects.count() == 1


def test_of_many_who_read_codes_out_at_once_three_may():
    referral, link = office_link()
    robin, row = UserFactory(group="referral coordinator"), access.find_link(link.rpartition("/")[2])
    phone = ContactPointFactory(practice=referral.practice, kind="phone", verified=True)

    def press():
        try:
            return bool(read_out(referral.public_id, row, called=phone, by=robin))
        except TooManyCodes:
            return False

    answers = together(*[press] * 6)

    assert sorted(answers) == [False] * 3 + [True] * 3
    assert AccessCode.objects.count() == 3


def test_wrong_office_said_twice_at_once_is_told_once():
    _, link = office_link()
    row = access.find_link(link.rpartition("/")[2])

    together(*[lambda: office_page.say_wrong(row)] * 4)

    assert list(ReferralEvent.objects.values_list("what", flat=True)) == ["wrong-office", "incident-opened"]
    assert StaffNote.objects.count() == 1


def test_a_message_sent_twice_at_once_is_kept_and_told_once():
    row, entry_id = access.find_link(office_link()[1].rpartition("/")[2]), uuid.uuid4()
    UserFactory(group="referral coordinator", email="robin@example.org")

    together(*[lambda: office_page.write(row, "Hello", entry_id=entry_id)] * 4)

    assert list(ReferralEvent.objects.values_list("what", flat=True)) == ["office-wrote"]
    assert Message.objects.count() == 1


def test_without_the_lock_more_codes_would_be_read_out(monkeypatch):  # the control
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one transaction write at a time, whatever the code says")
    referral, link = office_link()
    robin, row = UserFactory(group="referral coordinator"), access.find_link(link.rpartition("/")[2])
    phone = ContactPointFactory(practice=referral.practice, kind="phone", verified=True)
    monkeypatch.setattr("appointments.services.office_links._taken", lambda public_id, by: referral)

    def press():
        try:
            return bool(read_out(referral.public_id, row, called=phone, by=robin))
        except TooManyCodes:
            return False

    assert sum(together(*[press] * 12)) > 3


# Tokens and codes stand nowhere


def test_no_token_and_no_code_stands_in_database_log_or_location(written, settings):  # P26
    _, link = office_link(MAILBOX)
    _, ended = office_link(MAILBOX | {"value": "b@office.example.org"})
    row = access.find_link(ended.rpartition("/")[2])
    AccessLink.objects.filter(pk=row.pk).update(expires_at=timezone.now())
    client = Client(raise_request_exception=False)

    answers = [client.get(link), client.post(link, {"send-code": "1"}), client.post(ended, {"send-link": "1"})]
    code = mailed_code("office-code")
    answers += [client.post(link, {"code": "00000000"}), client.post(link, {"code": code})]
    home = answers[-1]["Location"]
    answers += [client.get(home), client.post(f"{home}full/"), client.get(f"/es{link}")]
    with Sink().on() as sink:
        use(settings, sink.port)
        Worker().run_once()

    mailed = "".join(mail.get_payload(decode=True).decode() for _, mail in sink.mails)
    fresh = re.search(r"/r/([\w-]+)", mailed)[1]
    cookies = [cookie.value for name, cookie in client.cookies.items() if name.startswith("apollo-status")]
    secrets = [address.rpartition("/")[2] for address in (link, ended, fresh)] + [code, code.replace(" ", "")] + cookies
    stored, logged = "\n".join(rows_of_all_tables()), written.getvalue()
    assert [secret for secret in secrets if secret in stored] == []
    assert [secret for secret in secrets if secret in logged] == []
    assert [secret for secret in secrets for answer in answers if secret in answer.get("Location", "")] == []
    assert sink.recipients == [MAILBOX["value"], "b@office.example.org"]
