"""Looking for a request in one box, posted: no address holds the words, and the session keeps hashes and row keys."""

import re

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Case, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.forms.dates import existing_date, month_number
from appointments.models import AppointmentRequest
from appointments.models.request import folded, soundex
from appointments.reference import PREFIX, parse_reference
from practice import phones
from vault.crypto import keyed_hashes

Terms = dict[str, list[str]]  # column → the values that are looked for in it
PHONES = ("phone_hash", "on_behalf_phone_hash")  # a daughter who asked calls from her own telephone
COLUMNS = ("pk", *PHONES, "email_hash", "date_of_birth_hash", "last_name_hash", "last_name_sound_hash")
SESSION_KEY = "desk_search"
PHONE_DIGITS = 7  # with fewer nothing is a telephone number


class SearchForm(forms.Form):
    """What can be read in more than one way is looked for in each."""

    words = forms.CharField(
        label=_("Find a request"),
        help_text=_("Last name, phone number, date of birth, e-mail address or reference"),
        max_length=100,
        widget=forms.TextInput({"type": "search", "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Please type what you look for.")},
    )

    def add_error(self, field, error):
        super().add_error(field, error)
        self.fields["words"].widget.attrs["autofocus"] = True

    def clean_words(self) -> Terms:
        text = self.cleaned_data["words"]
        readings = [_reference(text), _email(text), _phone(text), _date_of_birth(text), _last_name(text)]
        terms = {column: values for reading in readings for column, values in reading.items() if any(values)}
        if not terms:
            raise ValidationError(_why_nothing(text))
        return terms


def keep(request, terms: Terms):
    """A name of eight letters may be read as a reference too: the row is kept that has it, and never the letters."""
    hashes = {column: values for column, values in terms.items() if column != "reference"}
    rows = AppointmentRequest.objects.filter(reference__in=terms.get("reference", []))
    request.session[SESSION_KEY] = hashes | {"pk": list(rows.values_list("pk", flat=True))}


def forget(request):
    request.session.pop(SESSION_KEY, None)


def terms_of(request) -> Terms:
    """What this person searched for last, as `keep` left it; empty if nothing."""
    return request.session.get(SESSION_KEY, {})


def matching(terms: Terms) -> Q:
    """Requests of any status that hold one of the values; none without a search."""
    return Q(*((f"{column}__in", terms.get(column, [])) for column in COLUMNS), _connector=Q.OR)


def closeness(terms: Terms) -> Case:
    """0 for what was typed, 1 for what only sounds like it."""
    return Case(When(matching(terms | {"last_name_sound_hash": []}), then=Value(0)), default=Value(1))


# Each way to read what was typed: a column and its values, or nothing.


def _reference(text):
    return {"reference": [parse_reference(text)]}


def _email(text):
    return {"email_hash": keyed_hashes("email", text.casefold())} if "@" in text else {}


def _phone(text):
    number = phones.to_e164(text) if _digits(text) >= PHONE_DIGITS else ""
    return dict.fromkeys(PHONES, keyed_hashes("phone", number.partition(";")[0])) if number else {}


def _date_of_birth(text):
    """A date as Americans write it, as 1950-03-04, or as eight digits.

    Raises ValidationError for a date that does not exist.
    """
    parts = [month_number(part) for part in re.split(r"[\s/.,-]+", text)]
    if len(parts) == 1 and re.fullmatch(r"[01]\d[0-3]\d{5}", text):
        parts = [text[:2], text[2:4], text[4:]]
    if re.fullmatch(r"\d{4} \d{1,2} \d{1,2}", " ".join(parts)):
        parts = [*parts[1:], parts[0]]
    if not re.fullmatch(r"\d{1,2} \d{1,2} (\d{4}|\d\d)", " ".join(parts)):
        return {}
    month, day, year = (int(part) for part in parts)
    # Of two digits, both centuries: at the desk '26 is more often 1926.
    years = [year] if year > 99 else [1900 + year, *([2000 + year] if 2000 + year <= timezone.localdate().year else [])]
    dates = [existing_date(month, day, year) for year in years]
    return {"date_of_birth_hash": [key for date in dates for key in keyed_hashes("date_of_birth", date.isoformat())]}


def _last_name(text):
    """ "Rosa de la Cruz" may be all last name or end in one: each end of it is tried. "Cruz, Rosa" says which it is."""
    if "@" in text or _digits(text):
        return {}
    words = text.partition(",")[0].split()
    names = [folded("".join(words[start:])) for start in range(len(words))]
    names = [name for name in names if len(name) > 1 or not name.isascii()]
    return {
        "last_name_hash": [key for name in names for key in keyed_hashes("last_name", name)],
        "last_name_sound_hash": [
            key for sound in filter(None, map(soundex, names)) for key in keyed_hashes("last_name_sound", sound)
        ],
    }


def _digits(text):
    return sum(letter.isdecimal() for letter in text)


def _why_nothing(text):
    if text.upper().startswith(PREFIX) and _digits(text):
        return _("No request has this reference: it has eight letters and digits, and one of these is wrong.")
    if _digits(text):
        return _("Please type the whole number: a phone number has ten digits, a date its month, day and year.")
    return _("Please type at least two letters.")
