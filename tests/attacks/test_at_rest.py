"""P31: after the whole life of a request, no table holds a word that a patient or staff typed."""

import datetime
import json
import re

import pytest
from django.db import connection
from django.utils import timezone

from appointments.forms import FORMS
from appointments.forms.text import EmailField, PhoneField, TextField, ZipField
from appointments.models import AppointmentRequest
from outbox.models import Message
from outbox.worker import Worker
from tests.answers import ANSWERS, page_of
from tests.appointments.desk import sign_in

ACCIDENT = timezone.localdate() - datetime.timedelta(days=3)
DATES = {"date_of_birth": datetime.date(1931, 1, 13), "accident_on": ACCIDENT}
PHONES = ("+17275550101", "+17275550102")
ZIP = "H3Z 2Y9"  # no hash and no token looks like it


def canary(name, field):
    """What is typed into a field that takes free text."""
    if isinstance(field, PhoneField):
        return PHONES[name == "on_behalf_phone"]
    if isinstance(field, EmailField):
        return "canary.mail@example.org"
    return ZIP if isinstance(field, ZipField) else f"Qword{name.replace('_', '')}"


def every_field_filled():
    """{step: {name: typed}}: each text a canary, each choice one that asks for more."""
    answers = {step: dict(typed) for step, typed in ANSWERS.items()}
    for step, form in FORMS.items():
        answers[step] |= {
            name: canary(name, field) for name, field in form.base_fields.items() if isinstance(field, TextField)
        }
    for step, name in (("you", "date_of_birth"), ("visit", "accident_on")):
        day = DATES[name]
        answers[step] |= {f"{name}_month": day.month, f"{name}_day": day.day, f"{name}_year": day.year}
    answers["you"] |= {"for_whom": "someone-else", "patient_knows": "yes"}
    answers["reach"] |= {"needs": ["interpreter"]}
    answers["visit"] |= {"topic": "accident"}
    return answers


def words_typed(answers):
    texts = [answers[step][name] for step, form in FORMS.items() for name, field in form.base_fields.items()
             if isinstance(field, TextField)]  # fmt: skip
    return {*texts, "Qword", "canary.mail", *(number.removeprefix("+1") for number in PHONES), "1931-01-13"}


def send_a_request(browser, answers, *, steps=tuple(FORMS)):
    """The way of a browser from the start page; `steps` end early for one who goes away."""
    address = browser.post("/appointments/request/", {"for": "mild"})["Location"]
    for step in steps:
        assert address.endswith(f"/{step}/"), address
        response = browser.post(address, answers[step])
        assert response.status_code == 303, step
        address = response["Location"]
    if address.endswith("/check/"):
        page = page_of(browser.get(address))
        address = browser.post(address, {"seen": page.fields["seen"][0]})["Location"]
        assert browser.get(address).status_code == 200


def everything_staff_may_type(browser):
    appointment_request = AppointmentRequest.objects.get()
    address = f"/admin/appointments/appointmentrequest/{appointment_request.pk}/change/"
    later = timezone.localtime(timezone.now() + datetime.timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    for data in (
        {"call": "left-message", "channel": "phone", "note": "Qwordcall", "call_again_at": later},
        {"note": "add", "text": "Qwordnote"},
        {"correct": "it", "field": "first_name", "value": "Qwordcorrected", "why": "Qwordwhy"},
        {"correct": "it", "field": "email", "value": "canary.mail@example.com", "why": "Qwordwhy"},
        {"move": "claim"},
        {"move": "wait", "waiting_on": "patient", "next_action_at": later, "comment": "Qwordwait"},
        {"move": "undo"},
        {"move": "wait", "waiting_on": "patient", "next_action_at": later, "comment": "Qwordwait"},
        {"move": "close", "outcome": "spam", "comment": "Qwordclose"},
        {"move": "reopen", "comment": "Qwordreopen"},
    ):
        version = AppointmentRequest.objects.get().version
        assert browser.post(address, data | {"seen_version": version}).status_code == 302, data
    export = {"weeks": 4, "tab": "all", "reason": "Qwordexport"}
    assert b"Qword" not in b"".join(browser.post("/admin/appointments/export/add/", export))
    assert "Qwordreason" in browser.get(address).content.decode()  # the control: who may read it does


def tables():
    """Every table as text: {name: rows}."""
    with connection.cursor() as cursor:
        found = {}
        for name in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)}")  # noqa: S608 - names of our own tables
            found[name] = json.dumps(cursor.fetchall(), default=str, ensure_ascii=False)
    return found


@pytest.fixture
def lived(site, visitor, client, settings):
    """A request from its first page to its end, a form that was left half-way, and the mails that went out."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    answers = every_field_filled()
    sign_in(client, "supervisor", email="desk@practice.example.org")
    send_a_request(visitor, answers)
    send_a_request(visitor, answers, steps=("urgent", "you", "reach"))
    everything_staff_may_type(client)
    return answers


@pytest.mark.django_db(transaction=True)
def test_no_table_holds_a_typed_word(lived):
    words = re.compile("|".join(map(re.escape, words_typed(lived))), re.IGNORECASE)

    found = {name: sorted(set(words.findall(rows))) for name, rows in tables().items()}

    assert found["appointments_appointmentrequest"] == []
    assert {name: said for name, said in found.items() if said} == {}


@pytest.mark.django_db(transaction=True)
def test_no_mail_says_a_typed_word(lived, mailoutbox):  # P16
    Worker().run_once()
    words = words_typed(lived) - {"canary.mail"}

    assert len(mailoutbox) == Message.objects.filter(state=Message.State.SENT).count() == 2
    for mail in mailoutbox:
        headers = "".join(f"{name}: {text}\n" for name, text in mail.message().items() if name != "To")
        assert [word for word in words if word in headers + mail.body] == []
