"""The pages of questions, and the last one, where the answers are checked and sent."""

from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from appointments import steps
from appointments.phone_lines import line_of
from appointments.services import draft as drafts
from appointments.services import spam
from appointments.services.rates import address_block
from appointments.services.request import UnansweredError, receive
from appointments.views.access import DraftAccess, draft_not_found, give_cookies, open_draft
from appointments.views.private import SeeOther, private

BACK_TO_CHECK = "back"


@private
@require_http_methods(["GET", "HEAD", "POST"])
def step(request, public_id, step):
    access = open_draft(request, public_id)
    if access is None:
        return draft_not_found(request)
    is_sent = access.draft.appointment_request_id is not None
    if request.method != "POST":
        return already_sent(request, access, step) if is_sent else show(request, access, step)
    try:
        if is_sent:
            answer = already_sent(request, access, step)
        else:
            answer = submit(request, access) if step == steps.CHECK else save(request, access, step)
    except drafts.GoneError:
        return draft_not_found(request)
    return give_cookies(request, answer, access)


def already_sent(request, access, step):
    """A second press of Send ends like the first; whoever came back to change something is told that it is sent."""
    address = reverse("appointments:sent", args=[access.draft.public_id])
    if request.method == "POST":
        return SeeOther(address if step == steps.CHECK else f"{address}?already")
    return redirect(f"{address}?already")


def show(request, access, step):
    if missing := steps.first_unanswered(access.draft, before=step):
        return redirect(address_of(access, missing))
    return page(request, access, step)


def save(request, access, step):
    form_class = steps.FORMS[step]
    try:
        access.draft = drafts.keep(access.draft, step, form_class.typed(request.POST))
    except drafts.AlreadySentError:
        return already_sent(request, access, step)
    if not steps.form_of(access.draft, step).is_valid():
        # A page answered here would ask "Resubmit the form?" of everybody who comes Back to it; the draft has it all.
        return SeeOther(request.get_full_path())
    if step == "visit" and line_of(access.draft):
        return SeeOther(reverse("appointments:call-us", args=[access.draft.public_id]))
    wanted = steps.CHECK if BACK_TO_CHECK in request.GET else steps.next_step(step)
    return SeeOther(address_of(access, steps.first_unanswered(access.draft, before=wanted) or wanted))


def submit(request, access):
    drafts.prolong(access.draft)
    seen = request.POST.get("seen")
    if seen is not None and seen != steps.fingerprint(access.draft):
        told = _("Your answers were changed since this page was opened, perhaps in another window. Please look again.")
        return page(request, access, steps.CHECK, told=told)
    post = spam.Post(block=address_block(request), hidden=request.POST.get(spam.HIDDEN_FIELD, ""))
    try:
        receive(access.draft, post=post)
    except UnansweredError as unanswered:
        return SeeOther(address_of(access, unanswered.step))
    return SeeOther(reverse("appointments:sent", args=[access.draft.public_id]))


def address_of(access, step):
    return reverse("appointments:step", args=[access.draft.public_id, step])


def page(request, access: DraftAccess, step: str, *, told: str = "", status: int = 200):
    """One step as it stands in the draft; `told` is a sentence for the summary on top."""
    at = steps.NAMES.index(step)
    context = {
        "step": steps.STEPS[at],
        "number": at + 1,
        "count": len(steps.STEPS),
        "before": steps.STEPS[at - 1] if at else None,
        "next": steps.STEPS[at + 1] if at + 1 < len(steps.STEPS) else None,
        "back_url": address_of(access, steps.NAMES[at - 1]) if at else "",
        # Written out, because without it browsers would post to, and stay at, the fragment of a change link.
        "action": request.get_full_path(),
        "draft_secret": access.secret,
        "clear_url": reverse("appointments:clear", args=[access.draft.public_id]),
        "days": drafts.days_kept(),
        "danger": steps.form_of(access.draft, "urgent").is_danger(),
        "told": told,
    }
    if step == steps.CHECK:
        return render(request, "appointments/check.html", context | checked(access), status=status)
    form = steps.form_of(access.draft, step)
    return render(
        request, "appointments/step.html", context | {"form": form, "problems": form.summary()}, status=status
    )


def checked(access):
    """The answers of all steps: [(step, [(label, answer, address of its question)])], and their fingerprint."""
    parts = []
    for step in steps.STEPS[:-1]:
        form = steps.form_of(access.draft, step.name)
        form.full_clean()
        base = f"{address_of(access, step.name)}?{BACK_TO_CHECK}"
        parts.append((step, [(label, answer, f"{base}#{anchor}") for label, answer, anchor in form.answers()]))
    return {"parts": parts, "seen": steps.fingerprint(access.draft)}
