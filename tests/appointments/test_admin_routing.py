"""Routing rules in the admin: edited by supervisors and owners; the last one stays."""

import re

import pytest
from django.db import transaction
from django.db.models import ProtectedError

from appointments.models import RoutingRule
from appointments.services.setup import make_groups, make_rules
from tests.appointments.desk import sign_in
from tests.factories import RoutingRuleFactory, UserFactory

LIST = "/admin/appointments/routingrule/"


@pytest.fixture
def last_rule(practice):
    make_groups()
    make_rules()
    return RoutingRule.objects.get()


def posted(rule, **changes):
    values = {"order": rule.order, "name": rule.name, "topic": "", "language": "", "returning": "", "payer_kind": ""}
    return values | {"group": rule.group_id or "", "staff": []} | changes


@pytest.mark.parametrize("group", ["supervisor", "owner"])
def test_rule_is_edited(client, last_rule, group):
    sign_in(client, group)
    nurse = UserFactory(first_name="Nina", last_name="Nurse")
    assert "Nina Nurse</label>" in client.get(f"{LIST}add/").content.decode()

    response = client.post(f"{LIST}add/", posted(RoutingRule(name="Spanish"), language="es", staff=[nurse.pk]))

    assert response.status_code == 302
    rule = RoutingRule.objects.exclude(pk=last_rule.pk).get()
    assert (rule.name, rule.language, rule.is_everyone, list(rule.staff.all())) == ("Spanish", "es", False, [nurse])


@pytest.mark.parametrize("group", ["scheduler", "referral coordinator", "clinician", "editor"])
def test_rules_are_closed_to_other_groups(client, last_rule, group):
    sign_in(client, group)

    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}{last_rule.pk}/change/").status_code == 403


def test_auditor_sees_rules_and_changes_none(client, last_rule):
    sign_in(client, "auditor")

    assert client.get(LIST).status_code == 200
    assert client.post(f"{LIST}{last_rule.pk}/change/", posted(last_rule, name="Mine")).status_code == 403


def test_list_shows_the_order_of_the_rules_and_the_last_one_last(client, last_rule):
    sign_in(client, "supervisor")
    RoutingRuleFactory(name="Second", order=20, topic="accident")
    RoutingRuleFactory(name="First", order=10)

    shown = client.get(LIST).content.decode()

    assert shown.index("First") < shown.index("Second") < shown.index("Everyone")
    assert re.findall(r'<td class="field-place">(\w+)</td>', shown) == ["10", "20", "last"]


def test_last_rule_takes_no_conditions_and_keeps_its_place(client, last_rule):
    sign_in(client, is_superuser=True)

    client.post(
        f"{LIST}{last_rule.pk}/change/",
        posted(last_rule, name="All the rest", order=1, topic="accident", is_everyone=""),
    )

    last_rule.refresh_from_db()
    assert (last_rule.name, last_rule.order, last_rule.topic, last_rule.is_everyone) == ("All the rest", 1000, "", True)


def test_last_rule_cannot_be_deleted(client, last_rule):
    sign_in(client, is_superuser=True)
    other = RoutingRuleFactory()

    for rule in (last_rule, other):
        client.post(f"{LIST}{rule.pk}/delete/", {"post": "yes"})
    client.post(LIST, {"action": "delete_selected", "_selected_action": [last_rule.pk], "post": "yes", "index": 0})

    assert list(RoutingRule.objects.all()) == [last_rule]


@pytest.mark.parametrize("delete", [lambda rule: rule.delete(), lambda rule: RoutingRule.objects.all().delete()])
def test_last_rule_cannot_be_deleted_past_the_admin_either(last_rule, delete):
    with pytest.raises(ProtectedError), transaction.atomic():
        delete(last_rule)

    assert RoutingRule.objects.get() == last_rule


def test_rule_must_tell_somebody(client, last_rule):
    sign_in(client, "supervisor")

    response = client.post(f"{LIST}{last_rule.pk}/change/", posted(last_rule, group=""))

    assert "Choose who is told: staff, a group, or both." in response.content.decode()
    last_rule.refresh_from_db()
    assert last_rule.group.name == "scheduler"
