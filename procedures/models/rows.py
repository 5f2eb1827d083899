"""The rows of a version's draft, each of a fixed kind."""

from functools import partial

from django.db import models
from django.db.models import F, Q
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from practice.markdown import CITATION
from procedures.anatomy import FactKind, SectionKind
from procedures.models.picture import Picture
from procedures.models.version import Version


class Row(models.Model):
    """A row of a version's draft; its place on the page is its kind, then its order."""

    version = models.ForeignKey(Version, on_delete=models.CASCADE)
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        abstract = True
        ordering = ["order", "pk"]
        default_related_name = "%(class)s_rows"

    called = ""  # the field that tells a row from its neighbors

    def __str__(self):
        words = getattr(self, f"get_{self.called}_display", None) or partial(getattr, self, self.called, "")
        return Truncator(CITATION.sub("", words())).chars(80) or f"{self._meta.verbose_name} {self.order}"


class Section(Row):
    called = "kind"
    kind = models.CharField(_("kind"), max_length=20, choices=SectionKind)
    body = models.TextField(_("text"), blank=True)

    class Meta(Row.Meta):
        constraints = [models.UniqueConstraint(fields=["version", "kind"], name="one_section_of_a_kind")]


class Fact(Row):
    """A line of “At a glance”."""

    called = "kind"
    kind = models.CharField(_("kind"), max_length=20, choices=FactKind)
    value = models.CharField(_("value"), max_length=240)

    class Meta(Row.Meta):
        constraints = [models.UniqueConstraint(fields=["version", "kind"], name="one_fact_of_a_kind")]


class Regulator(Row):
    """What the FDA has said, as typed data: nobody can type that a cleared device is approved."""

    called = "device"

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
    called = "text"
    fits = models.BooleanField(_("may fit"), default=True)
    text = models.CharField(_("text"), max_length=240)


class Choice(Row):
    """One of the things a reader could do; doing nothing for now is one."""

    called = "name"
    name = models.CharField(_("choice"), max_length=80)
    what_it_is = models.CharField(_("what it is"), max_length=240)
    what_studies_found = models.CharField(_("what studies found"), max_length=320)
    keep_in_mind = models.CharField(_("keep in mind"), max_length=240)
    slug = models.SlugField(_("its page"), blank=True)
    this_page = models.BooleanField(_("is this page"), default=False)


class Outcome(Row):
    """What was measured, in whom, compared with what, when, and who paid."""

    called = "finding"
    finding = models.CharField(_("finding"), max_length=160)
    measure = models.CharField(_("what was measured"), max_length=240)
    people = models.CharField(_("who"), max_length=240)
    comparison = models.CharField(_("compared with"), max_length=160)
    timing = models.CharField(_("when"), max_length=120)
    count = models.PositiveIntegerField(_("how many"), null=True, blank=True)
    total = models.PositiveIntegerField(_("of how many"), null=True, blank=True)
    happened = models.CharField(
        _("what happened to them"),
        max_length=120,
        blank=True,
        help_text=_("Goes on after “About 1 in 10 people”: “had open surgery later”."),
    )
    did_not_happen = models.CharField(
        _("and to the others"), max_length=120, blank=True, help_text=_("“did not have open surgery”.")
    )
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
            ),
            models.CheckConstraint(
                condition=Q(count__isnull=True, happened="", did_not_happen="")
                | (Q(count__isnull=False) & ~Q(happened="") & ~Q(did_not_happen="")),
                name="count_says_what_happened",
                violation_error_message=_("Say in words what happened to them, and to the others."),
            ),
        ]


class Risk(Row):
    called = "text"

    class Frequency(models.TextChoices):
        COMMON = "common", _("Common")
        UNCOMMON = "uncommon", _("Uncommon")
        RARE = "rare", _("Rare")
        UNKNOWN = "unknown", _("How often is not known")

    frequency = models.CharField(_("how often"), max_length=10, choices=Frequency)
    text = models.TextField(_("what can happen"))
    what_we_do = models.TextField(_("what we do"))


class Step(Row):
    called = "title"

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

    called = "question"
    question = models.CharField(_("question"), max_length=200)
    answer = models.TextField(_("answer"), blank=True)


class PictureUse(Row):
    """A picture in a section: one that we drew, or one that an editor uploaded."""

    called = "section"

    class Drawing(models.TextChoices):
        CANAL_NORMAL = "canal-normal", _("Normal spinal canal")
        CANAL_NARROWED = "canal-narrowed", _("Narrowed spinal canal")

    section = models.CharField(_("section"), max_length=20, choices=SectionKind)
    drawing = models.CharField(_("drawing"), max_length=20, choices=Drawing, blank=True)
    picture = models.ForeignKey(
        Picture, on_delete=models.PROTECT, null=True, blank=True, related_name="uses", verbose_name=_("picture")
    )
    alt = models.CharField(_("alternative text"), max_length=400, blank=True)
    decorative = models.BooleanField(_("decorative"), default=False)
    caption = models.CharField(_("caption"), max_length=240, blank=True)

    class Meta(Row.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(decorative=True, alt="") | (Q(decorative=False) & ~Q(alt="")),
                name="picture_has_alt_text_or_is_decorative",
                violation_error_message=_("Describe the picture in words, or say that it is decorative."),
            ),
            models.CheckConstraint(
                condition=(Q(picture__isnull=True) & ~Q(drawing="")) | Q(picture__isnull=False, drawing=""),
                name="a_drawing_or_a_picture",
                violation_error_message=_("Choose a drawing or a picture, one of them."),
            ),
        ]


ROW_MODELS = (Section, Fact, Regulator, Fit, Choice, Outcome, Risk, Step, Question, PictureUse)
