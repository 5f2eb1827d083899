"""What was done and seen. Rows are added, never changed and never deleted."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from appointments.transitions import ANSWERS, Status
from vault.fields import EncryptedTextField


class AppendOnlyError(TypeError):
    """Somebody tried to change or delete history."""


class AppendOnlyQuerySet(models.QuerySet):
    def update(self, **kwargs):
        raise AppendOnlyError

    def bulk_create(self, objs, *args, update_conflicts=False, **kwargs):
        if update_conflicts:  # it would overwrite the rows that stand in the way
            raise AppendOnlyError
        return super().bulk_create(objs, *args, **kwargs)


class AppendOnly(models.Model):
    """A row that is added once; models.kept refuses to delete it."""

    appointment_request = models.ForeignKey("appointments.AppointmentRequest", on_delete=models.PROTECT)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    at = models.DateTimeField(_("when"), auto_now_add=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["at", "pk"]

    def save(self, *args, **kwargs):
        if self.pk:
            raise AppendOnlyError
        super().save(*args, **kwargs)


class StatusEventQuerySet(AppendOnlyQuerySet):
    def answers(self):
        """Moves that told the patient something, and were not undone before the mail left."""
        undone = StatusEvent.objects.filter(
            appointment_request=models.OuterRef("appointment_request"),
            version=models.OuterRef("version") + 1,
            move="undo",
        )
        return self.filter(~models.Exists(undone), move__in=ANSWERS)


class StatusEvent(AppendOnly):
    """One move of a request. Values stand in `details` as codes and dates, never as words of a patient."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    move = models.CharField(_("move"), max_length=20)
    from_status = models.CharField(_("from"), max_length=12, choices=Status, blank=True)
    to_status = models.CharField(_("to"), max_length=12, choices=Status)
    version = models.PositiveIntegerField()
    details = models.JSONField(default=dict, blank=True)
    before = models.JSONField(null=True, blank=True)  # how the request stood, where the move can be undone
    comment = EncryptedTextField(_("comment"))

    objects = StatusEventQuerySet.as_manager()

    class Meta(AppendOnly.Meta):
        default_related_name = "status_events"
        constraints = [models.UniqueConstraint(fields=["appointment_request", "version"], name="one_move_per_version")]

    def __str__(self):
        return f"{self.move} {self.version}"


class ReadEvent(AppendOnly):
    """Somebody opened a request: staff, an office (`office`), or the patient (neither)."""

    office = models.ForeignKey(
        "appointments.ReferringPractice", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta(AppendOnly.Meta):
        default_related_name = "read_events"

    def __str__(self):
        return str(self.pk)


class StaffNote(AppendOnly):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    text = EncryptedTextField(_("note"))

    class Meta(AppendOnly.Meta):
        default_related_name = "staff_notes"

    def __str__(self):
        return str(self.pk)


class ContactAttempt(AppendOnly):
    class Result(models.TextChoices):
        REACHED = "reached", _("Reached")
        LEFT_MESSAGE = "left-message", _("Left message")
        NO_ANSWER = "no-answer", _("No answer")
        WRONG_NUMBER = "wrong-number", _("Wrong number")
        REFUSED = "refused", _("Refused")

    class Channel(models.TextChoices):
        PHONE = "phone", _("Phone")
        EMAIL = "email", _("E-mail")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    channel = models.CharField(_("by"), max_length=5, choices=Channel, default=Channel.PHONE)
    result = models.CharField(_("result"), max_length=12, choices=Result)
    note = EncryptedTextField(_("note"))
    call_again_at = models.DateTimeField(_("call again"), null=True, blank=True)  # as agreed then; see moves.log_call

    class Meta(AppendOnly.Meta):
        default_related_name = "contact_attempts"

    def __str__(self):
        return self.get_result_display()


class Correction(AppendOnly):
    """What stood in a column of the request, and what stands there since. The first `was` is the patient's own word."""

    class Field(models.TextChoices):
        PHONE = "phone", _("Phone")
        EMAIL = "email", _("E-mail")
        FIRST_NAME = "first_name", _("First name")
        LAST_NAME = "last_name", _("Last name")
        DATE_OF_BIRTH = "date_of_birth", _("Date of birth")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    field = models.CharField(_("field"), max_length=15, choices=Field)
    was = EncryptedTextField(_("was"))  # dates in ISO 8601
    value = EncryptedTextField(_("is"))
    why = EncryptedTextField(_("why"))

    class Meta(AppendOnly.Meta):
        default_related_name = "corrections"

    def __str__(self):
        return self.get_field_display()
