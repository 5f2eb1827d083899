"""A visit as an iCalendar file (RFC 5545), which calendars add, move and take out again."""

import datetime
from urllib.parse import urlsplit

import icalendar
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.models import Visit


def ics(visit: Visit, practice) -> bytes:
    """The file of `visit`, in the active language; it says nothing about health.

    The UID of a visit stays; SEQUENCE rises when it is moved or cancelled, and so calendars change the entry they have.
    """
    is_off = visit.status in (Visit.Status.CANCELLED, Visit.Status.ENTERED_IN_ERROR)
    calendar = icalendar.Calendar()
    calendar.add("prodid", f"-//{urlsplit(settings.PUBLIC_URL).hostname}//visits//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if is_off else "PUBLISH")
    calendar.add_component(_event(visit, practice, is_off))
    calendar.add_missing_timezones()
    return calendar.to_ical()


def _event(visit, practice, is_off):
    event = icalendar.Event()
    event.add("uid", f"{visit.ics_uid}@{urlsplit(settings.PUBLIC_URL).hostname}")
    event.add("sequence", visit.ics_sequence)
    event.add("dtstamp", timezone.now())
    event.add("dtstart", visit.starts_at.astimezone(timezone.get_default_timezone()))
    # No end: across a change of the clocks it would be a time that the day has twice, or not at all.
    event.add("duration", datetime.timedelta(minutes=visit.duration_minutes))
    event.add("status", "CANCELLED" if is_off else "CONFIRMED")
    # The calendar of a family hangs in the kitchen: the name of a clinic for pain would tell why.
    event.add("summary", _("Appointment"))
    event.add("location", visit.location.one_line)
    event.add("description", _("Questions? Please call %(phone)s.") % {"phone": practice.phone_display})
    event.add("class", "PRIVATE")
    return event
