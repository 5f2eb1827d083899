from django import forms
from django.contrib import admin
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from appointments.admin.page import name_of
from appointments.admin.worklists import FOUND, WORKLISTS, Look
from appointments.models import Export
from appointments.services import exports

REASON_LENGTH = 500
# All but what somebody searched for.
LISTS = {name: format_lazy("{}: {}", one.group, one.label) for name, one in WORKLISTS.items() if name != FOUND}


class ExportForm(forms.ModelForm):
    tab = forms.ChoiceField(label=_("Which list"), choices=list(LISTS.items()))
    reason = forms.CharField(
        label=_("What for"),
        help_text=_("Kept with your name, for the auditor."),
        max_length=REASON_LENGTH,
        widget=forms.Textarea({"rows": 3, "cols": 60}),
        error_messages={"required": _("Please say what the file is for.")},
    )

    class Meta:
        model = Export
        fields = ("weeks", "tab", "reason")


@admin.register(Export)
class ExportAdmin(admin.ModelAdmin):
    """What was taken away as a file, by whom and what for. To add a row is to take the file."""

    form = ExportForm
    list_display = ("at", "who", "what", "reason")
    list_select_related = ("by",)
    list_per_page = 50
    sortable_by = ()
    show_full_result_count = False
    actions = None

    def lookup_allowed(self, lookup, value, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_fields(self, request, obj=None):
        return ("at", "who", "weeks", "which", "row_count", "reason") if obj else ExportForm.Meta.fields

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"title": _("What was taken away as a file")} | (extra_context or {}))

    def add_view(self, request, form_url="", extra_context=None):
        title = {"title": _("Take requests away as a file")}
        return super().add_view(request, form_url, title | (extra_context or {}))

    def save_model(self, request, obj, form, change):
        obj.keys = exports.record(obj, WORKLISTS[obj.tab].where(Look(request.user)), by=request.user)

    def response_add(self, request, obj, post_url_continue=None):
        """The file itself. The row is committed: the lines are made after this view has ended."""
        name = f"requests-{timezone.localdate().isoformat()}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingHttpResponse(exports.lines(obj.keys), content_type="text/csv; charset=utf-8", headers=headers)

    @admin.display(description=_("by"))
    def who(self, export):
        return name_of(export.by)

    @admin.display(description=_("which requests"))
    def what(self, export):
        count = ngettext("%d request", "%d requests", export.row_count) % export.row_count
        return f"{count} · {self.which(export)} · {export.get_weeks_display()}"

    @admin.display(description=_("list"))
    def which(self, export):
        return LISTS.get(export.tab, export.tab)
