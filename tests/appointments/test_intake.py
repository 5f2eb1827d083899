"""A request keyed in by staff goes the way of one from the website: checks, clock, routing, reference and mails."""

import re
import threading
import uuid

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.urls import reverse

from appointments.forms import FORMS
from appointments.models import AppointmentRequest, RequestDraft, StatusEvent
from appointments.services import draft as drafts
from appointments.services import intake, moves
from appointments.services.request import receive
from appointments.transitions import DESK, GROUPS
from outbox.models import Message
from tests.answers import ANSWERS, WORDS, answers_with, filled_draft
from tests.appointments.desk import LIST, page_of, sign_in
from tests.appointments.test_admin_change import html, text_of
from tests.factories import RoutingRuleFactory, UserFactory

ADD = f"{LIST}add/"


@pytest.fixture
def told(practice):
    """Whoever is told of new requests."""
    user = UserFactory(group="scheduler")
    RoutingRuleFactory(everyone=True).staff.add(user)
    return user


@pytest.fixture
def dana(client, told):
    return sign_in(client, "scheduler", first_name="Dana")


def typed(answers=ANSWERS, **more):
    """What the page posts: the answers to all questions, and how the request came."""
    fields = {name: values for step in answers.values() for name, values in step.items()}
    return fields | {"entry_id": [str(uuid.uuid4())], "channel": ["phone"], "language": ["en"]} | more


def values_of(appointment_request):
    """What was asked for, and what follows from it."""
    own = {"id", "public_id", "reference", "idempotency_key", "channel", "consent_version", "source_slug"}
    fields = [field.attname for field in AppointmentRequest._meta.concrete_fields if field.attname not in own]
    return {name: getattr(appointment_request, name) for name in fields}


def test_keyed_request_is_like_one_from_the_website(client, dana, time_machine):
    time_machine.move_to("2026-11-24T15:00:00Z", tick=False)
    from_website = receive(filled_draft()[0])
    client.force_login(dana)  # what was signed in before has not happened yet

    response = client.post(ADD, typed())

    kept = AppointmentRequest.objects.exclude(pk=from_website.pk).get()
    assert response["Location"] == page_of(kept)
    assert values_of(kept) == values_of(AppointmentRequest.objects.get(pk=from_website.pk))
    assert (kept.channel, kept.consent_version) == ("phone", "")
    kinds = Message.objects.order_by("about", "kind").values_list("kind", flat=True)
    assert list(kinds) == ["acknowledgement", "staff-notice"] * 2
    (event,) = kept.status_events.all()
    assert (event.move, event.by, event.to_status) == ("receive", dana, "received")
    said = f"Kept as {kept.reference}. Please say it aloud, and that by Wednesday, November 25, 5 p.m. we answer."
    assert said in text_of(client.get(page_of(kept))).replace("\xa0", " ")


def test_history_says_who_keyed_it_in_and_by_which_way_it_came(client, dana):
    client.post(ADD, typed(channel="fax"))

    shown = text_of(client.get(page_of(AppointmentRequest.objects.get())))

    assert "Sent to us. Came by: Fax · keyed in by Dana Demo" in shown


def test_whoever_keys_it_may_take_it(client, dana):
    client.post(ADD, typed(mine="yes"))

    kept = AppointmentRequest.objects.get()
    assert (kept.status, kept.assignee) == ("in_review", dana)
    assert list(kept.status_events.values_list("move", flat=True)) == ["receive", "claim"]


def test_without_an_email_nobody_is_written_to_but_the_desk(client, dana):
    client.post(ADD, typed(answers_with("reach", email=""), language="es"))

    assert AppointmentRequest.objects.get().language == "es"
    assert set(Message.objects.values_list("kind", flat=True)) == {"staff-notice"}


def test_urgent_signs_are_told_at_once(client, dana):
    answers = ANSWERS | {"urgent": {"signs": ["yes"], "which_signs": ["fever"]}}

    response = client.post(ADD, typed(answers), follow=True)

    assert AppointmentRequest.objects.get().is_urgent
    assert "Please call 911 now" in text_of(response)


def test_nothing_of_it_is_judged_as_spam(client, dana):
    answers = answers_with("visit", reason="See http://a.example http://b.example http://c.example")

    client.post(ADD, typed(answers))

    assert AppointmentRequest.objects.get().status == "received"


# Once, and never too few


def test_double_click_keeps_one_request(client, dana):  # P1
    same = typed(mine="yes")

    locations = [client.post(ADD, same)["Location"] for _ in range(3)]

    assert locations == [page_of(AppointmentRequest.objects.get())] * 3
    assert StatusEvent.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_equal_clicks_at_once_all_end_at_one_request(told):
    entry_id, found = uuid.uuid4(), []

    def press():
        try:
            how = {"channel": "phone", "language": "en", "take": True, "by": told}
            found.append(intake.take_in(entry_id, ANSWERS, **how).reference)
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [AppointmentRequest.objects.get().reference] * 6
    assert Message.objects.count() == 2


def test_next_patient_keyed_into_the_same_page_is_not_lost(client, dana):
    first = typed()
    client.post(ADD, first)

    response = client.post(ADD, first | {"first_name": "Rosa", "phone": "813-555-0117"})

    assert response.status_code == 409
    assert "Another request from this page is kept already." in text_of(response)
    assert 'value="Rosa"' in html(response)
    fresh = re.search(r'name="entry_id" value="([^"]+)"', html(response))[1]
    assert [fresh] != first["entry_id"]
    client.post(ADD, first | {"first_name": "Rosa", "phone": "813-555-0117", "entry_id": fresh})
    assert sorted(one.first_name for one in AppointmentRequest.objects.all()) == ["Rosa", "Walter"]


def test_form_that_somebody_fills_in_on_the_website_is_left_alone(client, dana):
    draft, _secret = drafts.begin()

    response = client.post(ADD, typed(entry_id=str(draft.public_id)))

    assert response.status_code == 403
    assert not AppointmentRequest.objects.exists()


def test_draft_behind_it_opens_to_nobody_and_keeps_no_words(client, dana):
    client.post(ADD, typed())

    draft = RequestDraft.objects.get()
    assert draft.answers == {}
    address = reverse("appointments:sent", args=[draft.public_id])
    assert client.get(address).status_code == 404
    assert client.post(address.replace("sent", "check"), {"draft_secret": ""}).status_code == 404


# Mistakes


def test_mistakes_are_named_and_what_was_typed_is_kept(client, dana):
    data = typed(
        answers_with("you", first_name="", last_name="Probeman", date_of_birth_year="48"),
        phone="813-555-01",
        channel="fax",
        days=["tue"],
    )

    response = client.post(ADD, data)

    assert response.status_code == 422
    page = html(response)
    assert re.findall(r'<li><a href="#(\w+)">', page) == ["id_first_name", "id_date_of_birth_0", "id_phone"]
    assert "<title>Error:" in page
    for kept in ("Probeman", "813-555-01", "1EG4-TE5-MK73"):
        assert f'value="{kept}"' in page
    for value in ("fax", "tue"):
        assert re.search(rf'value="{value}"[^>]*checked', page)
    assert "After one block.</textarea>" in page
    assert data["entry_id"][0] in page
    assert (AppointmentRequest.objects.count(), RequestDraft.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "data", [{"entry_id": "x"}, {"entry_id": ""}, {"channel": "web"}, {"channel": "referral"}, {"language": "fr"}]
)
def test_hand_made_post_keeps_nothing(client, dana, data):
    response = client.post(ADD, typed() | data)

    assert response.status_code == 422
    assert not AppointmentRequest.objects.exists()


def test_only_questions_are_answered(client, dana):  # P27
    client.post(ADD, typed(status="closed", priority="1", reference="APM-2222-2222", spam_score="9", assignee=dana.pk))

    kept = AppointmentRequest.objects.get()
    assert (kept.status, kept.priority, kept.spam_score, kept.assignee) == ("received", 3, 0, None)
    assert kept.reference != "APM-2222-2222"


def test_no_two_questions_share_a_name():
    names = [name for form in FORMS.values() for name in form.base_fields]

    assert len(names) == len(set(names))
    assert not {"entry_id", "channel", "language", "mine"} & set(names)


# Who


@pytest.mark.parametrize("group", [*GROUPS, None])
def test_who_may_key_in(client, told, group):
    user = sign_in(client, group)
    may = group in DESK | {"owner"}

    assert client.get(ADD).status_code == (200 if may else 403)
    assert client.post(ADD, typed()).status_code == (302 if may else 403)
    assert AppointmentRequest.objects.count() == may
    assert (ADD in html(client.get(LIST))) == may
    if not may:
        with pytest.raises(moves.NoRight):
            intake.take_in(uuid.uuid4(), ANSWERS, channel="phone", language="en", take=False, by=user)


def test_get_changes_nothing(client, dana):
    client.get(ADD, typed())

    assert (AppointmentRequest.objects.count(), RequestDraft.objects.count()) == (0, 0)


def test_no_word_gets_into_addresses_logs_or_the_admins_log(client, dana, caplog):  # P35
    seen = [client.post(ADD, typed(phone="Canary")), client.post(ADD, typed())]

    assert list(LogEntry.objects.values_list("object_repr", "change_message")) == [
        (AppointmentRequest.objects.get().reference, "keyed in")
    ]
    said = caplog.text + "".join(response.get("Location", "") for response in seen)
    assert [word for word in (*WORDS, "Canary") if word in said] == []
    assert all("no-store" in response["Cache-Control"] for response in seen)
