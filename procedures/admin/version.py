from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from procedures.admin.common import NoBulkDeleteMixin
from procedures.document import WORDS
from procedures.freeze import CannotFreeze
from procedures.models import ROW_MODELS, Version
from procedures.services import publishing


class RowInline(admin.StackedInline):
    """Rows of a draft; those of any other version are only to be read."""

    extra = 0

    def _is_open(self, obj):
        return obj is None or obj.status == Version.Status.DRAFT

    def has_add_permission(self, request, obj=None):
        return self._is_open(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request, obj=None):
        return self._is_open(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        return self._is_open(obj) and super().has_delete_permission(request, obj)


ROW_INLINES = [type(f"{model.__name__}Inline", (RowInline,), {"model": model}) for model in ROW_MODELS]


@admin.register(Version)
class VersionAdmin(NoBulkDeleteMixin, admin.ModelAdmin):
    change_form_template = "admin/procedures/version/change_form.html"
    list_display = ["__str__", "title", "status", "live_from"]
    list_filter = ["status", "article__kind"]
    list_select_related = ["article"]
    fields = ["article", "number", "status", *WORDS, "author", "live_from", "frozen"]
    readonly_fields = ["number", "status", "author", "live_from", "frozen"]
    inlines = ROW_INLINES

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("article", "author")

    def get_readonly_fields(self, request, obj=None):
        return [*self.readonly_fields, "article"] if obj else self.readonly_fields

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and (obj is None or obj.status == Version.Status.DRAFT)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and (obj is None or obj.status == Version.Status.DRAFT)

    def save_model(self, request, obj, form, change):
        if change:
            self._keep_published(obj)
        else:
            newest = publishing.lock(obj.article).versions.first()
            obj.number, obj.author = (newest.number + 1 if newest else 1), request.user
        obj.seeded_hash = ""
        super().save_model(request, obj, form, change)

    def delete_model(self, request, obj):
        self._keep_published(obj)
        super().delete_model(request, obj)

    def _keep_published(self, version):
        """Somebody may have published it since the permission was asked."""
        publishing.lock(version.article)
        if not Version.objects.filter(pk=version.pk, status=Version.Status.DRAFT).exists():
            raise PermissionDenied

    @admin.display(description=_("frozen document"))
    def frozen(self, obj):
        if not obj.document:
            return _("Not frozen yet: readers do not see this version.")
        return format_html(
            "{} <code>{}</code>",
            _("%(sections)d sections, %(sources)d sources. Hash:")
            % {"sections": len(obj.document["sections"]), "sources": len(obj.document["sources"])},
            obj.document_hash,
        )

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path(f"<int:pk>/{name}/", view(require_POST(getattr(self, name))), name=f"procedures_version_{name}")
            for name in ("new_draft", "publish_sample", "withdraw")
        ] + super().get_urls()

    def new_draft(self, request, pk):
        version = self._version(request, pk)
        try:
            version = publishing.new_draft(version, by=request.user)
        except publishing.NotAllowed as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, _("This is a new draft. Readers go on seeing the other version."))
        return self._to(version)

    def publish_sample(self, request, pk):
        version = self._version(request, pk)
        try:
            publishing.publish_sample(version, by=request.user)
        except publishing.NotAllowed as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        except CannotFreeze as refusal:
            for problem in refusal.messages:
                self.message_user(request, problem, messages.ERROR)
        else:
            self.message_user(request, _("Readers now see these words, as a sample."))
        return self._to(version)

    def withdraw(self, request, pk):
        version = self._version(request, pk)
        count = publishing.withdraw(version.article, by=request.user)
        self.message_user(
            request, _("Readers no longer see this page. Versions taken back: %(count)d.") % {"count": count}
        )
        return self._to(version)

    def _version(self, request, pk):
        if not super().has_change_permission(request):
            raise PermissionDenied
        return get_object_or_404(self.get_queryset(request), pk=pk)

    def _to(self, version):
        return redirect(reverse("admin:procedures_version_change", args=[version.pk]))
