"""Secure links: a token opens a page, a code sent to the contact on file opens the details, for half an hour."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from appointments.models.physician import ContactKind


class AccessLinkQuerySet(models.QuerySet):
    def valid(self, at):
        """Neither ended nor too old. Whether the office of one may still hear from us, AccessLink.stands says."""
        return self.filter(revoked_at=None, expires_at__gt=at)

    def with_all(self):
        """With what AccessLink.stands reads."""
        return self.select_related("appointment_request__referral", "contact_point__practice")


class AccessLink(models.Model):
    """A secure link, known by the hash of its token. It serves one purpose and one request."""

    class Purpose(models.TextChoices):
        PATIENT = "patient", _("Patient's page")
        OFFICE = "office", _("Page of a referring office")

    token_hash = models.CharField(max_length=64, unique=True)  # SHA-256 of 256 random bits or more, which stand nowhere
    purpose = models.CharField(max_length=10, choices=Purpose)
    appointment_request = models.ForeignKey(
        "appointments.AppointmentRequest", on_delete=models.PROTECT, related_name="access_links"
    )
    # Where an office's code goes; a patient's goes to the contact on the request.
    contact_point = models.ForeignKey(
        "appointments.ContactPoint", on_delete=models.PROTECT, null=True, blank=True, related_name="access_links"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)  # wrong codes, over all codes that were sent

    objects = AccessLinkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(purpose="patient", contact_point=None)
                | models.Q(purpose="office", contact_point__isnull=False),
                name="link_of_an_office_says_where_its_code_goes",
            )
        ]

    def __str__(self):
        return f"{self.purpose} {self.pk}"

    def is_valid(self, at):
        return self.expires_at > at and self.stands(at)

    def stands(self, at):
        """Whether what it opened may be seen at `at`. An office must still be the one that may hear of the patient."""
        return self.revoked_at is None and (self.contact_point is None or self._office_may_see(at))

    def _office_may_see(self, at):
        if self.appointment_request.referral.why_not_tell(self.contact_point, at):
            return False
        # Verified anew, it may be another machine: what was sent there before opens nothing any more.
        return self.contact_point.verified_at <= self.created_at

    @property
    def office(self):
        """The practice whose page it opens; None for the patient's."""
        return self.contact_point and self.contact_point.practice

    @property
    def code_address(self) -> str:
        """The e-mail address that its codes go to; "" if there is none, and somebody reads them out on the phone."""
        if self.contact_point is None:
            return self.appointment_request.email
        return self.contact_point.value if self.contact_point.kind == ContactKind.EMAIL else ""


class AccessCodeQuerySet(models.QuerySet):
    def live(self, at):
        return self.filter(used_at=None, expires_at__gt=at)


class AccessCode(models.Model):
    """A one-time code of eight digits. Only its keyed hash is stored."""

    link = models.ForeignKey(AccessLink, on_delete=models.CASCADE, related_name="codes")
    code_hash = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    objects = AccessCodeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return str(self.pk)


class AccessSession(models.Model):
    """The details of one request, open on one device. The id stands in the address, the secret in a cookie of it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    link = models.ForeignKey(AccessLink, on_delete=models.CASCADE, related_name="sessions")
    secret_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self):
        return str(self.public_id)

    def is_open(self, at):
        return self.expires_at > at and self.link.stands(at)
