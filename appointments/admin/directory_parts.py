"""What the pages of the directory share: searching as words are typed, and who may change something."""

import re

from django.core.exceptions import PermissionDenied

from appointments.services.rights import groups_of
from appointments.transitions import REFERRERS

NUMBER = re.compile(r"[\d\s()+.\-]+", re.ASCII)


class DirectorySearchMixin:
    """These rows hold no patient, so the words may stand in the address, unlike those of the queue."""

    change_list_template = "admin/appointments/directory_list.html"

    def get_search_results(self, request, queryset, search_term):
        """A number is found in whatever shape it is typed."""
        if NUMBER.fullmatch(search_term):
            search_term = re.sub(r"\D", "", search_term)
        return super().get_search_results(request, queryset, search_term)


def check_referrer(request):
    """Raises PermissionDenied for whoever may not change the directory."""
    if not groups_of(request.user) & REFERRERS:
        raise PermissionDenied
