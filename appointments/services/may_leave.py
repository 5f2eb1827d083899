"""Whether a letter about a patient may leave for a contact point. Every button, and the worker, asks here (P16)."""

import datetime

from django.utils.translation import gettext_lazy as _

from appointments.letter_moves import LETTER_KINDS
from appointments.models import ContactPoint, Referral, ReferralUpdate
from appointments.services.letter_content import patient_of
from appointments.services.rights import MoveNotAllowed

NO_LETTERS = _("No letter can be sent to a number or address of this kind. Choose another one.")
OUTDATED = _("The patient's name or date of birth was corrected since. Prepare the letter again.")
CHANGED = _("The number or address in the directory has changed since. Prepare the letter again.")


class MayNotLeave(MoveNotAllowed):
    """Nothing may leave now; `says` tells why."""

    def __init__(self, says):
        super().__init__()
        self.says = says


def obstacle(referral: Referral, contact_point: ContactPoint | None, number: str, at: datetime.datetime) -> str:
    """As Referral.why_not_tell, for a letter that was prepared for `number` of `contact_point`."""
    if says := referral.why_not_tell(contact_point, at):
        return says
    if contact_point.kind not in LETTER_KINDS:
        return NO_LETTERS
    return "" if number == contact_point.value else CHANGED


def obstacle_of(update: ReferralUpdate, at: datetime.datetime) -> str:
    """As `obstacle`, for a letter that is prepared, and that says what is true."""
    found = obstacle(update.referral, update.contact_point, update.number, at)
    return found or (OUTDATED if is_outdated(update) else "")


def is_outdated(update: ReferralUpdate) -> bool:
    """Whether the patient is called otherwise since the letter was prepared."""
    return update.content.get("patient") != patient_of(update.referral.appointment_request)


def check(referral: Referral, contact_point: ContactPoint | None, number: str, at: datetime.datetime) -> None:
    """Raises MayNotLeave if there is an obstacle."""
    if says := obstacle(referral, contact_point, number, at):
        raise MayNotLeave(says)
