import datetime
import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

VISIT_MINUTES = 30


def overlapping(starts_at: datetime.datetime) -> models.Q:
    """Rows whose `starts_at` is so near that the two would meet."""
    length = datetime.timedelta(minutes=VISIT_MINUTES)
    return models.Q(starts_at__gt=starts_at - length, starts_at__lt=starts_at + length)


class VisitQuerySet(models.QuerySet):
    def in_the_way(self, clinician, starts_at):
        """Visits booked with `clinician` that a visit at `starts_at` would meet."""
        return self.filter(overlapping(starts_at), clinician=clinician, status=Visit.Status.BOOKED)


class Visit(models.Model):
    """An appointment, in FHIR's words. Moving one keeps `ics_uid` and raises `ics_sequence`."""

    class Status(models.TextChoices):
        BOOKED = "booked", _("Booked")
        FULFILLED = "fulfilled", _("Took place")
        NOSHOW = "noshow", _("Patient did not come")
        CANCELLED = "cancelled", _("Cancelled")
        ENTERED_IN_ERROR = "entered-in-error", _("Entered in error")

    appointment_request = models.ForeignKey(
        "appointments.AppointmentRequest", on_delete=models.PROTECT, related_name="visits"
    )
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.BOOKED, editable=False)
    starts_at = models.DateTimeField(_("starts"))
    duration_minutes = models.PositiveSmallIntegerField(_("minutes"), default=VISIT_MINUTES)
    location = models.ForeignKey(
        "practice.Location", on_delete=models.PROTECT, related_name="+", verbose_name=_("place")
    )
    clinician = models.ForeignKey(
        "practice.Clinician",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("clinician"),
    )
    ics_uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    ics_sequence = models.PositiveIntegerField(default=0, editable=False)

    objects = VisitQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["appointment_request"], condition=models.Q(status="booked"), name="one_booked_visit_per_request"
            )
        ]

    def __str__(self):
        return f"{self.appointment_request} {self.get_status_display()}"

    def is_cancelled_ahead(self, at) -> bool:
        """Whether the patient's calendar may still hold it at `at`, though nobody is to come."""
        return self.status == self.Status.CANCELLED and self.starts_at > at
