"""Secure links: who may open the page of a patient or of a referring office, by what, and for how long."""

import datetime
import secrets
import uuid

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from appointments.models import (
    AccessCode,
    AccessLink,
    AccessSession,
    AppointmentRequest,
    ContactPoint,
    Referral,
    StaffNote,
)
from appointments.reference import new_token, parse_token
from appointments.services.rights import MoveNotAllowed
from appointments.services.secret import hashed, new_secret
from vault.crypto import keyed_hashes

LINK_DAYS = 7
LINK_LIFE = datetime.timedelta(days=LINK_DAYS)
SESSION_MINUTES = 30
MOST_TRIES = 5
CODE_DIGITS = 8
# After its end, in the order of deleting: so that a link, a code and a session can still say that they have ended.
KEPT = {
    AccessCode: datetime.timedelta(days=1),
    AccessSession: LINK_LIFE,
    AccessLink: datetime.timedelta(days=90),
}
PATIENT, OFFICE = AccessLink.Purpose.PATIENT, AccessLink.Purpose.OFFICE
FIVE_WRONG = "Five wrong codes were entered on a link to the patient's page. The link was ended."
FIVE_WRONG_AT_OFFICE = "Five wrong codes were entered on a link for the referring office. The link was ended."
NOTE_OF_SPENT = {PATIENT: FIVE_WRONG, OFFICE: FIVE_WRONG_AT_OFFICE}


class CodeOver(Exception):
    """No code is valid now, or this one was used before or is too old. It cost no try."""


class LinkEnded(Exception):
    """The link opens nothing any more."""


class OfficeMayNotHear(MoveNotAllowed):
    """Nothing about the patient may leave for this contact point."""

    says = _("This number or address is not verified, or of another office, or the patient does not want it.")


class WrongCode(Exception):
    """`left` tries remain."""

    def __init__(self, left):
        super().__init__(left)
        self.left = left


def new_link(appointment_request: AppointmentRequest, *, at: datetime.datetime | None = None) -> str:
    """The path of a new link to the patient's page, "/es/r/<token>". The token itself is stored nowhere (P26)."""
    return _new_link(appointment_request, at=at or timezone.now(), purpose=PATIENT)


def new_office_link(referral: Referral, contact_point: ContactPoint) -> str:
    """The path of a new link to the office's page about `referral`, as above; its code goes to `contact_point` only.

    Raises OfficeMayNotHear.
    """
    at = timezone.now()
    if referral.why_not_tell(contact_point, at):
        raise OfficeMayNotHear
    return _new_link(referral.appointment_request, at=at, purpose=OFFICE, contact_point=contact_point)


def renew(link: AccessLink) -> str:
    """The path of a new link to what `link` opened."""
    return _new_link(
        link.appointment_request, at=timezone.now(), purpose=link.purpose, contact_point=link.contact_point
    )


def _new_link(appointment_request, *, at, purpose, contact_point=None):
    token = new_token() if contact_point else new_secret()  # an office may have it on paper, and type it
    AccessLink.objects.create(
        token_hash=hashed(token),
        purpose=purpose,
        appointment_request=appointment_request,
        contact_point=contact_point,
        expires_at=at + LINK_LIFE,
    )
    with override(settings.LANGUAGE_CODE if contact_point else appointment_request.language):
        return reverse("secure-link", args=[token])


def find_link(token: str) -> AccessLink | None:
    """The link with this token, in whatever shape it was typed; valid or not, with its request."""
    return AccessLink.objects.with_all().filter(token_hash=hashed(parse_token(token) or token)).first()


def new_code(link: AccessLink, at: datetime.datetime) -> tuple[AccessCode, str]:
    """A code for what `link` opens, and its eight digits, which are stored nowhere."""
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    expires_at = at + datetime.timedelta(seconds=settings.ACCESS_CODE_TTL_SECONDS)
    return AccessCode.objects.create(link=link, code_hash=code_hashes(link, code)[0], expires_at=expires_at), code


def code_hashes(link: AccessLink, code: str) -> list[str]:
    """How `code` (8 digits) may be stored, the newest key first. It opens this purpose and this request only."""
    return keyed_hashes("access-code", f"{link.purpose}:{link.appointment_request.public_id}:{code}")


def has_code(link: AccessLink, at: datetime.datetime) -> bool:
    """Whether a code that was sent can still be entered."""
    return _codes(link).live(at).exists()


def enter_code(link: AccessLink, code: str) -> tuple[AccessSession, str]:
    """The session that `code` opens, and its secret, which is stored nowhere.

    Raises CodeOver, LinkEnded or WrongCode.
    """
    at = timezone.now()
    if not has_code(link, at):
        raise CodeOver
    if not claim_try(link, at):
        _end_if_spent(link, at)
        raise LinkEnded
    entered = list(_codes(link).filter(code_hash__in=code_hashes(link, code)).values_list("pk", flat=True))
    if opened := _open_session(link, entered, at):
        return opened
    if entered:  # an older mail: whoever has it reads the mailbox, and guesses nothing
        _give_back(link)
        raise CodeOver
    _end_if_spent(link, at)
    link.refresh_from_db(fields=["tries", "revoked_at"])
    if link.revoked_at:
        raise LinkEnded
    raise WrongCode(MOST_TRIES - link.tries)


def claim_try(link: AccessLink, at: datetime.datetime) -> bool:
    """Before any comparison: of many guesses at once this lets five pass."""
    open_to_tries = AccessLink.objects.valid(at).filter(pk=link.pk, tries__lt=MOST_TRIES)
    return bool(open_to_tries.update(tries=F("tries") + 1))


def find_session(public_id: uuid.UUID, secret: str, purpose: AccessLink.Purpose) -> AccessSession | None:
    """The session, over or not, if `secret` is its own. Wrong secret, unknown id and another purpose are the same."""
    return (
        AccessSession.objects.select_related("link__appointment_request__referral", "link__contact_point__practice")
        .filter(public_id=public_id, secret_hash=hashed(secret), link__purpose=purpose)
        .first()
    )


def end_links(appointment_request: AppointmentRequest, purpose: AccessLink.Purpose = PATIENT):
    """End what was ever sent to open the page: links, their codes, and the pages open by them."""
    links = appointment_request.access_links.filter(purpose=purpose, revoked_at=None)
    links.update(revoked_at=timezone.now())


def end_session(session: AccessSession):
    session.delete()


def purge(at: datetime.datetime | None = None, *, apply: bool = False) -> int:
    """How many links, codes and sessions are long over at `at` (now by default); with `apply` they are deleted."""
    at = at or timezone.now()
    rows = [model.objects.filter(expires_at__lte=at - kept) for model, kept in KEPT.items()]
    return sum(some.delete()[0] if apply else some.count() for some in rows)


def _codes(link):
    """All codes for what `link` opens: whoever asked for one on an older link may enter it here."""
    return AccessCode.objects.filter(
        link__appointment_request=link.appointment_request_id,
        link__purpose=link.purpose,
        link__contact_point=link.contact_point_id,
        link__revoked_at=None,
    )


@transaction.atomic
def _open_session(link, entered, at):
    # The conditions stand on the row itself, so that of two who enter the same code one gets in.
    if not AccessCode.objects.live(at).filter(pk__in=entered).update(used_at=at):
        return None
    secret = new_secret()
    session = AccessSession.objects.create(
        link=link, secret_hash=hashed(secret), expires_at=at + datetime.timedelta(minutes=SESSION_MINUTES)
    )
    link.appointment_request.read_events.create(office=link.office)  # by nobody of ours
    _give_back(link)
    return session, secret


def _give_back(link):
    AccessLink.objects.filter(pk=link.pk, tries__gt=0).update(tries=F("tries") - 1)


@transaction.atomic
def _end_if_spent(link, at):
    spent = AccessLink.objects.filter(pk=link.pk, tries__gte=MOST_TRIES, revoked_at=None)
    if spent.update(revoked_at=at):
        StaffNote.objects.create(appointment_request=link.appointment_request, text=NOTE_OF_SPENT[link.purpose])
