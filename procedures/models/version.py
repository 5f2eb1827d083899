import datetime
from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.fields.json import KT
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from procedures.canonical import document_hash
from procedures.models.article import Article


@dataclass(frozen=True)
class Byline:
    """A clinician's name under words that they have signed."""

    reviewer: str
    url: str
    reviewed_on: datetime.date
    next_review: datetime.date

    @property
    def is_overdue(self):
        return timezone.localdate() > self.next_review


class VersionQuerySet(models.QuerySet):
    def live(self, *, samples: bool, at=None):
        """Versions a visitor may read at `at` (an aware datetime, now by default), the newest of an article first.

        `samples`: whether the practice shows sample content.
        """
        at = at or timezone.now()
        return self.begun(samples=samples, at=at).exclude(live_until__lte=at)

    def begun(self, *, samples: bool, at):
        """Versions that a visitor may read at `at`, or could before they ended, the newest of an article first."""
        shown = Q(status=Version.Status.APPROVED)
        if samples:
            shown |= Q(status=Version.Status.SAMPLE)
        # A signed version outranks a sample, whatever their numbers.
        order = ("article_id", "status", "-number")
        return self.filter(shown, live_from__lte=at).order_by(*order).select_related("article")

    def current(self, *, samples: bool, at=None):
        """The one live version of each article at `at`: what a visitor reads.

        When the newest one has ended, the page has: older words do not come back.
        """
        at = at or timezone.now()
        begun = Version.objects.begun(samples=samples, at=at).filter(article=OuterRef("article"))
        return self.live(samples=samples, at=at).filter(pk=Subquery(begun.values("pk")[:1]))

    def cards(self):
        """Dicts for lists, one a version: kind, slug, language, frozen_title, frozen_teaser, conditions, live_from."""
        return self.values(
            "live_from",
            kind=F("article__kind"),
            slug=F("article__slug"),
            language=F("article__language"),
            frozen_title=KT("document__short_title"),
            frozen_teaser=KT("document__teaser"),
            conditions=F("document__conditions"),
        )


class Version(models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        IN_REVIEW = "in-review", _("In review")
        APPROVED = "approved", _("Approved")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        SAMPLE = "sample", _("Sample")

    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT, editable=False)

    title = models.CharField(_("title"), max_length=160, help_text=_("The plain name: the heading of the page."))
    also_known_as = models.CharField(_("also called"), max_length=200, blank=True)
    short_title = models.CharField(_("short title"), max_length=60, help_text=_("For menus and lists."))
    seo_title = models.CharField(_("title for search engines"), max_length=70)
    seo_description = models.CharField(_("description for search engines"), max_length=160)
    teaser = models.CharField(_("teaser"), max_length=200, help_text=_("One whole sentence for lists."))
    summary = models.TextField(_("summary"), help_text=_("Two or three sentences, with the honest limit."))
    spine = models.BooleanField(_("spine page"), default=True, help_text=_("Shows the emergency card."))
    done_here = models.BooleanField(
        _("we do this ourselves"),
        default=True,
        help_text=_("Off: we only send people to others for it, and the page does not speak of our own rooms."),
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("author"),
    )
    author_name = models.CharField(_("written by"), max_length=120)
    interests = models.TextField(_("interests"), help_text=_("What we earn from this, in plain words."))
    what_changed = models.CharField(_("what changed"), max_length=240, help_text=_("Patients read this."))

    translates = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        help_text=_("The version in the other language whose words these render."),
    )

    live_from = models.DateTimeField(
        _("live from"),
        null=True,
        blank=True,
        help_text=_("Empty: as soon as it is signed."),
    )
    live_until = models.DateTimeField(
        _("live until"),
        null=True,
        blank=True,
        help_text=_("Empty: until it is taken back."),
    )
    document = models.JSONField(_("frozen document"), null=True, blank=True, editable=False)
    document_hash = models.CharField(_("hash of the document"), max_length=64, blank=True, editable=False)
    reviewer = models.ForeignKey(
        "practice.Clinician",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="reviewed_versions",
        editable=False,
    )
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    reviewed_on = models.DateField(_("checked on"), null=True, blank=True, editable=False)
    next_review = models.DateField(_("next check"), null=True, blank=True, editable=False)
    seeded_hash = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        help_text=_("What the starter content was; empty once an editor has saved it."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = VersionQuerySet.as_manager()

    class Meta:
        ordering = ["article", "-number"]
        permissions = [("sign_version", "Can sign the words of a page")]
        constraints = [
            models.UniqueConstraint(fields=["article", "number"], name="version_number_once"),
            # Two drafts of one page, each without the other's words: the later one would undo the earlier one.
            models.UniqueConstraint(
                fields=["article"], condition=Q(status__in=["draft", "in-review"]), name="one_draft_per_article"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["in-review", "sample", "approved"])
                | (Q(document__isnull=False) & ~Q(document_hash="")),
                name="what_is_read_is_frozen",
            ),
            models.CheckConstraint(
                condition=~Q(status="approved")
                | Q(
                    reviewer__isnull=False,
                    signed_by__isnull=False,
                    reviewed_on__isnull=False,
                    live_from__isnull=False,
                    # On its own the comparison lets NULL pass.
                    next_review__isnull=False,
                    next_review__gt=F("reviewed_on"),
                ),
                name="approved_version_has_a_reviewer",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["approved", "withdrawn"])
                | Q(reviewer__isnull=True, signed_by__isnull=True, reviewed_on__isnull=True, next_review__isnull=True),
                name="only_a_signed_version_has_a_reviewer",
            ),
            models.CheckConstraint(
                condition=Q(signed_by__isnull=True) | Q(author__isnull=True) | ~Q(signed_by=F("author")),
                name="the_author_does_not_sign",
            ),
            models.CheckConstraint(
                condition=Q(live_until__isnull=True) | Q(live_until__gt=F("live_from")),
                name="live_until_after_live_from",
            ),
        ]

    def __str__(self):
        return f"{self.article} v{self.number}"

    @cached_property
    def byline(self):
        """Who checked exactly these words and when, as a Byline; None if nobody did or if a word is another one."""
        if (
            self.status != self.Status.APPROVED
            or not self.reviewer
            or document_hash(self.document) != self.document_hash
        ):
            return None
        return Byline(str(self.reviewer), self.reviewer.get_absolute_url(), self.reviewed_on, self.next_review)

    @property
    def is_open(self):
        """Whether somebody still works on it: an editor, or the clinician who is to sign it."""
        return self.status in (self.Status.DRAFT, self.Status.IN_REVIEW)


class VersionEvent(models.Model):
    """One line of a version's history. Rows are added, never changed."""

    class Kind(models.TextChoices):
        CREATED = "created", _("Started")
        EDITED = "edited", _("Edited")
        SUBMITTED = "submitted", _("Sent for review")
        SENT_BACK = "sent-back", _("Sent back")
        SIGNED = "signed", _("Signed")
        SCHEDULED = "scheduled", _("Dates changed")
        SHOWN_AS_SAMPLE = "sample", _("Shown as a sample")
        WITHDRAWN = "withdrawn", _("Taken back")

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(_("what"), max_length=10, choices=Kind)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    at = models.DateTimeField(_("when"), auto_now_add=True)
    note = models.TextField(_("note"), blank=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self):
        return f"{self.version} {self.kind}"
