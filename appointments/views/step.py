"""The pages of questions, and the last one, where the answers are checked and sent."""

from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from appointments import steps
from appointments.services import draft as drafts
from appointments.services.request import UnansweredError, receive
from appointments.views.doors import Door, SeeOther, give_cookie, open_door, private, stranger

BACK_TO_CHECK = "back"


@private
@require_http_methods(["GET", "HEAD", "POST"])
def step(request, public_id, step):
    door = open_door(request, public_id)
    if door is None:
        return stranger(request)
    is_sent = door.draft.appointment_request_id is not None
    if request.method != "POST":
        return already_sent(request, door, step) if is_sent else show(request, door, step)
    if is_sent:
        answer = already_sent(request, door, step)
    else:
        answer = submit(request, door) if step == steps.CHECK else save(request, door, step)
    return give_cookie(answer, door)


def already_sent(request, door, step):
    """A second press of Send ends like the first; whoever came back to change something is told that it is sent."""
    address = reverse("appointments:sent", args=[door.draft.public_id])
    if request.method == "POST":
        return SeeOther(address if step == steps.CHECK else f"{address}?already")
    return redirect(f"{address}?already")


def show(request, door, step):
    if missing := steps.first_unanswered(door.draft, before=step):
        return redirect(address_of(door, missing))
    return page(request, door, step)


def save(request, door, step):
    form_class = steps.FORMS[step]
    try:
        door.draft = drafts.keep(door.draft, step, form_class.typed(request.POST))
    except drafts.AlreadySentError:
        return already_sent(request, door, step)
    if not steps.form_of(door.draft, step).is_valid():
        # A page answered here would ask "Resubmit the form?" of everybody who comes Back to it; the draft has it all.
        return SeeOther(request.get_full_path())
    wanted = steps.CHECK if BACK_TO_CHECK in request.GET else steps.next_step(step)
    return SeeOther(address_of(door, steps.first_unanswered(door.draft, before=wanted) or wanted))


def submit(request, door):
    drafts.prolong(door.draft)
    seen = request.POST.get("seen")
    if seen is not None and seen != steps.fingerprint(door.draft):
        told = _("Your answers were changed since this page was opened, perhaps in another window. Please look again.")
        return page(request, door, steps.CHECK, told=told)
    try:
        receive(door.draft)
    except UnansweredError as unanswered:
        return SeeOther(address_of(door, unanswered.step))
    return SeeOther(reverse("appointments:sent", args=[door.draft.public_id]))


def address_of(door, step):
    return reverse("appointments:step", args=[door.draft.public_id, step])


def page(request, door: Door, step: str, *, told: str = "", status: int = 200):
    """One step as it stands in the draft; `told` is a sentence for the summary on top."""
    at = steps.NAMES.index(step)
    context = {
        "step": steps.STEPS[at],
        "number": at + 1,
        "count": len(steps.STEPS),
        "before": steps.STEPS[at - 1] if at else None,
        "next": steps.STEPS[at + 1] if at + 1 < len(steps.STEPS) else None,
        "back_url": address_of(door, steps.NAMES[at - 1]) if at else "",
        # Written out, because without it browsers would post to, and stay at, the fragment of a change link.
        "action": request.get_full_path(),
        "draft_secret": door.secret,
        "days": drafts.days_kept(),
        "danger": door.draft.answers.get("urgent", {}).get("signs") == ["yes"],
        "told": told,
    }
    if step == steps.CHECK:
        return render(request, "appointments/check.html", context | checked(door), status=status)
    form = steps.form_of(door.draft, step)
    return render(
        request, "appointments/step.html", context | {"form": form, "problems": problems(form)}, status=status
    )


def problems(form):
    return form.summary() if form.is_bound else []


def checked(door):
    """The answers of all steps: [(step, [(label, answer, address of its question)])], and their fingerprint."""
    parts = []
    for step in steps.STEPS[:-1]:
        form = steps.form_of(door.draft, step.name)
        form.full_clean()
        base = f"{address_of(door, step.name)}?{BACK_TO_CHECK}"
        parts.append((step, [(label, answer, f"{base}#{anchor}") for label, answer, anchor in form.answers()]))
    return {"parts": parts, "seen": steps.fingerprint(door.draft)}
