from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from appointments import steps
from appointments.views.access import draft_not_found, open_draft
from appointments.views.private import private


@private
@require_safe
def sent(request, public_id):
    access = open_draft(request, public_id)
    if access is None:
        return draft_not_found(request)
    draft = access.draft
    if draft.appointment_request is None:
        step = steps.first_unanswered(draft) or steps.CHECK
        return redirect(reverse("appointments:step", args=[draft.public_id, step]))
    context = {
        "appointment_request": draft.appointment_request,
        "already": "already" in request.GET,
        "clear_url": reverse("appointments:clear", args=[draft.public_id]),
        "draft_secret": access.secret,
    }
    return render(request, "appointments/sent.html", context)
