import datetime

from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _


class NoBulkDeleteMixin:
    """Rows go one at a time: the bulk action asks nobody whether this one may."""

    def get_actions(self, request):
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions


# The last evening of the year 9999 is in the year 10000 in UTC: PostgreSQL keeps it, and Python cannot read it back.
FIRST, LAST = (datetime.datetime(year, 1, 1, tzinfo=datetime.UTC) for year in (2000, 2100))


def name_both_boxes(field):
    """Name the boxes of a date with a time for screen readers: Django's widget leaves each without a label.

    Refuses a time that is far away, too.
    """
    field.validators += [MinValueValidator(FIRST), MaxValueValidator(LAST)]
    for box, what in zip(field.widget.widgets, (_("date"), _("time")), strict=True):
        box.attrs["aria-label"] = format_lazy("{}: {}", field.label, what)
    return field
