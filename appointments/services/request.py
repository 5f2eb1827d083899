"""Receiving a request: one row, its first event, and its messages, together or not at all."""

import datetime

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from appointments import steps
from appointments.forms.text import without_format_signs
from appointments.models import AppointmentRequest, RequestDraft, StatusEvent, words
from appointments.services import draft as drafts
from appointments.services import refer, referrals, spam, tell
from appointments.services.routing import plan
from appointments.transitions import Status

CONSENT_VERSION = "2026-11"  # of the words that tests/appointments/test_consent.py pins
ACCIDENT_DAYS = 14  # Fla. Stat. 627.736: care must begin within 14 days for car insurance to pay
REFERENCE_TRIES = 5


class UnansweredError(Exception):
    """A step of the draft is missing or no longer valid; `step` names it."""

    def __init__(self, step):
        super().__init__(step)
        self.step = step


def receive(
    draft: RequestDraft,
    *,
    post: spam.Post | None = None,
    by: AbstractUser | None = None,
    **keyed,
) -> AppointmentRequest:
    """The request that `draft` asks for; the same one, however often and from wherever this is called (P1).

    If `post`, which says how it was sent, makes it look like spam, it is quarantined and nobody is told (P44). `by` is
    the member of staff who keyed it in, `keyed` what the forms do not say.

    Raises UnansweredError or drafts.GoneError; nothing is saved then.
    """
    if missing := steps.first_unanswered(draft):
        raise UnansweredError(missing)
    values, referral = asked(draft)
    values |= keyed
    route = plan(AppointmentRequest(**values))
    with transaction.atomic():
        appointment_request, is_new = _insert(draft, values | route.values)
        if is_new:
            hits = _judge(appointment_request, draft, post, referral) if post else []
            event = StatusEvent.objects.create(
                appointment_request=appointment_request,
                move="receive",
                to_status=appointment_request.status,
                version=appointment_request.version,
                by=by,
                details={"spam": [rule.code for rule in hits]} if hits else {},
            )
            referrals.begin(appointment_request, event, referral)
            if appointment_request.status == Status.RECEIVED:
                tell.of_new_request(appointment_request, route.people)
            sent = RequestDraft.objects.filter(pk=draft.pk).update(appointment_request=appointment_request, answers={})
            if not sent:
                raise drafts.GoneError  # somebody cleared the screen meanwhile
            draft.files.update(draft=None, appointment_request=appointment_request, came_with_referral=True)
            draft.appointment_request, draft.answers = appointment_request, {}
    return appointment_request


def idempotency_key(draft: RequestDraft):
    """A function of its own, so that a test can take the guard away and see it missed."""
    return draft.public_id


def _insert(draft, values):
    """Insert first: the unique key decides who was first, and the loser reads the winner's row."""
    key = idempotency_key(draft)
    for _try in range(REFERENCE_TRIES):
        try:
            with transaction.atomic():
                return AppointmentRequest.objects.create(idempotency_key=key, **values), True
        except IntegrityError:
            winner = AppointmentRequest.objects.filter(idempotency_key=key).first()
            if winner:
                return winner, False
            # Otherwise it was the reference that somebody has already: the next try makes another one.
    raise IntegrityError("no free reference")


def _judge(appointment_request, draft, post, referral):
    """Put the request aside if it looks like spam; the rules that hold."""
    hits = spam.hits(spam.signs_of(appointment_request, draft, post, referral))
    if hits:
        appointment_request.spam_score = spam.score(hits)
        if appointment_request.spam_score >= spam.LIMIT:
            appointment_request.status = Status.QUARANTINED
        appointment_request.save(update_fields=["spam_score", "status"])
    return hits


def asked(draft) -> tuple[dict, dict | None]:
    """What `draft` asks for, as fields of AppointmentRequest, and, if an office wrote it, as fields of Referral.

    What no form asks for cannot get in (P27). Call it when every question is answered.
    """
    if steps.is_referral(draft):
        form = steps.form_of(draft, steps.REFER)
        form.full_clean()
        return refer.request_values(form), refer.referral_values(form)
    return request_values(draft), None


def request_values(draft) -> dict:
    """What the forms of `draft` say, as fields of AppointmentRequest."""
    forms = {name: steps.form_of(draft, name) for name in steps.FORMS}
    said = {}
    for form in forms.values():
        form.full_clean()
        said |= form.cleaned_data
    for_somebody = said.pop("for_whom") == words.ForWhom.SOMEONE_ELSE
    if not for_somebody:
        said |= {"on_behalf_name": "", "on_behalf_phone": "", "patient_knows": ""}
    del said["all_year"]  # asked only for the days that follow from it
    danger, which_signs = said.pop("signs") == "yes", said.pop("which_signs")
    may_contact = {"yes": True, "no": False}.get(said.pop("may_contact_referrer"))
    return said | {
        "language": draft.language,
        "source_slug": draft.source_slug,
        "submitted_at": timezone.now(),
        "phone_as_typed": without_format_signs(forms["reach"].data["phone"]).strip(),
        "voicemail": said["voicemail"] or words.Voicemail.NONE,
        "visit_details_by_email": bool(said["visit_details_by_email"] and said["email"]),
        "may_contact_referrer": may_contact,
        "urgent_flags": dict.fromkeys(["signs", *which_signs], "yes") if danger else {},
        "priority": words.Priority.URGENT if danger else words.Priority.ROUTINE,
        "deadline_at": deadline(said["accident_on"]),
        "consent_version": CONSENT_VERSION,
    }


def deadline(accident_on: datetime.date | None) -> datetime.datetime | None:
    """Until when care must begin after a car accident (aware, the end of that day); None without or when it is past."""
    if accident_on is None:
        return None
    last_day = accident_on + datetime.timedelta(days=ACCIDENT_DAYS)
    if last_day < timezone.localdate():
        return None
    return timezone.make_aware(datetime.datetime.combine(last_day, datetime.time(23, 59)))
