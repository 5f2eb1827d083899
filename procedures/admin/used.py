from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class UsedOnMixin:
    """Shows the pages that use a row, also before it is deleted, and refuses that while there is one.

    `find_uses` gives the uses of a row (see procedures.services.register).
    """

    class Media:
        css = {"all": ["css/editor.css"]}

    delete_confirmation_template = "admin/procedures/delete_unused.html"

    def has_delete_permission(self, request, obj=None):
        # The question may be asked: it shows the pages. Only the answer is refused.
        allowed = super().has_delete_permission(request, obj)
        return allowed and not (obj and request.method == "POST" and self.find_uses(obj))

    def delete_view(self, request, object_id, extra_context=None):
        obj = self.get_object(request, object_id)
        uses = self.find_uses(obj) if obj else []
        return super().delete_view(request, object_id, {"uses": uses} | (extra_context or {}))

    @admin.display(description=gettext_lazy("used on"))
    def used_on(self, obj):
        if not (obj and obj.pk and (uses := self.find_uses(obj))):
            return _("No page uses it.")
        lines = (
            (
                reverse("admin:procedures_version_change", args=[use.version.pk]),
                use.version.title,
                str(use.version),
                use.state,
            )
            for use in uses
        )
        return format_html(
            '<ul class="used">{}</ul>', format_html_join("", '<li><a href="{}">{}</a> ({}): {}</li>', lines)
        )
