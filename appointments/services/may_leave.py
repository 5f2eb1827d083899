"""Whether something about a patient may leave for a contact point. Every button, and the worker, asks here (P16)."""

import datetime

from django.utils.translation import gettext_lazy as _

from appointments.letter_moves import LETTER_KINDS
from appointments.models import ContactPoint, Referral, ReferralUpdate
from appointments.services.letter_content import patient_of
from appointments.services.rights import MoveNotAllowed

BLOCKED = _("The patient has not agreed that we tell this office. Nothing leaves.")
NO_PRACTICE = _("Nobody has said yet which office this referral is from. Match it first.")
NO_CONTACT = _("This letter has no number or address yet. Prepare it first.")
OTHER_PRACTICE = _("This number or address belongs to another office than this referral. Prepare the letter again.")
NO_LETTERS = _("No letter can be sent to a number or address of this kind. Choose another one.")
NOT_VERIFIED = _("This number or address is not verified now. Verify it in the directory first.")
OUTDATED = _("The patient's name or date of birth was corrected since. Prepare the letter again.")
CHANGED = _("The number or address in the directory has changed since. Prepare the letter again.")


class MayNotLeave(MoveNotAllowed):
    """Nothing may leave now; `says` tells why."""

    def __init__(self, says):
        super().__init__()
        self.says = says


def obstacle(referral: Referral, contact_point: ContactPoint | None, number: str, at: datetime.datetime) -> str:
    """Why nothing about this patient may leave for `number` of `contact_point` at `at`, as a sentence; "" if it may."""
    if referral.is_blocked:
        return BLOCKED
    if referral.practice_id is None:
        return NO_PRACTICE
    if contact_point is None:
        return NO_CONTACT
    if contact_point.practice_id != referral.practice_id:
        return OTHER_PRACTICE
    if contact_point.kind not in LETTER_KINDS:
        return NO_LETTERS
    if not contact_point.is_verified(at):
        return NOT_VERIFIED
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
