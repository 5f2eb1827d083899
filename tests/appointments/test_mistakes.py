"""Each mistake has its plain sentence, on top of the page and at its question, and loses nothing that was typed."""

import re
from urllib.parse import urlencode

import pytest
from django.urls import reverse
from django.utils.html import escape

from appointments.forms import FORMS
from appointments.forms.base import first_id, names_in_page
from appointments.forms.dates import DateField
from appointments.forms.text import PhoneField, TextField
from appointments.services import draft as drafts
from tests.answers import ANSWERS, answers_with, filled_draft, page_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("practice")]
FIELDS = [(step, name, field) for step, form in FORMS.items() for name, field in form.base_fields.items()]
TEXTS = [(step, name) for step, name, field in FIELDS if isinstance(field, TextField)]
PHONES = [(step, name) for step, name, field in FIELDS if isinstance(field, PhoneField)]
DATES = [(step, name) for step, name, field in FIELDS if isinstance(field, DateField)]
FORM_ENCODED = "application/x-www-form-urlencoded"


def address(draft, step):
    return reverse("appointments:step", args=[draft.public_id, step])


def post(client, step, typed):
    """Post `typed` in `step` of a form that is filled in, as a browser writes it: a percent sign before each byte."""
    draft, secret = filled_draft()
    body = urlencode(typed | {"draft_secret": secret}, doseq=True)
    return client.post(address(draft, step), body, content_type=FORM_ENCODED)


def said_about(client, step, name, **changes):
    """What the page says at `name`, its only mistake, after `changes` were posted; the frame is as it must be."""
    typed = answers_with(step, **changes)[step]
    response = client.get(post(client, step, typed)["Location"])
    form = response.context["form"]
    assert list(form.errors) == [name]
    page, html = page_of(response), " ".join(response.content.decode().split())
    field, [(anchor, on_top)], [said] = form[name], form.summary(), form.errors[name]

    assert page.title.startswith("Error: ")
    assert 'role="alert" tabindex="-1" autofocus><h2>Please fix 1 thing</h2>' in html
    assert f'<a href="#{anchor}">{escape(on_top)}</a>' in html
    assert on_top.startswith(str(field.label))
    assert said.startswith(on_top.removeprefix(str(field.label)).removeprefix(":").strip())
    assert re.search(rf'<p class="err" id="id_{name}_error"><svg .*?<span>{re.escape(escape(said))}</span>', html)
    assert f'id="{anchor}"' in html
    assert re.search(rf'aria-describedby="[^"]*\bid_{name}_error"', html)
    controls = names_in_page(name, field.field.widget)
    assert all(re.search(rf'<(input|textarea) [^>]*name="{one}"[^>]* aria-invalid="true"', html) for one in controls)
    kept = {one: [text.replace("\0", "") for text in texts] for one, texts in typed.items()}
    assert {one: page.fields[one] for one in typed} == kept
    assert anchor == first_id(field)
    return said


@pytest.mark.parametrize(("step", "name"), TEXTS)
def test_a_text_that_is_too_long_is_told(client, step, name):
    said = said_about(client, step, name, **{name: "é" * 2000})

    most = FORMS[step].base_fields[name].most
    assert said == f"This has 2,000 characters. Please use {most:,} at most."


NULL = "Something in this answer could not be read, and we took it out. Please check it."


@pytest.mark.parametrize(("step", "name"), TEXTS)
def test_a_null_is_told_and_taken_out_of_a_text(client, step, name):
    assert said_about(client, step, name, **{name: "813 555\0 0142"}) == NULL


@pytest.mark.parametrize(("step", "name"), DATES)
def test_a_null_is_told_and_taken_out_of_a_date(client, step, name):
    typed = {f"{name}_month": "3", f"{name}_day": "1\0", f"{name}_year": "2026"}

    assert said_about(client, step, name, **typed) == NULL


def test_what_is_left_of_a_null_is_taken(client):
    told = client.get(post(client, "you", answers_with("you", first_name="Wal\0ter")["you"])["Location"])

    again = client.post(told.request["PATH_INFO"], page_of(told).fields)

    assert again["Location"].endswith("/reach/")
    typed = page_of(client.get(told.request["PATH_INFO"])).fields
    assert typed["first_name"] == ["Walter"]


@pytest.mark.parametrize(("step", "name"), DATES)
@pytest.mark.parametrize(
    ("boxes", "said"),
    [
        (("2", "30", "2024"), "This date does not exist: that month has 29 days."),
        (("2", "29", "2023"), "This date does not exist: that month has 28 days."),
        (("13", "1", "2024"), "The month is a number from 1 to 12. The month comes first."),
        (("3", "", "2024"), "The day is missing."),
        (("3", "1", "24"), "Please write all four digits of the year."),
        (("3", "first", "2024"), "Please use numbers only, like 3 for March."),
        (("9" * 5000, "1", "2024"), "Please use numbers only, like 3 for March."),
    ],
    ids=["feb 30", "feb 29", "month 13", "no day", "short year", "word", "long"],
)
def test_a_date_that_cannot_be_is_told(client, step, name, boxes, said):
    typed = dict(zip([f"{name}_{box}" for box in ("month", "day", "year")], boxes, strict=True))

    assert said_about(client, step, name, **typed) == said


@pytest.mark.parametrize(("step", "name"), PHONES)
@pytest.mark.parametrize(
    ("typed", "said"),
    [("813-555-014", "One digit is missing."), ("call my son", "This does not look like a phone number.")],
)
def test_what_is_no_phone_number_is_told(client, step, name, typed, said):
    assert said_about(client, step, name, **{name: typed}).startswith(said)


@pytest.mark.parametrize(("sign", "times", "said"), [("a", 1_000_000, "1,000,000"), ("漢", 333_333, "333,333")])
@pytest.mark.parametrize(("step", "name"), [("you", "last_name"), ("reach", "phone"), ("visit", "reason")])
def test_a_pasted_megabyte_is_told_and_comes_back(client, step, name, sign, times, said):  # P39
    typed = answers_with(step, **{name: sign * times})[step]

    response = client.get(post(client, step, typed)["Location"])

    assert f"This has {said} characters." in response.content.decode()
    assert {one: page_of(response).fields[one] for one in typed} == typed


def test_a_body_that_is_bigger_still_is_refused_and_changes_nothing(client):  # P39
    draft, secret = filled_draft()
    body = urlencode({"reason": "a" * 4_500_000, "draft_secret": secret})

    response = client.post(address(draft, "visit"), body, content_type=FORM_ENCODED)

    assert response.status_code == 413
    assert drafts.find(draft.public_id, secret).answers == ANSWERS


@pytest.mark.parametrize("typed", ["O'Brien", "José Núñez", "Zoë 🙂", "מרים כהן", "محمد", "d’Été & <Söhne>"])
def test_a_name_stands_on_the_last_page_as_it_was_typed(client, typed):  # P40
    names = ("first_name", "last_name", "name_pronunciation", "on_behalf_name")
    answers = answers_with("you", for_whom="someone-else", patient_knows="yes", on_behalf_phone="813 555 0143 ext 7")
    posted = post(client, "you", answers["you"] | {name: [typed] for name in names})
    html = client.get(posted["Location"].replace("/reach/", "/check/")).content.decode()

    assert html.count(f"<dd>{escape(typed)}</dd>") == len(names)
    assert "<dd>813-555-0143 ext. 7</dd>" in html
