"""A referral on paper is keyed in by staff through the form of the website; and how staff see one from an office."""

import uuid

import pytest
from django.contrib.admin.models import LogEntry

from appointments.models import AppointmentRequest, Referral, RequestDraft
from appointments.services import referrals, spam
from appointments.services.request import receive
from appointments.transitions import DESK, GROUPS
from outbox.models import Message
from tests.answers import filled_draft, page_of
from tests.appointments.desk import LIST, sign_in
from tests.appointments.desk import page_of as address_of
from tests.appointments.test_admin_change import html, text_of
from tests.factories import ContactPointFactory, RoutingRuleFactory, UserFactory
from tests.office import OFFICE_WORDS, REFERRAL, referral_with, send

pytestmark = pytest.mark.django_db
KEY_IN = f"{LIST}refer/"
BADGE = "Unverified office"


@pytest.fixture
def told(practice):
    user = UserFactory(group="scheduler")
    RoutingRuleFactory(everyone=True).staff.add(user)
    return user


@pytest.fixture
def dana(client, told):
    return sign_in(client, "scheduler", first_name="Dana")


def typed(fields=REFERRAL, **more):
    return fields | {"entry_id": [str(uuid.uuid4())], "channel": ["fax"]} | more


def values_of(row, *own):
    own = {"id", "public_id", "reference", "idempotency_key", "channel", "appointment_request_id", "created_at", *own}
    return {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if f.attname not in own}


def test_a_keyed_referral_is_like_one_from_the_website(client, dana, time_machine):
    time_machine.move_to("2026-11-24T15:00:00Z", tick=False)
    send(client)
    from_website = AppointmentRequest.objects.get()
    client.force_login(dana)  # what was signed in before has not happened yet

    response = client.post(KEY_IN, typed())

    kept = AppointmentRequest.objects.exclude(pk=from_website.pk).get()
    assert response["Location"] == address_of(kept)
    assert values_of(kept) == values_of(from_website)
    assert values_of(kept.referral) == values_of(from_website.referral)
    assert kept.channel == "fax"
    assert sorted(Message.objects.filter(about=kept.reference).values_list("kind", flat=True)) == [
        *("referral-receipt", "staff-notice")
    ]
    (event,) = kept.status_events.all()
    assert (event.move, event.by) == ("receive", dana)
    said = f"Kept as {kept.reference}. Please write it on the fax."
    assert said in text_of(client.get(address_of(kept)))


def test_whoever_keys_it_may_take_it(client, dana):
    client.post(KEY_IN, typed(mine="yes", channel="phone"))

    kept = AppointmentRequest.objects.get()
    assert (kept.status, kept.assignee, kept.channel) == ("in_review", dana, "phone")
    assert kept.referral.status == "under-review"


def test_nothing_of_it_is_judged_as_spam(client, dana):
    client.post(KEY_IN, typed(referral_with(question="http://a.example http://b.example http://c.example")))

    assert AppointmentRequest.objects.get().status == "received"


def test_double_click_keeps_one(client, dana):  # P1
    same = typed(mine="yes")

    locations = [client.post(KEY_IN, same)["Location"] for _ in range(3)]

    assert locations == [address_of(AppointmentRequest.objects.get())] * 3
    assert Referral.objects.count() == 1


def test_the_next_fax_keyed_into_the_same_page_is_not_lost(client, dana):
    first = typed()
    client.post(KEY_IN, first)

    response = client.post(KEY_IN, first | {"first_name": "Rosa"})

    fields = page_of(response).fields
    assert (response.status_code, fields["first_name"]) == (409, ["Rosa"])
    client.post(KEY_IN, first | {"first_name": "Rosa", "entry_id": fields["entry_id"]})
    assert sorted(one.first_name for one in AppointmentRequest.objects.all()) == ["Rosa", "Walter"]


def test_mistakes_are_named_and_what_was_typed_is_kept(client, dana):
    response = client.post(KEY_IN, typed(referral_with(first_name="", sender_npi="1234567890")))

    assert response.status_code == 422
    assert 'href="#id_sender_npi"' in html(response)
    assert (page_of(response).fields["last_name"], RequestDraft.objects.count()) == (["Probeman"], 0)


@pytest.mark.parametrize("data", [{"channel": "walk-in"}, {"channel": "referral"}, {"entry_id": "x"}, {"mine": "x"}])
def test_hand_made_post_keeps_nothing(client, dana, data):
    assert client.post(KEY_IN, typed() | data).status_code == 422
    assert not AppointmentRequest.objects.exists()


@pytest.mark.parametrize("group", [*GROUPS, None])
def test_who_may_key_in(client, told, group):
    sign_in(client, group)
    may = group in DESK | {"owner"}

    assert client.get(KEY_IN).status_code == (200 if may else 403)
    assert client.post(KEY_IN, typed()).status_code == (302 if may else 403)
    assert AppointmentRequest.objects.count() == may
    assert (KEY_IN in html(client.get(LIST))) == may


def test_get_changes_nothing(client, dana):
    client.get(KEY_IN, typed())

    assert (AppointmentRequest.objects.count(), RequestDraft.objects.count()) == (0, 0)


def test_no_word_gets_into_addresses_logs_or_the_admins_log(client, dana, caplog):  # P35
    seen = [client.post(KEY_IN, typed(phone="Canary")), client.post(KEY_IN, typed())]

    assert list(LogEntry.objects.values_list("object_repr", "change_message")) == [
        (AppointmentRequest.objects.get().reference, "keyed in")
    ]
    said = caplog.text + "".join(response.get("Location", "") for response in seen)
    assert [word for word in (*OFFICE_WORDS, "Canary") if word in said] == []
    assert all("no-store" in response["Cache-Control"] for response in seen)


# How staff see one


def test_list_and_page_say_that_nobody_has_verified_the_office(client, dana):
    send(client)
    asked = AppointmentRequest.objects.get()

    assert BADGE in text_of(client.get(LIST))
    assert BADGE in text_of(client.get(address_of(asked)))


def test_a_doctor_whom_a_patient_names_is_no_referral_from_an_office(client, dana):
    receive(filled_draft()[0])

    assert Referral.objects.count() == 1
    assert BADGE not in text_of(client.get(LIST))


def test_once_the_office_is_matched_and_verified_they_say_it_no_more(client, dana):
    send(client)
    referral = Referral.objects.get()
    coordinator = UserFactory(group="referral coordinator")
    practice = ContactPointFactory(verified=True).practice
    seen = {"seen_version": referral.version}
    referrals.match(referral.public_id, practice=practice, physician=None, by=coordinator, **seen)

    assert BADGE not in text_of(client.get(LIST))
    assert BADGE not in text_of(client.get(address_of(referral.appointment_request)))


@pytest.mark.parametrize(("knows", "is_said"), [("no", True), ("yes", False)])
def test_page_says_that_the_patient_does_not_know(client, dana, knows, is_said):
    send(client, referral_with(patient_knows=knows))

    page = text_of(client.get(address_of(AppointmentRequest.objects.get())))

    assert ("The patient does not know about it yet." in page) == is_said


def test_what_was_put_aside_says_that_an_office_waits(client, dana, time_machine):
    time_machine.move_to("2026-11-24T15:00:00Z", tick=False)
    client.force_login(dana)
    receive(filled_draft()[0], post=spam.Post(block="203.0.113.0/24", hidden="Buy"))
    assert "An office waits" not in text_of(client.get(f"{LIST}?show=quarantine"))  # a patient, and no receipt

    send(client, subject=["Buy"])

    said = "Unverified office An office waits: its receipt says that we call by Wed, Nov 25"
    assert said in text_of(client.get(f"{LIST}?show=quarantine&channel=referral"))
