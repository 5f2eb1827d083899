"""From a secure link to the patient's page: the gate, the code, and the half hour that it opens."""

from dataclasses import dataclass
from functools import partial, wraps

from django.conf import settings
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from appointments import status_words
from appointments.forms.patient import words_in
from appointments.forms.status import CodeForm
from appointments.models import AccessSession, AppointmentRequest
from appointments.services import access as accesses
from appointments.services import access_mail
from appointments.views.private import SeeOther, forget_pages, give_scoped_cookie, private, secrets_of

COOKIE = "apollo-status-"
COOKIE_SECONDS = accesses.LINK_DAYS * 24 * 3600  # longer than a session, so that it can be told from a stranger's
LINK = "send-link"  # the name of a button
TYPED = "typed"  # what is carried on from page to page until the right code is entered


@dataclass
class StatusAccess:
    session: AccessSession
    appointment_request: AppointmentRequest


def with_session(view):
    """`view(request, access, **kwargs)` for whoever entered a code in the last half hour, on this device.

    After it, the same person sees the gate, with what they typed to copy; nothing is done then. Strangers see a 404.
    """

    @private
    @wraps(view)
    def wrapped(request, public_id, **kwargs):
        session = session_of(request, public_id)
        if session is None:
            return session_not_found(request)
        if not session.is_open(timezone.now()):
            return over(request, session)
        return view(request, StatusAccess(session, session.link.appointment_request), **kwargs)

    return wrapped


def session_of(request, public_id) -> AccessSession | None:
    """The session with this id, over or not, if the browser has its cookie."""
    found = (accesses.find_session(public_id, secret) for secret in filter(None, secrets_of(request, COOKIE)))
    return next(filter(None, found), None)


def session_not_found(request):
    """The same answer for a wrong cookie and for an id that never was: same status, same bytes (P24)."""
    return render(request, "appointments/status/stranger.html", {"path": reverse("home")}, status=404)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def gate(request, token):
    link = accesses.find_link(token)
    return answer(request, link) if request.method == "POST" else show(request, link)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def code(request, public_id):
    """The gate of a session that is over, at its own address."""
    session = session_of(request, public_id)
    if session is None:
        return session_not_found(request)
    if request.method != "POST" or session.is_open(timezone.now()):
        return SeeOther(reverse("appointments:patient", args=[public_id]))
    return answer(request, session.link, session)


@private
@require_POST
def end(request, public_id):
    """Nothing of it stays on this device."""
    session = session_of(request, public_id)
    if session is None:
        return session_not_found(request)
    accesses.end_session(session)
    response = render(request, "appointments/status/ended.html", {"path": reverse("home")})
    home = partial(reverse, "appointments:patient", args=[public_id])
    return forget_pages(give_scoped_cookie(response, COOKIE, "", home=home, seconds=0))


def over(request, session):
    if request.method != "POST":
        return show(request, session.link, session)
    return show(request, session.link, session, status=403, typed=words_in(request.POST), undone=True)


def answer(request, link, session=None):
    """A button was pressed. The page itself answers: an address to go on to would have to hold the token."""
    show_again = partial(show, request, link, session, typed=request.POST.getlist(TYPED) if session else [])
    if link is None or not link.is_valid(timezone.now()):
        asked = LINK in request.POST
        if asked and link is not None:
            access_mail.send_link(link)
        return show_again(asked=asked)
    if "code" not in request.POST:
        sent = access_mail.send_code(link)
        return show_again(sent=sent, too_soon=not sent)
    form = CodeForm(request.POST)
    opened = form.is_valid() and enter(form, link)
    return move_on(*opened) if opened else show_again(form=form)


def enter(form, link):
    """The session that the code opens, and its secret; None if it opens none: then `form` or `link` says why."""
    try:
        return accesses.enter_code(link, form.cleaned_data["code"])
    except accesses.LinkEnded:
        link.refresh_from_db(fields=["revoked_at"])
    except accesses.CodeOver:
        form.add_error("code", _("This code is over. A code works once, for a short time. Please ask for a new one."))
    except accesses.WrongCode as wrong:
        tries = ngettext("You have %(count)s try left.", "You have %(count)s tries left.", wrong.left)
        form.add_error("code", _("This is not the code.") + " " + tries % {"count": wrong.left})
    return None


def move_on(session, secret):
    home = partial(reverse, "appointments:patient", args=[session.public_id])
    return give_scoped_cookie(SeeOther(home()), COOKIE, secret, home=home, seconds=COOKIE_SECONDS)


def show(request, link, session=None, *, status=200, form=None, **context):
    """The gate of a valid link; another page, always the same, for any other. It changes nothing, whoever opens it.

    `context` is what the templates name.
    """
    context |= {"over": session is not None, "action": "", "path": request.path}
    if session:
        context["action"] = reverse("appointments:patient-code", args=[session.public_id])
        context["path"] = reverse("appointments:patient", args=[session.public_id])
    if link is not None and link.is_valid(timezone.now()):
        context |= at_gate(link, form or CodeForm())
        return render(request, "appointments/status/gate.html", context, status=status)
    if status == 200 and not context.get("asked"):
        status = 404
    # One answer for a link that has ended and for one that never was (P24); the other language's would name it.
    return render(request, "appointments/status/gone.html", context | {"path": reverse("home")}, status=status)


def at_gate(link, form) -> dict:
    """What the gate says of a request: the status line, and how to get in."""
    appointment_request = link.appointment_request
    return {
        "title": status_words.title(appointment_request),
        "sentence": status_words.sentence(appointment_request),
        "respond_by": status_words.owed_by(appointment_request),
        "has_email": bool(appointment_request.email),
        "has_code": form.is_bound or accesses.has_code(link, timezone.now()),
        "minutes": max(1, settings.ACCESS_CODE_TTL_SECONDS // 60),
        "form": form,
        "problems": form.summary(),
    }
