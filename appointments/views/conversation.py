"""The patient's page: where the request stands, what staff ask and offer, and what the patient can do about it."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from appointments import calendar, status_words
from appointments.forms.patient import ACTIONS, words_in
from appointments.models import Visit
from appointments.services import late_pick, moves
from appointments.transitions import Status
from appointments.views import files
from appointments.views.private import SeeOther
from appointments.views.status import with_session
from practice.services import current_practice

DONE = {
    "pick_time": _("Thank you. Your visit is booked."),
    "refuse_times": _("Thank you. We look for other times, and offer you new ones or call you."),
    "answer": _("Thank you. We have your answer."),
    "drop_visit": _("Your visit is cancelled. We look for another time with you."),
    "withdraw": _("Your request has ended, as you wished."),
}


@with_session
@require_safe
def patient(request, access):
    return page(request, access, done=DONE.get(request.GET.get("done"), ""))


@with_session
@require_http_methods(["GET", "HEAD", "POST"])
def act(request, access, action):
    """Do it, or show the page again with a sentence and all that was typed."""
    home = reverse("appointments:patient", args=[access.session.public_id])
    if request.method != "POST":
        return redirect(home)
    form = ACTIONS[action](access.appointment_request, request.POST)
    if not form.is_possible:
        return page(request, access, not_done=words_in(request.POST), status=409)
    if not form.is_valid():
        return page(request, access, bound={action: form}, status=422)
    name, values = form.move()
    seen_version = moves.read_version(request.POST.get("seen_version", ""))
    try:
        moves.move(access.appointment_request.public_id, name, seen_version=seen_version, by=None, **values)
    except (moves.Stale, moves.MoveNotAllowed) as refused:
        if isinstance(refused, moves.TimeTaken):
            late_pick.take_back(refused.offer)
        access.appointment_request.refresh_from_db()
        return page(request, access, not_done=words_in(request.POST), status=409)
    return SeeOther(f"{home}?done={name}")


@with_session
@require_safe
def visit_ics(request, access, ics_uid):
    """One visit as a file for calendars: to add, to move, or, once it is cancelled, to take out."""
    visit = get_object_or_404(access.appointment_request.visits.select_related("location"), ics_uid=ics_uid)
    response = HttpResponse(calendar.ics(visit, current_practice()), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="visit.ics"'
    return response


def page(request, access, *, done="", bound=None, not_done=None, status=200):
    """The page as the request stands now.

    `bound` holds a form with errors, by its action; `not_done` is what was written in a form that came too late.
    """
    appointment_request = access.appointment_request
    visits = list(appointment_request.visits.select_related("location", "clinician"))
    booked = next((visit for visit in visits if visit.status == Visit.Status.BOOKED), None)
    bound = bound or {}
    forms = {name: bound.get(name) or form(appointment_request) for name, form in ACTIONS.items()}
    shown = [(name, form) for name, form in forms.items() if form.is_possible]
    asking = [(name, form) for name, form in shown if not form.ends]
    context = {
        "access": access,
        "appointment_request": appointment_request,
        "title": status_words.title(appointment_request),
        "sentence": sentence_of(appointment_request, booked, asking),
        "owed_by": status_words.owed_by(appointment_request),
        "visit": booked,
        "cancelled": [visit for visit in visits if visit.is_cancelled_ahead(timezone.now())],
        "asking": asking,
        "ending": [(name, form) for name, form in shown if form.ends],
        "answered": appointment_request.patient_questions.exclude(answered_at=None),
        "done": done,
        "problems": [problem for form in bound.values() for problem in form.summary()],
        "not_done": not_done,
    }
    return render(request, "appointments/status/page.html", context | files.context_of(request, access), status=status)


def sentence_of(appointment_request, booked, asking):
    """What the status line says behind the title; "" where the visit or the questions on the page say it already."""
    if {Status.SCHEDULED: booked, Status.WAITING: asking}.get(appointment_request.status):
        return ""
    return status_words.outcome_sentence(appointment_request) or status_words.sentence(appointment_request)
