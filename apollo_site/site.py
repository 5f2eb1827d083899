from django.contrib.admin import AdminSite
from django.utils.translation import gettext_lazy as _

from outbox.services import failing_since


class StaffSite(AdminSite):
    site_header = _("Staff")
    site_title = _("Staff")
    index_title = _("Your work")
    enable_nav_sidebar = False

    def each_context(self, request):
        """Every page of staff says so when mail has been failing; it costs one query."""
        context = super().each_context(request)
        context["mail_failing_since"] = failing_since() if context["has_permission"] else None
        return context
