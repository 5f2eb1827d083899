"""The search ServiceRequest?_lastUpdated=…&_count=…, in the order in which referrals changed."""

import datetime
import re
import uuid

from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone

from appointments.fhir.outcomes import Refused
from appointments.models import Referral
from appointments.models.referral import ReferralQuerySet

PARAMETERS = ("_lastUpdated", "_count", "_after")
USUAL_COUNT, MOST_COUNT = 50, 100

# A prefix of FHIR, a day, and perhaps a time, with or without a zone.
MOMENT = re.compile(
    r"(?P<prefix>eq|ge|gt|le|lt)?"
    r"(?P<start>(19|20)\d\d-\d\d-\d\d(?P<time>T\d\d:\d\d(?P<seconds>:\d\d(\.(?P<fraction>\d{1,6}))?)?"
    r"(Z|[+-]\d\d:\d\d)?)?)",
    re.ASCII,
)


def page_of(rows: ReferralQuerySet, asked: QueryDict) -> tuple[list[Referral], str]:
    """Those of `rows` that `asked` names, which has a `changed_at` each; and the query of the next page, "" if last.

    Raises Refused.
    """
    try:
        conditions = [_changed(text) for text in asked.getlist("_lastUpdated")]
        after = [_after(text) for text in asked.getlist("_after")]
        count = _count(asked.get("_count", str(USUAL_COUNT)))
    except ValueError:
        raise Refused(400) from None
    settled = rows.filter(changed_at__lte=timezone.now())  # the others come with the next search, see check_settled
    found = list(settled.filter(*conditions, *after).order_by("changed_at", "public_id")[: count + 1])
    page, more = found[:count], found[count:]
    return page, _query_after(page[-1], asked) if more else ""


def _query_after(referral, asked):
    following = asked.copy()
    # A place in the order and not a number: what changes meanwhile moves to the end, and nobody is passed over.
    following["_after"] = f"{referral.changed_at.astimezone(datetime.UTC).isoformat()},{referral.public_id}"
    return following.urlencode()


def _count(text):
    if not re.fullmatch(r"[1-9]\d{0,5}", text, re.ASCII):
        raise ValueError
    return min(int(text), MOST_COUNT)


def _after(text):
    moment, __, public_id = text.partition(",")
    start, __, __ = _moment(moment)
    return Q(changed_at__gt=start) | Q(changed_at=start, public_id__gt=uuid.UUID(public_id))


def _changed(text):
    """The condition that `text` stands for: a day or a second is a span, as FHIR has it."""
    start, end, prefix = _moment(text)
    since, before = Q(changed_at__gte=start), Q(changed_at__lt=end)
    conditions = {
        "eq": since & before,
        "ge": since,
        "gt": Q(changed_at__gte=end),
        "le": before,
        "lt": Q(changed_at__lt=start),
    }
    return conditions[prefix or "eq"]


def _moment(text):
    """(start, end, prefix) of what is written there. Raises ValueError."""
    found = MOMENT.fullmatch(text.replace(" ", "+"))  # a plus sign that nobody has escaped
    if not found:
        raise ValueError
    start = datetime.datetime.fromisoformat(found["start"])
    if timezone.is_naive(start):
        start = timezone.make_aware(start)
    return start, start + _span(found), found["prefix"]


def _span(found):
    if found["fraction"]:
        return datetime.timedelta(microseconds=10 ** (6 - len(found["fraction"])))
    if found["seconds"]:
        return datetime.timedelta(seconds=1)
    return datetime.timedelta(minutes=1) if found["time"] else datetime.timedelta(days=1)
