import re
import unicodedata

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from appointments.forms.base import StepForm
from appointments.forms.dates import DateField
from appointments.forms.text import TextField

BETWEEN = re.compile(r"[\s\-.\u2010-\u2015]+")  # people write 1234-5678, mails break it
CODE = re.compile(r"[0-9]{8}")


class CodeField(TextField):
    """A code of eight digits, however it was spaced."""

    def to_python(self, value):
        text = BETWEEN.sub("", unicodedata.normalize("NFKC", super().to_python(value)))
        if text and not CODE.fullmatch(text):
            raise ValidationError(_("A code has 8 digits, like 1234 5678. Please look again."), code="shape")
        return text


class CodeForm(StepForm):
    code = CodeField(
        label=_("Code from the e-mail"),
        help_text=_("8 digits, like 1234 5678"),
        missing=_("Please write the code that is in the e-mail."),
        autocomplete="one-time-code",
        widget=forms.TextInput(attrs={"class": "short", "inputmode": "numeric"}),
    )


class LookUpForm(StepForm):
    typed_reference = TextField(
        label=_("Your reference"),
        help_text=_("It begins with APM, like APM-XXXX-XXXX. Capitals and hyphens do not matter."),
        missing=_("Please write your reference. It begins with APM."),
        widget=forms.TextInput(attrs={"class": "short", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    date_of_birth = DateField(
        label=_("Date of birth"),
        help_text=_("For example 3 14 1948"),
        missing=_("Please write the date of birth: month, day and year."),
    )
