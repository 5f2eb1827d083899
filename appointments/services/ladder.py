"""How well we know a referring physician: named, exists, reachable, partner. What may leave hangs on contact points."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

from appointments.models import ContactPoint, Physician, Referral
from appointments.models.request import folded
from appointments.npi import is_npi
from appointments.services.registry import ACTIVE, INDIVIDUAL

PARTNER_WITHIN = datetime.timedelta(days=365)


class Level(models.TextChoices):
    NAMED = "named", _("Named")
    EXISTS = "exists", _("Exists")
    REACHABLE = "reachable", _("Reachable")
    PARTNER = "partner", _("Partner")


@dataclass(frozen=True)
class Standing:
    """`missing` says in sentences what is to be done before the next step, or was left out on the way."""

    level: Level
    missing: tuple[str, ...]


def level(physician: Physician, at: datetime.datetime) -> Level:
    return standings([physician], at)[physician.pk].level


def standings(physicians: Iterable[Physician], at: datetime.datetime) -> dict[int, Standing]:
    """The standing of each, by its key, in two queries; reads `practice`, so that a list can select it."""
    physicians = list(physicians)
    practices = {physician.practice_id for physician in physicians}
    of_practices = {"practice__in": practices}
    reachable = set(ContactPoint.objects.verified(at).filter(**of_practices).values_list("practice", flat=True))
    answered = Referral.objects.filter(
        **of_practices, loop_closed_how=Referral.LoopEnd.UPDATE, loop_closed_at__gt=at - PARTNER_WITHIN
    )
    answered = set(answered.values_list("practice", flat=True))
    return {
        physician.pk: _standing(physician, physician.practice_id in reachable, physician.practice_id in answered)
        for physician in physicians
    }


def _standing(physician, is_reachable, was_answered):
    unknown = _why_not_known(physician)
    missing = [unknown] if unknown else []
    if not is_reachable:
        missing.append(_("Verify a contact point of the practice."))
        return Standing(Level.NAMED if unknown else Level.EXISTS, tuple(missing))
    apart = []
    if not physician.practice.contact_name:
        apart.append(_("Write down whom to ask for at the practice."))
    if not was_answered:
        apart.append(_("Answer a referral of theirs with a letter that arrives."))
    return Standing(Level.REACHABLE if apart else Level.PARTNER, tuple(missing + apart))


def _why_not_known(physician) -> str:
    """Why the NPI does not show that the physician exists; "" if it does."""
    record, npi = physician.registry_record, physician.npi or ""
    if not is_npi(npi):
        return _("Write down the NPI.")
    if record.get("number") != npi:
        return _("Look the NPI up in the registry.")
    basic = record.get("basic", {})
    if record.get("enumeration_type") != INDIVIDUAL or basic.get("status") != ACTIVE:
        return _("In the registry the NPI is not that of an active person. Ask for the right one.")
    if folded(basic.get("last_name", "")) != folded(physician.last_name):
        return _("In the registry the NPI stands under another last name. Ask for the right one.")
    return ""
