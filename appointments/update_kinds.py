"""What a referring office can be told: the kinds of letters."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class UpdateKind(models.TextChoices):
    RECEIVED = "received", _("Referral received")
    ACCEPTED = "accepted", _("Referral accepted")
    DECLINED = "declined", _("Referral declined")
    BOOKED = "booked", _("Visit booked")
    MOVED = "moved", _("Visit moved")
    VISIT_CANCELLED = "visit-cancelled", _("Visit cancelled")
    NO_SHOW = "no-show", _("Patient did not come")
    UNABLE_TO_REACH = "unable-to-reach", _("Patient could not be reached")
    INTERIM = "interim", _("Interim letter")
    FINAL = "final", _("Final letter")
    CANCELLED = "cancelled", _("Referral ended without a visit")


# With one of these, proven, a referral has had its answer.
ENDING = frozenset(
    {
        UpdateKind.DECLINED,
        UpdateKind.NO_SHOW,
        UpdateKind.UNABLE_TO_REACH,
        UpdateKind.FINAL,
        UpdateKind.CANCELLED,
    }
)
# Either of these answers a visit that took place.
AFTER_VISIT = frozenset({UpdateKind.INTERIM, UpdateKind.FINAL})
