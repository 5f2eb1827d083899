"""What a secure link may mail to the contact on file: a code, and a new link when the old one has ended."""

import datetime
import secrets

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from appointments.models import AccessCode, AccessLink, AppointmentRequest
from appointments.services.access import code_hashes
from appointments.services.tell import mail_patient, to_patient
from outbox.services import count_since

CODE_DIGITS = 8
CODE, LINK = "access-code", "access-link"
# Seconds: mails of one kind about one request within them, however often a scanner presses. An ended link can be
# pressed for three months, and each new one works for a week: whoever wants a sixth in a day reads none of them.
MOST = {CODE: {300: 1, 3600: 3}, LINK: {300: 1, 3600: 3, 24 * 3600: 5}}


@transaction.atomic
def send_code(link: AccessLink) -> bool:
    """Mail a code; whether one leaves. None does without an e-mail on file, or after too many lately."""
    at = timezone.now()
    appointment_request = _ours_to_mail(link, CODE, at)
    if appointment_request is None:
        return False
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    expires_at = at + datetime.timedelta(seconds=settings.ACCESS_CODE_TTL_SECONDS)
    row = AccessCode.objects.create(link=link, code_hash=code_hashes(link, code)[0], expires_at=expires_at)
    mail_patient(
        appointment_request,
        CODE,
        dedupe_key=f"{appointment_request.reference}:{CODE}:{row.pk}",
        context={"code_ends_at": expires_at.isoformat()},
        secrets={"code": f"{code[:4]} {code[4:]}"},
    )
    return True


@transaction.atomic
def send_link(link: AccessLink) -> bool:
    """Mail a new link in place of `link`; whether one leaves, as above."""
    at = timezone.now()
    appointment_request = _ours_to_mail(link, LINK, at)
    if appointment_request is None:
        return False
    return to_patient(appointment_request, LINK, dedupe_key=f"{appointment_request.reference}:{LINK}:{at.isoformat()}")


def _ours_to_mail(link, kind, at):
    """The request of `link`, locked until the transaction ends, if one more mail of `kind` may leave; else None."""
    appointment_request = lock(link)
    spent = any(
        count_since(at - datetime.timedelta(seconds=seconds), kind=kind, about=appointment_request.reference) >= most
        for seconds, most in MOST[kind].items()
    )
    return None if spent or not appointment_request.email else appointment_request


def lock(link):
    """A function of its own, so that a test can take the guard away and see it missed."""
    return AppointmentRequest.objects.select_for_update().get(pk=link.appointment_request_id)
