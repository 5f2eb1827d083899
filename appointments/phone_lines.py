"""What people come to the form for that is no appointment: each has a telephone number, and the form leads there."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from appointments.models.words import Topic
from practice import phones


@dataclass(frozen=True)
class PhoneLine:
    """`number` names the field of Practice with its number; `ready` says what to have near the phone."""

    number: str
    short: str
    title: str
    ready: str


PHONE_LINES = {
    Topic.REFILL: PhoneLine(
        "refill_phone",
        _("A refill of a medicine"),
        _("For a refill, please call us"),
        _("Have the bottle of the medicine near you, and the name of your pharmacy."),
    ),
    Topic.RECORDS: PhoneLine(
        "records_phone",
        _("A copy of your records"),
        _("For a copy of your records, please call us"),
        _("Tell us which visit or report you need, and who shall get it."),
    ),
    Topic.BILL: PhoneLine(
        "billing_phone",
        _("A question about a bill"),
        _("For a question about a bill, please call us"),
        _("Have the bill and your insurance card near you."),
    ),
}


def call(line: PhoneLine, practice) -> dict:
    """The number of `line` as a page needs it; that of the practice if the line has none of its own."""
    e164 = getattr(practice, line.number) or practice.phone
    return {"short": line.short, "phone_display": phones.display(e164), "phone_uri": phones.uri(e164)}


def line_of(draft) -> PhoneLine | None:
    """The line for what `draft` asks for; None if that is an appointment, or not said yet."""
    topics = draft.answers.get("visit", {}).get("topic") or [""]
    return PHONE_LINES.get(topics[-1])  # a form takes the last one too
