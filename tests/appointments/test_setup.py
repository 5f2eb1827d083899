"""Groups, the last rule and the demo: made once, made again without harm."""

import datetime
import json
import stat

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.models import Group, Permission
from django.utils import timezone

from appointments.models import (
    AppointmentRequest,
    ContactPoint,
    Physician,
    Referral,
    ReferralUpdate,
    ReferringPractice,
    RoutingRule,
)
from appointments.models.words import Priority
from appointments.services import setup
from appointments.services.ladder import level
from appointments.transitions import GROUPS, Status, WaitingOn
from outbox.models import Message
from tests.factories import ClinicianFactory, ReferringPracticeFactory

DIRECTORY = ("referringpractice", "physician", "contactpoint")
WEEKS_12 = datetime.timedelta(weeks=12)


@pytest.fixture
def demo(practice, settings, tmp_path):
    settings.DEBUG = True
    settings.VAR_DIR = tmp_path
    setup.make_groups()
    setup.make_rules()
    return tmp_path / "demo-accounts.json"


def rights_of(name):
    permissions = Group.objects.get(name=name).permissions
    return set(permissions.values_list("content_type__app_label", "codename"))


def test_groups_are_the_seven_and_have_their_rights(db):
    for _ in range(2):
        setup.make_groups()

    assert set(Group.objects.values_list("name", flat=True)) == set(GROUPS)
    view, change = ("appointments", "view_appointmentrequest"), ("appointments", "change_appointmentrequest")
    add = ("appointments", "add_appointmentrequest")
    referral = ("appointments", "view_referral")
    sees = {("appointments", f"view_{model}") for model in DIRECTORY}
    keeps = {("appointments", f"{verb}_{model}") for model in DIRECTORY for verb in ("view", "add", "change")}
    assert rights_of("scheduler") == {view, add, change, referral, *sees}
    assert rights_of("referral coordinator") == {view, add, change, referral, *keeps}
    reads = {("procedures", code) for app, code in rights_of("editor") if app == "procedures" and code[:5] == "view_"}
    assert rights_of("clinician") == {view, referral, *sees, ("procedures", "sign_version"), *reads}
    assert [name for name in GROUPS if ("procedures", "sign_version") in rights_of(name)] == ["clinician"]
    rows = ("appointmentrequest", "referral", "export", "routingrule", "incident", "partnertoken")
    assert rights_of("auditor") == {("appointments", f"view_{row}") for row in rows} | sees
    assert {app for app, _ in rights_of("editor")} == {"procedures", "practice"}
    assert {("appointments", "change_routingrule"), ("appointments", "delete_routingrule")} < rights_of("supervisor")
    assert {("practice", "change_practice"), ("auth", "change_user")} < rights_of("owner")


def test_no_group_may_delete_a_request_its_history_or_a_person(db):
    setup.make_groups()

    deletes = {
        code for name in GROUPS for app, code in rights_of(name) if code.startswith("delete_") and app != "procedures"
    }

    assert deletes == {
        "delete_routingrule",
        "delete_location",
        "delete_openinghours",
        "delete_closure",
        "delete_helplanguage",
    }


def test_rights_added_by_hand_stay(db):
    setup.make_groups()
    Group.objects.get(name="scheduler").permissions.add(Permission.objects.get(codename="add_closure"))

    setup.make_groups()

    assert ("practice", "add_closure") in rights_of("scheduler")


def test_last_rule_is_made_once_and_never_overwritten(db):
    setup.make_rules()
    RoutingRule.objects.update(name="All the rest", group=None)

    setup.make_rules()

    rule = RoutingRule.objects.get()
    assert (rule.name, rule.group, rule.is_everyone) == ("All the rest", None, True)


def test_demo_makes_an_account_for_each_group(demo):
    setup.make_demo()

    accounts = json.loads(demo.read_text())
    assert list(accounts) == list(GROUPS)
    for group, account in accounts.items():
        user = authenticate(username=account["username"], password=account["password"])
        assert [found.name for found in user.groups.all()] == [group]
        assert (user.is_staff, user.is_superuser, user.last_name) == (True, False, "Demo")
        assert user.email.endswith("@example.org")
        assert len(account["password"]) >= 20
    assert stat.S_IMODE(demo.stat().st_mode) == 0o600


def test_demo_made_again_keeps_passwords_and_the_file(demo):
    setup.make_demo()
    before = demo.read_text()

    setup.make_demo()

    assert demo.read_text() == before
    assert AppointmentRequest.objects.count() == 42


def test_demo_file_stays_right_when_a_password_was_changed(demo):
    setup.make_demo()
    user = get_user_model().objects.get(username="scheduler")
    user.set_password("another password of mine")
    user.save()

    setup.make_demo()

    assert json.loads(demo.read_text())["scheduler"]["password"] == ""
    user.refresh_from_db()
    assert user.check_password("another password of mine")


def test_demo_file_is_closed_to_others_even_where_one_stood_open(demo):
    for path in (demo, demo.with_suffix(".new")):
        path.write_text("{}")
        path.chmod(0o666)

    setup.make_demo()

    assert stat.S_IMODE(demo.stat().st_mode) == 0o600
    assert not demo.with_suffix(".new").exists()


def test_demo_has_requests_in_several_states_and_mails_nobody(demo):
    setup.make_demo()

    assert set(AppointmentRequest.objects.values_list("status", flat=True)) == set(Status)
    assert set(AppointmentRequest.objects.values_list("waiting_on", flat=True)) == {"", *WaitingOn}
    for appointment_request in AppointmentRequest.objects.all():
        assert appointment_request.phone.startswith("+181355501")
        assert appointment_request.email == "" or appointment_request.email.endswith("@example.org")
        assert appointment_request.status_events.count() == appointment_request.version
    assert not Message.objects.exists()


@pytest.mark.parametrize("now", ["2026-11-30T14:00Z", "2026-11-28T06:00Z", "2027-01-01T03:30Z", "2027-03-15T12:00Z"])
def test_demo_can_be_made_at_any_hour_and_lies_behind_us(demo, time_machine, now):
    time_machine.move_to(now, tick=False)

    setup.make_demo()

    now = timezone.now()
    for appointment_request in AppointmentRequest.objects.all():
        events = list(appointment_request.status_events.all())
        assert now - WEEKS_12 <= appointment_request.submitted_at <= events[0].at <= events[-1].at <= now
        assert [event.version for event in events] == list(range(1, appointment_request.version + 1))
    assert (AppointmentRequest.objects.late(now).exists(), timezone.now()) == (True, now)


def test_demo_has_the_clocks_of_real_requests(demo, time_machine):
    time_machine.move_to("2026-11-30T15:00Z", tick=False)

    setup.make_demo()

    [urgent] = AppointmentRequest.objects.filter(priority=Priority.URGENT)
    assert urgent.due_at - urgent.submitted_at == datetime.timedelta(hours=1)
    assert set(AppointmentRequest.objects.values_list("routed_by__name", flat=True)) == {"Everyone"}


def test_demo_has_a_practice_that_letters_may_go_to_and_one_that_nobody_verified(demo):
    for _ in range(2):
        setup.make_demo()

    now = timezone.now()
    steps = {str(row): level(row, now) for row in Physician.objects.select_related("practice")}
    assert steps == {"Paula Pattern, MD": "reachable", "Samir Specimen, DO": "named"}
    verified = ContactPoint.objects.verified(now).order_by("pk").values_list("practice__name", "kind")
    assert list(verified) == [("Pattern Family Medicine", "phone"), ("Pattern Family Medicine", "fax")]
    assert ContactPoint.objects.count() == 3


def test_demo_sent_no_letter_before_its_fax_was_verified(demo):
    ClinicianFactory()

    setup.make_demo()

    letters = ReferralUpdate.objects.exclude(approved_at=None).select_related("contact_point")
    assert letters
    assert all(letter.contact_point.verified_at < letter.approved_at for letter in letters)


def test_demo_has_letters_to_sign_to_prove_and_to_write(demo, time_machine):
    time_machine.move_to("2026-11-30T15:00Z", tick=False)
    ClinicianFactory()

    setup.make_demo()

    letters = ReferralUpdate.objects.filter(referral__practice__name="Pattern Family Medicine")
    assert {letter.kind: letter.standing for letter in letters} == {
        "received": "Arrived", "booked": "Sent, no proof yet", "interim": "Prepared, to be signed", "final": "Owed"
    }  # fmt: skip
    lists = [Referral.objects.to_sign(), Referral.objects.outstanding(timezone.now())]
    assert [[row.pk for row in rows] for rows in lists] == [[letters[0].referral_id]] * 2
    assert letters.get(kind="interim").clinician.user.username == "clinician"


def test_demo_leaves_a_real_directory_alone(demo):
    ReferringPracticeFactory(name="Real")

    setup.make_demo()

    assert ReferringPractice.objects.get().name == "Real"


def test_demo_leaves_real_requests_alone(demo):
    from tests.factories import AppointmentRequestFactory

    AppointmentRequestFactory()

    setup.make_demo()

    assert AppointmentRequest.objects.count() == 1


def test_demo_is_refused_in_production(demo, settings):
    settings.DEBUG = False

    with pytest.raises(setup.DemoRefused):
        setup.make_demo()

    assert not demo.exists()
    assert not get_user_model().objects.exists()
