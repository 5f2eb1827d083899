"""Who refers patients to us, and where they can be reached. No patient stands in these rows."""

import datetime
import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from appointments.models.history import AppendOnly
from appointments.npi import is_npi
from practice import phones

MOST_FAILURES = 2  # failed deliveries, after which a contact point counts as verified no more
VERIFIED_MONTHS = 12
CHALLENGE_DAYS = 14


def check_npi(text):
    if not is_npi(text):
        raise ValidationError(_("This is no NPI: ten digits, of which the last one checks the others."), code="npi")


class ReferringPractice(models.Model):
    """An office that refers patients. What is known of its physicians and of how to reach it hangs on it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=200)
    street = models.CharField(_("street"), max_length=200, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    state = models.CharField(_("state"), max_length=2, blank=True, default="FL")
    zip_code = models.CharField(_("ZIP code"), max_length=10, blank=True)
    contact_name = models.CharField(_("whom to ask for"), max_length=100, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("referring practice")
        verbose_name_plural = _("referring practices")
        ordering = ["name", "pk"]

    def __str__(self):
        return self.name


class Physician(models.Model):
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    practice = models.ForeignKey(
        ReferringPractice, on_delete=models.PROTECT, related_name="physicians", verbose_name=_("practice")
    )
    first_name = models.CharField(_("first name"), max_length=100)
    last_name = models.CharField(_("last name"), max_length=100)
    credentials = models.CharField(_("credentials"), max_length=30, blank=True)
    npi = models.CharField(
        _("NPI"), max_length=10, unique=True, null=True, blank=True, validators=[check_npi], help_text=_("Ten digits.")
    )
    # The answer of the registry (NPPES API 2.1, one result), or what staff read there; {} until somebody looked.
    registry_record = models.JSONField(_("entry in the NPI registry"), default=dict, blank=True)
    registry_checked_on = models.DateField(_("registry looked up on"), null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("physician")
        verbose_name_plural = _("physicians")
        ordering = ["last_name", "first_name", "pk"]

    def __str__(self):
        return self.full_name

    @property
    def full_name(self):
        name = f"{self.first_name} {self.last_name}"
        return f"{name}, {self.credentials}" if self.credentials else name


class ContactKind(models.TextChoices):
    FAX = "fax", _("Fax")
    DIRECT = "direct", _("Direct address")
    EMAIL = "email", _("E-mail")
    MAIL = "mail", _("Postal address")
    PHONE = "phone", _("Phone")


class ContactPointQuerySet(models.QuerySet):
    def verified(self, at):
        """Those to which something about a patient may leave at `at`: a condition, so that no clockwork is needed."""
        return self.filter(
            is_active=True,
            practice__is_active=True,
            verified_value=models.F("value"),
            verified_until__gt=at,
            failed_deliveries__lt=MOST_FAILURES,
        ).exclude(value="")

    def expiring(self, at, *, within: datetime.timedelta):
        """Those that are verified at `at`, and no more after `within`."""
        return self.verified(at).filter(verified_until__lte=at + within)

    def in_use(self):
        """Those of practices that have referred somebody."""
        return self.filter(practice__referrals__isnull=False).distinct()


class ContactPoint(models.Model):
    """One way to reach a practice. It is verified for the very `value` that was proved, and for a time."""

    class How(models.TextChoices):
        CALL_BACK = "call-back", _("Called back on a number that we found ourselves")
        CHALLENGE = "challenge", _("They typed the code that we sent there")
        KNOWN_DIRECT = "direct", _("Known Direct address")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    practice = models.ForeignKey(
        ReferringPractice, on_delete=models.PROTECT, related_name="contact_points", verbose_name=_("practice")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=ContactKind)
    value = models.CharField(_("number or address"), max_length=300)  # numbers in E.164
    is_active = models.BooleanField(_("active"), default=True)
    verified_value = models.CharField(max_length=300, blank=True, editable=False)
    verified_how = models.CharField(_("verified how"), max_length=10, choices=How, blank=True, editable=False)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    verified_at = models.DateTimeField(_("verified"), null=True, editable=False)
    verified_until = models.DateTimeField(_("verified until"), null=True, editable=False, db_index=True)
    failed_deliveries = models.PositiveSmallIntegerField(_("failed deliveries"), default=0, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = ContactPointQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact point")
        verbose_name_plural = _("contact points")
        ordering = ["practice", "kind", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["practice", "kind", "value"], name="contact_point_once_per_practice"),
            models.CheckConstraint(
                condition=models.Q(verified_value="")
                | ~models.Q(verified_how="") & models.Q(verified_at__isnull=False, verified_until__isnull=False),
                name="verified_contact_point_says_how_and_until",
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.display}"

    @property
    def is_number(self):
        return self.kind in (ContactKind.FAX, ContactKind.PHONE)

    @property
    def display(self):
        """The number in groups, as it is compared and dialled; an address as it stands."""
        return phones.display(self.value) if self.is_number else self.value

    def is_verified(self, at) -> bool:
        """As ContactPointQuerySet.verified, for a row that is at hand."""
        return bool(
            self.is_active
            and self.practice.is_active
            and self.value
            and self.verified_value == self.value
            and self.verified_until
            and self.verified_until > at
            and self.failed_deliveries < MOST_FAILURES
        )


class ContactPointEvent(AppendOnly):
    """What happened to a contact point."""

    class What(models.TextChoices):
        ADDED = "added", _("Added")
        CHANGED = "changed", _("Changed")
        CHALLENGED = "challenged", _("A code was sent there")
        VERIFIED = "verified", _("Verified")
        ENDED = "ended", _("Verification ended")
        DELIVERED = "delivered", _("Something arrived there")
        FAILED = "failed", _("A delivery failed")

    appointment_request = None  # no patient stands in these rows
    contact_point = models.ForeignKey(ContactPoint, on_delete=models.PROTECT, related_name="events")
    what = models.CharField(max_length=10, choices=What)
    how = models.CharField(max_length=10, choices=ContactPoint.How, blank=True)
    value = models.CharField(max_length=300)
    found_at = models.CharField(_("where the number called was found"), max_length=300, blank=True)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self):
        return self.what

    @property
    def shown(self):
        """What stood there then, as ContactPoint.display gives it; reads `contact_point`."""
        return phones.display(self.value) if self.contact_point.is_number else self.value


class Challenge(models.Model):
    """A one-time code on its way to a contact point, on paper without any patient. Only its hash is stored."""

    contact_point = models.ForeignKey(ContactPoint, on_delete=models.PROTECT, related_name="challenges")
    value = models.CharField(max_length=300)  # where it was sent
    code_hash = models.CharField(max_length=100, unique=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self):
        return str(self.pk)


class PartnerTokenQuerySet(models.QuerySet):
    def live(self, at):
        """Those that open something at `at`."""
        return self.filter(revoked_at=None, expires_at__gt=at)


class PartnerToken(models.Model):
    """Lets one practice read its own referrals as FHIR. Only the hash of the token is stored."""

    practice = models.ForeignKey(ReferringPractice, on_delete=models.PROTECT, related_name="partner_tokens")
    name = models.CharField(_("for which system"), max_length=100)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(_("ends"))
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = PartnerTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("partner token")
        verbose_name_plural = _("partner tokens")
        ordering = ["-pk"]

    def __str__(self):
        return self.name
