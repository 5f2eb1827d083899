"""Putting right what a patient typed wrong, on the card of a request."""

import re
from dataclasses import dataclass

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.admin.page import name_of
from appointments.forms.questions import ReachForm, YouForm
from appointments.models import Correction
from appointments.services import corrections, moves
from appointments.transitions import CORRECTORS
from practice import phones

Field = Correction.Field
WORDS_LENGTH = 500


def _date(text):
    """One box here, three on the public form: its parts are "3 14 1948", "3/14/1948" or "March 14, 1948"."""
    parts = re.split(r"[\W_]+", text.strip(), maxsplit=2)
    return YouForm.base_fields["date_of_birth"].clean([*parts, "", ""][:3])


# What may be written there: the same as on the public form.
CHECKS = {
    Field.PHONE: ReachForm.base_fields["phone"].clean,
    Field.EMAIL: ReachForm.base_fields["email"].clean,
    Field.FIRST_NAME: YouForm.base_fields["first_name"].clean,
    Field.LAST_NAME: YouForm.base_fields["last_name"].clean,
    Field.DATE_OF_BIRTH: _date,
}


class CorrectionForm(forms.Form):
    field = forms.ChoiceField(
        label=gettext_lazy("What is wrong"), choices=[("", gettext_lazy("Choose")), *Field.choices]
    )
    value = forms.CharField(
        label=gettext_lazy("What is right"),
        help_text=gettext_lazy("A date as month, day, year: 3 14 1948. Leave it empty if there is no e-mail address."),
        required=False,
    )
    why = forms.CharField(
        label=gettext_lazy("How we know"),
        help_text=gettext_lazy("For example: she told us on the phone."),
        max_length=WORDS_LENGTH,
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, auto_id="id_correct_%s", **kwargs)
        for field in self.fields.values():
            field.widget.attrs["autocomplete"] = "off"  # not the number of whoever sits at this desk

    def clean(self):
        cleaned = super().clean()
        if "value" in cleaned and (check := CHECKS.get(cleaned.get("field"))):
            try:
                cleaned["value"] = check(cleaned["value"])
            except ValidationError as error:
                self.add_error("value", error)
        return cleaned


@dataclass(frozen=True)
class Corrected:
    """What the patient typed, and who put it right last; `typed` is "" where the patient left it empty."""

    label: str
    typed: str
    by: str
    at: object
    why: str


def corrections_of(appointment_request) -> dict[str, Corrected]:
    """By field, what was corrected."""
    found, firsts = {}, {}
    for row in appointment_request.corrections.select_related("by"):
        first = firsts.setdefault(row.field, row)
        typed = appointment_request.phone_as_typed if row.field == Field.PHONE else ""
        found[row.field] = Corrected(
            row.get_field_display(), typed or in_words(row.field, first.was), name_of(row.by), row.at, row.why
        )
    return found


def in_words(field, text) -> str:
    if field == Field.PHONE:
        return phones.display(text)
    if field == Field.DATE_OF_BIRTH and text:
        return date_format(parse_date(text), "F j, Y")
    return text


class CorrectMixin:
    """The button "Correct it" on the page of a request."""

    def _correct(self, request, appointment_request):
        if not CORRECTORS & moves.groups_of(request.user):
            raise PermissionDenied
        form = CorrectionForm(request.POST)
        form.is_valid()
        seen_version = moves.read_version(request.POST.get("seen_version", ""))
        try:
            moves.check_current(appointment_request, seen_version)
            if form.is_valid():
                said = form.cleaned_data
                corrected = corrections.correct(
                    appointment_request.public_id,
                    said["field"],
                    value=said["value"],
                    why=said["why"],
                    seen_version=seen_version,
                    by=request.user,
                )
                text = _("Corrected. What the patient typed stays beside it.")
                return self._done(request, corrected, f"correct {said['field']}", text)
        except moves.Stale as stale:
            return self._page(request, stale.appointment_request, status=409, bound=form, stale=stale)
        except ValidationError as refused:
            form.add_error(None, refused)
        return self._page(request, appointment_request, status=422, bound=form)
