"""Who we are: the practice, where and when it is open, and the people who work there."""

import re

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from practice import hours, phones
from practice.markdown import render

NO_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # control characters, line and paragraph separators


class PhoneField(models.CharField):
    """A telephone number, typed in any usual shape and stored as E.164."""

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("max_length", 40)
        super().__init__(*args, **kwargs)

    def clean(self, value, model_instance):
        value = super().clean(value, model_instance)
        e164 = phones.to_e164(value)
        if value and not e164:
            raise ValidationError(_("Enter a phone number with 10 digits, like 813-555-0142."), code="phone")
        return e164


class Practice(models.Model):
    """The one row about the practice itself."""

    name = models.CharField(_("name"), max_length=120)
    short_name = models.CharField(
        _("short name"),
        max_length=60,
        help_text=_("The sender of our mails. Leave out the specialty: others may see a patient's mailbox."),
    )
    strapline = models.CharField(_("strapline"), max_length=160, blank=True)
    affiliation = models.CharField(
        _("affiliation banner"),
        max_length=240,
        blank=True,
        help_text=_("Shown on top of every page. Only with the written agreement on file."),
    )
    phone = PhoneField(
        _("phone"), help_text=_("Shown on every page. Each location has its own number: change it there too.")
    )
    refill_phone = PhoneField(_("phone for refills"), blank=True, help_text=_("Empty: the number above."))
    records_phone = PhoneField(_("phone for records"), blank=True, help_text=_("Empty: the number above."))
    billing_phone = PhoneField(_("phone for bills"), blank=True, help_text=_("Empty: the number above."))
    after_hours = models.CharField(
        _("outside office hours"),
        max_length=240,
        blank=True,
        help_text=_("What happens when somebody calls then: “A nurse on duty calls you back.” Shown beside the phone."),
    )
    reply_business_days = models.PositiveSmallIntegerField(
        _("we answer within this many business days"),
        default=1,
        help_text=_("A request is promised an answer by closing time of that day."),
    )
    sample_content = models.BooleanField(
        _("sample content"),
        default=True,
        help_text=_(
            "While on, pages that no clinician has signed are shown, and say so, and search engines are kept out."
        ),
    )

    class Meta:
        verbose_name = verbose_name_plural = _("practice")
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="only_one_practice"),
            models.CheckConstraint(
                condition=models.Q(reply_business_days__gte=1),
                name="reply_within_a_day_or_more",
                violation_error_message=_("We answer within one business day or more."),
            ),
        ]

    def __str__(self):
        return self.name

    def save(self, *args, **kwargs):
        self.pk = 1  # the one row, whatever number the database would give next
        super().save(*args, **kwargs)

    def clean(self):
        # Browsers leave out line breaks, Django's field does not: in a sender's name they hold up every mail.
        lines = [field.name for field in self._meta.fields if isinstance(field, models.CharField)]
        broken = [name for name in lines if NO_LINE.search(getattr(self, name))]
        if broken:
            raise ValidationError(dict.fromkeys(broken, _("This must be one line without hidden signs.")))

    @property
    def phone_display(self):
        return phones.display(self.phone)

    @property
    def phone_uri(self):
        return phones.uri(self.phone)


class Location(models.Model):
    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(unique=True)
    street = models.CharField(_("street"), max_length=160)
    city = models.CharField(_("city"), max_length=80)
    state = models.CharField(_("state"), max_length=2, default="FL")
    zip_code = models.CharField(_("ZIP code"), max_length=10)
    phone = PhoneField(_("phone"))
    fax = PhoneField(_("fax"), blank=True)
    parking = models.TextField(_("parking"), blank=True)
    access = models.TextField(_("access"), blank=True, help_text=_("Doors, lifts, wheelchairs."))
    directions = models.TextField(
        _("how to find us"), blank=True, help_text=_("By car, by bus and on foot, as you would tell it on the phone.")
    )
    map_alt = models.CharField(
        _("what the map shows"),
        max_length=400,
        blank=True,
        help_text=_(
            "For those who do not see the map. Empty: no map. The drawing is static/img/maps/, then the slug, "
            "then .svg: 480 by 320 units, in a group with the id “map”."
        ),
    )
    order = models.PositiveSmallIntegerField(
        _("order"), default=0, help_text=_("The first one is the main office: its hours are the hours of the practice.")
    )

    class Meta:
        ordering = ["order", "pk"]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("practice:location", args=[self.slug])

    @property
    def one_line(self):
        return f"{self.name}, {self.street}, {self.city}, {self.state} {self.zip_code}"

    @property
    def phone_display(self):
        return phones.display(self.phone)

    @property
    def phone_uri(self):
        return phones.uri(self.phone)

    @property
    def fax_display(self):
        return phones.display(self.fax)

    @property
    def map_url(self):
        """The address of the drawing; "" if the map is not told in words or nobody has drawn one."""
        try:
            return static(f"img/maps/{self.slug}.svg") if self.map_alt else ""
        except ValueError:  # collected static files know no such name
            return ""

    @property
    def hours_lines(self):
        """Opening hours in words, days of equal hours together: ["Mon to Fri, 8 a.m. to 5 p.m."]."""
        return hours.in_words(self.opening_hours.all())


class OpeningHours(models.Model):
    class Weekday(models.IntegerChoices):
        MONDAY = 0, _("Monday")
        TUESDAY = 1, _("Tuesday")
        WEDNESDAY = 2, _("Wednesday")
        THURSDAY = 3, _("Thursday")
        FRIDAY = 4, _("Friday")
        SATURDAY = 5, _("Saturday")
        SUNDAY = 6, _("Sunday")

    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday)
    opens = models.TimeField(_("opens"))
    closes = models.TimeField(_("closes"))

    class Meta:
        verbose_name = verbose_name_plural = _("opening hours")
        ordering = ["weekday"]
        constraints = [
            models.UniqueConstraint(fields=["location", "weekday"], name="one_row_of_hours_per_weekday"),
            models.CheckConstraint(
                condition=models.Q(closes__gt=models.F("opens")),
                name="closes_after_it_opens",
                violation_error_message=_("Closing time must be after opening time."),
            ),
        ]

    def __str__(self):
        return self.get_weekday_display()


class Closure(models.Model):
    """Days on which an office is closed besides weekends and federal holidays: a storm, a course, a move."""

    location = models.ForeignKey(
        Location,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="closures",
        help_text=_("Empty: all offices."),
    )
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    reason = models.CharField(_("reason"), max_length=120, help_text=_("Patients read this: “Closed for the storm”."))

    class Meta:
        ordering = ["starts_on"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")),
                name="closure_ends_after_it_starts",
                violation_error_message=_("The last day must not be before the first day."),
            )
        ]

    def __str__(self):
        return self.reason


class Clinician(models.Model):
    first_name = models.CharField(_("first name"), max_length=80)
    last_name = models.CharField(_("last name"), max_length=80)
    slug = models.SlugField(unique=True)
    credentials = models.CharField(
        _("credentials"), max_length=40, help_text=_("As on the licence: “MD”, “DO”, “APRN”.")
    )
    specialty = models.CharField(_("specialty"), max_length=120)
    board_certification = models.CharField(
        _("board certification"),
        max_length=200,
        blank=True,
        help_text=_("Only boards that the Florida Board of Medicine accepts (64B8-11.001). Never “expert” or “best”."),
    )
    license_number = models.CharField(
        _("license"), max_length=40, blank=True, help_text=_("As the state lists it, so that anyone can look it up.")
    )
    training = models.TextField(
        _("training"), blank=True, help_text=_("Schools, residency, fellowship, with years: one per line, after “- ”.")
    )
    languages = models.CharField(_("languages"), max_length=120, blank=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="clinician",
        verbose_name=_("account"),
        help_text=_("With it, this person can sign pages."),
    )
    bio = models.TextField(_("about"), blank=True)
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        ordering = ["order", "last_name"]

    def __str__(self):
        return f"{self.first_name} {self.last_name}, {self.credentials}"

    def get_absolute_url(self):
        return reverse("procedures:clinician", args=[self.slug])

    @property
    def is_physician(self):
        return not {"MD", "DO"}.isdisjoint(re.findall(r"\w+", self.credentials.upper().replace(".", "")))

    @property
    def languages_list(self):
        return [language.strip() for language in self.languages.split(",") if language.strip()]

    @property
    def training_html(self):
        return render(self.training)

    @property
    def bio_html(self):
        return render(self.bio)


class NoticeQuerySet(models.QuerySet):
    def for_reader(self, language: str) -> list["Notice"]:
        """One row per slug, sorted by title: in `language`, else in English, else in whatever there is."""

        def closeness(notice):
            return notice.language == language, notice.language == "en"

        by_slug = {notice.slug: notice for notice in sorted(self, key=closeness)}  # the last one stays
        return sorted(by_slug.values(), key=lambda notice: notice.title)


class Notice(models.Model):
    """A dated text about rights and rules: privacy, accessibility, costs."""

    # These stand at addresses of their own, which other pages and offices know.
    OWN_ADDRESSES = {
        "privacy": "practice:privacy",
        "accessibility": "practice:accessibility",
        "costs": "practice:costs",
    }
    LANGUAGES_SLUG = "language-assistance"

    slug = models.SlugField()
    language = models.CharField(_("language"), max_length=5, default="en")
    title = models.CharField(_("title"), max_length=160)
    summary = models.TextField(_("summary"))
    body = models.TextField(_("text"))
    effective_on = models.DateField(_("in force since"))
    is_sample = models.BooleanField(
        _("sample wording"),
        default=False,
        help_text=_("The page says so. Take the tick away once your lawyer has made the words your own."),
    )

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["title"]
        constraints = [models.UniqueConstraint(fields=["slug", "language"], name="one_notice_per_slug_and_language")]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        name = self.OWN_ADDRESSES.get(self.slug)
        return reverse(name) if name else reverse("practice:notice", args=[self.slug])

    @property
    def body_html(self):
        return render(self.body)


class HelpLanguage(models.Model):
    """A language in which we tell patients that language help is free (45 CFR 92.11)."""

    code = models.CharField(_("code"), max_length=12, unique=True, help_text=_("As browsers know it: “es”, “zh-Hant”."))
    own_name = models.CharField(_("its own name"), max_length=60)
    english_name = models.CharField(_("English name"), max_length=60)
    is_right_to_left = models.BooleanField(_("written from right to left"), default=False)
    text = models.TextField(
        _("text"), blank=True, help_text=_("The official translation of HHS, never one made by a program.")
    )
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("language of help")
        verbose_name_plural = _("languages of help")
        ordering = ["order", "english_name"]

    def __str__(self):
        return self.english_name
