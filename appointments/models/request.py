import datetime
import unicodedata
import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce, Least
from django.utils.translation import gettext_lazy as _

from appointments.models import words
from appointments.models.history import ContactAttempt, StatusEvent
from appointments.models.visit import Visit
from appointments.reference import new_reference
from appointments.transitions import ON_THE_CLOCK, QUIET_OUTCOMES, Outcome, Status, WaitingOn
from practice import phones
from vault.crypto import keyed_hash
from vault.fields import EncryptedDateField, EncryptedJSONField, EncryptedTextField


def folded(name: str) -> str:
    """`name` without accents, case, spaces and marks, so that O'Brien finds OBRIEN."""
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    return "".join(letter for letter in decomposed if letter.isalnum())


def owed() -> models.Q:
    """Requests whose promise is still to be kept: nobody has spoken with the patient or booked a visit."""
    reached = ContactAttempt.objects.filter(
        appointment_request=models.OuterRef("pk"), result=ContactAttempt.Result.REACHED
    )
    return models.Q(status__in=ON_THE_CLOCK) & ~models.Q(models.Exists(reached))


TWICE_WITHIN = datetime.timedelta(days=60)


def _of_same_person(of):
    """Whether a row may be of the person of whom `of(column)` gives the values, sent at about the same time.

    Same date of birth, and same telephone or e-mail; or same telephone and a last name that sounds the same.
    """

    def same(column):
        return models.Q(**{column: of(column)}) & ~models.Q(**{column: ""})

    sent = models.Q(submitted_at__gte=of("submitted_at") - TWICE_WITHIN)
    sent &= models.Q(submitted_at__lte=of("submitted_at") + TWICE_WITHIN)
    born = same("date_of_birth_hash") & (same("phone_hash") | same("email_hash"))
    named = same("phone_hash") & same("last_name_sound_hash")
    known = models.Q(pk=of("pk")) | models.Q(duplicate_of__isnull=False, duplicate_of=of("pk"))
    return (born | named) & sent & ~known & ~models.Q(outcome=Outcome.SPAM)


class AppointmentRequestQuerySet(models.QuerySet):
    def alike(self, appointment_request):
        """Those that may be of the same person; not spam, and not its duplicates."""
        return self.filter(_of_same_person(lambda column: getattr(appointment_request, column)))

    def with_alike(self):
        """Those for which there are others alike, and that are no duplicates themselves."""
        return self.filter(
            models.Exists(AppointmentRequest.objects.filter(_of_same_person(models.OuterRef))), duplicate_of=None
        )

    def late(self, at):
        """Requests that at `at` are past the staff's clock."""
        return self.filter(owed(), due_at__lt=at)

    def unanswered(self):
        """Requests whose patient has not heard from a person yet, nor did so before it came back to us."""
        answers = StatusEvent.objects.answers().filter(appointment_request=models.OuterRef("pk"))
        return self.filter(owed()).exclude(models.Exists(answers))

    def asked(self, since):
        """Requests that people sent from `since` on: nothing that is, or may be, spam."""
        return self.filter(submitted_at__gte=since).exclude(status=Status.QUARANTINED).exclude(outcome=Outcome.SPAM)

    def with_first_contact(self):
        """Each with `first_contact_at`, when the patient first heard from a person; None if not yet.

        That is a call that reached them, or a move that tells them something: times, a question, a visit, an end.
        """
        of_request = {"appointment_request": models.OuterRef("pk")}
        calls = ContactAttempt.objects.filter(**of_request, result=ContactAttempt.Result.REACHED)
        answers = StatusEvent.objects.answers().filter(**of_request)
        told = answers.exclude(to_status=Status.CLOSED, details__outcome__in=QUIET_OUTCOMES)
        first = [models.Subquery(rows.order_by("at").values("at")[:1]) for rows in (calls, told)]
        # SQLite's Least is nothing where one of the two is nothing.
        return self.annotate(first_contact_at=Coalesce(Least(*first), *first))

    def by_promise(self):
        """Who is owed an answer first; then who waits, by the next step; then who is booked, by the visit; the rest.

        Of those who are owed one: the urgent first; then by legal or travel deadline, by the staff's clock, by age.
        In quarantine as well the urgent come first: a flood must not bury them.
        """
        owed = models.Q(status__in=ON_THE_CLOCK)
        waiting = models.Q(status__in=[Status.WAITING, Status.OFFERED])
        scheduled = models.Q(status=Status.SCHEDULED)
        put_aside = models.Q(status=Status.QUARANTINED)
        visit = Visit.objects.filter(appointment_request=models.OuterRef("pk"), status=Visit.Status.BOOKED)
        return self.order_by(
            models.Case(
                models.When(owed & models.Q(priority=words.Priority.URGENT), then=0),
                models.When(owed, then=1),
                models.When(waiting, then=2),
                models.When(scheduled, then=3),
                models.When(put_aside & models.Q(priority=words.Priority.URGENT), then=4),
                default=5,
            ),
            models.Case(models.When(owed, then="deadline_at")).asc(nulls_last=True),
            models.Case(
                models.When(waiting, then="next_action_at"),
                models.When(scheduled, then=Coalesce(models.Subquery(visit.values("starts_at")), "due_at")),
                default="due_at",
            ),
            "pk",
        )


class AppointmentRequest(models.Model):
    """What somebody asked us for. Not an appointment: that is a Visit."""

    # Who made it, and how
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reference = models.CharField(_("reference"), max_length=13, unique=True, default=new_reference, editable=False)
    idempotency_key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    channel = models.CharField(_("came by"), max_length=10, choices=words.Channel, default=words.Channel.WEB)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    source_slug = models.SlugField(_("page it came from"), blank=True)
    submitted_at = models.DateTimeField(_("sent"))

    # The person
    first_name = EncryptedTextField(_("first name"))
    last_name = EncryptedTextField(_("last name"))
    name_pronunciation = EncryptedTextField(_("how to say it"))
    date_of_birth = EncryptedDateField(_("date of birth"))
    phone = EncryptedTextField(_("phone"))  # E.164, with ";ext=" where there is one
    phone_as_typed = EncryptedTextField(_("phone as typed"))
    email = EncryptedTextField(_("e-mail"))
    zip_code = EncryptedTextField(_("ZIP code"))
    on_behalf_name = EncryptedTextField(_("asked by"))
    on_behalf_phone = EncryptedTextField(_("phone of who asked"))
    patient_knows = models.CharField(_("does the patient know"), max_length=3, choices=words.PatientKnows, blank=True)

    # The wish
    reason = EncryptedTextField(_("in their words"))
    topic = models.CharField(_("topic"), max_length=20, choices=words.Topic, blank=True)
    days = models.JSONField(_("days"), default=list, blank=True)
    part_of_day = models.CharField(
        _("part of day"), max_length=10, choices=words.PartOfDay, default=words.PartOfDay.ANY
    )
    earliest_on = models.DateField(_("not before"), null=True, blank=True)
    returning = models.CharField(_("here before"), max_length=10, choices=words.Returning, blank=True)
    in_florida_from = models.DateField(_("in Florida from"), null=True, blank=True)
    in_florida_to = models.DateField(_("in Florida to"), null=True, blank=True)
    accident_on = EncryptedDateField(_("date of the accident"))

    # How to reach them
    reach_by = models.CharField(_("reach by"), max_length=5, choices=words.ReachBy, default=words.ReachBy.CALL)
    best_time = models.CharField(_("best time"), max_length=10, choices=words.BestTime, default=words.BestTime.ANY)
    voicemail = models.CharField(_("voicemail"), max_length=10, choices=words.Voicemail, default=words.Voicemail.NONE)
    needs = models.JSONField(_("needs"), default=list, blank=True)
    interpreter_language = EncryptedTextField(_("interpreter for"))
    visit_details_by_email = models.BooleanField(_("date and place of a visit may stand in e-mail"), default=False)

    # Who pays, who sent them
    payer_kind = models.CharField(_("insurance"), max_length=20, choices=words.PayerKind, blank=True)
    payer_name = EncryptedTextField(_("insurer"))
    member_number = EncryptedTextField(_("member number"))
    referrer_name = EncryptedTextField(_("referring doctor"))
    referrer_practice = EncryptedTextField(_("doctor's practice"))
    referrer_phone = EncryptedTextField(_("doctor's phone or fax"))
    may_contact_referrer = models.BooleanField(_("may we contact the doctor"), null=True, blank=True)
    urgent_flags = EncryptedJSONField(_("urgent signs"))
    consent_version = models.CharField(_("wording agreed to"), max_length=20, blank=True)

    # The work
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.RECEIVED, editable=False)
    waiting_on = models.CharField(_("waiting on"), max_length=10, choices=WaitingOn, blank=True, editable=False)
    outcome = models.CharField(_("outcome"), max_length=24, choices=Outcome, blank=True, editable=False)
    priority = models.PositiveSmallIntegerField(
        _("priority"), choices=words.Priority, default=words.Priority.ROUTINE, editable=False
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        verbose_name=_("works on it"),
    )
    respond_by = models.DateTimeField(_("promised by"))  # as the patient was shown it: never changed
    due_at = models.DateTimeField(_("due"), editable=False)  # the staff's own clock, never later
    next_action_at = models.DateTimeField(_("next step on"), null=True, blank=True, editable=False)
    deadline_at = models.DateTimeField(_("deadline"), null=True, blank=True)
    spam_score = models.PositiveSmallIntegerField(default=0, editable=False)
    duplicate_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="duplicates", editable=False
    )
    routed_by = models.ForeignKey(
        "appointments.RoutingRule", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )

    # What makes it findable
    phone_hash = models.CharField(max_length=100, blank=True, db_index=True, editable=False)
    on_behalf_phone_hash = models.CharField(max_length=100, blank=True, db_index=True, editable=False)
    email_hash = models.CharField(max_length=100, blank=True, db_index=True, editable=False)
    date_of_birth_hash = models.CharField(max_length=100, blank=True, db_index=True, editable=False)
    last_name_hash = models.CharField(max_length=100, blank=True, db_index=True, editable=False)
    last_name_sound_hash = models.CharField(max_length=100, blank=True, db_index=True, editable=False)

    objects = AppointmentRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        indexes = [
            models.Index(fields=["status", "priority", "deadline_at", "due_at"], name="request_queue"),
            models.Index(fields=["submitted_at"], name="request_by_age"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(status="closed") | ~models.Q(outcome=""), name="closed_has_an_outcome"
            ),
            models.CheckConstraint(
                condition=~models.Q(status="waiting")
                | (~models.Q(waiting_on="") & models.Q(next_action_at__isnull=False)),
                name="waiting_says_on_whom_until_when",
            ),
            models.CheckConstraint(
                condition=models.Q(duplicate_of=None)
                | models.Q(outcome=Outcome.DUPLICATE) & ~models.Q(duplicate_of=models.F("pk")),
                name="duplicate_names_another",
            ),
        ]

    def __str__(self):
        # The admin writes this into its log: the reference and nothing else.
        return self.reference

    def save(self, *args, **kwargs):
        self.due_at = self.due_at or self.respond_by
        hashed = self.hashed_columns()
        for column, value in hashed.items():
            setattr(self, column, value)
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], *hashed}
        super().save(*args, **kwargs)

    def hashed_columns(self) -> dict[str, str]:
        """Keyed hash of each value that staff search for, by column."""
        name = folded(self.last_name)
        return {
            "phone_hash": keyed_hash("phone", self.phone.partition(";")[0]),
            "on_behalf_phone_hash": keyed_hash("phone", self.on_behalf_phone.partition(";")[0]),
            "email_hash": keyed_hash("email", self.email.casefold()),
            "date_of_birth_hash": keyed_hash(
                "date_of_birth", self.date_of_birth.isoformat() if self.date_of_birth else ""
            ),
            "last_name_hash": keyed_hash("last_name", name),
            "last_name_sound_hash": keyed_hash("last_name_sound", soundex(name)),
        }

    @property
    def is_urgent(self):
        return self.priority == words.Priority.URGENT

    @property
    def hurries(self):
        return self.priority in words.CLOCK_HOURS

    def clock_ends(self, calendar) -> datetime.datetime:
        """By when staff answer, as `calendar` (practice.hours.Calendar) knows the business days now."""
        hours = words.CLOCK_HOURS.get(self.priority)
        if hours is None:
            return self.respond_by
        return min(self.respond_by, calendar.after(self.submitted_at, datetime.timedelta(hours=hours)))

    @property
    def full_name(self):
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def day_labels(self):
        return [day.label for day in words.Day if day in self.days]

    @property
    def phone_display(self):
        return phones.display(self.phone)

    @property
    def phone_uri(self):
        return phones.uri(self.phone)


def soundex(name: str) -> str:
    """How a folded `name` sounds: American Soundex, "" for names without a Latin letter.

    Shape: a letter and three digits. Source: National Archives, "Soundex System" (2007).
    """
    codes = {
        letter: str(digit)
        for digit, letters in enumerate(["bfpv", "cgjkqsxz", "dt", "l", "mn", "r"], 1)
        for letter in letters
    }
    letters = [letter for letter in name if "a" <= letter <= "z"]
    if not letters:
        return ""
    sounds, last = letters[0].upper(), codes.get(letters[0], "")
    for letter in letters[1:]:
        code = codes.get(letter, "")
        if code and code != last:
            sounds += code
        if letter not in "hw":  # these two do not part equal sounds
            last = code
    return sounds[:4].ljust(4, "0")
