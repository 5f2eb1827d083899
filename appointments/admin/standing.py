"""How contact points and physicians stand, as badges: a word and a shape, so that colour is never alone."""

import datetime
from dataclasses import dataclass

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from appointments.admin.queue import Badge
from appointments.models import ContactPoint
from appointments.models.physician import MOST_FAILURES
from appointments.services.ladder import Level, Standing, standings

SOON = datetime.timedelta(days=30)
STEPS = {
    Level.NAMED: ("", "no"),
    Level.EXISTS: ("today", "cir"),
    Level.REACHABLE: ("ok", "send"),
    Level.PARTNER: ("ok", "yes"),
}


@dataclass(frozen=True)
class Known:
    """A physician with the badge of the ladder; `missing` are sentences."""

    physician: object
    badge: Badge
    missing: tuple[str, ...]


def verification(contact_point: ContactPoint, now: datetime.datetime) -> Badge:
    """Whether something about a patient may leave for it, until when, or why not."""
    if not contact_point.is_active:
        return Badge("", "no", _("Not used"))
    if contact_point.is_verified(now):
        until = _("until %(day)s") % {"day": _day(contact_point.verified_until)}
        if contact_point.verified_until <= now + SOON:
            return Badge("today", "cir", _("Verified, ends soon"), until)
        return Badge("ok", "yes", _("Verified"), until)
    if contact_point.verified_until is None:
        return Badge("", "no", _("Not verified"))
    return Badge("late", "oct", _("Verification ended"), _why_ended(contact_point))


def _why_ended(contact_point):
    if contact_point.failed_deliveries >= MOST_FAILURES:
        return _("two deliveries failed")
    if contact_point.verified_value != contact_point.value:
        return _("it was changed since")
    return _day(contact_point.verified_until)


def _day(at):
    return date_format(timezone.localtime(at), "M j, Y")


def known(physicians, now: datetime.datetime) -> list[Known]:
    """In two queries; `practice` is read."""
    physicians = list(physicians)
    found = standings(physicians, now)
    return [Known(row, step_badge(found[row.pk]), found[row.pk].missing) for row in physicians]


def step_badge(standing: Standing) -> Badge:
    return Badge(*STEPS[standing.level], standing.level.label)


def html_of(badge: Badge) -> str:
    """For a column of a stock list."""
    return render_to_string("admin/appointments/appointmentrequest/_badge.html", {"badge": badge})
