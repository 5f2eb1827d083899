import datetime

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

register = template.Library()

KEEP = "\N{NO-BREAK SPACE}"


@register.filter
def promise(at: datetime.datetime | str) -> str:
    """ "Monday, November 23, 5 p.m.": `at` (aware, or as ISO text) written out, date and hour unbroken."""
    if isinstance(at, str):
        at = datetime.datetime.fromisoformat(at)
    local = timezone.localtime(at)
    parts = {
        "weekday": date_format(local, "l"),
        "day": date_format(local, gettext("F j")).replace(" ", KEEP),
        "hour": date_format(local, "P").replace(" ", KEEP),
    }
    return gettext("%(weekday)s, %(day)s, %(hour)s") % parts
