"""Whom to tell about a new request, and how soon: the first rule that matches, and never nobody."""

import datetime
from dataclasses import dataclass

from django.contrib.auth import get_user_model

from appointments.models import AppointmentRequest, RoutingRule
from appointments.models.routing import reachable
from appointments.models.words import Priority
from appointments.transitions import OWNER, SCHEDULER, SUPERVISOR
from practice.models import Practice
from practice.services import current_practice, reply_promise


@dataclass(frozen=True)
class Plan:
    """What becomes of a request: `values` are columns of it."""

    rule: RoutingRule | None
    people: list
    priority: Priority
    respond_by: datetime.datetime
    due_at: datetime.datetime

    @property
    def values(self) -> dict:
        return {
            "routed_by": self.rule,
            "priority": self.priority,
            "respond_by": self.respond_by,
            "due_at": self.due_at,
        }


def plan(appointment_request: AppointmentRequest, practice: Practice | None = None) -> Plan:
    """Who is told of a request sent now, and by when it is answered. Changes and saves nothing.

    `practice` is what current_practice() gave, for callers that have it already.
    """
    practice = practice or current_practice()
    rule, people = route(appointment_request)
    priority = min(appointment_request.priority, rule.priority if rule else Priority.ROUTINE)
    respond_by = reply_promise(appointment_request.submitted_at, practice)
    sent = AppointmentRequest(submitted_at=appointment_request.submitted_at, priority=priority, respond_by=respond_by)
    return Plan(rule, people, Priority(priority), respond_by, sent.clock_ends(practice.calendar))


def route(appointment_request: AppointmentRequest) -> tuple[RoutingRule | None, list]:
    """The rule that matched first, and the staff to tell (active, with an e-mail address).

    If its people are gone: those of the last rule, then schedulers and supervisors, then superusers.
    """
    rules = list(RoutingRule.objects.with_people())
    matched = next((rule for rule in rules if rule.matches(appointment_request)), None)
    last = next((rule for rule in rules if rule.is_everyone), None)
    for rule in (matched, last):
        if rule is not None and (found := rule.reachable):
            return matched, found
    return matched, in_groups(SCHEDULER, SUPERVISOR) or _superusers()


def supervisors() -> list:
    """Whom to tell that the clock has run out: supervisors, then owners, then superusers."""
    return in_groups(SUPERVISOR) or in_groups(OWNER) or _superusers()


def in_groups(*names: str) -> list:
    """The staff in any of these groups whom a mail reaches."""
    return reachable(get_user_model().objects.filter(groups__name__in=names, is_staff=True).distinct())


def _superusers():
    return reachable(get_user_model().objects.filter(is_superuser=True))


def hidden_by() -> dict[RoutingRule, RoutingRule]:
    """Rules that no request ever reaches, each with the first rule before it that takes all it would take."""
    rules = list(RoutingRule.objects.all())
    first_before = {
        rule: next((earlier for earlier in rules[:place] if not earlier.against(rule)), None)
        for place, rule in enumerate(rules)
    }
    return {rule: earlier for rule, earlier in first_before.items() if earlier}


def without_people() -> list[RoutingRule]:
    """Rules whose people are all inactive or without an e-mail address."""
    return [rule for rule in RoutingRule.objects.with_people() if not rule.reachable]
