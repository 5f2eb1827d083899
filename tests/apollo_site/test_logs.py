"""P35: logs name the place and the class of an error, and repeat nothing that anybody typed."""

import io
import logging

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.db import IntegrityError, connection
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from apollo_site import urls as site_urls
from apollo_site.logs import WordlessFormatter

CANARY = "canary-Rosalind"


def chained(word):
    try:
        int(word)
    except ValueError as error:
        raise RuntimeError(f"could not use {word}") from error


def refused_by_the_database(word):
    with connection.cursor() as cursor:
        # PostgreSQL repeats the row in its message, and the key in the one of a unique constraint.
        cursor.execute("INSERT INTO vault_canary (ring, key_id, proof) VALUES ('field', %s, NULL)", [word])


def provoke(error):
    def view(request):
        word = request.POST["reason"]
        if callable(error) and not isinstance(error, type):
            error(word)
        raise error(f"about {word}")

    return view


def view_that_logs(request):
    try:
        chained(request.POST["reason"])
    except RuntimeError:
        logging.getLogger("appointments").exception("request %s could not be read", 7)
    return HttpResponse()


urlpatterns = [
    path("value/", provoke(ValueError)),
    path("validation/", provoke(ValidationError)),
    path("suspicious/", provoke(SuspiciousOperation)),
    path("chained/", provoke(chained)),
    path("database/", provoke(refused_by_the_database)),
    path("logged/", view_that_logs),
    *site_urls.urlpatterns,
]
handler400, handler500 = site_urls.handler400, site_urls.handler500


@pytest.fixture
def written(settings):
    """What the handlers of the site's own settings write, as text."""
    settings.ROOT_URLCONF = __name__
    stream = io.StringIO()
    handlers = {handler for name in (None, "django") for handler in logging.getLogger(name).handlers}
    ours = [handler for handler in handlers if isinstance(handler.formatter, WordlessFormatter)]
    assert ours
    streams = [handler.setStream(stream) for handler in ours]
    yield stream
    for handler, before in zip(ours, streams, strict=True):
        handler.setStream(before)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("value", "builtins.ValueError"),
        ("validation", "django.core.exceptions.ValidationError"),
        ("suspicious", "SuspiciousOperation"),
        ("chained", "builtins.RuntimeError"),
        ("database", "django.db.utils.IntegrityError"),
        ("logged", "request 7 could not be read"),
    ],
)
def test_no_typed_word_reaches_the_logs(written, address, named):
    client = Client(raise_request_exception=False, headers={"x-note": CANARY})
    client.cookies["note"] = CANARY

    client.post(f"/{address}/?q={CANARY}", {"reason": CANARY})

    text = written.getvalue()
    assert named in text
    assert "test_logs.py" in text  # where it happened
    assert CANARY not in text


@pytest.mark.django_db
def test_the_database_does_repeat_the_word():  # the control: without our formatter it would stand in the log
    if connection.vendor != "postgresql":
        pytest.skip("SQLite names the column only")
    with pytest.raises(IntegrityError, match=CANARY):
        refused_by_the_database(CANARY)


def test_a_plain_formatter_would_repeat_the_word():  # the control
    try:
        chained(CANARY)
    except RuntimeError:
        record = logging.getLogger("x").makeRecord("x", 40, "x", 1, "text", (), __import__("sys").exc_info())

    assert CANARY in logging.Formatter().format(record)


def test_nothing_mails_errors():
    assert (django_settings.ADMINS, django_settings.MANAGERS) == ([], [])
    handlers = [handler for name in (None, "django") for handler in logging.getLogger(name).handlers]
    assert "AdminEmailHandler" not in {type(handler).__name__ for handler in handlers}


def test_sql_with_its_parameters_is_not_logged():
    assert logging.getLogger("django.db.backends").getEffectiveLevel() > logging.DEBUG
