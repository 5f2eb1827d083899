from django.shortcuts import render
from django.views.decorators.http import require_safe

from appointments.views.status import with_session


@with_session
@require_safe
def patient(request, access):
    return render(request, "appointments/status/page.html", {"access": access})
