"""Faxes by a gateway: a mail to <number>@<its domain>, with the PDF and the reference and nothing else."""

import time
import uuid

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection

from outbox import services, worker
from outbox.models import Message
from outbox.render import NoFaxGateway, RenderError, render
from outbox.worker import Worker
from tests.mail import Sink, use
from tests.outbox.factories import MessageFactory

State = Message.State
PDF = b"%PDF-1.7\r\n.\r\n..\n\r\0\xff\xfe From here\r\n" + bytes(range(256)) * 400 + b"%%EOF"


@pytest.fixture
def gateway(settings):
    settings.FAX_GATEWAY = "fax.example.org"


@pytest.fixture
def attach(monkeypatch):
    """Lets `attach(kind, function)` make the PDF of a kind; "letter" has one from the beginning."""

    def register(kind, function):
        monkeypatch.setitem(services.ATTACHMENTS, kind, function)

    register("letter", lambda message: ("letter.pdf", PDF))
    return register


def fax(to="+18135550123", **values):
    values = {"kind": "letter", "channel": Message.Channel.FAX, "about": "APM-2345-6789"} | values
    return Message(public_id=uuid.uuid4(), to=to, **values)


def ends():
    return {message.to: (message.state, message.last_error) for message in Message.objects.all()}


def test_a_fax_is_a_mail_to_the_gateway_with_the_pdf_and_the_reference(gateway, attach):
    message = fax(language="es", context={"from_name": "Canary", "path": "//"}, secrets={"code": "Canary"})

    email = render(message)

    assert (email.to, email.subject, email.body, email.from_email, email.attachments, email.extra_headers) == (
        ["18135550123@fax.example.org"],
        "APM-2345-6789",
        "APM-2345-6789",
        "office@practice.example.org",
        [("letter.pdf", PDF, "application/pdf")],
        {"Message-ID": f"<{message.public_id}@practice.example.org>", "Auto-Submitted": "auto-generated"},
    )


@pytest.mark.parametrize(
    "to",
    [
        *("", "8135550123", "18135550123", "+", "+1", "+08135550123", "+1 813 555 0123", "+1-813-555-0123"),
        *("+18135550123;ext=12", "+18135550123\n", "+1813555012\uff13", "+1234567890123456", "walter@example.org"),
    ],
)
def test_a_fax_leaves_for_one_whole_number_only(gateway, attach, to):
    with pytest.raises(RenderError):
        render(fax(to))


@pytest.mark.parametrize(
    "domain", ["fax", "desk@fax.example.org", "fax.example.org, b@example.org", "https://x.example"]
)
def test_a_gateway_that_is_no_domain_gets_nothing(settings, attach, domain):
    settings.FAX_GATEWAY = domain

    with pytest.raises(ValidationError):
        render(fax())


def test_without_a_gateway_no_letter_is_even_made(settings, attach):
    attach("letter", lambda message: pytest.fail("asked for the letter"))

    with pytest.raises(NoFaxGateway):
        render(fax())


@pytest.mark.django_db
def test_a_fax_without_a_gateway_goes_to_a_person(attach):
    message = services.enqueue("letter", to="+18135550123", dedupe_key="x", channel=Message.Channel.FAX)

    Worker().run_once()

    message.refresh_from_db()
    assert (message.state, message.last_error, mail.outbox) == (State.NEEDS_HUMAN, "NoFaxGateway", [])


@pytest.mark.django_db
def test_the_pdf_arrives_byte_for_byte(settings, gateway, attach):
    services.enqueue("letter", to="+18135550123", dedupe_key="x", about="APM-2345-6789", channel=Message.Channel.FAX)

    with Sink().on() as sink:
        use(settings, sink.port)
        Worker().run_once()

    ((recipient, arrived),) = sink.mails
    text, pdf = arrived.get_payload()
    assert (recipient, arrived["Subject"]) == ("18135550123@fax.example.org", "APM-2345-6789")
    assert text.get_payload(decode=True).strip() == b"APM-2345-6789"
    assert (pdf.get_content_type(), pdf.get_filename()) == ("application/pdf", "letter.pdf")
    assert pdf.get_payload(decode=True) == PDF
    assert ends() == {"+18135550123": (State.SENT, "")}


@pytest.mark.django_db
def test_bad_faxes_hold_up_no_good_one(settings, gateway, attach, monkeypatch):  # P15
    def broken(message):
        raise ValueError("Walter Brown")

    attach("broken-letter", broken)
    values = {"kind": "letter", "channel": Message.Channel.FAX}
    MessageFactory(**values, to="+18135550199")
    MessageFactory(**values | {"kind": "broken-letter"}, to="+18135550102")
    MessageFactory(**values | {"kind": "nobody-makes-it"}, to="+18135550103")
    MessageFactory(**values, to="+18135550104")
    MessageFactory(to="walter@example.org")
    monkeypatch.setattr(Sink, "ANSWERS", {"18135550199": "550 5.1.1 no such number"})

    with Sink().on() as sink:
        use(settings, sink.port)
        Worker().run_once()

    assert sink.recipients == ["18135550104@fax.example.org", "walter@example.org"]
    assert ends() == {
        "+18135550199": (State.FAILED_PERMANENT, "SMTPRecipientsRefused 550"),
        "+18135550102": (State.NEEDS_HUMAN, "ValueError"),
        "+18135550103": (State.NEEDS_HUMAN, "KeyError"),
        "+18135550104": (State.SENT, ""),
        "walter@example.org": (State.SENT, ""),
    }


@pytest.mark.django_db
def test_a_letter_that_takes_too_long_is_cut(gateway, attach, monkeypatch):  # P15
    monkeypatch.setattr(worker, "TALK_SECONDS", 0.5)
    attach("letter", lambda message: time.sleep(10))
    MessageFactory(kind="letter", channel=Message.Channel.FAX, to="+18135550123")
    started = time.monotonic()

    Worker().step()

    assert ends() == {"+18135550123": (State.NEEDS_HUMAN, "TalkTooLong")}
    assert time.monotonic() - started < 5


@pytest.mark.django_db(transaction=True)
def test_the_pdf_is_made_outside_every_transaction(gateway, attach):  # P11
    seen = []

    def make(message):
        seen.append(connection.in_atomic_block)
        return "letter.pdf", PDF

    attach("letter", make)
    MessageFactory(kind="letter", channel=Message.Channel.FAX, to="+18135550123")

    Worker().step()

    assert (seen, len(mail.outbox)) == ([False], 1)


def test_a_number_is_masked_but_for_its_last_two_digits():
    assert fax("+18135550142").masked_recipient == "…42"
