"""An office refers a patient: what becomes of it, that it is one, and that nothing typed is lost or shown."""

import datetime
import re
import threading
import uuid

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

from appointments.forms.refer import PARTS
from appointments.models import AppointmentRequest, Referral, RequestDraft
from appointments.models.words import Priority
from appointments.services import draft as drafts
from appointments.services import moves
from appointments.services.request import receive
from outbox.models import Message
from outbox.render import render
from tests.answers import ANSWERS, filled_draft, page_of, reference_in
from tests.appointments.test_admin_change import html, text_of
from tests.factories import RoutingRuleFactory, UserFactory
from tests.office import OFFICE_WORDS, REFER, REFERRAL, hidden_of, referral_draft, referral_with, send

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def desk(practice):
    """Whoever is told of new requests."""
    user = UserFactory(group="scheduler")
    RoutingRuleFactory(everyone=True).staff.add(user)
    return user


def kinds() -> list[str]:
    return sorted(Message.objects.values_list("kind", flat=True))


# What becomes of it


def test_every_answer_is_kept_where_it_belongs(client):
    send(client)

    referral = Referral.objects.select_related("appointment_request").get()
    asked = referral.appointment_request
    assert {name: getattr(referral, name) for name in ("source", "urgency", "sender_name", "sender_npi")} == {
        "source": "office",
        "urgency": "soon",
        "sender_name": "Gilda Muster",
        "sender_npi": "1234567893",
    }
    assert {name: getattr(referral, name) for name in ("sender_fax", "sender_email", "question", "diagnosis")} == {
        "sender_fax": "813-555-0178",
        "sender_email": "front@sampleton.example.org",
        "question": "Heavy legs after one block.\nWould MILD help?",
        "diagnosis": "M48.062",
    }
    assert referral.patient_email == "walter@example.org"  # which the patient has not given: nothing is mailed there
    assert (referral.authorization_number, referral.is_blocked) == ("AUTH-77-1234", False)
    names = ("channel", "first_name", "last_name", "date_of_birth", "phone", "phone_as_typed", "email", "zip_code")
    assert [getattr(asked, name) for name in names] == [
        "referral",
        "Walter",
        "Probeman",
        datetime.date(1948, 3, 14),
        "+18135550142",
        "(813) 555-0142",
        "",
        "33573",
    ]
    names = ("language", "interpreter_language", "needs", "patient_knows", "reason", "voicemail", "days", "reach_by")
    assert [getattr(asked, name) for name in names] == [
        *("es", "", ["wheelchair"], "yes", "Heavy legs after one block.\nWould MILD help?", "none", [], "call")
    ]
    names = ("referrer_name", "referrer_practice", "referrer_phone", "may_contact_referrer", "consent_version")
    assert [getattr(asked, name) for name in names] == [
        *("Ines Sampleton, MD", "Sampleton Family Care", "813-555-0177 ext. 3", None, "")
    ]
    names = ("payer_kind", "payer_name", "member_number", "status", "priority")
    assert [getattr(asked, name) for name in names] == [
        *("medicare", "Blue Sample", "1EG4-TE5-MK73", "received", Priority.SOON)
    ]


def test_an_office_may_leave_open_what_it_does_not_know(client):
    optional = ("sender_npi", "sender_fax", "sender_email", "email", "zip_code", "diagnosis", "payer_kind")
    optional += ("payer_name", "member_number", "authorization_number", "needs")

    response = send(client, {name: values for name, values in REFERRAL.items() if name not in optional})

    assert response["Location"].endswith("/sent/")
    assert AppointmentRequest.objects.get().zip_code == ""


def test_another_language_asks_for_an_interpreter(client):
    send(client, referral_with(language="other", interpreter_language="Haitian Creole"))

    asked = AppointmentRequest.objects.get()
    assert (asked.language, asked.interpreter_language) == ("en", "Haitian Creole")
    assert asked.needs == ["interpreter", "wheelchair"]


@pytest.mark.parametrize(("urgency", "priority"), [("routine", 3), ("soon", 2), ("urgent", 1)])
def test_how_soon_hurries_the_clock_of_staff(client, urgency, priority):
    send(client, referral_with(urgency=urgency))

    asked = AppointmentRequest.objects.get()
    assert (asked.priority, asked.urgent_flags) == (priority, {})
    assert (asked.due_at < asked.respond_by) == (priority < 3)


def test_a_rule_may_hurry_it_more(client):
    RoutingRuleFactory(order=1, priority=Priority.URGENT)

    send(client, referral_with(urgency="routine"))

    assert AppointmentRequest.objects.get().is_urgent


def test_only_questions_are_answered(client):  # P27
    send(client, status=["closed"], reference=["APM-2222-2222"], assignee=["1"], spam_score=["9"], version=["7"])

    asked = AppointmentRequest.objects.get()
    assert (asked.status, asked.spam_score, asked.assignee, asked.version) == ("received", 0, None, 1)
    assert asked.reference != "APM-2222-2222"


# What leaves


def test_staff_patient_and_office_are_told_once(client):
    hidden = hidden_of(client.get(REFER))

    for _click in range(3):
        send(client, hidden=hidden)

    assert kinds() == ["referral-receipt", "staff-notice"]


def test_the_receipt_says_nothing_about_anybody(client):  # P16
    send(client)

    message = Message.objects.get(kind="referral-receipt")
    mail = render(message)
    assert message.to == "front@sampleton.example.org"
    assert AppointmentRequest.objects.get().reference in mail.subject
    said = f"{mail.subject}\n{mail.body}\n{message.context}"
    assert [word for word in OFFICE_WORDS if word in said] == []


def test_a_patient_who_does_not_know_is_not_written_to(client):
    send(client, referral_with(patient_knows="no"))

    assert kinds() == ["referral-receipt", "staff-notice"]


def test_who_asks_for_another_is_written_to_though_the_patient_does_not_know():  # the control
    you = ANSWERS["you"] | {"for_whom": ["someone-else"], "patient_knows": ["no"], "on_behalf_name": ["Lucia Example"]}

    receive(filled_draft(ANSWERS | {"you": you | {"on_behalf_phone": ["813-555-0109"]}})[0])

    assert kinds() == ["acknowledgement", "staff-notice"]


def test_an_office_without_email_gets_its_reference_on_the_page_only(client):
    response = send(client, referral_with(sender_email=""))

    assert kinds() == ["staff-notice"]
    assert reference_in(html(client.get(response["Location"]))) == AppointmentRequest.objects.get().reference


def test_receipts_to_one_mailbox_end(client):
    for number in range(44):
        receive(referral_draft(referral_with(sender_email=("A.b@example.org", "ab+x@example.org")[number % 2])))

    assert Message.objects.filter(kind="referral-receipt").count() == 20


# Spam


def test_what_looks_like_spam_is_put_aside_and_looks_the_same(client):  # P44
    response = send(client, subject=["Buy"])

    asked = AppointmentRequest.objects.get()
    assert (asked.status, kinds()) == ("quarantined", [])
    shown = text_of(client.get(response["Location"]))
    assert asked.reference in shown


def test_what_was_released_is_received_with_its_receipt(client, desk):
    send(client, subject=["Buy"])
    asked = AppointmentRequest.objects.get()

    moves.move(asked.public_id, "release", seen_version=asked.version, by=UserFactory(group="supervisor"))

    assert kinds() == ["referral-receipt", "staff-notice"]


@pytest.mark.parametrize(("seconds", "status"), [(1, "quarantined"), (4, "received")])
def test_the_time_counts_from_when_the_page_was_opened(client, settings, time_machine, seconds, status):
    settings.SPAM_MIN_SECONDS = 3
    time_machine.move_to("2026-11-24T15:00:00Z", tick=False)
    hidden = hidden_of(client.get(REFER))
    time_machine.shift(seconds)

    send(client, hidden=hidden)

    assert AppointmentRequest.objects.get().status == status


@pytest.mark.parametrize("begun", ["", "x", "1764000000:1vNabc:AAAA"])
def test_a_time_that_we_did_not_sign_does_not_count(client, settings, begun):
    settings.SPAM_MIN_SECONDS = 3

    send(client, hidden=hidden_of(client.get(REFER)) | {"begun": [begun]})

    assert AppointmentRequest.objects.get().status == "quarantined"


def test_one_page_that_was_opened_long_ago_does_not_serve_for_many(client, settings, time_machine):
    settings.SPAM_MIN_SECONDS = 3
    time_machine.move_to("2026-11-24T15:00:00Z", tick=False)
    old = hidden_of(client.get(REFER))
    time_machine.shift(60)

    send(client, hidden=hidden_of(client.get(REFER)) | {"begun": old["begun"]})

    assert AppointmentRequest.objects.get().status == "quarantined"


def test_who_presses_again_after_an_old_proof_is_not_too_quick(settings, time_machine):  # P5
    settings.SPAM_MIN_SECONDS = 3
    time_machine.move_to("2026-11-24T15:00:00Z", tick=False)
    browser = Client(enforce_csrf_checks=True)
    hidden = hidden_of(browser.get(REFER))
    time_machine.shift(60)

    fields = page_of(browser.post(REFER, REFERRAL | hidden)).fields
    browser.post(REFER, fields | {"payer_kind": ["medicare"]})

    assert AppointmentRequest.objects.get().status == "received"


@pytest.mark.parametrize("name", ["sender_name", "diagnosis"])
def test_words_of_the_office_are_judged_too(client, name):
    send(client, referral_with(**{name: "http://a.example http://b.example http://c.example"}))

    assert AppointmentRequest.objects.get().status == "quarantined"


def test_an_office_may_ask_the_same_about_many_patients(client):
    question = "Please see this patient for low back pain and consider an injection."
    for number in range(6):
        send(client, referral_with(question=question, last_name=f"Probe {'abcdef'[number] * 3}"))

    assert set(AppointmentRequest.objects.values_list("status", flat=True)) == {"received"}


# Once


def test_back_and_send_again_ends_at_the_same_reference(client):  # P1, P2, P6
    hidden = hidden_of(client.get(REFER))

    answers = [send(client, referral_with(last_name=name), hidden=hidden) for name in ("Probeman", "Other", "Third")]

    assert {answer.status_code for answer in answers} == {303}
    assert len({answer["Location"] for answer in answers}) == 1
    assert [asked.last_name for asked in AppointmentRequest.objects.all()] == ["Probeman"]


@pytest.mark.django_db(transaction=True)
def test_equal_clicks_at_once_make_one_request():  # P1
    hidden, found = hidden_of(Client().get(REFER)), []
    data = {name: list(values) for name, values in (REFERRAL | hidden).items()}
    together = threading.Barrier(6)

    def press():
        try:
            together.wait()
            found.append(Client().post(REFER, data)["Location"])
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 6
    assert set(found) == {reverse("refer:sent", args=[AppointmentRequest.objects.get().idempotency_key])}
    assert kinds() == ["referral-receipt", "staff-notice"]


def test_without_a_key_of_its_own_each_click_would_make_one(client, monkeypatch):  # P1, negative control
    monkeypatch.setattr(drafts, "begin_at", lambda public_id, secret: drafts.begin()[0])
    hidden = hidden_of(client.get(REFER))

    for _click in range(2):
        send(client, hidden=hidden)

    assert AppointmentRequest.objects.count() == 2


@pytest.mark.parametrize("changed", ["entry_id", "draft_secret"])
@pytest.mark.parametrize("value", ["", "x", "\0", str(uuid.uuid4()), "a" * 43])
def test_a_page_with_a_broken_key_is_received_all_the_same(client, changed, value):
    response = send(client, hidden=hidden_of(client.get(REFER)) | {changed: [value]})

    assert response["Location"].endswith("/sent/")
    assert AppointmentRequest.objects.count() == 1


@pytest.mark.parametrize("secret", ["", "x", "a" * 42, "ä" * 43, "a" * 44])
def test_a_secret_that_we_did_not_make_opens_nothing(secret):
    assert drafts.begin_at(uuid.uuid4(), secret) is None
    assert RequestDraft.objects.count() == 0


def test_another_ones_entry_with_a_wrong_secret_is_left_alone(client):  # P24
    hidden = hidden_of(client.get(REFER))
    send(client, referral_with(first_name=""), hidden=hidden)
    stranger = Client()

    send(stranger, referral_with(first_name="Rosa"), hidden=hidden | {"draft_secret": ["b" * 43]})

    assert [asked.first_name for asked in AppointmentRequest.objects.all()] == ["Rosa"]
    draft = RequestDraft.objects.get(public_id=hidden["entry_id"][0])
    assert (draft.appointment_request, draft.answers["refer"]["last_name"]) == (None, ["Probeman"])


# Mistakes, and nothing lost


def test_mistakes_are_named_and_what_was_typed_is_kept(client):
    blank = page_of(client.get(REFER)).fields
    assert [blank[name] for name in ("language", "patient_knows", "urgency")] == [[], [], []]  # none is chosen for her
    typed = referral_with(first_name="", sender_npi="1234567890", patient_knows=[], language=[], urgency=[])

    told = client.get(send(client, typed)["Location"])

    page = page_of(told)
    assert page.title.startswith("Error: ")
    anchors = re.findall(r'<li><a href="#(id_\w+)">', html(told))
    assert anchors == [
        *("id_sender_npi", "id_first_name", "id_language_0", "id_patient_knows_0", "id_urgency_0"),
    ]
    assert "NPI (optional): A digit of this NPI is off, or two are swapped" in html(told)
    assert {name: page.fields[name] for name in ("last_name", "sender_npi", "question", "needs")} == {
        "last_name": ["Probeman"],
        "sender_npi": ["1234567890"],
        "question": ["Heavy legs after one block.\r\nWould MILD help?"],
        "needs": ["wheelchair"],
    }
    assert AppointmentRequest.objects.count() == 0


def test_what_was_put_right_is_sent_from_the_same_page(client):
    told = client.get(send(client, referral_with(first_name=""))["Location"])
    fields = page_of(told).fields | {"first_name": ["Walter"]}

    response = client.post(REFER, {name: values for name, values in fields.items() if name != "files"})

    assert response["Location"].endswith("/sent/")
    assert (AppointmentRequest.objects.count(), RequestDraft.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("npi", "said"),
    [
        ("123456789", "One digit is missing."),
        ("12345", "5 digits are missing."),
        ("12345678931", "There is one digit too many."),
        ("1234567890", "A digit of this NPI is off"),
        ("1234567839", "A digit of this NPI is off"),
        ("123456789O", "An NPI has 10 digits and nothing else."),
        ("١٢٣٤٥٦٧٨٩٣", "An NPI has 10 digits and nothing else."),
    ],
)
def test_what_is_wrong_with_an_npi_is_told(client, npi, said):
    assert said in text_of(client.get(send(client, referral_with(sender_npi=npi))["Location"]))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"language": "other"}, "Please write the language."),
        ({"language": "es", "interpreter_language": "Creole"}, "You wrote a language."),
        ({"date_of_birth_year": "2999"}, "This date is in the future."),
        ({"sender_fax": "813-555-01"}, "2 digits are missing."),
        ({"patient_knows": "perhaps"}, "Please choose one of these."),
        ({"payer_kind": "gold"}, "Please choose one of these."),
    ],
)
def test_other_mistakes_are_told(client, changes, said):
    assert said in text_of(client.get(send(client, referral_with(**changes))["Location"]))


def test_when_the_proof_of_the_form_is_too_old_every_word_comes_back(db):  # P5
    browser = Client(enforce_csrf_checks=True)
    hidden = hidden_of(browser.get(REFER))

    told = browser.post(REFER, REFERRAL | hidden)

    page = page_of(told)
    assert (told.status_code, RequestDraft.objects.count()) == (403, 0)
    assert {name: page.fields[name] for name in REFERRAL if name != "payer_kind"} == {
        name: values for name, values in REFERRAL.items() if name != "payer_kind"
    }
    assert 'value="medicare" selected' in html(told)
    sent = browser.post(REFER, page.fields | {"payer_kind": ["medicare"]})
    assert (sent.status_code, AppointmentRequest.objects.count()) == (303, 1)
    assert "no-store" in told["Cache-Control"]


def test_when_the_proof_is_too_old_a_sent_page_leads_to_its_reference(db):  # P2, P5
    browser = Client(enforce_csrf_checks=True)
    fields = page_of(browser.get(REFER)).fields
    first = browser.post(REFER, fields | REFERRAL)

    again = browser.post(REFER, fields | REFERRAL | {"csrfmiddlewaretoken": ["b" * 32]})

    assert (again.status_code, again["Location"]) == (303, first["Location"])


def test_when_the_database_is_away_every_word_is_kept_for_another_try(monkeypatch):  # P5, P8
    def away(*args):
        raise OperationalError("database is locked")

    browser = Client(raise_request_exception=False)
    hidden = hidden_of(browser.get(REFER))
    monkeypatch.setattr(drafts, "begin_at", away)

    told = browser.post(REFER, REFERRAL | hidden)

    kept = page_of(told).fields
    assert (told.status_code, {name: kept[name] for name in REFERRAL | hidden}) == (503, REFERRAL | hidden)


def test_get_keeps_nothing(client):
    client.get(REFER, REFERRAL)

    assert (RequestDraft.objects.count(), client.cookies.get("apollo-refer-en")) == (0, None)


def test_clearing_deletes_what_was_typed(client):
    home = send(client, referral_with(first_name=""))["Location"]
    secret = page_of(client.get(home)).fields["draft_secret"]

    client.get(f"{home}clear/")
    left = RequestDraft.objects.count()
    response = client.post(f"{home}clear/", {"draft_secret": secret})

    assert (left, RequestDraft.objects.count()) == (1, 0)
    assert response["Location"] == reverse("appointments:cleared")
    assert client.get(home).status_code == 404


# The receipt


def test_the_receipt_page_shows_reference_and_promise_and_of_the_patient_initials(client):
    response = send(client)

    shown = client.get(response["Location"])

    asked = AppointmentRequest.objects.get()
    assert (response.status_code, shown.status_code) == (303, 200)
    assert asked.reference in text_of(shown)
    assert "We will call the patient by" in text_of(shown)
    assert "Patient: W. P." in text_of(shown)
    assert [word for word in OFFICE_WORDS if word in html(shown).replace(practice_phone(), "")] == []
    assert ("no-store" in shown["Cache-Control"], shown["X-Robots-Tag"]) == (True, "noindex")
    assert 'http-equiv="refresh"' not in html(shown)


def practice_phone():
    return "33573"  # also the ZIP code of the practice


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"urgency": "urgent"}, "You marked it urgent: it comes first here."),
        ({"patient_knows": "no"}, "Please tell the patient before that time."),
        ({}, "A receipt with this reference goes to the e-mail address of your office."),
    ],
)
def test_the_receipt_page_says_what_the_office_has_to_know(client, changes, said):
    others = {"urgency": "routine", "patient_knows": "yes", "sender_email": ""}
    with_it = text_of(client.get(send(client, referral_with(**changes))["Location"]))
    without = text_of(client.get(send(client, referral_with(**others, last_name="Other"))["Location"]))

    assert (said in with_it, said in without) == (True, False)


def test_a_stranger_sees_what_everybody_sees(client):  # P24
    unfinished = send(client, referral_with(first_name=""))["Location"]
    finished = send(client)["Location"]
    unknown = reverse("refer:draft", args=[uuid.uuid4()])
    stranger = Client()

    answers = [stranger.get(address) for address in (unfinished, finished, unknown, f"{unknown}sent/")]

    assert {answer.status_code for answer in answers} == {404}
    assert len({re.sub(r'value="\w{64}"', "", html(answer)) for answer in answers}) == 1
    assert "Did you send the referral? Call 813-555-0100 and say the reference" in text_of(answers[0])


def test_for_the_next_patient_an_office_need_not_say_again_who_it_is(client):
    receipt = send(client)["Location"]
    [another] = re.findall(r'href="([^"]+/another/)"', html(client.get(receipt)))

    fields = page_of(client.get(another)).fields

    filled = {name: fields[name] for name in REFERRAL if name in fields and any(fields[name])}
    assert filled == {name: REFERRAL[name] for name in PARTS[0].names} | {
        "sender_npi": ["1234567893"],
        "sender_fax": ["813-555-0178"],
        "referrer_phone": ["813-555-0177 ext. 3"],
    }
    assert len({address.split("/")[2] for address in (receipt, f"{REFER}{fields['entry_id'][0]}/")}) == 2
    assert Client().get(another)["Location"] == REFER


def test_each_page_leads_on_by_itself(client):
    home = send(client, referral_with(first_name=""))["Location"]
    assert client.get(f"{home}sent/")["Location"] == home

    client.post(
        REFER, {name: v for name, v in (page_of(client.get(home)).fields | REFERRAL).items() if name != "files"}
    )

    assert client.get(home)["Location"] == f"{home}sent/"


def test_a_patients_form_does_not_open_as_a_referral_nor_the_other_way_round(client):
    patient, secret = filled_draft()
    client.cookies["apollo-refer-en"] = secret
    assert client.get(reverse("refer:draft", args=[patient.public_id])).status_code == 404
    receive(patient)
    assert client.get(reverse("refer:sent", args=[patient.public_id])).status_code == 404

    home = send(client, referral_with(first_name=""))["Location"]
    fields = page_of(client.get(home)).fields
    entry, secret = fields["entry_id"][0], fields["draft_secret"][0]
    client.cookies["apollo-draft-en"] = secret
    for name in ("step", "sent", "call-us"):
        address = reverse(f"appointments:{name}", args=[entry, *(["you"] if name == "step" else [])])
        assert (client.get(address).status_code, name) == (404, name)
    assert client.post(reverse("appointments:step", args=[entry, "check"]), {"draft_secret": secret}).status_code == 404


# Where nothing typed may stand


def test_no_word_stands_in_addresses_logs_or_mails(client, caplog):  # P16, P35
    seen = [send(client, referral_with(phone="Canary")), send(client)]
    sent = client.get(seen[-1]["Location"])

    mails = [render(message) for message in Message.objects.all()]
    said = caplog.text + "".join(answer["Location"] for answer in seen)
    said += "".join(f"{mail.subject}\n{mail.body}" for mail in mails)
    assert [word for word in (*OFFICE_WORDS, "Canary") if word in said] == []
    assert {path for cookie in sent.client.cookies.values() for path in [cookie["path"]] if "refer" in cookie.key} == {
        f"{prefix}{seen[-1]['Location'].removesuffix('sent/')}" for prefix in ("", "/es")
    }


def test_how_many_queries_the_pages_take(client, django_assert_num_queries):
    with django_assert_num_queries(4):
        client.get(REFER)
    home = send(client, referral_with(first_name=""))["Location"]
    with django_assert_num_queries(6):
        client.get(home)
    address = send(client)["Location"]
    with django_assert_num_queries(6):
        client.get(address)
