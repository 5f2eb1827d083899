"""What a secure link may mail to the contact on file: a code, and a new link when the old one has ended."""

import datetime

from django.db import transaction
from django.utils import timezone

from appointments.models import AccessLink, ContactKind, ContactPoint, Referral
from appointments.services import held
from appointments.services.access import OFFICE, PATIENT, new_code, renew
from appointments.services.tell import mail_office, mail_patient
from outbox.models import Message
from outbox.services import count_since

CODE, LINK = {PATIENT: "access-code", OFFICE: "office-code"}, {PATIENT: "access-link", OFFICE: "office-link"}
OF_OFFICES = (CODE[OFFICE], LINK[OFFICE])
# Seconds: mails of one kind about one request within them, however often a scanner presses. An ended link can be
# pressed for three months, and each new one works for a week: whoever wants a sixth in a day reads none of them.
MOST_CODES, MOST_LINKS = {300: 1, 3600: 3}, {300: 1, 3600: 3, 24 * 3600: 5}


@transaction.atomic
def send_code(link: AccessLink) -> bool:
    """Mail a code; whether one leaves. None does without an e-mail on file, or after too many lately."""
    at = timezone.now()
    kind = CODE[link.purpose]
    if not _may_mail(link, kind, MOST_CODES, at):
        return False
    row, code = new_code(link, at)
    _mail(
        link,
        kind,
        cause=row.pk,
        context={"code_ends_at": row.expires_at.isoformat()},
        secrets={"code": f"{code[:4]} {code[4:]}"},
    )
    return True


@transaction.atomic
def send_link(link: AccessLink) -> bool:
    """Mail a new link in place of `link`; whether one leaves, as above."""
    at = timezone.now()
    kind = LINK[link.purpose]
    if not _may_mail(link, kind, MOST_LINKS, at):
        return False
    _mail(link, kind, cause=at.isoformat(), secrets={"path": renew(link)})
    return True


def is_still_true(message: Message) -> bool:
    """Whether the office that a link or a code is about to leave for may still hear of that patient."""
    referrals = Referral.objects.allowed().filter(appointment_request__reference=message.about)
    to = ContactPoint.objects.verified(timezone.now()).filter(kind=ContactKind.EMAIL, practice__referrals__in=referrals)
    return to.filter(value=message.to).exists()


def _may_mail(link, kind, most, at):
    """Whether one more mail of `kind` may leave. The request of `link` is locked until the transaction ends."""
    link.appointment_request = held.request(link.appointment_request_id)
    # A patient's address is the patient's own; an office may have turned out to be the wrong one.
    if not link.code_address or not (link.purpose == PATIENT or link.stands(at)):
        return False
    about = link.appointment_request.reference
    return all(
        count_since(at - datetime.timedelta(seconds=seconds), kind=kind, about=about) < count
        for seconds, count in most.items()
    )


def _mail(link, kind, *, cause, **values):
    key = f"{link.appointment_request.reference}:{kind}:{cause}"
    if link.purpose == PATIENT:
        mail_patient(link.appointment_request, kind, dedupe_key=key, **values)
    else:
        mail_office(link.appointment_request, kind, to=link.code_address, dedupe_key=key, **values)
