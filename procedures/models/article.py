from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from procedures.anatomy import ArticleKind

RESERVED_SLUGS = {"compare"}  # /procedures/compare/ is the table of treatments


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
        constraints = [
            models.UniqueConstraint(fields=["slug", "language"], name="one_article_per_slug_and_language"),
            models.UniqueConstraint(
                fields=["translation_of", "language"],
                condition=Q(translation_of__isnull=False),
                name="one_translation_per_language",
            ),
        ]

    def __str__(self):
        return f"{self.slug} ({self.language})"

    def get_absolute_url(self):
        return reverse(f"procedures:{self.kind}", args=[self.slug])

    def clean(self):
        # A second page at a former address would catch readers who are on their way to the first one.
        taken = (Article.objects.filter(slug=self.slug), FormerSlug.objects.filter(slug=self.slug))
        if self._state.adding and (self.slug in RESERVED_SLUGS or any(rows.exists() for rows in taken)):
            raise ValidationError({"slug": _("Another page has this address, or had it.")})


class FormerSlug(models.Model):
    """Where readers once found a page and its translations: the old address leads to the new one."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="former_slugs")
    slug = models.SlugField(_("former address"), unique=True)
    created_at = models.DateTimeField(_("until"), auto_now_add=True)

    class Meta:
        ordering = ["slug"]

    def __str__(self):
        return self.slug


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
