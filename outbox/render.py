"""Making the mail of a message. Everything here may fail for good: then a person is asked, and nothing leaves."""

import re
import unicodedata
from email.utils import formataddr, parseaddr
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.template.backends.django import DjangoTemplates
from django.utils import translation
from django.utils.dateparse import parse_datetime

from outbox.models import Message
from outbox.services import ATTACHMENTS

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
LINE_BREAKING = {"Cc", "Zl", "Zp"}  # Unicode categories: control characters, line and paragraph separators


class RenderError(Exception):
    """The message cannot become a mail; says why, and quotes no value of the message."""


class NoFaxGateway(RenderError):
    """APOLLO_FAX_GATEWAY is not set: nothing can be faxed, and somebody has to send it by hand."""


class MissingValue(str):
    """What a template gets for a value it names and the message has not: a mail with a gap never leaves."""

    def __mod__(self, name):
        raise RenderError(f"The template needs a value for {name}.")


def render(message) -> EmailMessage:
    """The mail of `message`: templates/outbox/<kind>.txt with the values of the message, in its language, or its fax.

    Raises whatever goes wrong: a missing template or value, a recipient that is not one address or number, a control
    character, a value that the keys do not read, an attachment that cannot be made.
    """
    email = fax(message) if message.channel == Message.Channel.FAX else mail(message)
    email.extra_headers = {"Message-ID": message_id(message), "Auto-Submitted": "auto-generated"}
    email.message()  # so that what Django refuses is refused here
    return email


def mail(message) -> EmailMessage:
    values = checked(message.context | message.secrets)
    subject, body = subject_and_body(message.kind, template_values(values), message.language)
    return EmailMessage(subject, body, sender(values.get("from_name", "")), [one_address(message.to)])


def fax(message) -> EmailMessage:
    """A mail to the gateway, which faxes the PDF of ATTACHMENTS. The mail itself says nothing but the reference."""
    to = fax_address(message.to)
    name, pdf = ATTACHMENTS[message.kind](message)
    email = EmailMessage(message.about, message.about, sender(""), [to])
    email.attach(name, pdf, "application/pdf")
    return email


def fax_address(number: str) -> str:
    """The gateway's address for `number` (E.164): "+18135550123" is 18135550123@<APOLLO_FAX_GATEWAY>."""
    if not settings.FAX_GATEWAY:
        raise NoFaxGateway
    if not E164.fullmatch(number):
        raise RenderError("The recipient is not one number.")
    return one_address(f"{number.removeprefix('+')}@{settings.FAX_GATEWAY}")


def message_id(message) -> str:
    """The same for every try, so that a copy sent by a killed worker can be recognised (P14)."""
    return f"<{message.public_id}@{urlsplit(settings.PUBLIC_URL).hostname}>"


def sender(name: str) -> str:
    return formataddr((name, parseaddr(settings.DEFAULT_FROM_EMAIL)[1]))


def one_address(text: str) -> str:
    """`text`, if it is one plain address without display name."""
    validate_email(text)
    return text


def checked(values: dict) -> dict:
    """`values`, if every text is a single line (P17) and `path` is one of our own."""
    for text in _texts(values):
        if any(unicodedata.category(character) in LINE_BREAKING for character in text):
            raise RenderError("A value holds a line break or a control character.")
    # "@elsewhere.example/" behind our address would lead elsewhere.
    if not values.get("path", "/").startswith("/"):
        raise RenderError("The path of the link does not begin with a slash.")
    return values


def _texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def template_values(values: dict) -> dict:
    """`values` with `public_url`, and with times (ISO 8601, under keys in _by or _at) as aware datetimes."""
    times = {name: _time(name, text) for name, text in values.items() if name.endswith(("_by", "_at"))}
    return values | times | {"public_url": settings.PUBLIC_URL}


def _time(name, text):
    time = parse_datetime(text)
    if time is None or time.tzinfo is None:
        raise RenderError(f"{name} is not a time with its zone.")
    return time


def subject_and_body(kind: str, values: dict, language: str) -> tuple[str, str]:
    """The template's first line is "Subject: …", then an empty line, then the body."""
    with translation.override(language):
        text = _templates(tuple(settings.TEMPLATES[0]["DIRS"])).get_template(f"outbox/{kind}.txt").render(values)
    head, _, body = text.strip().partition("\n\n")
    if not head.startswith("Subject: ") or "\n" in head or not body.strip():
        raise RenderError("The template must begin with a Subject line, an empty line and some text.")
    return head.removeprefix("Subject: ").strip(), body.strip() + "\n"


@lru_cache(maxsize=2)
def _templates(dirs):
    """Plain text, so nothing is escaped."""
    return DjangoTemplates(
        {
            "NAME": "outbox",
            "DIRS": dirs,
            "APP_DIRS": True,
            "OPTIONS": {"autoescape": False, "string_if_invalid": MissingValue("%s")},
        }
    )
