"""Tokens with which the systems of referring offices read their own referrals, and what such a token opens."""

import datetime
import math
from collections.abc import Iterable

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.models import ContactPoint, PartnerToken, ReadEvent, Referral, ReferringPractice
from appointments.models.referral import ReferralQuerySet
from appointments.services import rates
from appointments.services.rights import check_right
from appointments.services.secret import hashed, new_secret
from appointments.transitions import TOKEN_KEEPERS

LONGEST_DAYS = 365
MOST_PER_MINUTE = 60
MINUTE = 60  # seconds


class UnknownToken(Exception):
    """No token of ours, or one that is over or revoked. Which of these is not said."""


class Unreachable(Exception):
    """The practice of the token is inactive, or has no contact point that is verified now."""


class TooOften(Exception):
    """The token was used too often in this minute; the next one begins in `seconds`."""

    def __init__(self, seconds):
        super().__init__(seconds)
        self.seconds = seconds


class Unsettled(Exception):
    """Staff have just done something that they can take back for `seconds` more."""

    def __init__(self, seconds):
        super().__init__(seconds)
        self.seconds = seconds


# What staff do


def issue(token: PartnerToken, *, by: AbstractUser) -> str:
    """Save `token`, which has a practice, a name and an end, and give the secret, which is stored nowhere.

    Raises NoRight, or ValidationError if it would last too long.
    """
    check_right(TOKEN_KEEPERS, by)
    check_end(token.expires_at)
    secret = new_secret()
    token.token_hash, token.by = hashed(secret), by
    token.save()
    return secret


def check_end(expires_at: datetime.datetime) -> None:
    now = timezone.now()
    if not now < expires_at <= now + datetime.timedelta(days=LONGEST_DAYS + 1):  # the last day counts to its end
        raise ValidationError(_("Choose a day from today on, at most one year from now."))


def revoke(token: PartnerToken, *, by: AbstractUser) -> bool:
    """End `token` at once; whether it was not ended before. Raises NoRight."""
    check_right(TOKEN_KEEPERS, by)
    return bool(PartnerToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()))


# What the token opens


def admit(secret: str) -> ReferringPractice:
    """The practice whose token this is, once for each request that it makes.

    Raises UnknownToken, TooOften or Unreachable.
    """
    at = timezone.now()
    token = PartnerToken.objects.live(at).select_related("practice").filter(token_hash=hashed(secret)).first()
    if token is None:
        raise UnknownToken
    if rates.count("fhir", str(token.pk), seconds=MINUTE, at=at) > MOST_PER_MINUTE:
        raise TooOften(math.ceil(MINUTE - at.timestamp() % MINUTE))
    if not is_reachable(token.practice, at):
        raise Unreachable
    return token.practice


def is_reachable(practice: ReferringPractice, at: datetime.datetime) -> bool:
    """Whether we know that the practice is who it says: the rule for letters holds for tokens too."""
    return practice.is_active and ContactPoint.objects.verified(at).filter(practice=practice).exists()


def readable_by(practice: ReferringPractice) -> ReferralQuerySet:
    """The referrals that `practice` may read now, each with its `changed_at`: matched to it, and the patient agrees."""
    rows = Referral.objects.allowed().filter(practice=practice).with_changed_at()
    return rows.select_related("appointment_request", "practice", "physician")


def check_settled(referral: Referral) -> None:
    """Raises Unsettled. `referral` is from `readable_by`."""
    left = (referral.changed_at - timezone.now()).total_seconds()
    if left > 0:
        raise Unsettled(math.ceil(left))


def record_reads(practice: ReferringPractice, referrals: Iterable[Referral]) -> None:
    """Record that `practice` read of these patients (P28)."""
    reads = [ReadEvent(appointment_request=referral.appointment_request, office=practice) for referral in referrals]
    ReadEvent.objects.bulk_create(reads)
