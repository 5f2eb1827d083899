from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db import models
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from procedures.admin import markdown
from procedures.admin.common import NoBulkDeleteMixin
from procedures.admin.used import UsedOnMixin
from procedures.models import Source
from procedures.services import register


class ExpiredFilter(admin.SimpleListFilter):
    title = gettext_lazy("next check")
    parameter_name = "due"

    def lookups(self, request, model_admin):
        return [("expired", gettext_lazy("Expired"))]

    def queryset(self, request, queryset):
        return queryset.filter(expires_on__lte=timezone.localdate()) if self.value() == "expired" else queryset


class SourceList(ChangeList):
    def get_results(self, request):
        super().get_results(request)
        expired = [source for source in self.result_list if source.expires_on <= timezone.localdate()]
        live_uses = register.live_uses(expired)
        for source in expired:
            source.live_uses = live_uses.get(source.key, [])


@admin.register(Source)
class SourceAdmin(UsedOnMixin, NoBulkDeleteMixin, admin.ModelAdmin):
    list_display = ["key", "title", "year", "kind", "funder", "expires_on", "due"]
    list_filter = [ExpiredFilter, "kind"]
    search_fields = ["key", "title", "authors"]
    date_hierarchy = "expires_on"
    fields = [
        *("key", "title", "authors", "year", "published_in", "link", "kind", "funder", "checked_on", "expires_on"),
        "used_on",
    ]
    find_uses = staticmethod(register.uses)

    @admin.display(description=gettext_lazy("due"))
    def due(self, obj):
        if not hasattr(obj, "live_uses"):
            return ""
        if not obj.live_uses:
            return _("Expired. No live page cites it.")
        lines = ((reverse("admin:procedures_version_change", args=[v.pk]), v.short_title) for v in obj.live_uses)
        return format_html("{} {}", _("Expired. Used on:"), format_html_join(", ", '<a href="{}">{}</a>', lines))

    def get_changelist(self, request, **kwargs):
        return SourceList

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if isinstance(db_field, models.URLField):
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_readonly_fields(self, request, obj=None):
        # Texts cite by the key: another one would cut the thread.
        return ["key", "used_on"] if obj else ["used_on"]

    def get_urls(self):
        # Here, because the register knows which keys there are.
        preview = path("preview/", self.admin_site.admin_view(markdown.preview), name="procedures_markdown_preview")
        return [preview, *super().get_urls()]
