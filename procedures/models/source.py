from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Source(models.Model):
    """A document that a statement rests on, cited in texts as [^key]."""

    class Kind(models.TextChoices):
        TRIAL = "trial", _("Trial")
        COHORT = "cohort", _("Study without a comparison group")
        CASE_REPORT = "case-report", _("Report of one case")
        REVIEW = "review", _("Review of studies")
        GUIDELINE = "guideline", _("Guideline")
        REGULATOR = "regulator", _("Regulator")
        PAYER = "payer", _("Insurer's rule")
        MANUFACTURER = "manufacturer", _("Maker's own material")
        LAW = "law", _("Law")
        NEWS = "news", _("News or promotion")
        REFERENCE = "reference", _("Reference work")

    key = models.SlugField(_("key"), unique=True, help_text=_("Cited in texts as [^key]."))
    title = models.CharField(_("title"), max_length=300)
    authors = models.CharField(_("authors"), max_length=200, blank=True)
    year = models.PositiveSmallIntegerField(_("year"), null=True, blank=True)
    published_in = models.CharField(_("published in"), max_length=200, blank=True)
    link = models.URLField(_("link"), blank=True, max_length=400)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    funder = models.CharField(
        _("paid by"), max_length=200, blank=True, help_text=_("Empty: not stated in what we read.")
    )
    checked_on = models.DateField(_("checked on"))
    expires_on = models.DateField(_("to be checked again by"))

    class Meta:
        ordering = ["key"]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_on__gt=F("checked_on")),
                name="source_expires_after_it_was_checked",
                violation_error_message=_("The next check must be after the last one."),
            )
        ]

    def __str__(self):
        return f"{self.key}: {self.title}"
