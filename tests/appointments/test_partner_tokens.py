"""Tokens of offices: made by those who may, shown once, kept as a hash, over when somebody says so."""

import datetime
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appointments.models import PartnerToken
from appointments.services import partners
from appointments.services.rights import NoRight
from appointments.services.secret import hashed
from appointments.transitions import GROUPS
from tests.appointments.desk import sign_in
from tests.appointments.fhir_rows import office, read
from tests.factories import PartnerTokenFactory, ReferringPracticeFactory, UserFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/appointments/partnertoken/"
ADD = f"{LIST}add/"
KEEPERS = {"supervisor", "owner"}
SHOWN = re.compile(r"<textarea[^>]*>([\w-]{43})</textarea>")


@pytest.fixture(autouse=True)
def clock(practice, time_machine):
    time_machine.move_to("2026-11-30T10:00:00-05:00", tick=False)
    return time_machine


def typed(practice, **values):
    return {"practice": practice.pk, "name": "EHR, main office", "last_day": "2027-11-30"} | values


def unsaved(**values):
    return PartnerToken(practice=ReferringPracticeFactory(), name="EHR", **values)


# Made


def test_a_token_is_shown_once_and_opens_the_referrals_of_its_practice(client):
    user = sign_in(client, "supervisor")
    practice = office().practice
    practice.partner_tokens.all().delete()

    page = client.post(ADD, typed(practice))

    secret = SHOWN.search(page.content.decode())[1]
    token = PartnerToken.objects.get()
    assert (token.practice, token.name, token.by) == (practice, "EHR, main office", user)
    assert token.token_hash == hashed(secret)
    assert timezone.localtime(token.expires_at).isoformat() == "2027-11-30T23:59:59.999999-05:00"
    assert "no-store" in page["Cache-Control"]
    assert read("ServiceRequest", secret).status_code == 200


def test_the_token_stands_nowhere_else(client):
    sign_in(client, "supervisor")
    practice = ReferringPracticeFactory()

    page = client.post(ADD, typed(practice))

    secret = SHOWN.search(page.content.decode())[1]
    stored = [str(list(PartnerToken.objects.values())), str(list(LogEntry.objects.values())), str(dict(client.session))]
    stored += [str(message) for message in get_messages(page.wsgi_request)]
    pages = [
        client.get(address).content.decode() for address in (LIST, f"{LIST}{PartnerToken.objects.get().pk}/change/")
    ]
    assert [text for text in [*stored, *pages] if secret in text] == []
    assert (LogEntry.objects.count(), [hashed(secret) in text for text in pages]) == (1, [False, False])


def test_each_token_is_another():
    by = UserFactory(group="supervisor")
    ends = timezone.now() + datetime.timedelta(days=30)

    assert partners.issue(unsaved(expires_at=ends), by=by) != partners.issue(unsaved(expires_at=ends), by=by)


def test_sending_the_form_again_makes_no_second_token(client):
    sign_in(client, "supervisor")
    practice = ReferringPracticeFactory()
    client.post(ADD, typed(practice))

    again = client.post(ADD, typed(practice))

    assert "This system has a token already." in again.content.decode()
    assert PartnerToken.objects.count() == 1


def test_after_one_is_revoked_another_may_have_its_name(client):
    sign_in(client, "supervisor")
    token = PartnerTokenFactory(revoked_at=timezone.now())

    client.post(ADD, typed(token.practice))

    assert PartnerToken.objects.live(timezone.now()).count() == 1


@pytest.mark.parametrize(
    ("day", "is_taken"),
    [
        ("2026-11-30", True),
        ("2027-11-30", True),
        ("2026-11-29", False),
        ("2027-12-01", False),
        ("0001-01-01", False),
        ("9999-12-31", False),
        ("2026-02-30", False),
        ("", False),
    ],
)
def test_a_token_lasts_a_year_at_most(client, day, is_taken):
    sign_in(client, "supervisor")

    page = client.post(ADD, typed(ReferringPracticeFactory(), last_day=day))

    assert (PartnerToken.objects.exists(), bool(SHOWN.search(page.content.decode()))) == (is_taken, is_taken)
    assert is_taken or "EHR, main office" in page.content.decode()  # what was typed is kept


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_the_service_refuses_an_end_that_is_past_or_far(days):
    ends = timezone.now() + datetime.timedelta(days=days)

    with pytest.raises(ValidationError):
        partners.issue(unsaved(expires_at=ends), by=UserFactory(group="supervisor"))

    assert not PartnerToken.objects.exists()


@pytest.mark.parametrize(
    "values", [{"name": ""}, {"name": "a\0b"}, {"practice": "x"}, {"practice": "9" * 30}, {"name": "x" * 101}], ids=str
)
def test_what_cannot_be_taken_is_said(client, values):
    sign_in(client, "supervisor")

    page = client.post(ADD, typed(ReferringPracticeFactory()) | values)

    assert (page.status_code, PartnerToken.objects.exists()) == (200, False)
    assert "errorlist" in page.content.decode()


def test_hash_and_maker_are_taken_from_no_form(client):
    user = sign_in(client, "supervisor")
    other = UserFactory()

    client.post(ADD, typed(ReferringPracticeFactory(), token_hash="x", by=other.pk, revoked_at="2026-11-30"))

    token = PartnerToken.objects.get()
    assert (token.by, len(token.token_hash), token.revoked_at) == (user, 64, None)


def test_an_inactive_practice_cannot_be_chosen(client):
    sign_in(client, "supervisor")

    client.post(ADD, typed(ReferringPracticeFactory(is_active=False)))

    assert not PartnerToken.objects.exists()


# Revoked


def revoke(client, *tokens):
    chosen = {"action": "revoke", "_selected_action": [token.pk for token in tokens]}
    return client.post(LIST, chosen, follow=True)


def test_revoking_ends_the_chosen_tokens_at_once_and_is_written_down(client):
    user = sign_in(client, "supervisor")
    first, second = PartnerTokenFactory(), PartnerTokenFactory(secret="b" * 43)

    page = revoke(client, first)

    assert list(PartnerToken.objects.order_by("pk").values_list("revoked_at", flat=True)) == [timezone.now(), None]
    assert "1 token was revoked." in page.content.decode()
    assert list(LogEntry.objects.values_list("user", "object_id", "change_message")) == [
        (user.pk, str(first.pk), "Revoked.")
    ]
    assert second in PartnerToken.objects.live(timezone.now())


def test_revoking_twice_keeps_the_first_time(client, clock):
    sign_in(client, "supervisor")
    token = PartnerTokenFactory()
    revoke(client, token)
    first = timezone.now()

    clock.move_to("2026-11-30T11:00:00-05:00", tick=False)
    page = revoke(client, token)

    token.refresh_from_db()
    assert (token.revoked_at, "0 tokens were revoked." in page.content.decode()) == (first, True)


# By whom


@pytest.mark.parametrize("group", GROUPS)
def test_only_supervisors_and_owners_make_and_revoke(client, group):
    sign_in(client, group)
    token = PartnerTokenFactory()

    made = client.post(ADD, typed(token.practice, name="Another system"))
    revoke(client, token)

    token.refresh_from_db()
    may = group in KEEPERS
    assert (made.status_code, PartnerToken.objects.count()) == ((200, 2) if may else (403, 1))
    assert (token.revoked_at is not None) == may
    assert client.get(LIST).status_code == (200 if may or group == "auditor" else 403)


@pytest.mark.parametrize("group", [group for group in GROUPS if group not in KEEPERS])
def test_the_services_refuse_all_others(group):
    by = UserFactory(group=group)
    token = PartnerTokenFactory()

    with pytest.raises(NoRight):
        partners.issue(unsaved(expires_at=timezone.now() + datetime.timedelta(days=1)), by=by)
    with pytest.raises(NoRight):
        partners.revoke(token, by=by)

    assert list(PartnerToken.objects.values_list("revoked_at", flat=True)) == [None]


def test_a_right_of_djangos_alone_makes_no_token(client):
    user = sign_in(client, "scheduler")
    user.user_permissions.add(*Permission.objects.filter(content_type__model="partnertoken"))

    token = PartnerTokenFactory()

    answers = [client.post(ADD, typed(token.practice, name="Other")), revoke(client, token)]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert list(PartnerToken.objects.values_list("revoked_at", flat=True)) == [None]


@pytest.mark.parametrize("what", ["change", "delete"])
def test_nobody_changes_or_deletes_a_token(client, what):
    sign_in(client, "owner", is_superuser=True)
    token = PartnerTokenFactory()

    answer = client.post(f"{LIST}{token.pk}/{what}/", typed(token.practice, name="Other", post="yes"))

    token.refresh_from_db()
    assert (answer.status_code, token.name) == (403, "EHR, main office")


@pytest.mark.parametrize("number", [1, 3])
def test_queries_of_the_list_do_not_grow(client, number):
    sign_in(client, "supervisor")
    for index in range(number):
        PartnerTokenFactory(secret=str(index) * 43)
    client.get(LIST)

    with CaptureQueriesContext(connection) as queries:
        page = client.get(LIST)

    assert (page.content.decode().count("_selected_action"), len(queries)) == (number, 11)


@pytest.mark.parametrize(("group", "is_offered"), [("supervisor", True), ("auditor", False)])
def test_revoking_is_offered_to_those_who_may(client, group, is_offered):
    sign_in(client, group)
    PartnerTokenFactory()

    assert ('value="revoke"' in client.get(LIST).content.decode()) == is_offered


def test_an_empty_list_says_so(client):
    sign_in(client, "supervisor")

    page = client.get(LIST).content.decode()

    assert "No office's system reads its referrals here." in page


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, "valid"),
        ({"expires_at": datetime.datetime(2026, 11, 30, 15, tzinfo=datetime.UTC)}, "ended"),
        ({"revoked_at": datetime.datetime(2026, 11, 30, 15, tzinfo=datetime.UTC)}, "revoked"),
    ],
)
def test_the_list_says_how_a_token_stands(client, values, state):
    sign_in(client, "auditor")
    PartnerTokenFactory(**values)

    assert f'<td class="field-state">{state}</td>' in client.get(LIST).content.decode()
