"""Whom to tell about a new request: the first rule that matches, and never nobody."""

from django.contrib.auth import get_user_model
from django.db.models import Q

from appointments.models import AppointmentRequest, RoutingRule
from appointments.transitions import SCHEDULER, SUPERVISOR


def route(appointment_request: AppointmentRequest) -> tuple[RoutingRule | None, list]:
    """The rule that matched first, and the staff to tell (active, with an e-mail address).

    If its people are gone: those of the last rule, then schedulers and supervisors, then superusers.
    """
    rules = list(RoutingRule.objects.all())
    matched = next((rule for rule in rules if rule.matches(appointment_request)), None)
    last = next((rule for rule in rules if rule.is_everyone), None)
    for people in (_named_by(matched), _named_by(last), Q(groups__name__in=[SCHEDULER, SUPERVISOR], is_staff=True)):
        if people is not None and (found := _reachable(people)):
            return matched, found
    return matched, _reachable(Q(is_superuser=True))


def _named_by(rule):
    if rule is None:
        return None
    named = Q(pk__in=rule.staff.values("pk"))
    return named | Q(groups=rule.group_id) if rule.group_id else named


def _reachable(people):
    users = get_user_model().objects.filter(people, is_active=True).exclude(email="").distinct().order_by("pk")
    # Two accounts with one mailbox are told once.
    return list({user.email.casefold(): user for user in users}.values())
