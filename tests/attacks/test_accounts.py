"""P23: who may manage accounts cannot raise themselves, or anybody, above every rule."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from tests.appointments.desk import sign_in
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
NEW_PASSWORD = "another long enough password"


def page_of(user, name="change"):
    return reverse(f"admin:auth_user_{name}", args=[user.pk])


def password_page_of(user):
    return reverse("admin:auth_user_password_change", args=[user.pk])


def account(user, **changes):
    values = {"username": user.username, "first_name": user.first_name, "email": user.email, "is_active": "on"}
    return values | {"is_staff": "on", "date_joined_0": "2026-01-01", "date_joined_1": "08:00:00"} | changes


def stored(user):
    return get_user_model().objects.filter(pk=user.pk).values().get()


@pytest.fixture
def practice_owner(client):
    return sign_in(client, "owner")


def test_an_owner_moves_staff_between_groups(client, practice_owner):  # the control
    somebody = UserFactory(group="scheduler")
    clinicians = Group.objects.get(name="clinician")

    response = client.post(page_of(somebody), account(somebody, groups=[clinicians.pk]))

    assert response.status_code == 302
    assert list(somebody.groups.all()) == [clinicians]


@pytest.mark.parametrize("who", ["themselves", "somebody"])
def test_an_owner_makes_nobody_a_superuser_and_gives_no_single_rights(client, practice_owner, who):
    user = practice_owner if who == "themselves" else UserFactory()
    right = Permission.objects.get(codename="delete_appointmentrequest")

    response = client.post(page_of(user), account(user, is_superuser="on", user_permissions=[right.pk]))

    assert response.status_code == 302
    assert stored(user)["is_superuser"] is False
    assert list(user.user_permissions.all()) == []


def test_an_owner_takes_over_no_superuser(client, practice_owner):
    superuser = UserFactory(is_superuser=True)
    before = stored(superuser)

    statuses = [
        client.post(page_of(superuser), account(superuser, email="owner@evil.example")).status_code,
        client.post(
            password_page_of(superuser),
            {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "usable_password": "true"},
        ).status_code,
    ]

    assert statuses == [403, 403]
    assert stored(superuser) == before


def test_an_owner_gives_others_a_new_password(client, practice_owner):  # the control
    somebody = UserFactory()
    data = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "usable_password": "true"}

    assert client.post(password_page_of(somebody), data).status_code == 302
    somebody.refresh_from_db()
    assert somebody.check_password(NEW_PASSWORD)


def test_nobody_deletes_an_account_and_with_it_what_the_log_says(client):
    sign_in(client, is_superuser=True)
    somebody = UserFactory()
    LogEntry.objects.create(user=somebody, action_flag=2, object_repr="APM-2345-6789")

    statuses = [
        client.post(page_of(somebody, "delete"), {"post": "yes"}).status_code,
        client.post(
            reverse("admin:auth_user_changelist"),
            {"action": "delete_selected", "_selected_action": [somebody.pk], "post": "yes"},
        ).status_code,
    ]

    assert statuses[0] == 403
    assert get_user_model().objects.filter(pk=somebody.pk).exists()
    assert LogEntry.objects.filter(user=somebody).exists()


def test_a_superuser_makes_a_superuser(client):  # the control
    sign_in(client, is_superuser=True)
    somebody = UserFactory()

    assert client.post(page_of(somebody), account(somebody, is_superuser="on")).status_code == 302
    assert stored(somebody)["is_superuser"] is True


@pytest.mark.parametrize("group", ["scheduler", "referral coordinator", "clinician", "editor", "supervisor", "auditor"])
def test_no_other_group_meets_accounts(client, group):
    user = sign_in(client, group)
    before = stored(user)

    statuses = {
        client.get(reverse("admin:auth_user_changelist")).status_code,
        client.get(page_of(user)).status_code,
        client.post(page_of(user), account(user, is_superuser="on")).status_code,
        client.get(reverse("admin:auth_group_changelist")).status_code,
    }

    assert statuses == {403}
    assert stored(user) == before
