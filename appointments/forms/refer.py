"""What a physician's office tells us to send us a patient: one page, and the same questions on paper."""

import re
from dataclasses import dataclass
from functools import partial

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from appointments.forms import dates
from appointments.forms.base import Group, ManyPicksField, PickField, StepForm, When
from appointments.forms.dates import DateField
from appointments.forms.file import MOST_TOGETHER, SENTENCES, TAKES
from appointments.forms.text import (
    EmailField,
    LongTextField,
    NameField,
    PhoneField,
    TextField,
    ZipField,
    without_format_signs,
)
from appointments.models import Referral, words
from appointments.npi import is_npi
from appointments.services import files

NPI_DIGITS = 10
ANOTHER_LANGUAGE = "other"
LANGUAGES = [("en", _("English")), ("es", _("Spanish")), (ANOTHER_LANGUAGE, _("Another language"))]
URGENCIES = [
    (Referral.Urgency.ROUTINE, _("Routine: the next free visit")),
    (Referral.Urgency.SOON, _("Soon: within two weeks")),
    (Referral.Urgency.URGENT, _("Urgent: within two business days")),
]
# As a clerk says it of a patient; words.Need and words.PayerKind are what patients say of themselves.
NEEDS = [
    (words.Need.HEARING, _("Does not hear well: speak slowly, or use relay")),
    (words.Need.WHEELCHAIR, _("Uses a wheelchair or walker")),
    (words.Need.LARGE_PRINT, _("Needs papers in large print")),
]
OF_THEMSELVES = {words.PayerKind.SELF_PAY: _("Pays without insurance"), words.PayerKind.UNSURE: _("Not sure")}
PAYERS = [("", _("Choose, or leave open"))] + [
    (kind.value, OF_THEMSELVES.get(kind, kind.label)) for kind in words.PayerKind
]
NOT_KEPT_HERE = {"autocomplete": "off"}  # a browser shall not offer one patient's words for the next one


class NpiField(TextField):
    """A National Provider Identifier, with or without spaces; cleaned to its ten digits."""

    widget = forms.TextInput(attrs={"class": "short", "inputmode": "numeric"})

    def __init__(self, **kwargs):
        super().__init__(most=40, **kwargs)

    def to_python(self, value):
        text = re.sub(r"[\s-]", "", super().to_python(without_format_signs(value or "")))
        if text and not is_npi(text):
            raise ValidationError(what_is_wrong_with_npi(text), code="npi")
        return text


def what_is_wrong_with_npi(text: str) -> str:
    """Why `text`, which has no spaces, is no NPI."""
    off = len(text) - NPI_DIGITS
    if not (text.isascii() and text.isdigit()):
        return _("An NPI has 10 digits and nothing else.")
    if off < 0:
        return ngettext("One digit is missing.", "%(count)s digits are missing.", -off) % {"count": -off}
    if off > 0:
        return ngettext("There is one digit too many.", "There are %(count)s digits too many.", off) % {"count": off}
    return _(
        "A digit of this NPI is off, or two are swapped. Please compare it. If you do not have it, leave this empty."
    )


@dataclass(frozen=True)
class Part:
    """Questions under one heading, on the page and on paper."""

    heading: str
    names: tuple[str, ...]
    hint: str = ""


PARTS = (
    Part(
        _("Your office"),
        (
            "referrer_name",
            "sender_npi",
            "referrer_practice",
            "sender_fax",
            "referrer_phone",
            "sender_email",
            "sender_name",
        ),
    ),
    Part(
        _("The patient"),
        (
            "first_name",
            "last_name",
            "date_of_birth",
            "phone",
            "email",
            "zip_code",
            "language",
            "interpreter_language",
            "needs",
            "patient_knows",
        ),
    ),
    Part(_("Why you refer"), ("question", "diagnosis", "urgency")),
    Part(
        _("Insurance"),
        ("payer_kind", "payer_name", "member_number", "authorization_number"),
        hint=_("You can leave this open: we ask the patient."),
    ),
)
ONLY_IF = {"interpreter_language": f"language={ANOTHER_LANGUAGE}"}


def group_of(part: Part) -> Group:
    fields = [When(ONLY_IF[name], name) if name in ONLY_IF else name for name in part.names]
    return Group(part.heading, *fields, hint=part.hint)


class ReferForm(StepForm):
    referrer_name = NameField(
        label=_("Referring physician"),
        help_text=_("First and last name."),
        missing=_("Please write the name of the physician who refers."),
    )
    sender_npi = NpiField(
        label=_("NPI (optional)"), help_text=_("Ten digits. If you do not have it, leave this empty."), required=False
    )
    referrer_practice = TextField(
        label=_("Practice"), missing=_("Please write the name of your practice."), autocomplete="organization"
    )
    sender_fax = PhoneField(
        label=_("Office fax (optional)"),
        help_text=_("Our answers go to this fax, once we have checked the number with you by phone."),
        required=False,
        autocomplete="fax tel",
    )
    referrer_phone = PhoneField(
        label=_("Office phone"),
        help_text=_("With area code. An extension is fine."),
        missing=_("Please write a phone number with area code, like 813-555-0142."),
        autocomplete="tel",
    )
    sender_email = EmailField(
        label=_("Office e-mail (optional)"),
        help_text=_("For a receipt with the reference. It says nothing about the patient."),
        required=False,
        autocomplete="email",
    )
    sender_name = NameField(
        label=_("Your own name"), missing=_("Please write your own name, so that we can ask you."), autocomplete="name"
    )

    first_name = NameField(
        label=_("First name"), missing=_("Please write the first name."), widget=forms.TextInput(NOT_KEPT_HERE)
    )
    last_name = NameField(
        label=_("Last name"), missing=_("Please write the last name."), widget=forms.TextInput(NOT_KEPT_HERE)
    )
    date_of_birth = DateField(
        label=_("Date of birth"),
        help_text=_("For example 3 14 1948"),
        missing=_("Please write the date of birth: month, day and year."),
        validators=[dates.refuse_future, dates.refuse_too_old],
    )
    phone = PhoneField(
        label=_("Phone number"),
        help_text=_("The number on which the patient can be called."),
        missing=_("Please write a phone number with area code, like 813-555-0142."),
        autocomplete="off",
    )
    email = EmailField(
        label=_("E-mail address (optional)"), help_text=_("Of the patient."), required=False, autocomplete="off"
    )
    zip_code = ZipField(
        label=_("ZIP code (optional)"),
        help_text=_("Where the patient lives now."),
        required=False,
        widget=forms.TextInput(NOT_KEPT_HERE | {"class": "short"}),
    )
    language = PickField(label=_("Best language"), choices=LANGUAGES)
    interpreter_language = TextField(label=_("Which language?"), most=40, required=False, autocomplete="off")
    needs = ManyPicksField(label=_("Does the patient need any of these?"), choices=NEEDS, required=False)
    patient_knows = PickField(
        label=_("Does the patient know about this referral?"),
        help_text=_("If not yet, we write the patient nothing and begin our call with your name."),
        choices=words.PatientKnows.choices,
    )

    question = LongTextField(
        label=_("Your question for us"),
        help_text=_("What should we find out or do? 1,000 characters at most."),
        missing=_("Please write what we should find out or do."),
        most=1000,
    )
    diagnosis = TextField(
        label=_("Diagnosis (optional)"),
        help_text=_("An ICD-10 code, like M48.061, or words."),
        most=300,
        required=False,
        autocomplete="off",
    )
    urgency = PickField(
        label=_("How soon?"),
        help_text=_(
            "New weakness, numbness between the legs, trouble with bladder or bowels, or fever with back pain: "
            "send the patient to an emergency room now, or call 911. Do not wait for us."
        ),
        choices=URGENCIES,
    )

    payer_kind = forms.ChoiceField(
        label=_("Kind of insurance (optional)"),
        choices=PAYERS,
        required=False,
        error_messages={"invalid_choice": _("Please choose one of these.")},
    )
    payer_name = TextField(label=_("Name of the insurance (optional)"), required=False, autocomplete="off")
    member_number = TextField(label=_("Member number (optional)"), most=40, required=False, autocomplete="off")
    authorization_number = TextField(
        label=_("Authorization number (optional)"),
        help_text=_("If the insurance has given one for this visit."),
        most=60,
        required=False,
        autocomplete="off",
    )

    layout = tuple(partial(group_of, part) for part in PARTS)

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("language") == ANOTHER_LANGUAGE:
            self.require("interpreter_language", _("Please write the language."))
        elif cleaned.get("language") and cleaned.get("interpreter_language"):
            self.add_error("language", _("You wrote a language. Choose Another language here, or empty the box below."))
        return cleaned


# What an office reads instead of appointments.forms.file.SENTENCES.
FILE_SENTENCES = SENTENCES | {
    files.TOO_MANY: _("We have 5 files already. Take one out to send another, or fax it."),
    files.UNAVAILABLE: _(
        "We cannot take files right now, and it is our fault. Send the referral without them, and fax them."
    ),
}


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesForm(StepForm):
    """Shows where files are chosen, and those that are kept already; services.draft_files takes and refuses them."""

    drop = ManyPicksField(label=_("We have these files. Tick one to take it out."), required=False)
    files = forms.FileField(
        label=_("Choose files (optional)"),
        help_text=format_lazy(
            _(
                "The referral, the last note, the report of the MRI, and the list of medicines with blood thinners. "
                "PDF, JPEG, PNG or HEIC, up to {each} MB each and {together} MB together, 5 at most."
            ),
            each=settings.MAX_FILE_MEGABYTES,
            together=MOST_TOGETHER,
        ),
        required=False,
        widget=FilesInput(TAKES | {"multiple": True}),
    )

    def __init__(self, kept, refused):
        """`kept` are rows of PatientFile, `refused` is {name: [code of FileRefused]}."""
        self.layout = ("drop", "files") if kept else ("files",)
        super().__init__({})
        self.fields["drop"].choices = [(str(file.public_id), file.name) for file in kept]
        for name, (code, *_others) in refused.items():
            self.add_error("files", format_lazy("{name}: {said}", name=name, said=FILE_SENTENCES[code]))
