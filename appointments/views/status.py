"""From a secure link to the page of a patient or an office: the gate, the code, and the half hour that it opens."""

from collections.abc import Callable
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
from appointments.forms.office import ReadOutCodeForm
from appointments.forms.patient import words_in
from appointments.forms.status import CodeForm
from appointments.models import AccessLink, AccessSession, AppointmentRequest
from appointments.services import access as accesses
from appointments.services import access_mail
from appointments.services.access import OFFICE, PATIENT
from appointments.views.private import SeeOther, forget_pages, give_scoped_cookie, private, secrets_of

COOKIE = "apollo-status-"
COOKIE_SECONDS = accesses.LINK_DAYS * 24 * 3600  # longer than a session, so that it can be told from a stranger's
LINK = "send-link"  # the name of a button
TYPED = "typed"  # what is carried on from page to page until the right code is entered


@dataclass(frozen=True)
class Page:
    """What stands behind the links of one purpose: names of addresses and templates, and what its gate says."""

    home: str
    code: str
    gate: str
    ended: str
    at_gate: Callable[[AccessLink], dict]


@dataclass
class StatusAccess:
    session: AccessSession
    appointment_request: AppointmentRequest

    @property
    def link(self):
        return self.session.link


def with_session(view, purpose=PATIENT):
    """`view(request, access, **kwargs)` for whoever entered a code in the last half hour, on this device.

    After it, the same person sees the gate, with what they typed to copy; nothing is done then. Strangers see a 404.
    """

    @private
    @wraps(view)
    def wrapped(request, public_id, **kwargs):
        session = session_of(request, public_id, purpose)
        if session is None:
            return session_not_found(request)
        if not session.is_open(timezone.now()):
            return over(request, session)
        return view(request, StatusAccess(session, session.link.appointment_request), **kwargs)

    return wrapped


def session_of(request, public_id, purpose) -> AccessSession | None:
    """The session with this id, over or not, if the browser has its cookie."""
    secrets = filter(None, secrets_of(request, COOKIE))
    found = (accesses.find_session(public_id, secret, purpose) for secret in secrets)
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
def code(request, public_id, purpose):
    """The gate of a session that is over, at its own address."""
    session = session_of(request, public_id, purpose)
    if session is None:
        return session_not_found(request)
    if request.method != "POST" or session.is_open(timezone.now()):
        return SeeOther(reverse(PAGES[purpose].home, args=[public_id]))
    return answer(request, session.link, session)


@private
@require_POST
def end(request, public_id, purpose):
    """Nothing of it stays on this device."""
    session = session_of(request, public_id, purpose)
    if session is None:
        return session_not_found(request)
    accesses.end_session(session)
    response = render(request, PAGES[purpose].ended, {"path": reverse("home")})
    return forget(response, public_id, purpose)


def forget(response, public_id, purpose):
    """The answer after which the browser has neither the cookie of a page nor the page."""
    home = partial(reverse, PAGES[purpose].home, args=[public_id])
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
    form = code_form(link)(request.POST)
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
    home = partial(reverse, PAGES[session.link.purpose].home, args=[session.public_id])
    return give_scoped_cookie(SeeOther(home()), COOKIE, secret, home=home, seconds=COOKIE_SECONDS)


def show(request, link, session=None, *, status=200, form=None, **context):
    """The gate of a valid link; another page, always the same, for any other. It changes nothing, whoever opens it.

    `context` is what the templates name.
    """
    context |= {"over": session is not None, "action": "", "path": request.path}
    if session:
        page = PAGES[link.purpose]
        context["action"] = reverse(page.code, args=[session.public_id])
        context["path"] = reverse(page.home, args=[session.public_id])
    if link is not None and link.is_valid(timezone.now()):
        page = PAGES[link.purpose]
        context |= code_context(link, form or code_form(link)()) | page.at_gate(link)
        return render(request, page.gate, context, status=status)
    if status == 200 and not context.get("asked"):
        status = 404
    # One answer for a link that has ended and for one that never was (P24); the other language's would name it.
    return render(request, "appointments/status/gone.html", context | {"path": reverse("home")}, status=status)


def code_form(link):
    return CodeForm if link.code_address else ReadOutCodeForm


def code_context(link, form) -> dict:
    """What each gate says of getting in."""
    return {
        "has_email": bool(link.code_address),
        "has_code": form.is_bound or accesses.has_code(link, timezone.now()),
        "minutes": max(1, settings.ACCESS_CODE_TTL_SECONDS // 60),
        "form": form,
        "problems": form.summary(),
    }


def status_line(link) -> dict:
    """What the gate of a patient says of the request."""
    appointment_request = link.appointment_request
    return {
        "title": status_words.title(appointment_request),
        "sentence": status_words.sentence(appointment_request),
        "respond_by": status_words.owed_by(appointment_request),
    }


def nothing(link) -> dict:
    """The gate of an office says nothing of the patient: whoever opens a fax reads it."""
    return {}


PAGES = {
    PATIENT: Page(
        home="appointments:patient",
        code="appointments:patient-code",
        gate="appointments/status/gate.html",
        ended="appointments/status/ended.html",
        at_gate=status_line,
    ),
    OFFICE: Page(
        home="appointments:office",
        code="appointments:office-code",
        gate="appointments/office/gate.html",
        ended="appointments/office/ended.html",
        at_gate=nothing,
    ),
}
