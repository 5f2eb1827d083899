"""What left as a file: rows are added, never changed."""

import datetime
import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.models.history import AppendOnly
from vault.fields import EncryptedTextField


class Span(models.IntegerChoices):
    """How far back, in weeks that begin on a Monday; the current one counts."""

    MONTH = 4, _("Last 4 weeks")
    QUARTER = 12, _("Last 12 weeks")
    YEAR = 52, _("Last 52 weeks")

    def first_day(self, now: datetime.datetime) -> datetime.date:
        today = timezone.localdate(now)
        return today - datetime.timedelta(days=today.weekday(), weeks=self - 1)

    def start(self, now: datetime.datetime) -> datetime.datetime:
        """The first moment of the span (aware)."""
        return timezone.make_aware(datetime.datetime.combine(self.first_day(now), datetime.time()))


class Export(AppendOnly):
    """Somebody took requests away as a file, and said why (P36)."""

    appointment_request = None  # it is about many
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    weeks = models.PositiveSmallIntegerField(_("sent in"), choices=Span, default=Span.MONTH)
    tab = models.CharField(_("list"), max_length=20)
    row_count = models.PositiveIntegerField(_("requests"), editable=False)
    reason = EncryptedTextField(_("what for"))

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self):
        # The admin writes this into its log.
        return str(self.pk)
