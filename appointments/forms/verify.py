from django import forms
from django.utils.translation import gettext_lazy as _

from appointments.forms.base import StepForm
from appointments.forms.text import TextField


class VerifyForm(StepForm):
    """The code of a sheet that we sent to an office."""

    code = TextField(
        label=_("Code from our sheet"),
        help_text=_("12 letters and digits, like XXXX-XXXX-XXXX. Capitals and hyphens do not matter."),
        missing=_("Please write the code that is on our sheet."),
        autocomplete="off",
        widget=forms.TextInput(attrs={"class": "short", "autocapitalize": "characters", "spellcheck": "false"}),
    )
