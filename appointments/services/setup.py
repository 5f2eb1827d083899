"""What a new installation needs: groups with their rights, the last routing rule; and made-up people to try it with."""

import datetime
import json
import os
import secrets

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from appointments.models import AppointmentRequest, RoutingRule, StatusEvent, Visit
from appointments.services import moves
from appointments.transitions import (
    AUDITOR,
    CLINICIAN,
    COORDINATOR,
    EDITOR,
    GROUPS,
    OWNER,
    SCHEDULER,
    SUPERVISOR,
    Status,
)
from practice.models import Clinician, Location
from practice.services import reply_promise

READ = ("view",)
TAKE = ("view", "add")
SIGN = ("sign",)
WORK = ("view", "change")
WRITE = ("view", "add", "change")
RULE = ("view", "add", "change", "delete")

# Which group meets which kind of row in the admin. What may be done with a request says the table of transitions.
_DESK = {"appointments.appointmentrequest": WORK}
_EXPORTS = {"appointments.export": TAKE}
_PROCEDURES = "procedures.*"
RIGHTS = {
    SCHEDULER: _DESK,
    COORDINATOR: _DESK,
    CLINICIAN: {"appointments.appointmentrequest": READ, _PROCEDURES: READ, "procedures.version": SIGN},
    EDITOR: {
        _PROCEDURES: RULE,
        "practice.notice": WRITE,
        "practice.helplanguage": RULE,
        "practice.clinician": WRITE,
    },
    SUPERVISOR: _DESK | _EXPORTS | {"appointments.routingrule": RULE, "outbox.message": WORK},
    AUDITOR: {
        "appointments.appointmentrequest": READ,
        "appointments.export": READ,
        "appointments.routingrule": READ,
    },
    OWNER: _DESK
    | _EXPORTS
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
    for name in GROUPS:
        group, __ = Group.objects.get_or_create(name=name)
        group.permissions.add(*_permissions(RIGHTS[name]))


def _permissions(rights):
    wanted = Q()
    for label, verbs in rights.items():
        app, model = label.split(".")
        of_model = Q() if model == "*" else Q(content_type__model=model)
        of_verbs = Q(*[Q(codename__startswith=f"{verb}_") for verb in verbs], _connector=Q.OR)
        wanted |= Q(content_type__app_label=app) & of_model & of_verbs
    return Permission.objects.filter(wanted)


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
    if not AppointmentRequest.objects.exists():
        _make_demo_requests()


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


@transaction.atomic
def _make_demo_requests():
    """Requests in several states, as if some days of work lay behind us. Nothing is put into the outbox."""
    desk = get_user_model().objects.get(username=SCHEDULER)
    location, clinician = Location.objects.earliest("order", "pk"), Clinician.objects.first()

    rosa = _demo_request(
        "Rosa", "Example", "+18135550117", days_ago=5, channel="phone", language="es", voicemail="name-only",
        name_pronunciation="ROH-sah eg-ZEM-plo", best_time="morning", needs=["interpreter", "wheelchair"],
        interpreter_language="Spanish", reason="My legs get heavy after one block. I sit and it goes away.",
        on_behalf_name="Lucia Example", on_behalf_phone="+18135550119", patient_knows="yes",
    )  # fmt: skip
    moves.log_call(rosa.public_id, result="no-answer", note="", by=desk)

    _demo_request(
        "Harold", "Probe", "+18135550125", days_ago=1, channel="fax", returning="returning", topic="follow-up",
        reason="The injection in spring helped until last week.", email="harold@example.org",
    )  # fmt: skip

    ines = _demo_request(
        "Ines", "Muster", "+18135550163", days_ago=1, channel="referral", topic="procedure", voicemail="full",
        source_slug="mild", referrer_name="Dr. Paula Pattern", referrer_practice="Pattern Family Medicine",
        referrer_phone="813-555-0150", may_contact_referrer=True, payer_kind="medicare",
    )  # fmt: skip
    ines = moves.move(ines.public_id, "claim", seen_version=ines.version, by=desk)
    moves.log_call(ines.public_id, result="left-message", note="Asked her to call back.", by=desk)

    _demo_request(
        "Walter", "Demo", "+18135550142", email="walter@example.org", days=["mon", "wed"], part_of_day="morning",
        source_slug="mild", returning="new", topic="new-pain", reason="My back hurts when I stand at the sink.",
        referrer_name="Dr. Norman Nobody", may_contact_referrer=False,
    )  # fmt: skip

    june = _demo_request("June", "Ejemplo", "+18135550188", days_ago=2, topic="second-opinion", payer_kind="private")
    june = moves.move(june.public_id, "claim", seen_version=june.version, by=desk)
    moves.log_call(june.public_id, result="reached", note="Will look for her MRI report.", by=desk)
    question = "Who made the MRI of your back, and in which month?"
    moves.move(june.public_id, "ask", seen_version=june.version, by=desk, question=question, next_action_at=_at_ten(3))

    visit = {"location": location, "clinician": clinician}
    clara = _demo_request("Clara", "Specimen", "+18135550148", days_ago=2, topic="procedure", part_of_day="morning")
    times = {"offer_1": _at_ten(5), "offer_2": _at_ten(6)}
    moves.move(clara.public_id, "offer", seen_version=clara.version, by=desk, **times, **visit)

    otis = _demo_request("Otis", "Sample", "+18135550171", days_ago=3, topic="lasting-pain", payer_kind="veterans")
    moves.move(otis.public_id, "schedule", seen_version=otis.version, by=desk, starts_at=_at_ten(4), **visit)

    greta = _demo_request("Greta", "Testfall", "+18135550134", days_ago=9, returning="returning")
    greta = moves.move(greta.public_id, "schedule", seen_version=greta.version, by=desk, starts_at=_at_ten(1), **visit)
    Visit.objects.filter(appointment_request=greta).update(starts_at=_at_ten(-1))
    moves.move(greta.public_id, "complete", seen_version=greta.version, by=desk, visit_status="fulfilled")

    pavel = _demo_request("Pavel", "Placeholder", "+18135550156", days_ago=8)
    for __ in range(3):
        moves.log_call(pavel.public_id, result="no-answer", note="", by=desk)
    moves.move(pavel.public_id, "close", seen_version=pavel.version, by=desk, outcome="unable-to-reach")


def _demo_request(first_name, last_name, phone, days_ago=0, **values):
    submitted_at = timezone.now() - datetime.timedelta(days=days_ago)
    appointment_request = AppointmentRequest.objects.create(
        first_name=first_name,
        last_name=last_name,
        phone=phone,
        date_of_birth=datetime.date(1949, 5, 6),
        zip_code="33573",
        submitted_at=submitted_at,
        respond_by=reply_promise(submitted_at),
        **values,
    )
    StatusEvent.objects.create(
        appointment_request=appointment_request, move="receive", to_status=Status.RECEIVED, version=1
    )
    return appointment_request


def _at_ten(days):
    day = timezone.localdate() + datetime.timedelta(days=days)
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time(10)))
