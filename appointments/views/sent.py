from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from appointments import steps
from appointments.views.doors import open_door, private, stranger


@private
@require_safe
def sent(request, public_id):
    door = open_door(request, public_id)
    if door is None:
        return stranger(request)
    draft = door.draft
    if draft.appointment_request is None:
        step = steps.first_unanswered(draft) or steps.CHECK
        return redirect(reverse("appointments:step", args=[draft.public_id, step]))
    context = {"appointment_request": draft.appointment_request, "already": "already" in request.GET}
    return render(request, "appointments/sent.html", context)
