"""Reading the practice as every page needs it, the promise of a date, and the copy on disk for error pages."""

import datetime
import json
import logging

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from practice import hours
from practice.models import Closure, Location, OpeningHours, Practice

logger = logging.getLogger(__name__)


def practice_row() -> Practice:
    """The practice with its name and numbers only; one query."""
    return Practice.objects.first() or Practice(name=_("Our practice"), short_name=_("Our office"))


def current_practice() -> Practice:
    """The practice with `main_location`, `hours_lines`, `calendar`, `closed_now` and `upcoming_closures`.

    Four queries at most.
    """
    practice = practice_row()
    main = Location.objects.prefetch_related("opening_hours").first()
    closures = list(closures_of(main))
    soon = timezone.localdate(timezone=hours.zone()) + hours.TWO_WEEKS
    practice.main_location = main
    practice.calendar = hours.Calendar(main.opening_hours.all() if main else [], closures)
    practice.hours_lines = main.hours_lines if main else []
    practice.closed_now = practice.calendar.closed_now(timezone.now())
    practice.upcoming_closures = [closure for closure in closures if closure.starts_on <= soon]
    return practice


def closures_of(location, since: datetime.date | None = None):
    """Closures of `location` and of all offices that are not over on `since`, today by default; the next one first."""
    since = since or timezone.localdate(timezone=hours.zone())
    return Closure.objects.filter(Q(location=None) | Q(location=location), ends_on__gte=since)


def calendar_since(day: datetime.date) -> hours.Calendar:
    """The calendar of the main office, with the closures of `day` and later; without hours, of ordinary weekdays."""
    main = Location.objects.prefetch_related("opening_hours").first()
    ordinary = {"opens": hours.FALLBACK_OPENING, "closes": hours.FALLBACK_CLOSING}
    rows = main.opening_hours.all() if main else []
    rows = rows or [OpeningHours(weekday=weekday, **ordinary) for weekday in hours.WEEKDAYS_WITHOUT_HOURS]
    return hours.Calendar(rows, closures_of(main, day))


def reply_promise(at: datetime.datetime | None = None, practice: Practice | None = None) -> datetime.datetime:
    """By when a request sent at `at` (aware, now by default) is answered: aware, in the practice's time zone.

    `practice` is what current_practice() gave, for callers that have it already.
    """
    practice = practice or current_practice()
    return practice.calendar.promise(at or timezone.now(), practice.reply_business_days)


def is_open(location: Location, at: datetime.datetime) -> bool:
    """Whether `location` is open at `at` (aware); a location without any hours is taken as open."""
    rows = list(location.opening_hours.all())
    return not rows or hours.Calendar(rows, closures_of(location)).is_open(at)


def card_path():
    return settings.VAR_DIR / "practice-card.json"


def write_card():
    """Copy name, phone and hours to disk: error pages take them from there when the database is away (P8, P50)."""
    practice = current_practice()
    card = {
        "name": practice.name,
        "phone_display": practice.phone_display,
        "phone_uri": practice.phone_uri,
        "hours_lines": _hours_lines(practice.main_location),
        "closures": [
            {
                "starts_on": closure.starts_on.isoformat(),
                "ends_on": closure.ends_on.isoformat(),
                "reason": closure.reason,
            }
            for closure in closures_of(practice.main_location)
        ],
    }
    path = card_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written beside and moved, so that a reader never meets half a file.
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(card))
    fresh.replace(path)


def _hours_lines(location):
    """The opening hours in the words of each language: {"en": ["Mon to Fri, 8 a.m. to 5 p.m."], …}."""
    lines = {}
    for code, __ in settings.LANGUAGES:
        with override(code):
            lines[code] = location.hours_lines if location else []
    return lines


def read_card() -> dict:
    """The copy on disk in the reader's language, with the closures that are near; {} if there is none.

    Never raises: it is called when other things have failed.
    """
    try:
        card = json.loads(card_path().read_text())
        lines = card.get("hours_lines", {}).get(get_language(), [])
        return card | {"hours_lines": lines, "closures": _near(card.get("closures", []))}
    except (OSError, ValueError, AttributeError, TypeError, KeyError):
        return {}


def _near(closures: list[dict]) -> list[dict]:
    today = timezone.localdate(timezone=hours.zone())
    dated = [
        {name: datetime.date.fromisoformat(closure[name]) for name in ("starts_on", "ends_on")}
        | {"reason": str(closure["reason"])}
        for closure in closures
    ]
    return [one for one in dated if one["ends_on"] >= today and one["starts_on"] <= today + hours.TWO_WEEKS]
