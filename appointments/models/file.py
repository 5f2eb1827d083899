import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from appointments.models import words
from vault.fields import EncryptedTextField


class PatientFileQuerySet(models.QuerySet):
    def kept(self):
        """Files that were taken, and that the patient has not removed."""
        return self.filter(refusal="", removed_at=None)

    def sent_by(self, office):
        """Those that `office` (a practice) sent, or the patient (None): neither sees what the other has sent."""
        return self.filter(office=office, came_with_referral=False)


class PatientFile(models.Model):
    """A file that a patient, or `office`, sent to prepare a visit, or tried to send. Its bytes lie encrypted under
    APOLLO_FILES.

    Of one that the patient removed, the bytes and the name are gone. One that an office sends along with a referral
    belongs to the draft until that is received.
    """

    class Refusal(models.TextChoices):
        """Why a file was not taken; staff see it, and the patient reads a sentence for each."""

        EMPTY = "empty", _("Empty")
        TOO_BIG = "too-big", _("Too big")
        WRONG_TYPE = "wrong-type", _("Of a type we do not take")
        LOCKED = "locked", _("Locked with a password")
        UNREADABLE = "unreadable", _("Damaged, or too large to open")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    appointment_request = models.ForeignKey(
        "appointments.AppointmentRequest", on_delete=models.PROTECT, null=True, related_name="patient_files"
    )
    draft = models.ForeignKey("appointments.RequestDraft", on_delete=models.CASCADE, null=True, related_name="files")
    office = models.ForeignKey(
        "appointments.ReferringPractice", on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("from")
    )
    came_with_referral = models.BooleanField(_("came with the referral"), default=False)
    name = EncryptedTextField(_("name"))  # as the patient's device calls it
    kind = models.CharField(_("kind"), max_length=4, choices=words.FileKind, blank=True)
    size_bytes = models.PositiveIntegerField(_("size"), default=0)
    refusal = models.CharField(_("not taken"), max_length=10, choices=Refusal, blank=True)
    created_at = models.DateTimeField(_("sent"), auto_now_add=True)
    removed_at = models.DateTimeField(_("removed by the patient"), null=True, blank=True)

    objects = PatientFileQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="", refusal__gt="") | models.Q(kind__gt="", refusal=""),
                name="file_is_kept_or_refused",
            ),
            models.CheckConstraint(
                condition=models.Q(appointment_request=None, draft__isnull=False)
                | models.Q(appointment_request__isnull=False, draft=None),
                name="file_is_of_a_request_or_a_draft",
            ),
        ]

    def __str__(self):
        return str(self.public_id)
