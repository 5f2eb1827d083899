"""When Django's proof of the form is too old or its cookie is gone: nothing typed may be lost with it (P5)."""

from django.http import HttpResponse
from django.http.request import UnreadablePostError
from django.utils.translation import gettext as _

from appointments import steps
from appointments.services import draft as drafts
from appointments.views import refer
from appointments.views.access import give_cookies, open_draft_with_form
from appointments.views.clear import cleared_screen
from appointments.views.private import mark_private
from appointments.views.start import page as start_page
from appointments.views.step import already_sent, page


def csrf_failure(request) -> HttpResponse | None:
    """The page to show again, with status 403 and every value kept; None if this is not one of our forms.

    For what a page of ours has sent: another site could lead somebody into a draft that is not theirs.
    """
    match = request.resolver_match
    if request.method != "POST" or match is None:
        return None
    try:
        if match.view_name == "appointments:start":
            return mark_private(start_page(request, request.POST.get("for", ""), again=True, status=403))
        if match.view_name == "appointments:step":
            return _step(request, **match.kwargs)
        if match.view_name == "appointments:clear":
            return _clear(request, **match.kwargs)
        if match.view_name == "refer:form":
            return mark_private(refer.page_again(request))
        if match.view_name == "refer:clear":
            return refer.refer_clear(request, **match.kwargs)
    except UnreadablePostError:
        return None
    return None


def _clear(request, public_id):
    # Somebody wants to leave a computer that is not theirs: the form's own secret is proof enough.
    access = open_draft_with_form(request, public_id)
    return None if access is None else mark_private(cleared_screen(request, public_id, access))


def _step(request, public_id, step):
    # Only the form's own secret counts: the cookie would also come with a form that somebody else made.
    access = open_draft_with_form(request, public_id)
    if access is None:
        return None
    try:
        if access.draft.appointment_request_id:
            return mark_private(already_sent(request, access, step))
        if step != steps.CHECK:
            access.draft = drafts.keep(access.draft, step, steps.FORMS[step].typed(request.POST))
    except drafts.AlreadySentError:
        return mark_private(already_sent(request, access, step))
    except drafts.GoneError:
        return None
    if step == steps.CHECK:
        if missing := steps.first_unanswered(access.draft):
            step = missing
        told = _("This page was open for a long time. Nothing is lost. Please press Send request again.")
    else:
        told = _("This page was open for a long time. Nothing is lost. Please press Continue again.")
    return mark_private(give_cookies(request, page(request, access, step, told=told, status=403), access))
