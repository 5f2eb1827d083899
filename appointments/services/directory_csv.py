"""Referring practices from a spreadsheet: what each line would do, and then just that.

A line is one practice with at most one physician. It is matched by the NPI, then by the name and ZIP code of the
practice, then by a number. Nothing that comes from a file is verified, and a line that contradicts the directory is
refused.
"""

import csv
import hashlib
import io
import re
from collections import defaultdict
from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.forms.text import NameField, TextField, ZipField
from appointments.models import ContactKind, ContactPoint, Physician, ReferringPractice
from appointments.models.physician import check_npi
from appointments.models.request import folded
from appointments.services.contact_points import add_all, clean_value
from appointments.services.rights import check_right
from appointments.transitions import REFERRERS

MOST_BYTES = 2_000_000
MOST_LINES = 5_000
SHOWN = 60  # letters of a cell, in a sentence about it
# The column of the file, and the one of the row.
PLACE = {"street": "street", "city": "city", "state": "state", "zip": "zip_code"}
PERSON = {"first_name": "first_name", "credentials": "credentials", "npi": "npi"}
KINDS = {"fax": ContactKind.FAX, "phone": ContactKind.PHONE, "email": ContactKind.EMAIL, "direct": ContactKind.DIRECT}
FIELDS = {
    "practice": NameField(most=200, missing=gettext_lazy("The name of the practice is missing.")),
    "street": TextField(most=200, required=False),
    "city": TextField(most=100, required=False),
    "state": TextField(most=2, required=False),
    "zip": ZipField(required=False),
    "first_name": NameField(most=100, required=False),
    "last_name": NameField(most=100, required=False),
    "credentials": TextField(most=30, required=False),
    "npi": TextField(required=False),
}
COLUMNS = (*FIELDS, *KINDS)
CHANGED = {
    "street": gettext_lazy("street changes"),
    "city": gettext_lazy("city changes"),
    "state": gettext_lazy("state changes"),
    "zip": gettext_lazy("ZIP code changes"),
    "first_name": gettext_lazy("first name changes"),
    "credentials": gettext_lazy("credentials change"),
    "npi": gettext_lazy("NPI is added"),
}
ADDED = {
    "fax": gettext_lazy("new fax"),
    "phone": gettext_lazy("new phone"),
    "email": gettext_lazy("new e-mail address"),
    "direct": gettext_lazy("new Direct address"),
}


class FileError(Exception):
    """The file as a whole cannot be read. `says` tells why, in a sentence."""

    def __init__(self, says):
        super().__init__(says)
        self.says = says


class LooksDifferent(Exception):
    """The directory has changed since the file was looked at: `results` are those of now, and nothing is saved."""

    def __init__(self, results):
        super().__init__()
        self.results = results


class What(models.TextChoices):
    NEW = "new", gettext_lazy("New")
    CHANGES = "changes", gettext_lazy("Changes")
    SAME = "same", gettext_lazy("Same as before")
    ERROR = "error", gettext_lazy("Left out")


@dataclass(frozen=True)
class Result:
    """What one line does. `line` counts from 1 at the heading; `notes` say what changes, or what is wrong."""

    line: int
    what: What
    practice: str
    physician: str
    notes: tuple[str, ...] = ()


# Reading


def text_of(content: bytes) -> str:
    """The text of a file. Raises FileError."""
    if len(content) > MOST_BYTES:
        raise FileError(_("The file is larger than 2 MB. Please split it."))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileError(_("The file is not in UTF-8. Save it as “CSV UTF-8” and try again.")) from None


def look(text: str) -> list[Result]:
    """What each line of `text` would do now; nothing is saved. Raises FileError."""
    return _Plan(_lines(text)).results


def signature(results: list[Result]) -> str:
    """By which it can be told later whether the file would still do the same."""
    said = [(row.line, row.what.value, row.practice, row.physician, *map(str, row.notes)) for row in results]
    return hashlib.sha256(repr(said).encode()).hexdigest()


def take_in(text: str, *, seen: str, by: AbstractUser) -> list[Result]:
    """Do what somebody saw, whose signature is `seen`: all lines but those in error, or none.

    Raises NoRight, FileError or LooksDifferent.
    """
    check_right(REFERRERS, by)
    lines = _lines(text)
    try:
        with transaction.atomic():
            plan = _Plan(lines)
            if signature(plan.results) != seen:
                raise LooksDifferent(plan.results)
            plan.save(by)
    except IntegrityError:  # somebody wrote the same at this very moment
        raise LooksDifferent(look(text)) from None
    return plan.results


def _lines(text) -> list[tuple[int, dict[str, str], bool]]:
    """(number, cells by column, whether there are more cells than columns) of each line that is not empty."""
    heading, __, __ = text.partition("\n")
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if heading.count(";") > heading.count(",") else ","
    )
    try:
        columns = _columns(next(reader, []))
        found = [
            (reader.line_num, dict(zip(columns, cells, strict=False)), any(cells[len(columns) :]))
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error:
        raise FileError(_("The file is not a table that can be read. Save it as “CSV UTF-8” and try again.")) from None
    if not found:
        raise FileError(_("There is no line below the heading."))
    if len(found) > MOST_LINES:
        raise FileError(_("The file has more than 5,000 lines. Please split it."))
    return found


def _columns(heading) -> list[str]:
    columns = [cell.strip().casefold() for cell in heading]
    unknown = [cell[:SHOWN] for cell in columns if cell not in COLUMNS]
    if "practice" not in columns or unknown or len(set(columns)) < len(columns):
        said = _("The first line must name the columns, each once: %(columns)s. Only “practice” is needed.")
        said = said % {"columns": ", ".join(COLUMNS)}
        if unknown:
            said += " " + _("Unknown: %(unknown)s.") % {"unknown": ", ".join(cell or "“ ”" for cell in unknown)}
        raise FileError(said)
    return columns


def _clean(cells) -> dict[str, str]:
    """The cells, by column, as they are stored; "" for what is empty. Raises ValidationError with all that is wrong."""
    values, wrong = {}, []
    for column in COLUMNS:
        try:
            values[column] = _clean_cell(column, cells.get(column, ""))
        except ValidationError as error:
            wrong += [f"{column}: {message}" for message in error.messages]
    if wrong:
        raise ValidationError(wrong)
    named = [values["first_name"], values["last_name"]]
    if any(named) != all(named):
        raise ValidationError(_("A physician needs a first and a last name."))
    return values


def _clean_cell(column, text):
    if column in KINDS:
        return clean_value(KINDS[column], text) if text.strip() else ""
    value = FIELDS[column].clean(text)
    if column == "npi" and value:
        check_npi(value)
    if column == "state" and not re.fullmatch(r"[A-Za-z]{0,2}", value):
        raise ValidationError(_("A state has two letters."))
    return value.upper() if column == "state" else value


# What a line does


class _Plan:
    """The directory in memory, as it is and as the lines change it one after the other."""

    def __init__(self, lines):
        self._load()
        self.made = {ReferringPractice: [], Physician: [], ContactPoint: []}
        self.changed = {ReferringPractice: {}, Physician: {}}
        self.results = [self._result(*line) for line in lines]

    def _load(self):
        self.by_npi, self.by_name, self.by_number = {}, {}, {}
        self.people, self.points = defaultdict(list), set()
        practices = ReferringPractice.objects.in_bulk()
        for practice in practices.values():
            self._know_practice(practice)
        for physician in Physician.objects.all():
            physician.practice = practices[physician.practice_id]
            self._know_physician(physician)
        for point in ContactPoint.objects.all():
            self._know_point(practices[point.practice_id], point.kind, point.value)

    def _know_practice(self, practice):
        self.by_name.setdefault((folded(practice.name), practice.zip_code[:5]), practice)

    def _know_physician(self, physician):
        self.people[_person(physician.practice, physician.first_name, physician.last_name)].append(physician)
        if physician.npi:
            self.by_npi[physician.npi] = physician

    def _know_point(self, practice, kind, value):
        self.points.add((practice.public_id, kind, value))
        if kind in (ContactKind.FAX, ContactKind.PHONE):
            self.by_number.setdefault(value, practice)

    def _result(self, line, cells, has_more):
        shown = cells.get("practice", "").strip(), f"{cells.get('first_name', '')} {cells.get('last_name', '')}".strip()
        try:
            if has_more:
                raise ValidationError(_("There are more cells than columns."))
            values = _clean(cells)
            practice, physician = self._match(values)
        except ValidationError as wrong:
            return Result(line, What.ERROR, *shown, tuple(wrong.messages))
        what, notes = self._do(values, practice, physician)
        return Result(line, what, *shown, notes)

    def _match(self, values):
        """The practice and the physician that are there already, each None if not. Raises ValidationError."""
        physician = self.by_npi.get(values["npi"])
        if physician:
            _check_same(values["last_name"] or physician.last_name, physician.last_name, physician.full_name)
            _check_same(values["practice"], physician.practice.name, physician.practice.name)
            return physician.practice, physician
        if values["npi"] and not values["last_name"]:
            raise ValidationError(_("A physician needs a first and a last name."))
        practice = self._practice(values)
        return practice, self._physician(practice, values)

    def _practice(self, values):
        if practice := self.by_name.get((folded(values["practice"]), values["zip"][:5])):
            return practice
        for column in ("fax", "phone"):
            if practice := self.by_number.get(values[column]):
                _check_same(values["practice"], practice.name, practice.name)
                return practice
        return None

    def _physician(self, practice, values):
        """Somebody of the same name, unless the NPI says that it is somebody else."""
        if practice is None or not values["last_name"]:
            return None
        same = self.people[_person(practice, values["first_name"], values["last_name"])]
        return next((one for one in same if not (one.npi and values["npi"])), None)

    def _do(self, values, practice, physician) -> tuple[What, tuple[str, ...]]:
        what, notes = What.SAME, []
        if practice is None:
            what, practice = What.NEW, self._make_practice(values)
        else:
            notes += self._change(practice, PLACE, values)
            self._know_practice(practice)
        if physician is not None:
            notes += self._change(physician, PERSON, values)
        elif values["last_name"]:
            physician = self._make_physician(practice, values)
            notes.append(_("new physician"))
        if physician is not None and physician.npi:
            self.by_npi[physician.npi] = physician
        notes += self._add_points(practice, values)
        return What.CHANGES if notes and what == What.SAME else what, tuple(map(str, notes))

    def _make_practice(self, values):
        place = {name: values[column] for column, name in PLACE.items() if values[column]}
        practice = ReferringPractice(name=values["practice"], **place)
        self.made[ReferringPractice].append(practice)
        self._know_practice(practice)
        return practice

    def _make_physician(self, practice, values):
        said = {name: values[name] for name in ("first_name", "last_name", "credentials")}
        physician = Physician(practice=practice, npi=values["npi"] or None, **said)
        self.made[Physician].append(physician)
        self._know_physician(physician)
        return physician

    def _change(self, row, columns, values):
        """Write down what differs; a cell that is empty says nothing."""
        differs = [column for column, name in columns.items() if values[column] not in ("", getattr(row, name))]
        for column in differs:
            setattr(row, columns[column], values[column])
        if differs and row.pk:
            self.changed[type(row)][row.pk] = row
        return [CHANGED[column] for column in differs]

    def _add_points(self, practice, values):
        found = [(column, kind) for column, kind in KINDS.items() if values[column]]
        new = [
            (column, kind) for column, kind in found if (practice.public_id, kind, values[column]) not in self.points
        ]
        for column, kind in new:
            self.made[ContactPoint].append(ContactPoint(practice=practice, kind=kind, value=values[column]))
            self._know_point(practice, kind, values[column])
        return [ADDED[column] for column, __ in new]

    def save(self, by):
        for model, columns in ((ReferringPractice, PLACE), (Physician, PERSON)):
            model.objects.bulk_create(self.made[model])
            model.objects.bulk_update(self.changed[model].values(), [*columns.values()], batch_size=100)
        add_all(self.made[ContactPoint], by=by)


def _person(practice, first_name, last_name):
    return practice.public_id, folded(first_name), folded(last_name)


def _check_same(typed, name, who):
    if folded(typed) != folded(name):
        raise ValidationError(
            _("The NPI or a number stands in the directory under another name: %(who)s.") % {"who": who}
        )
