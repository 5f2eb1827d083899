import uuid

import pytest
from django.core.exceptions import ValidationError
from django.template import TemplateDoesNotExist, TemplateSyntaxError

from outbox.models import Message
from outbox.render import RenderError, render
from vault.crypto import UnreadableError
from vault.fields import Sealed

PUBLIC_ID = uuid.UUID("7b0c5a52-5b8e-4c8e-9d0a-3f1d2c4b5a69")


def message(kind="plain", to="walter@example.org", language="en", **context):
    context = {"reference": "APM-2345-6789", "path": "/appointments/status/"} | context
    return Message(public_id=PUBLIC_ID, kind=kind, to=to, language=language, context=context)


def test_render_makes_the_mail():
    email = render(message(from_name="Sample office"))

    assert (email.subject, email.body, email.from_email, email.to, email.extra_headers) == (
        "About your request APM-2345-6789",
        "Your reference is APM-2345-6789.\nhttps://practice.example.org/appointments/status/\n",
        "Sample office <office@practice.example.org>",
        ["walter@example.org"],
        {"Message-ID": f"<{PUBLIC_ID}@practice.example.org>", "Auto-Submitted": "auto-generated"},
    )


def test_render_takes_the_address_of_links_from_the_settings_only(settings):  # P16
    settings.ALLOWED_HOSTS = ["*"]
    settings.PUBLIC_URL = "https://elsewhere.example.org"

    assert "https://elsewhere.example.org/appointments/status/" in render(message()).body


@pytest.mark.parametrize("path", ["@evil.example/", ".evil.example/", "evil", ""])
def test_render_refuses_a_path_that_would_lead_elsewhere(path):
    with pytest.raises(RenderError):
        render(message(path=path))


def test_render_names_nobody_when_there_is_no_name_of_the_sender():
    assert render(message()).from_email == "office@practice.example.org"


@pytest.mark.parametrize("name", ["Smith, Jones & Co", 'The "old" office', "Consultório São João", "a@b.example"])
def test_render_keeps_any_name_of_the_sender_in_one_address(name):
    header = render(message(from_name=name)).message()["From"]

    assert header.endswith("<office@practice.example.org>")
    assert header.count("<") == 1


def test_render_takes_the_bare_address_of_the_sender(settings):
    settings.DEFAULT_FROM_EMAIL = "Someone <desk@practice.example.org>"

    assert render(message(from_name="Office")).from_email == "Office <desk@practice.example.org>"


def test_render_speaks_the_language_of_the_message():
    email = render(message("dated", respond_by="2026-11-24T22:00:00+00:00", words="-", language="es"))

    assert email.body == "By martes, noviembre 24, 5 p.\N{NO-BREAK SPACE}m.. -\n"


def test_render_shows_times_as_the_practice_reads_them_and_escapes_nothing():
    email = render(message("dated", respond_by="2026-11-24T22:00:00+00:00", words="O'Hara & <Sons>"))

    assert email.body == "By Tuesday, November 24, 5 p.m.. O'Hara & <Sons>\n"


@pytest.mark.parametrize("time", ["soon", "2026-11-24", "2026-11-24T17:00:00", ""])
def test_render_refuses_what_is_no_time(time):
    with pytest.raises(RenderError):
        render(message("dated", respond_by=time, words="-"))


def test_render_refuses_a_mail_with_a_gap():
    with pytest.raises(RenderError, match="words"):
        render(message("dated", respond_by="2026-11-24T22:00:00+00:00"))


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("broken", TemplateSyntaxError),
        ("unknown", TemplateDoesNotExist),
        ("../../settings", TemplateDoesNotExist),
        ("no-subject", RenderError),
        ("no-body", RenderError),
    ],
)
def test_render_refuses_a_template_that_makes_no_mail(kind, error):
    with pytest.raises(error):
        render(message(kind))


INJECTIONS = [
    "x\nBcc: evil@example.org",
    "x\r\nBcc: evil@example.org",
    "x\rBcc: evil@example.org",
    "x\n\nAnother body",
    "x\x00",
    "x\x0bBcc: evil@example.org",
    "x\x85Bcc: evil@example.org",
    "x\u2028Bcc: evil@example.org",
]


@pytest.mark.parametrize("text", INJECTIONS)
@pytest.mark.parametrize("field", ["reference", "from_name", "path", "unused"])
def test_render_refuses_an_injection_in_any_value(field, text):  # P17
    with pytest.raises(RenderError):
        render(message(**{field: f"/{text}"}))


def test_render_refuses_an_injection_deep_inside_a_value():  # P17
    with pytest.raises(RenderError):
        render(message(bring=[{"what": "a list\nof things"}]))


@pytest.mark.parametrize(
    "to",
    [
        *(f"walter@example.org{text}" for text in INJECTIONS),
        *(f"{text}@example.org" for text in INJECTIONS),
        "a@example.org, b@example.org",
        "a@example.org;b@example.org",
        "Walter <walter@example.org>",
        "<walter@example.org>",
        "walter@example.org ",
        "walter",
        "",
    ],
)
def test_render_refuses_a_recipient_that_is_not_one_plain_address(to):  # P17
    with pytest.raises(ValidationError):
        render(message(to=to))


def test_render_refuses_a_recipient_of_another_message():  # P31
    mine, other = message(), message()
    other.public_id = uuid.uuid4()
    token = Message._meta.get_field("to").seal(other, "rosa@example.org")
    mine.__dict__["to"] = Sealed(token.token)

    with pytest.raises(UnreadableError):
        render(mine)
