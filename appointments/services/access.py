"""Secure links: who may open a patient's page, by what, and for how long."""

import datetime
import uuid

from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from appointments.models import AccessCode, AccessLink, AccessSession, AppointmentRequest, StaffNote
from appointments.services.secret import hashed, new_secret
from vault.crypto import keyed_hashes

LINK_DAYS = 7
SESSION_MINUTES = 30
MOST_TRIES = 5
# After its end, in the order of deleting: so that a link, a code and a session can still say that they have ended.
KEPT = {
    AccessCode: datetime.timedelta(days=1),
    AccessSession: datetime.timedelta(days=LINK_DAYS),
    AccessLink: datetime.timedelta(days=90),
}
PATIENT = AccessLink.Purpose.PATIENT
FIVE_WRONG = "Five wrong codes were entered on a link to the patient's page. The link was ended."


class CodeOver(Exception):
    """No code is valid now, or this one was used before or is too old. It cost no try."""


class LinkEnded(Exception):
    """The link opens nothing any more."""


class WrongCode(Exception):
    """`left` tries remain."""

    def __init__(self, left):
        super().__init__(left)
        self.left = left


def new_link(appointment_request: AppointmentRequest, *, at: datetime.datetime | None = None) -> str:
    """The path of a new link to the patient's page, "/es/r/<token>". The token itself is stored nowhere (P26)."""
    token = new_secret()
    AccessLink.objects.create(
        token_hash=hashed(token),
        purpose=PATIENT,
        appointment_request=appointment_request,
        expires_at=(at or timezone.now()) + datetime.timedelta(days=LINK_DAYS),
    )
    with override(appointment_request.language):
        return reverse("secure-link", args=[token])


def find_link(token: str) -> AccessLink | None:
    """The link with this token, valid or not, with its request."""
    return AccessLink.objects.select_related("appointment_request").filter(token_hash=hashed(token)).first()


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


def find_session(public_id: uuid.UUID, secret: str) -> AccessSession | None:
    """The session, over or not, if `secret` is its own. Wrong secret and unknown id are the same."""
    return (
        AccessSession.objects.select_related("link__appointment_request")
        .filter(public_id=public_id, secret_hash=hashed(secret))
        .first()
    )


def end_links(appointment_request: AppointmentRequest):
    """End what was ever sent to open the patient's page: links, their codes, and the pages open by them."""
    appointment_request.access_links.filter(revoked_at=None).update(revoked_at=timezone.now())


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
        link__appointment_request=link.appointment_request_id, link__purpose=link.purpose, link__revoked_at=None
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
    link.appointment_request.read_events.create()  # by nobody of ours: the patient
    _give_back(link)
    return session, secret


def _give_back(link):
    AccessLink.objects.filter(pk=link.pk, tries__gt=0).update(tries=F("tries") - 1)


@transaction.atomic
def _end_if_spent(link, at):
    spent = AccessLink.objects.filter(pk=link.pk, tries__gte=MOST_TRIES, revoked_at=None)
    if spent.update(revoked_at=at):
        StaffNote.objects.create(appointment_request=link.appointment_request, text=FIVE_WRONG)
