"""What staff do so that a referring office gets to its page: make a link, read a code out, end all links."""

import datetime
import uuid

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.models import AccessLink, ContactKind, ContactPoint, Referral
from appointments.services import access, held
from appointments.services.access import OFFICE
from appointments.services.access_mail import LINK
from appointments.services.referrals import record
from appointments.services.rights import MoveNotAllowed, check_right
from appointments.services.tell import mail_office
from appointments.transitions import REFERRERS

CODES_PER_HOUR = 3


class LinkOver(MoveNotAllowed):
    says = _("This link has ended. Please make a new one.")


class TooManyCodes(MoveNotAllowed):
    says = _("Three codes were made for this referral within an hour. Please wait, and see who asks for them.")


def receivers_of(referral: Referral, at: datetime.datetime) -> QuerySet[ContactPoint]:
    """Where a link may go at `at`."""
    return _verified(referral, at).exclude(kind=ContactKind.PHONE)


def numbers_of(referral: Referral, at: datetime.datetime) -> QuerySet[ContactPoint]:
    """The phones on which the office may be called back at `at`; nobody answers a fax."""
    return _verified(referral, at).filter(kind=ContactKind.PHONE)


def _verified(referral, at):
    points = ContactPoint.objects.none() if referral.is_blocked else ContactPoint.objects.verified(at)
    return points.filter(practice=referral.practice_id)


def links_of(referral: Referral) -> QuerySet[AccessLink]:
    """All that were made for offices, the newest first."""
    links = AccessLink.objects.with_all().filter(appointment_request=referral.appointment_request_id, purpose=OFFICE)
    return links.order_by("-pk")


@transaction.atomic
def make_link(public_id: uuid.UUID, contact_point: ContactPoint, *, by: AbstractUser) -> str:
    """A new link for the office of a referral: mailed, if `contact_point` is an e-mail address; "" is given then.
    Otherwise its path, which is stored nowhere: somebody puts it on a sheet.

    Raises NoRight, or OfficeMayNotHear.
    """
    referral = _taken(public_id, by)
    path = access.new_office_link(referral, contact_point)
    event = record(referral, "office-link", by=by, contact_point=contact_point.pk)
    if contact_point.kind != ContactKind.EMAIL:
        return path
    reference = referral.appointment_request.reference
    mail_office(
        referral.appointment_request,
        LINK[OFFICE],
        to=contact_point.value,
        dedupe_key=f"{reference}:{LINK[OFFICE]}:event:{event.pk}",
        secrets={"path": path},
    )
    return ""


@transaction.atomic
def read_out(
    public_id: uuid.UUID, link: AccessLink, *, called: ContactPoint, by: AbstractUser
) -> tuple[str, datetime.datetime]:
    """The eight digits that `link` asks for, and until when they work: for whoever has just called the office back on
    `called`. They are stored nowhere; that they were read out, by whom and to which number, is.

    Raises NoRight, LinkOver, OfficeMayNotHear or TooManyCodes.
    """
    referral, at = _taken(public_id, by), timezone.now()
    if not link.is_valid(at):
        raise LinkOver
    if not numbers_of(referral, at).filter(pk=called.pk).exists():
        raise access.OfficeMayNotHear
    hour_ago = at - datetime.timedelta(hours=1)
    made = referral.appointment_request.referral_events.filter(what="code-read-out", at__gt=hour_ago)
    if made.count() >= CODES_PER_HOUR:
        raise TooManyCodes
    row, code = access.new_code(link, at)
    record(referral, "code-read-out", by=by, contact_point=called.pk, link=link.pk)
    return code, row.expires_at


@transaction.atomic
def end_links(public_id: uuid.UUID, *, by: AbstractUser) -> None:
    """End all links to the page of a referral's office, with what was opened by them. Raises NoRight."""
    referral = _taken(public_id, by)
    access.end_links(referral.appointment_request, OFFICE)
    record(referral, "office-links-ended", by=by)


def _taken(public_id, by):
    """The referral, whose request is ours until the transaction ends."""
    check_right(REFERRERS, by)
    referral = Referral.objects.get(public_id=public_id)
    referral.appointment_request = held.request(referral.appointment_request_id)
    return referral
