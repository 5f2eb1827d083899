from django.contrib.admin import AdminSite
from django.utils.translation import gettext_lazy as _


class StaffSite(AdminSite):
    site_header = _("Staff")
    site_title = _("Staff")
    index_title = _("Your work")
    enable_nav_sidebar = False
