"""Times as staff say them."""

import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _


def short_when(at: datetime.datetime, now: datetime.datetime) -> str:
    """`at` as staff say it: "today 5 p.m.", "Mon 5 p.m.", "Dec 14, 5 p.m."."""
    local = timezone.localtime(at)
    days = (local.date() - timezone.localdate(now)).days
    if days == 0:
        return _("today %(time)s") % {"time": date_format(local, "P")}
    return date_format(local, "D P" if abs(days) < 7 else "M j, P")
