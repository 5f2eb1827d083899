"""What leaves: one row per recipient and channel, written in the transaction of what caused it."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from vault.fields import EncryptedJSONField, EncryptedTextField


class MessageQuerySet(models.QuerySet):
    def due(self, now):
        """Messages a worker may take at `now` (the database's clock): waiting ones, and those whose lease ran out."""
        waiting = models.Q(state__in=[Message.State.QUEUED, Message.State.FAILED_TEMPORARY], next_attempt_at__lte=now)
        abandoned = models.Q(state=Message.State.SENDING, leased_until__lte=now)
        return self.filter(waiting | abandoned).order_by("next_attempt_at", "pk")

    def waiting(self, since):
        """Messages made before `since` that a worker has still to send."""
        return self.filter(state__in=Message.WAITING, created_at__lte=since)

    def stopped(self):
        """Messages that no worker will send unless a person does something."""
        return self.filter(state__in=Message.STOPPED).exclude(last_error__in=Message.MEANT)

    def restored(self):
        """Messages that were not sent when the backup was made from which this database comes."""
        return self.filter(state=Message.State.HELD, last_error=Message.RESTORED)

    def releasable(self):
        """Messages that staff may let go once more."""
        return self.filter(state__in=Message.RELEASABLE) | self.restored()


class Message(models.Model):
    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SENDING = "sending", _("Sending")
        SENT = "sent", _("Sent")
        DELIVERED = "delivered", _("Delivered")
        FAILED_TEMPORARY = "failed-temporary", _("Failed, will be tried again")
        FAILED_PERMANENT = "failed-permanent", _("Failed for good")
        NEEDS_HUMAN = "needs-human", _("Needs a person")
        HELD = "held", _("Held")

    WITHDRAWN = "Withdrawn"  # held by whoever caused it
    OUTDATED = "Outdated"  # held because it was no longer true when it was about to leave
    MEANT = (WITHDRAWN, OUTDATED)  # never to leave, so nobody has to do anything
    MISDIRECTED = "Wrong address"  # held because its address turned out to be wrong
    RESTORED = "Restored"  # held because it may have left after the backup was made
    WAITING = (State.QUEUED, State.SENDING, State.FAILED_TEMPORARY)
    STOPPED = (State.FAILED_PERMANENT, State.NEEDS_HUMAN, State.HELD)
    RELEASABLE = (State.FAILED_TEMPORARY, State.FAILED_PERMANENT, State.NEEDS_HUMAN)  # staff may say "try again"

    class Channel(models.TextChoices):
        EMAIL = "email", _("E-mail")
        FAX = "fax", _("Fax")  # by a gateway, which makes a fax of a mail; `to` is the number in E.164

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.EMAIL)
    kind = models.SlugField(_("kind"), help_text=_("The template under templates/outbox/ that makes the text."))
    to = EncryptedTextField(_("recipient"))
    about = models.CharField(_("about"), max_length=40, blank=True, db_index=True, help_text=_("A reference, no name."))
    language = models.CharField(_("language"), max_length=5, default="en")
    context = models.JSONField(_("values for the template"), default=dict)  # no health data, no names: see services
    secrets = EncryptedJSONField(_("secret values"))  # a link's token, a code: for the template, until it is sent
    dedupe_key = models.CharField(max_length=120, unique=True)

    state = models.CharField(_("state"), max_length=20, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"))
    leased_until = models.DateTimeField(null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True)
    last_error = models.CharField(
        _("last error"), max_length=120, blank=True, help_text=_("Kind of error and code only.")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "next_attempt_at"], name="outbox_due")]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="sending") | models.Q(leased_until__isnull=False, lease__isnull=False),
                name="sending_message_has_a_lease",
            )
        ]

    def __str__(self):
        return f"{self.kind} {self.about}".strip()

    @property
    def masked_recipient(self):
        """Enough to see a mistyped provider, or which of two numbers: "w…@example.org", "…42"."""
        if self.channel == self.Channel.FAX:
            return f"…{self.to[-2:]}"
        name, _at, host = self.to.rpartition("@")
        return f"{name[:1]}…@{host}"


class Heartbeat(models.Model):
    """When each worker last looked for work."""

    worker = models.CharField(_("worker"), max_length=80, unique=True)
    seen_at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("outbox worker")
        verbose_name_plural = _("outbox workers")
        ordering = ["-seen_at"]

    def __str__(self):
        return self.worker
