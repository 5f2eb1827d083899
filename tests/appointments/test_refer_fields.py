"""What people and machines type into the referral page: taken as it is, or told in plain words, never a 500."""

import re

import pytest
from django.utils.datastructures import MultiValueDict
from django.utils.html import escape

from appointments.forms.refer import PARTS, NpiField, ReferForm
from appointments.forms.text import EmailField, PhoneField, TextField, ZipField, readable
from appointments.models import AppointmentRequest, Referral
from appointments.npi import is_npi
from appointments.services.request import UnansweredError, receive
from practice.models import Location
from tests.answers import page_of
from tests.appointments.test_admin_change import html, text_of
from tests.appointments.test_forms import INJECTIONS
from tests.appointments.test_request_views import NASTY
from tests.factories import RoutingRuleFactory, UserFactory
from tests.office import REFER, REFERRAL, hidden_of, referral_draft, referral_with, send

pytestmark = pytest.mark.django_db
FIELDS = ReferForm.base_fields
LINES = [name for name, field in FIELDS.items() if isinstance(field, TextField) and not field.several_lines]
WORDS_KEPT = [name for name in LINES if not isinstance(FIELDS[name], PhoneField | EmailField | ZipField | NpiField)]


def form_with(**changes) -> ReferForm:
    return ReferForm(MultiValueDict(referral_with(**changes)))


@pytest.fixture(autouse=True)
def desk(practice):
    RoutingRuleFactory(everyone=True).staff.add(UserFactory(group="scheduler"))


@pytest.mark.parametrize("value", NASTY.values(), ids=NASTY)
def test_no_input_gives_an_error_page(client, value):  # P39
    hidden = hidden_of(client.get(REFER))
    names = [*REFERRAL, "entry_id", "draft_secret", "begun", "drop", "files", "subject"]
    typed = dict.fromkeys(names, value.replace("\ud800", ""))

    plain = client.post(REFER, typed)
    known = client.post(REFER, typed | {name: hidden[name] for name in ("entry_id", "draft_secret")})

    assert {plain.status_code, known.status_code} <= {303} | ({413} if len(value) > 100_000 else set())
    if known.status_code == 303:
        assert client.get(known["Location"]).status_code == 200


@pytest.mark.parametrize("name", REFERRAL)
def test_every_field_takes_every_nasty_value_or_refuses_it(client, name):  # P39
    for value in NASTY.values():
        if not form_with(**{name: readable(value)}).is_valid():
            with pytest.raises(UnansweredError, match="refer"):
                receive(referral_draft(referral_with(**{name: value})))
            continue
        received = receive(referral_draft(referral_with(**{name: value})))
        AppointmentRequest.objects.get(pk=received.pk).full_clean(exclude=["days", "needs", "zip_code"])
        Referral.objects.get(appointment_request=received).full_clean(exclude=["loop_closed_how"])


@pytest.mark.parametrize("name", LINES)
def test_a_null_is_told_and_taken_out(client, name):  # P39
    told = client.get(send(client, referral_with(**{name: "813 555\0 0142"}))["Location"])

    assert "Something in this answer could not be read, and we took it out." in text_of(told)
    assert page_of(told).fields[name] == ["813 555 0142"]


@pytest.mark.parametrize("typed", INJECTIONS, ids=ascii)
@pytest.mark.parametrize("name", LINES)
def test_a_single_line_refuses_what_is_more_than_a_line(name, typed):  # P17
    assert name in form_with(**{name: typed}).errors


@pytest.mark.parametrize("typed", ["O'Brien", "José Núñez", "Zoë 🙂", "מרים כהן", "محمد", "d’Été & <Söhne>"])
def test_words_are_kept_as_they_were_typed(client, typed):  # P40
    send(client, referral_with(**dict.fromkeys(WORDS_KEPT, typed), language="other"))

    referral = Referral.objects.select_related("appointment_request").get()
    kept = {getattr(referral, name, None) or getattr(referral.appointment_request, name, "") for name in WORDS_KEPT}
    assert kept == {typed}


def test_what_is_typed_is_text_wherever_it_comes_back(client):  # P41
    payload = "<script>alert(1)</script>{{ 7|add:7 }}"

    told = client.get(
        send(client, referral_with(**dict.fromkeys(WORDS_KEPT, payload) | {"first_name": ""}))["Location"]
    )

    assert payload not in html(told)
    assert html(told).count(f'value="{escape(payload)}"') == len(WORDS_KEPT) - 1


@pytest.mark.parametrize("name", LINES)
def test_a_text_that_is_too_long_is_told(client, name):
    told = client.get(send(client, referral_with(**{name: "é" * 2000}))["Location"])

    assert f"This has 2,000 characters. Please use {FIELDS[name].most:,} at most." in text_of(told)


@pytest.mark.parametrize("typed", ["1234567893", " 1234 567-893 ", "\u200e1234567893"])
def test_an_npi_is_taken_however_it_is_written(typed):
    assert NpiField().clean(typed) == "1234567893"


def test_every_wrong_digit_of_an_npi_is_noticed():
    right = "1234567893"
    wrong = [right[:at] + digit + right[at + 1 :] for at in range(10) for digit in "0123456789" if digit != right[at]]

    assert [npi for npi in wrong if is_npi(npi)] == []


# The same questions on paper


def test_paper_asks_the_same_in_the_same_order(client):
    on_page = [str(field.label) for field in ReferForm()]
    on_paper = re.findall(r"<dt>(.*?)</dt>", html(client.get(f"{REFER}fax-form/")))

    assert on_paper == [escape(label) for label in on_page]
    assert [name for part in PARTS for name in part.names] == list(FIELDS)


def test_paper_gives_the_same_choices(client):
    paper = html(client.get(f"{REFER}fax-form/"))

    boxes = re.findall(r"<span>☐ (.*?)</span>", paper)
    choices = [str(label) for field in FIELDS.values() for value, label in getattr(field, "choices", ()) if value]
    assert boxes == [escape(label) for label in choices]


def test_paper_says_where_to_fax_it(client, practice):
    assert "Call 813-555-0100 for the number." in text_of(client.get(f"{REFER}fax-form/"))
    Location.objects.update(fax="+18135550199")

    assert "Fax: 813-555-0199" in text_of(client.get(f"{REFER}fax-form/"))


def test_page_and_paper_lead_to_each_other(client):
    assert 'href="/refer/fax-form/"' in html(client.get(REFER))
    assert 'href="/refer/"' in html(client.get(f"{REFER}fax-form/")).partition("<main")[2].partition("</main>")[0]


def test_the_footer_of_every_page_leads_to_the_form(client):
    assert '<a href="/refer/">Refer a patient</a>' in html(client.get("/urgent/"))
    assert html(client.get("/")).count('<a href="/refer/">Refer a patient</a>') == 2
