"""Who may open a draft: whoever has its secret, from the cookie of its address or from the form itself."""

import re
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.shortcuts import render
from django.urls import reverse

from appointments import steps
from appointments.models import RequestDraft
from appointments.services import draft as drafts
from appointments.views.private import give_scoped_cookie, secrets_of

FIELD = "draft_secret"
COOKIE = "apollo-draft-"  # one name for each language, since each has an address of its own
BEGUN = "apollo-begun-"  # which drafts this device has begun; the secrets stay in the cookies above
MOST_BEGUN = 5
TICKET = re.compile(r"[0-9a-f.]{97}")


@dataclass
class DraftAccess:
    draft: RequestDraft
    secret: str


def open_draft_with_form(request, public_id) -> DraftAccess | None:
    """The draft whose secret stands in the posted form."""
    return _open(public_id, [request.POST.get(FIELD, "")] if request.method == "POST" else [])


def open_draft(request, public_id) -> DraftAccess | None:
    """The draft, by its cookie, or on POST also by the form; None for everybody else."""
    found = open_draft_with_form(request, public_id)
    return found or _open(public_id, secrets_of(request, COOKIE))


def _open(public_id, secrets):
    for secret in filter(None, secrets):
        draft = drafts.find(public_id, secret)
        if draft and not steps.is_referral(draft):  # that one has a page of its own
            return DraftAccess(draft, secret)
    return None


def give_cookies(request, response, access: DraftAccess):
    """Set or renew the secret at the address of this draft only, and at the start pages what was begun."""
    own = drafts.ticket_of(access.draft)
    begun = [ticket for ticket in tickets(request) if ticket != own]
    if access.draft.appointment_request_id is None:
        begun = [own, *begun]
    return _set_cookies(response, access.draft.public_id, access.secret, begun[:MOST_BEGUN])


def take_cookies(request, response, public_id):
    """Take back what `give_cookies` gave for this draft; what was begun beside it stays."""
    others = [ticket for ticket in tickets(request) if not ticket.startswith(f"{public_id.hex}.")]
    return _set_cookies(response, public_id, "", others)


def tickets(request) -> list[str]:
    """What the browser says it has begun, the newest first; see drafts.ticket_of."""
    said = "~".join(secrets_of(request, BEGUN)).split("~")
    return list(dict.fromkeys(ticket for ticket in said if TICKET.fullmatch(ticket)))


def _set_cookies(response, public_id, secret, begun):
    for name, value, home in (
        (COOKIE, secret, partial(home_of, public_id)),
        (BEGUN, "~".join(begun), partial(reverse, "appointments:start")),
    ):
        give_scoped_cookie(response, name, value, home=home, seconds=settings.DRAFT_TTL_SECONDS if value else 0)
    return response


def home_of(public_id) -> str:
    return reverse("appointments:sent", args=[public_id]).removesuffix("sent/")


def draft_not_found(request):
    """The same answer for a wrong secret and for an id that never was: same status, same bytes (P24)."""
    # The page in the other language would have the id in its address.
    return render(request, "appointments/stranger.html", {"path": reverse("appointments:start")}, status=404)
