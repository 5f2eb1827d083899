"""A file of referring practices: chosen, looked at, taken in. Between pages it travels signed, and rests nowhere."""

import codecs
from collections import Counter

from django import forms
from django.contrib import messages
from django.core import signing
from django.core.exceptions import BadRequest
from django.http import HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from appointments.admin.directory_parts import check_referrer
from appointments.services import directory_csv
from appointments.services.directory_csv import COLUMNS, FileError, LooksDifferent, What

TEMPLATE = "admin/appointments/referringpractice/import.html"
SALT = "directory-csv"
SECONDS = 3600  # from looking at a file to taking it in


class FileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        allow_empty_file=True,  # what is wrong with it says the reader
        max_length=None,
        error_messages={"required": gettext_lazy("Choose a file."), "invalid": gettext_lazy("Choose a file.")},
    )


class ImportMixin:
    """ "Take in a file" on the list of referring practices."""

    def get_urls(self):
        name = "appointments_referringpractice_import"
        view = self.admin_site.admin_view
        return [
            path("import/", view(require_http_methods(["GET", "POST"])(self.import_view)), name=name),
            path("import/template.csv", view(require_GET(self.template_view)), name=f"{name}_template"),
            *super().get_urls(),
        ]

    def template_view(self, request):
        check_referrer(request)
        content = codecs.BOM_UTF8 + f"{','.join(COLUMNS)}\r\n".encode()
        headers = {"Content-Disposition": 'attachment; filename="referring-practices.csv"'}
        return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)

    def import_view(self, request):
        check_referrer(request)
        try:
            if "signed" in request.POST:
                return self._take_in(request)
            form = FileForm(request.POST, request.FILES) if request.method == "POST" else FileForm()
            if form.is_valid():
                text = directory_csv.text_of(form.cleaned_data["file"].open().read())
                return self._preview(request, text, directory_csv.look(text))
        except FileError as refused:
            return self._choose(request, FileForm(), told=refused.says)
        return self._choose(request, form)

    def _take_in(self, request):
        try:
            said = signing.loads(request.POST["signed"], salt=_salt(request.user), max_age=SECONDS)
        except signing.SignatureExpired:
            return self._choose(request, FileForm(), told=_("An hour has passed. Please choose the file again."))
        except signing.BadSignature:
            raise BadRequest from None
        try:
            results = directory_csv.take_in(said["text"], seen=said["seen"], by=request.user)
        except LooksDifferent as now:
            return self._preview(request, said["text"], now.results, is_changed=True)
        told = _("Taken in: %(new)d new, %(changes)d with changes, %(same)d as before. %(error)d left out.")
        messages.success(request, told % _counts(results))
        return HttpResponseRedirect(reverse("admin:appointments_referringpractice_changelist"))

    def _preview(self, request, text, results, *, is_changed=False):
        counts = _counts(results)
        said = {"text": text, "seen": directory_csv.signature(results)}
        context = {
            "results": results,
            "wrong": [row for row in results if row.what == What.ERROR],
            "counts": counts,
            "does_something": bool(counts["new"] + counts["changes"]),
            "signed": signing.dumps(said, salt=_salt(request.user), compress=True),
            "is_changed": is_changed,
        }
        return self._render(request, context, status=409 if is_changed else 200)

    def _choose(self, request, form, *, told=""):
        return self._render(request, {"form": form, "told": told}, status=422 if told or form.errors else 200)

    def _render(self, request, context, *, status):
        context = {
            **self.admin_site.each_context(request),
            "title": _("Take in a file of practices"),
            "opts": self.opts,
            "columns": COLUMNS,
            **context,
        }
        return TemplateResponse(request, TEMPLATE, context, status=status)


def _salt(user):
    """What one person looked at, nobody else takes in."""
    return f"{SALT}:{user.pk}"


def _counts(results) -> dict[str, int]:
    found = Counter(row.what.value for row in results)
    return {what.value: found[what.value] for what in What}
