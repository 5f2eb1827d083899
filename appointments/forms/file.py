from django import forms
from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from appointments.forms.base import StepForm
from appointments.models import PatientFile
from appointments.services import files

ACCEPT = "application/pdf,image/jpeg,image/png,image/heic,image/heif,.heic"
MOST_TOGETHER = settings.MAX_FILE_BODY_BYTES // 2**20 - 2  # megabytes; the rest is for the words
# static/js/form.js says it before anything is sent: what is longer is cut off, and what was typed would be lost.
TAKES = {
    "accept": ACCEPT,
    "data-megabytes": MOST_TOGETHER,
    "data-much": format_lazy(
        _("This is more than {most} MB together. Nothing is sent yet: choose fewer files, or smaller ones."),
        most=MOST_TOGETHER,
    ),
}

# What the patient reads for each code of FileRefused: what is wrong, and what to do.
SENTENCES = {
    PatientFile.Refusal.EMPTY: _(
        "There is nothing in this file. Open it to see that it is the right one, then try again."
    ),
    PatientFile.Refusal.TOO_BIG: format_lazy(
        _("This file is larger than {most} MB. Take a photo of each page and send the photos."),
        most=settings.MAX_FILE_MEGABYTES,
    ),
    PatientFile.Refusal.WRONG_TYPE: _("We cannot take this kind of file. Send a PDF, or a photo (JPEG, PNG or HEIC)."),
    PatientFile.Refusal.LOCKED: _(
        "This file is locked with a password. Take a photo of each page and send the photos."
    ),
    PatientFile.Refusal.UNREADABLE: _(
        "We cannot open this file. It may be damaged or too long. Take a photo of each page and send the photos."
    ),
    files.TOO_MANY: _("You have sent 5 files already. Remove one to send another, or bring it to your visit."),
    files.TOO_OFTEN: _("You have tried many times within an hour. Please wait an hour, or call us."),
    files.FINISHED: _("Your request is finished, so its files stay as they are. Please call us."),
    files.UNAVAILABLE: _(
        "We cannot take files right now, and it is our fault. Your request is safe. "
        "Try again later, or bring the file to your visit."
    ),
}


class FileForm(StepForm):
    """One file. An empty one gets past the form, so that its refusal is kept as any other."""

    file = forms.FileField(
        label=_("Choose a file or take a photo"),
        help_text=format_lazy(
            _("PDF, JPEG, PNG or HEIC, up to {most} MB. One at a time."), most=settings.MAX_FILE_MEGABYTES
        ),
        allow_empty_file=True,
        error_messages={"required": _("Choose a file first, then press the button.")},
        widget=forms.FileInput(TAKES),
    )
