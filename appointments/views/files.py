"""Files that the patient sends before the visit: part of the patient's page, and a page of their own after an error."""

from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from appointments.forms.file import SENTENCES, FileForm
from appointments.services import files
from appointments.services.files import FileRefused
from appointments.transitions import OPEN
from appointments.views.private import SeeOther
from appointments.views.status import with_session

TOLD = "file"  # in the address after a POST: what happened, one of WORDS
KEPT, REMOVED = WORDS = ("kept", "removed")
FULL = (files.FINISHED, files.TOO_MANY)  # nothing can be chosen then, so there is no field to show the sentence at


def context_of(request, access, form=None) -> dict:
    """What `appointments/status/_files.html` needs beside `access`."""
    kept = list(access.appointment_request.patient_files.kept().sent_by(None))
    told = request.GET.get(TOLD)
    return {
        "files": kept,
        "files_left": files.MOST_FILES - len(kept),
        "files_open": access.appointment_request.status in OPEN,
        "files_told": told if told in WORDS else "",
        "file_form": form or FileForm(),
    }


@with_session
@require_http_methods(["GET", "HEAD", "POST"])
def patient_files(request, access):
    if request.method != "POST":
        return page(request, access)
    form = FileForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            files.keep_file(access.appointment_request, form.cleaned_data["file"])
            return back(access, KEPT)
        except FileRefused as refused:
            if refused.code in FULL:
                return page(request, access, told=SENTENCES[refused.code], status=409)
            form.add_error("file", SENTENCES[refused.code])
    return page(request, access, form, status=422)


@with_session
@require_POST
def remove_file(request, access, file_id):
    """Pressed twice, or a file that never was: it is not there, which is what was asked for (P24)."""
    try:
        files.remove_file(access.appointment_request, file_id)
    except FileRefused as refused:
        return page(request, access, told=SENTENCES[refused.code], status=409)
    return back(access, REMOVED)


def back(access, told):
    return SeeOther(reverse("appointments:patient", args=[access.session.public_id]) + f"?{TOLD}={told}#files")


def page(request, access, form=None, *, told="", status=200):
    context = context_of(request, access, form)
    return render(
        request,
        "appointments/status/files.html",
        context | {"access": access, "told": told, "problems": form.summary() if form else []},
        status=status,
    )
