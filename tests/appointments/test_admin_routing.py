"""Routing rules in the admin: edited by supervisors and owners; the last one stays."""

import datetime
import re

import pytest
from django.db import connection, transaction
from django.db.models import ProtectedError
from django.test.utils import CaptureQueriesContext

from appointments.models import AppointmentRequest, RoutingRule
from appointments.models.words import Priority
from appointments.services.routing import route
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
    values["priority"] = rule.priority
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

    shown = client.get(LIST).content.decode().partition('id="result_list"')[2]

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


# What the list says about the rules


def warnings(client):
    """(rule, sentence) of each warning above the list."""
    html = client.get(LIST).content.decode().partition('id="result_list"')[0]
    return re.findall(r"<li><a href=\"/admin/appointments/routingrule/\d+/change/\">(.*?)</a>: (.*?)</li>", html)


def test_rules_that_do_their_work_are_not_warned_of(client, last_rule):
    sign_in(client, "supervisor")
    last_rule.group.user_set.add(UserFactory())
    RoutingRuleFactory(order=1, topic="accident", language="es").staff.add(UserFactory())
    RoutingRuleFactory(order=2, topic="accident").staff.add(UserFactory())
    RoutingRuleFactory(order=3, language="es").staff.add(UserFactory())

    assert warnings(client) == []


@pytest.mark.parametrize(
    ("earlier", "later", "is_hidden"),
    [
        ({"topic": "accident"}, {"topic": "accident"}, True),
        ({"topic": "accident"}, {"topic": "accident", "language": "es"}, True),
        ({}, {"payer_kind": "auto"}, True),
        ({"topic": "accident"}, {}, False),
        ({"topic": "accident"}, {"topic": "follow-up"}, False),
        ({"topic": "accident", "language": "es"}, {"topic": "accident"}, False),
        ({"topic": "accident", "returning": "new"}, {"topic": "accident", "language": "es"}, False),
    ],
)
def test_rule_that_no_request_reaches_is_warned_of_with_the_one_that_hides_it(
    client, last_rule, earlier, later, is_hidden
):
    sign_in(client, "supervisor")
    last_rule.group.user_set.add(UserFactory())
    for order, name, conditions in ((10, "Other", {"topic": "bill"}), (20, "First", earlier), (30, "Second", later)):
        RoutingRuleFactory(order=order, name=name, **conditions).staff.add(UserFactory())

    found = [sentence for rule, sentence in warnings(client) if rule == "Second"]

    assert [("“First” comes before" in sentence) for sentence in found] == ([True] if is_hidden else [])


def test_last_rule_is_warned_of_when_another_one_takes_everything(client, last_rule):
    sign_in(client, "supervisor")
    last_rule.group.user_set.add(UserFactory())
    RoutingRuleFactory(name="All").staff.add(UserFactory())

    [(rule, sentence)] = warnings(client)

    assert (rule, "“All” comes before" in sentence) == ("Everyone", True)


def test_rule_whose_people_cannot_be_told_is_warned_of(client, last_rule):
    sign_in(client, "supervisor")
    last_rule.group.user_set.add(UserFactory())
    gone, silent, _empty, mixed = (
        RoutingRuleFactory(name=name, topic=topic)
        for name, topic in (("Gone", "accident"), ("Silent", "follow-up"), ("Empty", "bill"), ("Mixed", "refill"))
    )
    gone.staff.add(UserFactory(is_active=False))
    silent.staff.add(UserFactory(email=""))
    mixed.staff.add(UserFactory(is_active=False), UserFactory())

    assert [rule for rule, sentence in warnings(client) if "Nobody can be told" in sentence] == [
        "Gone",
        "Silent",
        "Empty",
    ]


def test_list_takes_as_many_queries_for_3_rules_as_for_1(client, last_rule):
    sign_in(client, "supervisor")

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(LIST, {"try-topic": "accident"}).status_code == 200
        return len(captured)

    RoutingRuleFactory(topic="bill", group=last_rule.group).staff.add(UserFactory())
    with_one = queries()
    for _ in range(2):
        RoutingRuleFactory(topic="bill", group=last_rule.group).staff.add(UserFactory())

    assert queries() == with_one


# Which rule would take this?


def trial(client, **codes):
    response = client.get(LIST, {f"try-{name}": code for name, code in codes.items()})
    assert response.status_code == 200
    return response.content.decode().partition('id="trial"')[2]


@pytest.fixture
def rules(client, last_rule, time_machine):
    """Three rules, a Tuesday at 10 in an office open from 8 to 5, and a supervisor who looks at them."""
    time_machine.move_to(datetime.datetime(2026, 11, 17, 15, tzinfo=datetime.UTC), tick=False)
    sign_in(client, "supervisor")
    last_rule.group.user_set.add(UserFactory(first_name="Lara", last_name="Last"))
    accidents = RoutingRuleFactory(name="Accidents", order=10, topic="accident", priority=Priority.URGENT)
    accidents.staff.add(UserFactory(first_name="Sol", last_name="Super"))
    spanish = RoutingRuleFactory(name="Spanish", order=20, language="es", returning="new", priority=Priority.SOON)
    spanish.staff.add(UserFactory(first_name="Nina", last_name="Nurse"))


@pytest.mark.parametrize(
    ("codes", "rule", "people", "priority", "due"),
    [
        ({"topic": "accident", "language": "es"}, "Accidents", "Sol Super", "Urgent", "Tuesday, 17, 11 a.m."),
        ({"language": "es", "returning": "new"}, "Spanish", "Nina Nurse", "Soon", "Tuesday, 17, 2 p.m."),
        ({"language": "es"}, "Everyone", "Lara Last", "Routine", "Wednesday, 18, 5 p.m."),
    ],
)
def test_trial_says_which_rule_takes_it_whom_it_tells_and_by_when(client, rules, codes, rule, people, priority, due):
    answer = re.findall(r"<dd>(.*?)</dd>", trial(client, **codes).replace("<strong>", "").replace("</strong>", ""))

    promised = "Wednesday, November 18, 5 p.m."
    weekday, day, hour = due.split(", ")
    due = f"{weekday}, November {day}, {hour}"
    assert [text.replace("\xa0", " ").strip() for text in answer] == [rule, people, priority, due, promised]


def test_trial_says_why_each_earlier_rule_did_not_match(client, rules):
    html = trial(client, language="en", topic="follow-up")

    why = re.findall(r"<li><strong>(.*?)</strong> — (.*?)</li>", html)
    assert why == [
        ("Accidents", "Topic: the rule takes “Pain after a car accident”, and here it is “A follow-up visit”."),
        (
            "Spanish",
            "Language: the rule takes “Español”, and here it is “English”. "
            "Here before: the rule takes “No, this is my first time”, and here it is “Not said”.",
        ),
    ]


def test_trial_of_what_the_first_rule_takes_names_no_other(client, rules):
    html = trial(client, topic="accident", language="en")

    assert "It is the first rule that is tried." in html
    assert "Why no earlier rule took it" not in html


def test_trial_agrees_with_what_a_request_meets(client, rules):
    for topic in ("accident", "follow-up"):
        for language in ("en", "es"):
            for returning in ("new", "returning"):
                codes = {"topic": topic, "language": language, "returning": returning}
                rule, people = route(AppointmentRequest(**codes))
                html = trial(client, **codes)
                assert f"<dd><strong>{rule.name}</strong></dd>" in html
                assert all(user.get_full_name() in html for user in people)


def test_trial_says_that_others_are_told_when_nobody_of_the_rule_can_be(client, rules):
    RoutingRule.objects.get(name="Accidents").staff.update(is_active=False)

    html = trial(client, topic="accident")

    assert "Lara Last" in html
    assert "(nobody of this rule can be reached)" in html


def test_trial_keeps_what_was_chosen_and_says_what_it_does_not_know(client, rules):
    html = trial(client, topic="nonsense", language="es")

    assert "Choose one of the list." in html
    assert '<option value="es" selected>' in html
    assert 'id="answer"' not in html


def test_trial_changes_nothing_and_needs_only_the_right_to_look(client, rules):
    sign_in(client, "auditor")
    before = list(RoutingRule.objects.values())

    assert "Sol Super" in trial(client, topic="accident")
    assert (list(RoutingRule.objects.values()), AppointmentRequest.objects.count()) == (before, 0)
