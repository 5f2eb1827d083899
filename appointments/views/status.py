"""From a secure link to the patient's page: the gate, the code, and the half hour that it opens."""

import re
from dataclasses import dataclass
from functools import partial, wraps

from django.conf import settings
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override
from django.views.decorators.http import require_http_methods, require_POST

from appointments import status_words
from appointments.forms.status import CodeForm
from appointments.models import AccessLink, AccessSession, AppointmentRequest
from appointments.services import access as accesses
from appointments.services import access_mail
from appointments.transitions import ON_THE_CLOCK
from appointments.views.access import SeeOther, give_scoped_cookie, private, secrets_of

COOKIE = "apollo-status-"
COOKIE_SECONDS = accesses.LINK_DAYS * 24 * 3600  # longer than a session, so that it can be told from a stranger's
LINK = "send-link"  # the name of a button
TECHNICAL = re.compile(r"csrf|version|seen|_id$")  # names of fields that nobody types
IDS = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")


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
    return answer(request, session.link, session=session)


@private
@require_POST
def end(request, public_id):
    """Nothing of it stays on this device."""
    session = session_of(request, public_id)
    if session is None:
        return session_not_found(request)
    accesses.end_session(session)
    response = render(request, "appointments/status/ended.html", {"path": reverse("home")})
    response["Clear-Site-Data"] = '"cache"'
    for language, __ in settings.LANGUAGES:
        with override(language):
            path = reverse("appointments:patient", args=[public_id])
        response.delete_cookie(COOKIE + language, path=path, samesite="Lax")
    return response


def over(request, session):
    status = 403 if request.method == "POST" else 200
    return show(request, session.link, session=session, typed=typed_in(request), status=status)


def typed_in(request) -> list[str]:
    """What a person wrote in the form that was sent, for them to copy."""
    texts = [text for name, texts in request.POST.lists() if not TECHNICAL.search(name) for text in texts]
    return [text for text in texts if text.strip() and not IDS.fullmatch(text)]


def answer(request, link, *, session=None):
    """A button was pressed. The page itself answers: an address to go on to would have to hold the token."""
    if link is None or not link.is_valid(timezone.now()):
        if LINK in request.POST and link is not None:
            access_mail.send_link(link)
        return gone(request, asked=LINK in request.POST)
    if "code" in request.POST:
        return enter(request, link, session)
    sent = access_mail.send_code(link)
    return show(request, link, session=session, sent=sent, too_soon=not sent)


def enter(request, link, session):
    form = CodeForm(request.POST)
    if not form.is_valid():
        return show(request, link, session=session, form=form)
    try:
        opened, secret = accesses.enter_code(link, form.cleaned_data["code"])
    except accesses.LinkEnded:
        return gone(request)
    except accesses.CodeOver:
        form.add_error("code", _("This code is over. A code works once, for a short time. Please ask for a new one."))
    except accesses.WrongCode as wrong:
        tries = ngettext("You have %(count)s try left.", "You have %(count)s tries left.", wrong.left)
        form.add_error("code", _("This is not the code.") + " " + tries % {"count": wrong.left})
    else:
        home = partial(reverse, "appointments:patient", args=[opened.public_id])
        return give_scoped_cookie(SeeOther(home()), COOKIE, secret, home=home, seconds=COOKIE_SECONDS)
    return show(request, link, session=session, form=form)


def show(request, link: AccessLink | None, *, session=None, form=None, status=200, **context):
    """The gate of a valid link: the status line, and how to get in. It changes nothing, whoever opens it."""
    now = timezone.now()
    if link is None or not link.is_valid(now):
        return gone(request, typed=context.get("typed"))
    appointment_request = link.appointment_request
    form = form or CodeForm()
    context |= {
        "title": status_words.title(appointment_request),
        "sentence": status_words.sentence(appointment_request),
        "respond_by": appointment_request.respond_by if appointment_request.status in ON_THE_CLOCK else None,
        "has_email": bool(appointment_request.email),
        "has_code": form.is_bound or accesses.has_code(link, now),
        "minutes": max(1, settings.ACCESS_CODE_TTL_SECONDS // 60),
        "form": form,
        "problems": form.summary() if form.is_bound else [],
        "action": reverse("appointments:patient-code", args=[session.public_id]) if session else "",
        "path": reverse("appointments:patient", args=[session.public_id]) if session else request.path,
        "over": session is not None,
    }
    return render(request, "appointments/status/gate.html", context, status=status)


def gone(request, *, asked=False, typed=None):
    """One answer for a link that has ended and for one that never was (P24)."""
    context = {"asked": asked, "typed": typed, "path": reverse("home")}
    return render(request, "appointments/status/gone.html", context, status=200 if asked else 404)
