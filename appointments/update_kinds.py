"""What a referring physician's office is told: one kind for each letter, with a template of its name."""

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
    UNABLE_TO_REACH = "unable-to-reach", _("Patient not reached")
    INTERIM = "interim", _("First summary after a visit")
    FINAL = "final", _("Final letter")
    CANCELLED = "cancelled", _("Referral cancelled")
