"""A referral: what an office waits for, what it was told, and whether that arrived."""

import datetime
import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext_lazy as _

from appointments.models.history import AppendOnly, StatusEvent
from appointments.models.physician import ContactPoint, Physician, ReferringPractice
from appointments.telling import ReferralStatus
from appointments.transitions import OPEN, Status, WaitingOn
from appointments.update_kinds import AFTER_VISIT, UpdateKind
from vault.fields import EncryptedJSONField, EncryptedTextField

BLOCKED = _("The patient has not agreed that we tell this office. Nothing leaves.")
NO_PRACTICE = _("Nobody has said yet which office this referral is from. Choose the office first.")
NO_CONTACT = _("This letter has no number or address yet. Prepare it first.")
OTHER_PRACTICE = _("This number or address belongs to another office than this referral. Prepare the letter again.")
NOT_VERIFIED = _("This number or address is not verified now. Verify it in the directory first.")


def _last(rows, column):
    found = rows.exclude(**{column: None}).order_by(f"-{column}")
    return models.Subquery(found.values(column)[:1])


class ReferralQuerySet(models.QuerySet):
    def allowed(self):
        """Those whose office may hear from us: the patient agreed, or the office sent the patient and heard no "no"."""
        asked_us = models.Q(source=Referral.Source.OFFICE, appointment_request__may_contact_referrer=None)
        return self.filter(asked_us | models.Q(appointment_request__may_contact_referrer=True))

    def with_changed_at(self):
        """Each with `changed_at`: when it, its request or a letter of it last changed for good.

        What staff can still take back counts from the end of that time, so that it may lie a little ahead.
        """
        of_request = {"appointment_request": models.OuterRef("appointment_request")}
        letters = ReferralUpdate.objects.filter(referral=models.OuterRef("pk"))
        moves = StatusEvent.objects.filter(**of_request)
        undo = datetime.timedelta(seconds=settings.UNDO_SECONDS)
        times = [
            _last(moves.filter(before__isnull=True), "at"),
            _last(moves.filter(before__isnull=False), "at") + undo,
            _last(ReferralEvent.objects.filter(**of_request), "at"),
            _last(letters, "sent_at"),
            _last(letters, "confirmed_at"),
            models.F("loop_closed_at"),
        ]
        # SQLite's Greatest is nothing where one of them is nothing.
        known = [Coalesce(time, "created_at") for time in times]
        return self.annotate(changed_at=Greatest("created_at", *known))

    def open_loops(self):
        return self.filter(loop_closed_at=None)

    def to_answer(self, at):
        """Those whose office waits though the request has its end, or though a letter was due by `at`, which nobody
        prepared. A union: an index finds each half, where both at once would read every request.
        """
        waiting = self.open_loops().allowed()
        late = ReferralUpdate.objects.filter(status=ReferralUpdate.Status.DUE, due_at__lte=at)
        is_over = waiting.exclude(appointment_request__status__in=OPEN)
        return is_over.union(waiting.filter(pk__in=late.values("referral")))

    def to_sign(self, by=None):
        """Those with a letter that waits for a clinician's signature: of the account `by`, or of any."""
        letters = ReferralUpdate.objects.filter(status=ReferralUpdate.Status.PREPARED, kind__in=AFTER_VISIT)
        letters = letters.filter(signed_at=None)
        if by is not None:
            letters = letters.filter(clinician__user=by)
        return self.allowed().filter(pk__in=letters.values("referral"))

    def unanswerable(self):
        """Those whose office hears nothing though it is time: the request has its end, or waits for that office, and
        the patient does not allow it, or nobody has said which office it is.
        """
        is_time = ~models.Q(appointment_request__status__in=OPEN) | models.Q(
            appointment_request__status=Status.WAITING, appointment_request__waiting_on=WaitingOn.REFERRER
        )
        answerable = self.allowed().exclude(practice=None)
        return self.open_loops().filter(is_time).exclude(pk__in=answerable.values("pk"))

    def outstanding(self, at):
        """Those whose patient was seen, and whose office has no letter for certain though it is time at `at`."""
        proven = ReferralUpdate.objects.filter(
            referral=models.OuterRef("pk"),
            kind__in=AFTER_VISIT,
            status=ReferralUpdate.Status.CONFIRMED,
            contact_point__practice=models.OuterRef("practice"),
        )
        late = self.open_loops().allowed().filter(letter_due_at__lte=at)
        return late.exclude(models.Exists(proven))


class Referral(models.Model):
    """Beside a request that came from, or with the name of, a referring physician. The names typed stand there."""

    class Source(models.TextChoices):
        PATIENT = "patient", _("Named by the patient")
        OFFICE = "office", _("Sent by the office")

    class LoopEnd(models.TextChoices):
        UPDATE = "update", _("The office was told")
        REASON = "reason", _("A supervisor said why it was not")
        SPAM = "spam", _("Spam")

    class Urgency(models.TextChoices):
        ROUTINE = "routine", _("Routine")
        SOON = "soon", _("Soon: within two weeks")
        URGENT = "urgent", _("Urgent: within two business days")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    appointment_request = models.OneToOneField(
        "appointments.AppointmentRequest", on_delete=models.PROTECT, related_name="referral"
    )
    source = models.CharField(_("source"), max_length=10, choices=Source)
    status = models.CharField(
        _("status"), max_length=12, choices=ReferralStatus, default=ReferralStatus.RECEIVED, editable=False
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    # Who it is from, once staff have matched it. Nothing leaves to a practice that no person chose.
    practice = models.ForeignKey(
        ReferringPractice, on_delete=models.PROTECT, null=True, related_name="referrals", editable=False
    )
    physician = models.ForeignKey(
        Physician, on_delete=models.PROTECT, null=True, related_name="referrals", editable=False
    )

    # What an office wrote beside what every request asks; its physician, practice and phone stand on the request
    sender_name = EncryptedTextField(_("filled in by"))
    sender_npi = EncryptedTextField(_("NPI as typed"))
    sender_fax = EncryptedTextField(_("fax as typed"))
    sender_email = EncryptedTextField(_("e-mail as typed"))
    patient_email = EncryptedTextField(_("patient's e-mail as typed"))
    question = EncryptedTextField(_("question"))
    diagnosis = EncryptedTextField(_("diagnosis"))
    authorization_number = EncryptedTextField(_("authorization number"))
    urgency = models.CharField(_("urgency"), max_length=10, choices=Urgency, default=Urgency.ROUTINE)

    accepted_at = models.DateTimeField(_("accepted"), null=True, editable=False)
    letter_due_at = models.DateTimeField(_("letter due"), null=True, editable=False, db_index=True)
    # Since when something that the office wrote or sent on its page waits for a person
    office_waits_since = models.DateTimeField(_("office wrote"), null=True, editable=False, db_index=True)

    # The loop: closed with a proven update, or with a supervisor's reason, which stays when it is opened again
    loop_closed_at = models.DateTimeField(_("answered"), null=True, editable=False, db_index=True)
    loop_closed_how = models.CharField(_("answered how"), max_length=6, choices=LoopEnd, blank=True, editable=False)
    closing_update = models.ForeignKey(
        "appointments.ReferralUpdate", on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    loop_reason = EncryptedTextField(_("why without an update"), editable=False)

    objects = ReferralQuerySet.as_manager()

    class Meta:
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(loop_closed_at=None, loop_closed_how="")
                | models.Q(loop_closed_at__isnull=False)
                & (
                    models.Q(loop_closed_how="update", closing_update__isnull=False)
                    | models.Q(loop_closed_how="reason") & ~models.Q(loop_reason="")
                    | models.Q(loop_closed_how="spam")
                ),
                name="closed_loop_has_an_update_or_a_reason",
            ),
        ]

    def __str__(self):
        return f"{self.appointment_request.reference}"

    def why_not_tell(self, contact_point, at) -> str:
        """Why nothing about the patient may leave for `contact_point` at `at`, as a sentence; "" if it may (P16)."""
        if self.is_blocked:
            return BLOCKED
        if self.practice_id is None:
            return NO_PRACTICE
        if contact_point is None:
            return NO_CONTACT
        if contact_point.practice_id != self.practice_id:
            return OTHER_PRACTICE
        return "" if contact_point.is_verified(at) else NOT_VERIFIED

    @property
    def is_blocked(self):
        """Whether the patient's word keeps us from telling the office anything; as ReferralQuerySet.allowed."""
        said = self.appointment_request.may_contact_referrer
        return said is False or (self.source == self.Source.PATIENT and said is None)


class ReferralUpdate(models.Model):
    """One letter to the office: owed, prepared, approved, sent, and proved to have arrived or failed.

    `content` is frozen when it is prepared: what was approved is what leaves. `number` is where it goes, as it stood
    then, and stays when the contact point changes.
    """

    class Status(models.TextChoices):
        DUE = "due", _("Owed")
        PREPARED = "prepared", _("Prepared")
        APPROVED = "approved", _("Approved")
        SENDING = "sending", _("On its way to the machine")
        SENT = "sent", _("Sent, no proof yet")
        CONFIRMED = "confirmed", _("Arrived")
        FAILED = "failed", _("Failed")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class Way(models.TextChoices):
        PRINTED = "printed", _("Printed: faxed, mailed or handed over by staff")
        GATEWAY = "gateway", _("Fax by e-mail")

    class Failure(models.TextChoices):
        BUSY = "busy", _("Busy")
        NO_ANSWER = "no-answer", _("No answer")
        WRONG_NUMBER = "wrong-number", _("Wrong number: somebody else answered")
        REFUSED = "refused", _("Refused, or came back")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="updates")
    kind = models.CharField(_("kind"), max_length=16, choices=UpdateKind)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DUE, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField(_("due"), null=True)
    caused_by = models.ForeignKey(
        "appointments.StatusEvent", on_delete=models.PROTECT, null=True, related_name="referral_updates"
    )

    contact_point = models.ForeignKey(ContactPoint, on_delete=models.PROTECT, null=True, related_name="updates")
    number = models.CharField(_("sent to"), max_length=300, blank=True)
    content = EncryptedJSONField(_("content"))
    prepared_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    prepared_at = models.DateTimeField(null=True)
    # Who stands behind a letter about a visit, and their signature below these very words
    clinician = models.ForeignKey(
        "practice.Clinician", on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("clinician")
    )
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    signed_at = models.DateTimeField(_("signed"), null=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)

    way = models.CharField(_("by"), max_length=10, choices=Way, blank=True)
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    sent_at = models.DateTimeField(null=True)
    pages = models.PositiveSmallIntegerField(_("pages"), null=True)
    proof = EncryptedTextField(_("proof"))  # what the machine printed, or who confirmed it
    confirmed_at = models.DateTimeField(_("arrived"), null=True)
    failure = models.CharField(_("failed because"), max_length=12, choices=Failure, blank=True)

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        ordering = ["pk"]
        indexes = [models.Index(fields=["status", "due_at"], name="letters_due")]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(status="confirmed")
                | models.Q(confirmed_at__isnull=False, contact_point__isnull=False) & ~models.Q(proof=""),
                name="confirmed_letter_has_a_proof",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["approved", "sending", "sent", "confirmed"])
                | models.Q(contact_point__isnull=False, approved_at__isnull=False) & ~models.Q(number=""),
                name="approved_letter_says_where_to",
            ),
            models.CheckConstraint(  # what left before letters were signed stays as it was
                condition=~models.Q(status__in=["approved", "sending"], kind__in=["final", "interim"])
                | models.Q(clinician__isnull=False, signed_by__isnull=False, signed_at__isnull=False),
                name="letter_about_a_visit_is_signed",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="failed") | ~models.Q(failure=""), name="failed_letter_says_why"
            ),
        ]

    def __str__(self):
        return f"{self.kind} {self.pk}"

    @property
    def lacks_signature(self) -> bool:
        """Whether a clinician has to stand behind it, and does not yet."""
        return self.kind in AFTER_VISIT and self.signed_at is None

    @property
    def standing(self) -> str:
        """Its status in words; while it is prepared, also whether a clinician has signed what they have to."""
        if self.status != self.Status.PREPARED or self.kind not in AFTER_VISIT:
            return self.get_status_display()
        return _("Prepared, to be signed") if self.lacks_signature else _("Prepared and signed")


class ReferralEvent(AppendOnly):
    """What was done about a referral beside the moves of its request. `details` are codes, dates and ids only."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    what = models.CharField(_("what"), max_length=20)
    details = models.JSONField(default=dict, blank=True)
    comment = EncryptedTextField(_("comment"))

    class Meta(AppendOnly.Meta):
        default_related_name = "referral_events"

    def __str__(self):
        return self.what


class Incident(models.Model):
    """A letter, or the secure page of a referral, may have reached somebody else. The supervisor finds out, and says
    what follows. No `update`: it was the page.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="incidents")
    update = models.ForeignKey(ReferralUpdate, on_delete=models.PROTECT, null=True, related_name="incidents")
    contact_point = models.ForeignKey(ContactPoint, on_delete=models.PROTECT, null=True, related_name="+")
    number = models.CharField(max_length=300, blank=True)  # where it went: the contact point is put right later
    opened_at = models.DateTimeField(_("opened"), auto_now_add=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(_("closed"), null=True, db_index=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    assessment = EncryptedTextField(_("assessment"))

    class Meta:
        verbose_name = _("misdirected letter")
        verbose_name_plural = _("misdirected letters")
        ordering = ["-opened_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(closed_at=None) | ~models.Q(assessment=""), name="closed_incident_has_an_assessment"
            )
        ]

    def __str__(self):
        return str(self.pk)
