"""The desk's search: what it finds, how people type it, and that the words stay in the form they were posted with."""

import datetime
import logging
import re
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from appointments.admin.search import COLUMNS, SearchForm
from appointments.models import AppointmentRequest
from tests.appointments.desk import LIST, sign_in
from tests.factories import AppointmentRequestFactory
from vault.fields import Sealed

FOUND = f"{LIST}?show=found"


def search(client, words):
    return client.post(LIST, {"words": words}, follow=True)


def found(client, words):
    return [row.reference for row, *__ in search(client, words).context["rows"]]


@pytest.fixture
def desk(client, practice):
    sign_in(client, "scheduler")
    return client


@pytest.fixture
def rosa(desk):
    """Whom to find, among others who share nothing with her."""
    AppointmentRequestFactory(last_name="Probe", phone="+18135550125", date_of_birth=datetime.date(1949, 5, 6))
    return AppointmentRequestFactory(
        first_name="Rosa",
        last_name="Núñez-O'Brien",
        phone="+18135550117;ext=12",
        on_behalf_phone="+18135550118;ext=3",
        email="Rosa@Example.org",
        date_of_birth=datetime.date(1931, 4, 3),
        status="closed",
        outcome="patient-withdrew",
    )


@pytest.mark.parametrize(
    "words",
    [
        *[
            "Núñez-O'Brien",
            "nunez obrien",
            "NUNEZOBRIEN",
            "Rosa Nunez O'Brien",
            "Nunez-O'Brien, Rosa",
            " Núñez O’Brien ",
        ],
        *["Nunes O'Brian", "Nunyez Obrien"],  # misspelt
        *["813-555-0117", "(813) 555 0117", "8135550117", "+1 813 555 0117", "813-555-0117 ext. 12"],
        "813-555-0118",  # her daughter, who asked for her
        *["rosa@example.org", "ROSA@EXAMPLE.ORG"],
        *["4/3/1931", "04-03-1931", "4.3.1931", "1931-04-03", "04031931", "4/3/31", "April 3, 1931", "Apr 3 1931"],
    ],
)
def test_search_finds_it_however_it_is_typed_and_whatever_its_status(desk, rosa, words):
    assert found(desk, words) == [rosa.reference]


@pytest.mark.parametrize("shape", [str, str.lower, lambda text: text.replace("-", " "), lambda text: text[4:]])
def test_search_finds_a_reference_as_it_is_read_aloud(desk, rosa, shape):
    assert found(desk, shape(rosa.reference)) == [rosa.reference]


def test_search_puts_the_exact_name_before_one_that_sounds_like_it(desk):
    exact_older = AppointmentRequestFactory(last_name="Smith")
    exact = AppointmentRequestFactory(last_name="Smith")
    sounds = AppointmentRequestFactory(last_name="Smyth")
    AppointmentRequestFactory(last_name="Jones")

    assert found(desk, "smith") == [exact.reference, exact_older.reference, sounds.reference]


def test_two_digits_of_a_year_may_be_either_century(desk):
    old = AppointmentRequestFactory(date_of_birth=datetime.date(1925, 1, 2))
    young = AppointmentRequestFactory(date_of_birth=datetime.date(2025, 1, 2))

    assert set(found(desk, "1/2/25")) == {old.reference, young.reference}


def test_name_that_could_be_a_reference_is_looked_for_as_both(desk):
    reference = AppointmentRequestFactory(reference="APM-HART-MANN")
    name = AppointmentRequestFactory(last_name="Hartmann")

    assert found(desk, "Hartmann") == [name.reference, reference.reference]
    assert desk.session["desk_search"]["pk"] == [reference.pk]


def test_name_that_could_be_a_reference_stays_out_of_the_session(desk):  # P35
    AppointmentRequestFactory(last_name="Hartmann")

    search(desk, "Hartmann")

    assert "MANN" not in str(desk.session["desk_search"]).upper()


def test_migration_makes_older_requests_findable_by_who_asked(desk, rosa):
    AppointmentRequest.objects.update(on_behalf_phone_hash="")
    lost = AppointmentRequestFactory(on_behalf_phone="+18135550119")
    AppointmentRequest.objects.filter(pk=lost.pk).update(on_behalf_phone=Sealed("v1.gone.AAAA"))

    import_module("appointments.migrations.0014_hash_phones_of_who_asked").hash_phones(apps, None)

    assert found(desk, "813-555-0118") == [rosa.reference]


def test_name_of_one_letter_is_found_where_names_have_one(desk):
    appointment_request = AppointmentRequestFactory(last_name="李")

    assert found(desk, "李") == [appointment_request.reference]


@pytest.mark.parametrize("words", ["Example", "813-555-0117", "rosa@example.org", "4/3/1931"])
def test_search_tries_every_hash_key(desk, keys, words):
    keys(hash=["h1"])
    appointment_request = AppointmentRequestFactory(
        last_name="Example",
        phone="+18135550117",
        email="rosa@example.org",
        date_of_birth=datetime.date(1931, 4, 3),
    )
    keys(hash=["h2", "h1"])

    assert found(desk, words) == [appointment_request.reference]
    kept = desk.session["desk_search"]
    assert kept.pop("pk") == []
    for column, values in kept.items():
        assert {value.partition(".")[0] for value in values} == {"h2", "h1"}, column


# What the page says


def test_list_says_how_many_were_found_until_all_are_shown_again(desk, rosa):
    response = search(desk, "8135550117")
    ended = desk.post(LIST, {"show_all": "1"})

    assert response.redirect_chain == [(FOUND, 302)]
    html = response.content.decode()
    assert ("<h1>Found for your search: 1</h1>" in html, 'name="show_all"' in html) == (True, True)
    assert (ended["Location"], "desk_search" in desk.session) == (LIST, False)
    assert 'name="show_all"' not in desk.get(LIST).content.decode()


def test_search_without_a_hit_says_what_to_try(desk, rosa):
    html = search(desk, "Nobodysname").content.decode()

    assert "<h1>Found for your search: 0</h1>" in html
    assert "Nothing was found. Try a date of birth or a phone number" in html


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "Please type what you look for."),
        ("   ", "Please type what you look for."),
        ("x", "Please type at least two letters."),
        ("?!", "Please type at least two letters."),
        ("2/30/1950", "This date does not exist: that month has 28 days."),
        ("13/1/1950", "The month is a number from 1 to 12. The month comes first."),
        ("555-0117", "Please type the whole number: a phone number has ten digits"),
        ("0117", "Please type the whole number: a phone number has ten digits"),
        ("APM-7K4M-X2Q2", "No request has this reference"),
        ("a\x00b", "Null characters are not allowed."),
        ("a" * 101, "Ensure this value has at most 100 characters"),
    ],
)
def test_bad_input_gets_a_sentence_and_keeps_what_was_typed(desk, rosa, words, says):
    response = desk.post(LIST, {"words": words})

    html = response.content.decode()
    assert response.status_code == 422
    assert says in html
    assert "<title>Error:" in html
    assert response.context["search_form"]["words"].value() == words
    assert "desk_search" not in desk.session


@given(st.text(max_size=100) | st.from_regex(r"[0-9A-Za-z/.,@ +-]{1,30}", fullmatch=True))
def test_whatever_is_typed_becomes_hashes_or_a_sentence(words):  # P39
    form = SearchForm({"words": words})

    if form.is_valid():
        assert form.cleaned_data["words"].keys() <= {"reference", *COLUMNS}
        hashes = [
            hash for column, values in form.cleaned_data["words"].items() if column != "reference" for hash in values
        ]
        assert all(re.fullmatch(r"h1\.[0-9a-f]{64}", hash) for hash in hashes)
    else:
        assert len(form.errors["words"]) == 1


def test_found_stays_while_paging(desk):
    AppointmentRequestFactory.create_batch(51, last_name="Example")
    search(desk, "Example")

    assert len(desk.get(FOUND, {"p": 2}).context["rows"]) == 1


def test_search_belongs_to_who_made_it(desk, rosa):
    search(desk, "Nunez O'Brien")
    other = Client()
    sign_in(other, "scheduler")

    assert list(other.get(FOUND).context["rows"]) == []


# Who may, and what is kept


@pytest.mark.parametrize(
    ("group", "status"),
    [("scheduler", 302), ("referral coordinator", 302), ("clinician", 302), ("supervisor", 302), ("owner", 302),
     ("auditor", 403), ("editor", 403), (None, 403)],
)  # fmt: skip
def test_search_is_for_who_may_read_the_words(client, practice, group, status):
    sign_in(client, group)

    assert client.post(LIST, {"words": "Example"}).status_code == status
    assert ('name="words"' in client.get(LIST).content.decode()) == (status == 302)


def test_search_needs_the_token_of_its_form(practice):
    client = Client(enforce_csrf_checks=True)
    sign_in(client, "scheduler")
    token = client.get(LIST).context["csrf_token"]

    assert client.post(LIST, {"words": "Example"}).status_code == 403
    assert client.post(LIST, {"words": "Example", "csrfmiddlewaretoken": str(token)}).status_code == 302


@pytest.mark.parametrize("words", ["Canaryname", "canary@example.org", "x@", "2/30/1950", "813 555 0199", "3/4/1950"])
def test_words_stand_in_no_address_log_session_or_row(desk, caplog, words):  # P35
    caplog.set_level(logging.DEBUG)
    AppointmentRequestFactory(last_name="Canaryname")

    response = search(desk, words)
    again = desk.get(FOUND)

    logged = " ".join(record.getMessage() for record in caplog.records if not record.name.startswith("django.db"))
    kept = " ".join(str(session.get_decoded()) for session in Session.objects.all())
    for place in (str(response.redirect_chain), logged, kept, response.get("Location", "")):
        assert words not in place
        assert "anary" not in place
    assert f'value="{words}"' not in again.content.decode()
    assert not LogEntry.objects.exists()


def test_get_never_searches(desk, rosa):
    response = desk.get(LIST, {"words": "Probe"})

    assert response.status_code == 400
    assert "desk_search" not in desk.session


@pytest.mark.parametrize("words", ["Example", "813-555-0142", "3/4/1950"])
def test_search_needs_as_many_queries_for_3_hits_as_for_1(desk, words):
    def queries():
        search(desk, words)
        with CaptureQueriesContext(connection) as captured:
            desk.get(FOUND)
        return len(captured)

    AppointmentRequestFactory(last_name="Example")
    with_one = queries()
    AppointmentRequestFactory.create_batch(2, last_name="Example")

    assert (with_one, queries()) == (25, 25)
