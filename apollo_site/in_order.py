"""Is everything in order? A page for owners and supervisors, and the same as a mail to the owners each morning."""

import datetime
from dataclasses import dataclass

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override
from django.views.decorators.http import require_safe

from apollo_site import health
from appointments.admin.phone_list import calls
from appointments.admin.queue import short_when
from appointments.admin.standing import SOON
from appointments.models import AppointmentRequest, ContactPoint, Incident, Referral
from appointments.models.words import Channel
from appointments.services import letter_reminders, routing
from appointments.services.moves import groups_of
from appointments.transitions import OWNER, SUPERVISOR, Status
from outbox.models import Message
from outbox.services import enqueue, failing_since, oldest_due_age, told_of, worker_seen_at
from practice.services import practice_row
from procedures.services import reviews
from vault.models import Backup

MAIL_AT = datetime.time(7)
BACKUP_EVERY = datetime.timedelta(hours=26)  # once a day, and one may take longer than the one before


@dataclass(frozen=True)
class Row:
    """How something stands and how it should stand; `mend` says what to do, `address` where, for those with `right`."""

    is_good: bool
    stands: str
    limit: str
    mend: str
    address: str = ""  # nothing in the admin mends it
    right: str = ""


def rows() -> list[Row]:
    """Everything that is watched, in a fixed number of queries. No name, nothing about a patient's health."""
    now = timezone.now()
    return [watch(now) for watch in WATCHES]


def _worker(now):
    seen_at = worker_seen_at()
    ago = _("never") if seen_at is None else _("%(age)s ago") % {"age": timesince(seen_at, now, depth=1)}
    return Row(
        health.CHECKS["worker"](),
        _("The worker that sends mail last ran: %(ago)s.") % {"ago": ago},
        _("It should run at least every 2 minutes. If it does not, run_outbox has to be started again on the server."),
        _("Mail that waits"),
        _messages(Message.State.QUEUED),
        "outbox.view_message",
    )


def _unsent(now):
    age, failing = oldest_due_age(), failing_since()
    waits, state = _("No mail waits for the worker."), Message.State.QUEUED
    if age is not None:
        waits = _("The oldest mail has waited for: %(age)s.") % {"age": timesince(now - age, now, depth=1)}
    if failing is not None:
        waits = _("Since %(when)s no mail has left.") % {"when": short_when(failing, now)}
        state = Message.State.QUEUED if age else Message.State.FAILED_TEMPORARY
    return Row(
        health.CHECKS["unsent"]() and failing is None,
        waits,
        _("None should wait longer than 15 minutes. If one does, look at the worker and at the mail server."),
        _("Mail that waits"),
        _messages(state),
        "outbox.view_message",
    )


def _none_left(count, none, some, *rest):
    """In order when none is left; `some` says how many there are."""
    return Row(not count, some % count if count else none, *rest)


def _to_call(now):
    count = len(calls(now))
    return _none_left(
        count,
        _("Every patient was told by mail, or reached by phone."),
        ngettext("%d patient was not told by mail.", "%d patients were not told by mail.", count),
        _("Somebody should call each of them and note that they were reached."),
        _("Phone list"),
        reverse("phone-list"),
        "appointments.change_appointmentrequest",
    )


def _untouched(now):
    untouched = AppointmentRequest.objects.unanswered().filter(status=Status.RECEIVED)
    oldest = untouched.order_by("submitted_at").values_list("submitted_at", flat=True).first()
    late = untouched.late(now).count()
    waits = _("No request waits for somebody to take it.")
    if oldest is not None:
        waits = _("Since %(when)s a request waits for somebody to take it.") % {"when": short_when(oldest, now)}
    if late:
        waits += " " + ngettext("%d such request is late.", "%d such requests are late.", late) % late
    return Row(
        not late,
        waits,
        _("Somebody should take each one before it is due."),
        _("New requests"),
        reverse("admin:appointments_appointmentrequest_changelist") + "?show=new",
        "appointments.view_appointmentrequest",
    )


def _put_aside(now):
    """Nobody is told of these (P44), and a person in an office holds a receipt with a date on it."""
    count = AppointmentRequest.objects.filter(status=Status.QUARANTINED, channel=Channel.REFERRAL).count()
    return _none_left(
        count,
        _("No referral of an office lies in quarantine."),
        ngettext("%d referral of an office lies in quarantine.", "%d referrals of offices lie in quarantine.", count),
        _("The office has a receipt that says by when we call: somebody should release or close each one before."),
        _("Referrals in quarantine"),
        reverse("admin:appointments_appointmentrequest_changelist") + f"?show=quarantine&channel={Channel.REFERRAL}",
        "appointments.view_appointmentrequest",
    )


def _letters(now):
    count = letter_reminders.late_letters(now).count()
    return _none_left(
        count,
        _("No letter to a referring office is late."),
        ngettext("%d letter to a referring office is late.", "%d letters to referring offices are late.", count),
        _("Each should leave by the day that its page names."),
        _("Letters to write or send"),
        reverse("admin:appointments_referral_changelist"),
        "appointments.view_referral",
    )


def _outstanding(now):
    count = Referral.objects.outstanding(now).count()
    return _none_left(
        count,
        _("Every referring office has heard of its patient's visit."),
        ngettext(
            "%d visit is over, and the referring office has no letter for certain.",
            "%d visits are over, and the referring offices have no letter for certain.",
            count,
        ),
        _("Each office should have one within 3 business days, with proof that it arrived."),
        _("Letters outstanding"),
        reverse("admin:appointments_appointmentrequest_changelist") + "?show=letters",
        "appointments.view_appointmentrequest",
    )


def _unanswerable(now):
    count = Referral.objects.unanswerable().count()
    return _none_left(
        count,
        _("Every referring office that waits for an answer can have one."),
        ngettext(
            "%d referring office waits for an answer that nobody can give.",
            "%d referring offices wait for an answer that nobody can give.",
            count,
        ),
        _("Each one needs an office chosen, the patient’s word, or a supervisor’s reason to close it."),
        _("Nobody can answer"),
        reverse("admin:appointments_referral_changelist") + "?letters=unanswerable",
        "appointments.view_referral",
    )


def _pages(now):
    count = reviews.due().count()
    return _none_left(
        count,
        _("No page is past the day of its next check."),
        ngettext("%d page is overdue for its check.", "%d pages are overdue for theirs.", count),
        _("A clinician should sign each page again before that day."),
        _("Pages that are due"),
        reverse("admin:procedures_version_changelist") + "?due=0",
        "procedures.view_version",
    )


def _rules(now):
    count = len(routing.without_people())
    return _none_left(
        count,
        _("Every routing rule tells somebody."),
        ngettext("%d routing rule tells nobody.", "%d routing rules tell nobody.", count),
        _("Each rule should name somebody whose account is active and has an e-mail address."),
        _("Routing rules"),
        reverse("admin:appointments_routingrule_changelist"),
        "appointments.view_routingrule",
    )


def _contact_points(now):
    count = ContactPoint.objects.expiring(now, within=SOON).in_use().count()
    return _none_left(
        count,
        _("No fax or address of a referring office is about to expire."),
        ngettext(
            "%d fax or address of a referring office is about to expire.",
            "%d faxes or addresses of referring offices are about to expire.",
            count,
        ),
        _("Each should be verified again within 30 days: after that no letter goes there."),
        _("Contact points that expire"),
        reverse("admin:appointments_contactpoint_changelist") + "?verification=soon",
        "appointments.view_contactpoint",
    )


def _backup(now):
    last = Backup.objects.aggregate(at=Max("made_at"))["at"]
    stands = _("No backup has been made.")
    if last is not None:
        stands = _("The last backup was made %(age)s ago.") % {"age": timesince(last, now, depth=1)}
    return Row(
        last is not None and now - last < BACKUP_EVERY,
        stands,
        _("One should be made every day. If none was, ask whoever looks after the server."),
        _("On the server: manage.py backup"),
    )


def _incidents(now):
    count = Incident.objects.filter(closed_at=None).count()
    return _none_left(
        count,
        _("No misdirected letter waits for a supervisor."),
        ngettext(
            "%d misdirected letter waits for a supervisor.", "%d misdirected letters wait for a supervisor.", count
        ),
        _("Each one should be looked into on the day it is reported."),
        _("Misdirected letters"),
        reverse("admin:appointments_incident_changelist") + "?state=open",
        "appointments.view_incident",
    )


WATCHES = (
    *(_worker, _unsent, _to_call, _untouched, _put_aside),
    *(_letters, _outstanding, _unanswerable, _incidents, _contact_points, _pages, _rules, _backup),
)


def _messages(state):
    return f"{reverse('admin:outbox_message_changelist')}?state__exact={state}"


@require_safe
def page(request):
    if SUPERVISOR not in groups_of(request.user):
        raise PermissionDenied
    shown = [(row, bool(row.address) and request.user.has_perm(row.right)) for row in rows()]
    to_mend = sum(not row.is_good for row, _may in shown)
    context = {**admin.site.each_context(request), "title": _heading(to_mend), "rows": shown}
    return render(request, "admin/in_order.html", context)


def _heading(to_mend):
    if not to_mend:
        return _("Everything is in order")
    return ngettext("%d thing to look at", "%d things to look at", to_mend) % to_mend


def mail_owners() -> None:
    """From 7 a.m. on one mail a day to each owner; a morning without a worker is made up for later in the day."""
    now = timezone.localtime()
    day = now.date().isoformat()
    if now.time() < MAIL_AT or told_of("owner-report", [day]):
        return
    owners = routing.in_groups(OWNER)
    if owners:
        context = _report()
        with transaction.atomic():
            for owner in owners:
                key = f"owner-report:{day}:{owner.pk}"
                enqueue("owner-report", to=owner.email, about=day, dedupe_key=key, context=context)


def _report():
    practice = practice_row()
    with override("en"):  # as all mails to staff
        found = rows()
        lines = [f"{_('Good') if row.is_good else _('LOOK')}: {row.stands} {row.limit}" for row in found]
    return {
        "lines": lines,
        "to_mend": sum(not row.is_good for row in found),
        "path": reverse("in-order"),
        "phone_display": practice.phone_display,
        "from_name": practice.short_name,
    }
