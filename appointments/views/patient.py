from django.shortcuts import render
from django.views.decorators.http import require_safe

from appointments.views.status import with_session


@require_safe
@with_session
def patient(request, access):
    return render(request, "appointments/status/page.html", {"access": access})
