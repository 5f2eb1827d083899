from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from appointments import steps
from appointments.phone_lines import call, line_of
from appointments.views.access import draft_not_found, open_draft
from appointments.views.private import private
from practice.context import practice


@private
@require_safe
def call_us(request, public_id):
    """The number for what somebody chose that is no appointment, and the way on with the request."""
    access = open_draft(request, public_id)
    if access is None:
        return draft_not_found(request)
    draft = access.draft
    go_on = reverse("appointments:step", args=[draft.public_id, steps.CHECK])
    line = line_of(draft)
    if line is None:
        return redirect(go_on)
    context = {
        "line": line,
        "call": call(line, practice(request)["practice"]),
        "danger": steps.form_of(draft, "urgent").is_danger(),
        "go_on": go_on,
        "change": reverse("appointments:step", args=[draft.public_id, "visit"]),
        "clear_url": reverse("appointments:clear", args=[draft.public_id]),
        "draft_secret": access.secret,
    }
    return render(request, "appointments/call_us.html", context)
