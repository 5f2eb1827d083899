from django import template
from django.urls import reverse

from appointments.admin.worklists import NOW, REFERRALS, WORKLISTS, Look, count_all, with_count
from appointments.models import AppointmentRequest

register = template.Library()


@register.simple_tag
def what_waits(user) -> list[tuple[str, str]]:
    """(words, address) of each worklist on which something is to be done now; [] for who may not see the queue."""
    if not user.has_perm("appointments.view_appointmentrequest"):
        return []
    counts = count_all(AppointmentRequest.objects.all(), Look(user))
    listed = reverse("admin:appointments_appointmentrequest_changelist")
    return [
        (with_count(worklist, counts[name]), f"{listed}?show={name}")
        for name, worklist in WORKLISTS.items()
        if worklist.group in (NOW, REFERRALS) and counts[name]
    ]
