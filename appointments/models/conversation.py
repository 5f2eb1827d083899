"""What staff ask and offer, and what the patient answers, on the patient's page."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from appointments.models.visit import overlapping
from vault.fields import EncryptedTextField


class PatientQuestion(models.Model):
    """A question of staff, and the patient's answer. Without one, `answered_at` is when staff went on without it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    appointment_request = models.ForeignKey(
        "appointments.AppointmentRequest", on_delete=models.PROTECT, related_name="patient_questions"
    )
    text = EncryptedTextField(_("question"))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    answer = EncryptedTextField(_("answer"))
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return str(self.pk)


class TimeOfferQuerySet(models.QuerySet):
    def open(self, at):
        """Offers that can be picked at `at`: neither answered nor past."""
        return self.filter(status=TimeOffer.Status.OPEN, starts_at__gt=at)

    def in_the_way(self, clinician, starts_at):
        """Offers of times with `clinician` that a visit at `starts_at` would meet."""
        return self.filter(overlapping(starts_at), clinician=clinician, status=TimeOffer.Status.OPEN)


class TimeOffer(models.Model):
    """A time that staff hold for the patient to pick."""

    class Status(models.TextChoices):
        OPEN = "open", _("Offered")
        PICKED = "picked", _("Picked")
        REFUSED = "refused", _("Does not suit")
        WITHDRAWN = "withdrawn", _("Taken back")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    appointment_request = models.ForeignKey(
        "appointments.AppointmentRequest", on_delete=models.PROTECT, related_name="time_offers"
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.OPEN, editable=False)
    starts_at = models.DateTimeField(_("starts"))
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
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TimeOfferQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]

    def __str__(self):
        return f"{self.appointment_request} {self.get_status_display()}"
