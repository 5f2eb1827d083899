"""Requests as a file for a spreadsheet: recorded before the first byte leaves, and without anybody's words (P36)."""

import codecs
import csv
from collections.abc import Iterator

from django.contrib.auth.models import AbstractUser
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.models import AppointmentRequest, Export, Span
from appointments.services.moves import NoRight
from appointments.services.numbers import is_in_time

AT_ONCE = 1000
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would compute
COLUMNS = ("reference", "channel", "source_slug", "topic", "language", "payer_kind", "status", "outcome")
DATES = ("submitted_at", "first_contact_at", "respond_by")
ASSIGNEE = ("assignee__first_name", "assignee__last_name", "assignee__username")


def record(export: Export, where: Q, *, by: AbstractUser) -> list[int]:
    """Write down that `by` takes those requests of a span for which `where` holds; their keys, the oldest first.

    Raises NoRight.
    """
    if not by.has_perm("appointments.add_export"):
        raise NoRight
    sent = AppointmentRequest.objects.filter(where, submitted_at__gte=Span(export.weeks).start(timezone.now()))
    keys = list(sent.order_by("submitted_at", "pk").values_list("pk", flat=True))
    export.by, export.row_count = by, len(keys)
    export.save()
    return keys


def lines(keys: list[int]) -> Iterator[bytes]:
    """The file, line by line, in UTF-8 with the mark by which Excel knows it."""
    writer, now, labels = csv.writer(_Echo()), timezone.now(), _labels()
    yield codecs.BOM_UTF8 + writer.writerow(_heading())
    requests = AppointmentRequest.objects.with_first_contact()
    for start in range(0, len(keys), AT_ONCE):
        chosen = requests.filter(pk__in=keys[start : start + AT_ONCE]).order_by("submitted_at", "pk")
        for row in chosen.values(*COLUMNS, *DATES, *ASSIGNEE):
            yield writer.writerow([safe_cell(cell) for cell in _cells(row, labels, now)])


def safe_cell(text: str) -> str:
    """`text` as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _heading():
    return [
        _("Reference"),
        _("Came by"),
        _("Page it came from"),
        _("Topic"),
        _("Language"),
        _("Insurance"),
        _("Status"),
        _("Outcome"),
        _("Sent"),
        _("First contact"),
        _("Promised by"),
        _("In time"),
        _("Works on it"),
    ]


def _labels():
    """{column: {code: how staff read it}}, put into words once and not for each row."""
    choices = {name: AppointmentRequest._meta.get_field(name).flatchoices for name in COLUMNS}
    return {name: {code: str(label) for code, label in of_column} for name, of_column in choices.items()}


def _cells(row, labels, now):
    in_time = is_in_time(row["first_contact_at"], row["respond_by"], row["outcome"], now)
    first_name, last_name, username = (row[name] or "" for name in ASSIGNEE)
    return [
        *(labels[name].get(row[name], row[name]) for name in COLUMNS),
        *(_moment(row[name]) for name in DATES),
        {True: _("yes"), False: _("no"), None: ""}[in_time],
        f"{first_name} {last_name}".strip() or username,
    ]


def _moment(at):
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else ""


class _Echo:
    """A file that hands back what is written into it."""

    def write(self, line):
        return line.encode()
