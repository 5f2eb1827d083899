"""What a new installation needs: groups with their rights, the last routing rule; and made-up people to try it with."""

import json
import os
import secrets

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission

from appointments.models import AppointmentRequest, ReferringPractice, RoutingRule
from appointments.services import demo, demo_directory
from appointments.transitions import (
    AUDITOR,
    CLINICIAN,
    COORDINATOR,
    EDITOR,
    GROUPS,
    OWNER,
    SCHEDULER,
    SUPERVISOR,
)
from practice.models import Clinician

READ = ("view",)
TAKE = ("view", "add")
SIGN = ("sign",)
WORK = ("view", "change")
WRITE = ("view", "add", "change")
RULE = ("view", "add", "change", "delete")

# Which group meets which kind of row in the admin. What may be done with a request says the table of transitions.
_READ = {"appointments.appointmentrequest": READ, "appointments.referral": READ}
_DESK = _READ | {"appointments.appointmentrequest": WRITE}
_OF_DIRECTORY = ("appointments.referringpractice", "appointments.physician", "appointments.contactpoint")
_SEES_DIRECTORY = dict.fromkeys(_OF_DIRECTORY, READ)
_DIRECTORY = dict.fromkeys(_OF_DIRECTORY, WRITE)
_EXPORTS = {"appointments.export": TAKE}
_INCIDENTS = {"appointments.incident": READ}
_TOKENS = {"appointments.partnertoken": TAKE}
_PROCEDURES = "procedures.*"
RIGHTS = {
    SCHEDULER: _DESK | _SEES_DIRECTORY,
    COORDINATOR: _DESK | _DIRECTORY,
    CLINICIAN: _READ | _SEES_DIRECTORY | {_PROCEDURES: READ, "procedures.version": SIGN},
    EDITOR: {
        _PROCEDURES: RULE,
        "practice.notice": WRITE,
        "practice.helplanguage": RULE,
        "practice.clinician": WRITE,
    },
    SUPERVISOR: _DESK
    | _DIRECTORY
    | _EXPORTS
    | _INCIDENTS
    | _TOKENS
    | {"appointments.routingrule": RULE, "outbox.message": WORK},
    AUDITOR: _READ
    | _SEES_DIRECTORY
    | _INCIDENTS
    | {
        "appointments.export": READ,
        "appointments.partnertoken": READ,
        "appointments.routingrule": READ,
    },
    OWNER: _DESK
    | _DIRECTORY
    | _EXPORTS
    | _INCIDENTS
    | _TOKENS
    | {
        _PROCEDURES: READ,
        "practice.practice": WORK,
        "practice.location": RULE,
        "practice.openinghours": RULE,
        "practice.closure": RULE,
        "practice.clinician": WRITE,
        "practice.notice": WRITE,
        "practice.helplanguage": RULE,
        "appointments.routingrule": RULE,
        "outbox.message": WORK,
        "auth.user": WRITE,
        "auth.group": READ,
    },
}


class DemoRefused(Exception):
    """Made-up accounts with passwords on disk do not belong into a production site."""


def make_groups() -> None:
    """The staff groups with the rights they need. Rights added by hand stay."""
    Group.objects.bulk_create([Group(name=name) for name in GROUPS], ignore_conflicts=True)
    groups = dict(Group.objects.values_list("name", "pk"))
    permissions = Permission.objects.values_list("pk", "codename", "content_type__app_label", "content_type__model")
    right = Group.permissions.through
    given = [
        right(group_id=groups[name], permission_id=pk)
        for pk, codename, app, model in permissions
        for name in GROUPS
        if codename.partition("_")[0] in _verbs(RIGHTS[name], app, model)
    ]
    right.objects.bulk_create(given, ignore_conflicts=True)


def _verbs(rights, app, model) -> set[str]:
    return {*rights.get(f"{app}.*", ()), *rights.get(f"{app}.{model}", ())}


def make_rules() -> None:
    """The last rule, which tells the schedulers of everything that no other rule took. An edited one stays as it is."""
    RoutingRule.objects.get_or_create(
        is_everyone=True,
        defaults={
            "name": "Everyone",
            "order": 1000,
            "group": Group.objects.get_or_create(name=SCHEDULER)[0],
        },
    )


# To try it with

DEMO_NAMES = {
    SCHEDULER: ("Dana", "Demo"),
    COORDINATOR: ("Robin", "Demo"),
    CLINICIAN: ("Elena", "Demo"),
    EDITOR: ("Edith", "Demo"),
    SUPERVISOR: ("Sol", "Demo"),
    AUDITOR: ("Audrey", "Demo"),
    OWNER: ("Owen", "Demo"),
}


def make_demo() -> None:
    """One account for each group and some made-up requests; needs make_groups, make_rules and a location.

    Passwords stand in VAR_DIR/demo-accounts.json, {group: {"username", "password"}}, readable for its owner alone.
    Accounts that exist keep their passwords; one that was changed since is "" in the file.

    Raises DemoRefused in production.
    """
    if not settings.DEBUG:
        raise DemoRefused("Demo accounts are made with APOLLO_DEBUG=1 only.")
    known = _known_accounts()
    accounts = {group: _demo_account(group, known.get(group, {}).get("password", "")) for group in GROUPS}
    _write_accounts(accounts)
    _join_demo_clinician()
    if is_new := not AppointmentRequest.objects.exists():
        demo.make_requests()
        demo.make_referral()
    if not ReferringPractice.objects.exists():
        demo_directory.make()
        if is_new:
            demo.make_letters()


def _join_demo_clinician():
    """The demo clinician is one of the made-up clinicians, so that a page can be signed on trial."""
    user = get_user_model().objects.get(username=CLINICIAN)
    free = Clinician.objects.filter(user=None).first()
    if free and not hasattr(user, "clinician"):
        free.user = user
        free.save()


def accounts_path():
    return settings.VAR_DIR / "demo-accounts.json"


def _known_accounts():
    try:
        return json.loads(accounts_path().read_text())
    except (OSError, ValueError):
        return {}


def _demo_account(group, password):
    """The entry of the file for the account of `group`, made if it is missing (the database may be newer)."""
    username = group.replace(" ", "-")
    first_name, last_name = DEMO_NAMES[group]
    user = get_user_model().objects.filter(username=username).first()
    if user is None:
        password = password or secrets.token_urlsafe(18)
        user = get_user_model().objects.create_user(
            username,
            f"{username}@example.org",
            password,
            first_name=first_name,
            last_name=last_name,
            is_staff=True,
        )
        user.groups.add(Group.objects.get(name=group))
    elif not user.check_password(password):
        password = ""
    return {"username": username, "password": password}


def _write_accounts(accounts):
    path = accounts_path()
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    # Never, not even for a moment, readable for others; and moved into place, so that no half file is met.
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(accounts, file, indent=2)
    fresh.replace(path)
