from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Picture(models.Model):
    """An uploaded picture. Its files are named for what is in them: see procedures.pictures."""

    title = models.CharField(_("title"), max_length=120, unique=True, help_text=_("For editors only."))
    credit = models.CharField(_("credit"), max_length=160, help_text=_("Who made it, and under which licence."))
    digest = models.CharField(_("digest"), max_length=64, unique=True, editable=False)
    width = models.PositiveIntegerField(_("width in pixels"), editable=False)
    height = models.PositiveIntegerField(_("height in pixels"), editable=False)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    uploaded_at = models.DateTimeField(_("uploaded"), auto_now_add=True)

    class Meta:
        ordering = ["title"]

    def __str__(self):
        return self.title
