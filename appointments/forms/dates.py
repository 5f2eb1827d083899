"""Dates in three boxes, Month, Day, Year: quicker to type than a calendar, and nothing to aim at."""

import calendar
import datetime
import re
from functools import lru_cache

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dates import MONTHS, MONTHS_3
from django.utils.translation import gettext, ngettext, override
from django.utils.translation import gettext_lazy as _

from appointments.forms.text import NoNulls, refuse_null

OLDEST_YEARS = 120
# All of it in the first box, as people write it by hand or copy it from a chart.
WHOLE = re.compile(r"(\d{1,2})[/. -](\d{1,2})[/. -](\d{2,4})|(\d\d)(\d\d)(\d{4})")
BOXES = {"month": _("Month"), "day": _("Day"), "year": _("Year")}


class DateBoxes(forms.MultiWidget):
    template_name = "apollo/widgets/boxes.html"
    use_fieldset = True

    def __init__(self, autocomplete=""):
        boxes = {}
        for name in BOXES:
            attrs = {"inputmode": "numeric"} | ({"autocomplete": f"{autocomplete}-{name}"} if autocomplete else {})
            boxes[name] = forms.TextInput(attrs=attrs)
        super().__init__(boxes)

    def decompress(self, value):
        return [value.month, value.day, value.year] if value else ["", "", ""]

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        for box, label in zip(context["widget"]["subwidgets"], BOXES.values(), strict=True):
            box["label"] = label
        return context


class DateField(NoNulls, forms.Field):
    """A date from three boxes; None if all are empty."""

    def __init__(self, *, missing="", autocomplete="", **kwargs):
        kwargs.setdefault("error_messages", {"required": missing})
        super().__init__(widget=DateBoxes(autocomplete), **kwargs)

    def to_python(self, value):
        texts = [(text or "").strip() for text in value or ["", "", ""]]
        refuse_null("".join(texts))
        if not any(texts):
            return None
        if not any(texts[1:]) and (whole := WHOLE.fullmatch(texts[0])):
            texts = [part for part in whole.groups() if part]
        missing = [str(label).lower() for text, label in zip(texts, BOXES.values(), strict=True) if not text]
        if missing:
            said = ngettext("The %(parts)s is missing.", "The %(parts)s are missing.", len(missing))
            raise ValidationError(said % {"parts": gettext(" and the ").join(missing)}, code="incomplete")
        texts[0] = month_number(texts[0])
        if not all(text.isdecimal() and len(text) <= 4 for text in texts):
            raise ValidationError(_("Please use numbers only, like 3 for March."), code="not_numbers")
        return existing_date(*(int(text) for text in texts))


def month_number(text: str) -> str:
    """`text` as a number if it is the name of a month, long or short; else as it is.

    In any language of ours: an answer must stay right when its reader goes on in the other one.
    """
    return month_names().get(text.casefold().rstrip("."), text)


@lru_cache(maxsize=1)
def month_names() -> dict[str, str]:
    names = {}
    for code, _name in settings.LANGUAGES:
        with override(code):
            names |= {str(name).casefold(): str(number) for number, name in (*MONTHS.items(), *MONTHS_3.items())}
    return names


def existing_date(month: int, day: int, year: int) -> datetime.date:
    """The date; a ValidationError says which part of it cannot be."""
    if year < 1000:
        raise ValidationError(_("Please write all four digits of the year."), code="short_year")
    if not 1 <= month <= 12:
        raise ValidationError(_("The month is a number from 1 to 12. The month comes first."), code="month")
    days = calendar.monthrange(year, month)[1]
    if not 1 <= day <= days:
        raise ValidationError(
            _("This date does not exist: that month has %(days)s days.") % {"days": days}, code="no_such_day"
        )
    return datetime.date(year, month, day)


def refuse_future(date: datetime.date):
    if date > timezone.localdate():
        raise ValidationError(_("This date is in the future. Please check the year."), code="future")


def refuse_past(date: datetime.date):
    if date < timezone.localdate():
        raise ValidationError(_("This date is in the past. Please check it."), code="past")


def refuse_too_old(date: datetime.date):
    today = timezone.localdate()
    age = today.year - date.year - ((today.month, today.day) < (date.month, date.day))
    if age > OLDEST_YEARS:
        raise ValidationError(
            _("That is more than %(years)s years ago. Please check the year.") % {"years": OLDEST_YEARS}, code="too_old"
        )


def refuse_far(date: datetime.date):
    if date.year > timezone.localdate().year + 2:
        raise ValidationError(_("That is more than two years away. Please check the year."), code="far")
