from django.contrib import admin
from django.db import models

from procedures.admin.common import NoBulkDeleteMixin
from procedures.models import Source
from procedures.services import register


@admin.register(Source)
class SourceAdmin(NoBulkDeleteMixin, admin.ModelAdmin):
    list_display = ["key", "title", "year", "kind", "funder", "expires_on"]
    list_filter = ["kind"]
    search_fields = ["key", "title", "authors"]
    date_hierarchy = "expires_on"

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and not (obj and register.is_cited(obj))

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if isinstance(db_field, models.URLField):
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_readonly_fields(self, request, obj=None):
        # Texts cite by the key: another one would cut the thread.
        return ["key"] if obj else []
