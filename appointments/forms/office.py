"""What a referring office can write on its page."""

import uuid

from django import forms
from django.utils.translation import gettext_lazy as _

from appointments.forms.base import StepForm
from appointments.forms.file import SENTENCES, FileForm
from appointments.forms.status import CodeField, CodeForm
from appointments.forms.text import LongTextField
from appointments.services import files

WORDS = 1000

# As for the patient, but for those who bring nothing to a visit.
FILE_SENTENCES = SENTENCES | {
    files.TOO_MANY: _("You have sent 5 files already. Please call us to send more."),
    files.TOO_OFTEN: _("You have tried many times within an hour. Please wait an hour, or call us."),
    files.FINISHED: _("This referral is finished, so its files stay as they are. Please call us."),
    files.UNAVAILABLE: _("We cannot take files right now, and it is our fault. Try again later, or fax it to us."),
}


class ReadOutCodeForm(CodeForm):
    code = CodeField(
        label=_("Code that we told you on the phone"),
        help_text=_("8 digits, like 1234 5678"),
        missing=_("Please write the code that we told you on the phone."),
        autocomplete="one-time-code",
        widget=forms.TextInput(attrs={"class": "short", "inputmode": "numeric"}),
    )


class OfficeFileForm(FileForm):
    """One file. An empty one gets past the form, as a patient's does."""


class MessageForm(StepForm):
    """`entry_id` lets a second click find the first one's message."""

    entry_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    message = LongTextField(
        label=_("Your message"), most=WORDS, missing=_("Please write your message first, then press the button.")
    )
