import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from vault.fields import EncryptedJSONField


class RequestDraftQuerySet(models.QuerySet):
    def expired(self, at):
        return self.filter(expires_at__lte=at)


class RequestDraft(models.Model):
    """A form begun: what was typed, step by step, kept for some days on this device's secret.

    `answers` is {step: {field: [values as typed]}}: forms are rebuilt from it, so nothing typed is lost to bad input.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64)  # SHA-256 of 256 random bits: nothing to guess, no key needed
    answers = EncryptedJSONField(_("answers"))
    source_slug = models.SlugField(blank=True)
    language = models.CharField(max_length=5, default="en")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)
    appointment_request = models.OneToOneField(
        "appointments.AppointmentRequest", on_delete=models.PROTECT, null=True, blank=True, related_name="draft"
    )

    objects = RequestDraftQuerySet.as_manager()

    def __str__(self):
        return str(self.public_id)
