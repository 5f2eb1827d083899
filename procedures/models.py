"""What we publish. Rows are the draft; the frozen document of a Version is what a reader sees (see `freeze`)."""

import datetime
from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.fields.json import KT
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from procedures.anatomy import ArticleKind, FactKind, SectionKind
from procedures.canonical import document_hash


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


class Article(models.Model):
    kind = models.CharField(_("kind"), max_length=10, choices=ArticleKind)
    slug = models.SlugField(_("slug"))
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    translation_of = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="translations",
        verbose_name=_("translation of"),
    )
    conditions = models.ManyToManyField(
        "self",
        symmetrical=False,
        blank=True,
        related_name="procedures",
        limit_choices_to={"kind": ArticleKind.CONDITION},
        verbose_name=_("conditions"),
        help_text=_("For a procedure: what it treats."),
    )

    class Meta:
        ordering = ["kind", "slug"]
        constraints = [models.UniqueConstraint(fields=["slug", "language"], name="one_article_per_slug_and_language")]

    def __str__(self):
        return f"{self.slug} ({self.language})"

    def get_absolute_url(self):
        return reverse(f"procedures:{self.kind}", args=[self.slug])


class Related(models.Model):
    """“You might also enjoy”: chosen by an editor, at most three."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="related_pages")
    page = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="+")
    order = models.PositiveSmallIntegerField(_("order"), default=1, choices=[(1, "1"), (2, "2"), (3, "3")])

    class Meta:
        ordering = ["order"]
        constraints = [
            models.UniqueConstraint(fields=["article", "order"], name="three_related_places"),
            models.UniqueConstraint(fields=["article", "page"], name="related_page_once"),
            models.CheckConstraint(condition=~Q(article=F("page")), name="related_page_is_another"),
        ]

    def __str__(self):
        return self.page.slug


@dataclass(frozen=True)
class Byline:
    """A clinician's name under words that they have signed."""

    reviewer: str
    reviewed_on: datetime.date
    next_review: datetime.date

    @property
    def is_overdue(self):
        return timezone.localdate() >= self.next_review


class VersionQuerySet(models.QuerySet):
    def live(self, *, samples: bool, at=None):
        """Versions a visitor may read at `at` (an aware datetime, now by default), the newest of an article first.

        `samples`: whether the practice shows sample content.
        """
        at = at or timezone.now()
        shown = Q(status=Version.Status.APPROVED)
        if samples:
            shown |= Q(status=Version.Status.SAMPLE)
        return (
            self.filter(shown, live_from__lte=at)
            .exclude(live_until__lte=at)
            # A signed version outranks a sample, whatever their numbers.
            .order_by("article_id", "status", "-live_from", "-number")
            .select_related("article")
        )

    def current(self, *, samples: bool, at=None):
        """The one live version of each article at `at`: what a visitor reads."""
        best = Version.objects.live(samples=samples, at=at).filter(article=OuterRef("article"))
        return self.live(samples=samples, at=at).filter(pk=Subquery(best.values("pk")[:1]))

    def cards(self):
        """Each version as a dict for lists: kind, slug, language, frozen_title, frozen_teaser, live_from."""
        return self.values(
            "live_from",
            kind=F("article__kind"),
            slug=F("article__slug"),
            language=F("article__language"),
            frozen_title=KT("document__short_title"),
            frozen_teaser=KT("document__teaser"),
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

    live_from = models.DateTimeField(_("live from"), null=True, blank=True)
    live_until = models.DateTimeField(_("live until"), null=True, blank=True)
    document = models.JSONField(_("frozen document"), null=True, blank=True, editable=False)
    document_hash = models.CharField(_("hash of the document"), max_length=64, blank=True, editable=False)
    reviewer = models.ForeignKey(
        "practice.Clinician", on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False
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
        constraints = [
            models.UniqueConstraint(fields=["article", "number"], name="version_number_once"),
            models.CheckConstraint(
                condition=~Q(status="approved")
                | (
                    Q(
                        reviewer__isnull=False,
                        reviewed_on__isnull=False,
                        # On its own the comparison lets NULL pass.
                        next_review__isnull=False,
                        next_review__gt=F("reviewed_on"),
                    )
                    & ~Q(document_hash="")
                    & Q(document__isnull=False)
                ),
                name="approved_version_has_a_reviewer",
            ),
            models.CheckConstraint(
                condition=~Q(status="sample")
                | (Q(reviewer__isnull=True, reviewed_on__isnull=True, document__isnull=False) & ~Q(document_hash="")),
                name="sample_version_claims_no_review",
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
        return Byline(str(self.reviewer), self.reviewed_on, self.next_review)


class Row(models.Model):
    """A row of a version's draft; its place on the page is its kind, then its order."""

    version = models.ForeignKey(Version, on_delete=models.CASCADE)
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        abstract = True
        ordering = ["order", "pk"]
        default_related_name = "%(class)s_rows"

    def __str__(self):
        return f"{self._meta.verbose_name} {self.order}"


class Section(Row):
    kind = models.CharField(_("kind"), max_length=20, choices=SectionKind)
    body = models.TextField(_("text"))

    class Meta(Row.Meta):
        constraints = [models.UniqueConstraint(fields=["version", "kind"], name="one_section_of_a_kind")]


class Fact(Row):
    """A line of “At a glance”."""

    kind = models.CharField(_("kind"), max_length=20, choices=FactKind)
    value = models.CharField(_("value"), max_length=240)

    class Meta(Row.Meta):
        constraints = [models.UniqueConstraint(fields=["version", "kind"], name="one_fact_of_a_kind")]


class Regulator(Row):
    """What the FDA has said, as typed data: nobody can type that a cleared device is approved."""

    class Status(models.TextChoices):
        CLEARED = "cleared", _("Cleared")
        APPROVED = "approved", _("Approved")
        EXEMPT = "exempt", _("Exempt")
        NOT_APPROVED = "not-approved", _("Not approved for this use")

    device = models.CharField(_("device or medicine"), max_length=120)
    status = models.CharField(_("status"), max_length=12, choices=Status)
    number = models.CharField(_("number"), max_length=20, blank=True)
    decided_on = models.DateField(_("date"), null=True, blank=True)
    note = models.TextField(_("note"), blank=True)

    class Meta(Row.Meta):
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="approved") | ~Q(number__istartswith="K"),
                name="a_k_number_is_cleared_not_approved",
                violation_error_message=_(
                    "A number that begins with K is a clearance. The FDA did not approve the device."
                ),
            )
        ]


class Fit(Row):
    fits = models.BooleanField(_("may fit"), default=True)
    text = models.CharField(_("text"), max_length=240)


class Choice(Row):
    """One of the things a reader could do; doing nothing for now is one."""

    name = models.CharField(_("choice"), max_length=80)
    what_it_is = models.CharField(_("what it is"), max_length=240)
    what_studies_found = models.CharField(_("what studies found"), max_length=320)
    keep_in_mind = models.CharField(_("keep in mind"), max_length=240)
    slug = models.SlugField(_("its page"), blank=True)
    this_page = models.BooleanField(_("is this page"), default=False)


class Outcome(Row):
    """What was measured, in whom, compared with what, when, and who paid."""

    finding = models.CharField(_("finding"), max_length=160)
    measure = models.CharField(_("what was measured"), max_length=240)
    people = models.CharField(_("who"), max_length=240)
    comparison = models.CharField(_("compared with"), max_length=160)
    timing = models.CharField(_("when"), max_length=120)
    count = models.PositiveIntegerField(_("how many"), null=True, blank=True)
    total = models.PositiveIntegerField(_("of how many"), null=True, blank=True)
    result = models.TextField(_("result"))
    limits = models.TextField(_("what it does not tell"))
    paid_by = models.CharField(_("paid by"), max_length=160)

    class Meta(Row.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(count__isnull=True, total__isnull=True)
                | Q(count__isnull=False, total__isnull=False, total__gt=0, count__lte=F("total")),
                name="count_is_part_of_total",
                violation_error_message=_("Give both numbers or none; the first is not larger than the second."),
            )
        ]


class Risk(Row):
    class Frequency(models.TextChoices):
        COMMON = "common", _("Common")
        UNCOMMON = "uncommon", _("Uncommon")
        RARE = "rare", _("Rare")
        UNKNOWN = "unknown", _("How often is not known")

    frequency = models.CharField(_("how often"), max_length=10, choices=Frequency)
    text = models.TextField(_("what can happen"))
    what_we_do = models.TextField(_("what we do"))


class Step(Row):
    class Phase(models.TextChoices):
        BEFORE = "before", _("Before")
        DAY = "day", _("On the day")
        AFTER = "after", _("After")

    phase = models.CharField(_("phase"), max_length=6, choices=Phase)
    day = models.SmallIntegerField(_("day"), default=0, help_text=_("Counted from the procedure: -14, 0, 2."))
    title = models.CharField(_("when, in words"), max_length=80)
    text = models.TextField(_("text"))


class Question(Row):
    """A question people ask, with its answer; without one it is a question to ask at the visit."""

    question = models.CharField(_("question"), max_length=200)
    answer = models.TextField(_("answer"), blank=True)


class PictureUse(Row):
    class Picture(models.TextChoices):
        CANAL_NORMAL = "canal-normal", _("Normal spinal canal")
        CANAL_NARROWED = "canal-narrowed", _("Narrowed spinal canal")

    section = models.CharField(_("section"), max_length=20, choices=SectionKind)
    picture = models.CharField(_("picture"), max_length=20, choices=Picture)
    alt = models.CharField(_("alternative text"), max_length=400, blank=True)
    decorative = models.BooleanField(_("decorative"), default=False)
    caption = models.CharField(_("caption"), max_length=240, blank=True)

    class Meta(Row.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(decorative=True, alt="") | (Q(decorative=False) & ~Q(alt="")),
                name="picture_has_alt_text_or_is_decorative",
                violation_error_message=_("Describe the picture in words, or say that it is decorative."),
            )
        ]


ROW_MODELS = (Section, Fact, Regulator, Fit, Choice, Outcome, Risk, Step, Question, PictureUse)
