"""The letters on the page of a referral: what is owed, the one next step of each, and its PDF."""

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from appointments.admin.letter_forms import LetterForm, NewLetterForm, form_of
from appointments.admin.page import Entry, name_of
from appointments.letter_moves import LETTER_KINDS, LETTER_MOVES, SECTIONS
from appointments.letters import LettersUnavailable
from appointments.models import ContactPointEvent, Referral, ReferralUpdate
from appointments.models.referral import BLOCKED, NO_PRACTICE
from appointments.services import letter_files, letters, may_leave, moves
from appointments.transitions import PREPARERS, READERS
from appointments.update_kinds import UpdateKind
from practice import phones

Status = ReferralUpdate.Status
# The one step that brings a letter nearer to its office; what else is possible stands behind it.
NEXT = {
    Status.DUE: "prepare",
    Status.PREPARED: "approve",  # once it is signed
    Status.APPROVED: "send",
    Status.SENT: "confirm",
    Status.FAILED: "prepare",
}
# What stands in the history, by the name of the event.
DONE = {
    "letter-new": gettext_lazy("Letter put on the list"),
    "letter-prepare": gettext_lazy("Letter prepared"),
    "letter-sign": gettext_lazy("Letter signed by its clinician"),
    "letter-approve": gettext_lazy("Letter approved"),
    "letter-send": gettext_lazy("Letter sent"),
    "letter-confirm": gettext_lazy("Letter arrived"),
    "letter-fail": gettext_lazy("Letter did not arrive"),
    "letter-withdraw": gettext_lazy("Letter withdrawn"),
    "letter-outdated": gettext_lazy("Letter withdrawn by itself"),
    "letter-machine": gettext_lazy("The machine is done with the letter"),
    "incident-opened": gettext_lazy("Reported as misdirected"),
    "incident-closed": gettext_lazy("Misdirected letter looked into"),
}
# Why a letter was withdrawn though nobody pressed so, beside the kind of a newer one.
BECAUSE = {
    "reopen": gettext_lazy("the request was opened again"),
    "undo": gettext_lazy("what it tells was taken back"),
}
NO_ADDRESS = gettext_lazy("This office has no verified fax number or address. Verify one in the directory first.")
WRONG_NUMBER = gettext_lazy(
    "Nothing goes to this number until somebody has verified it anew, and a supervisor looks into who got the letter."
)
HEADERS = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True)
class Letter:
    """One letter as the page shows it. `obstacle` says why it cannot leave now, "" if it can."""

    update: ReferralUpdate
    is_owed: bool  # it has not left yet
    is_late: bool
    is_stopped: bool  # by the patient's word
    where: str
    last_arrived: str
    is_same: bool
    obstacle: str
    words: list[tuple[str, str]]  # (heading, text) for whoever is to sign them
    next: LetterForm | None
    others: list[LetterForm]
    withdrawn: Entry | None  # by whom, when, and why
    kept: LetterForm | None  # what was typed for a move that is not possible any more
    is_held_by_office: bool  # nothing may go to it now; the page says there what is missing
    has_pdf: bool


class LettersMixin:
    """The section of letters.

    `letter_actions` says which button is whose: its name → function of (the admin, request, referral), which answers
    with `self._done(…)` or `self._page(…)`.
    """

    def letters_context(self, request, referral, groups, bound=None) -> dict:
        """What _letters.html takes beside `referral`; `bound` is the form that was posted and goes back."""
        now = timezone.now()
        updates = _updates(referral)
        contact_points, arrived = _contact_points(referral, now), _last_arrived(referral)
        withdrawn = _withdrawn(referral, words=bool(groups & READERS))
        may_write = bool(groups & PREPARERS) and not referral.is_blocked
        return {
            "letters": [
                _letter(one, request.user, groups, contact_points, arrived, withdrawn, now, bound) for one in updates
            ],
            "letter_words": bool(groups & READERS),
            "new_letter_form": _own(NewLetterForm, bound) if may_write else None,
            "letter_events": _told(bound),
        }

    def get_urls(self):
        address = path(
            "<int:pk>/letters/<uuid:letter_id>.pdf",
            self.admin_site.admin_view(require_GET(self.letter_view)),
            name="appointments_referral_letter",
        )
        return [address, *super().get_urls()]

    def letter_view(self, request, pk, letter_id):
        """The PDF of one letter, to be saved: never shown by the browser, and never from its cache."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            update, content = letter_files.open_for_staff(pk, letter_id, by=request.user)
        except ReferralUpdate.DoesNotExist:
            raise Http404 from None
        except moves.NoRight:
            raise PermissionDenied from None
        except (may_leave.MayNotLeave, LettersUnavailable) as refused:
            messages.error(request, getattr(refused, "says", refused))
            return HttpResponseRedirect(reverse("admin:appointments_referral_change", args=[pk]))
        reference = update.referral.appointment_request.reference
        name = f"{reference}-{update.kind}-{update.pk}.pdf"  # ours, no name of a patient
        headers = HEADERS | {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return HttpResponse(content, content_type="application/pdf", headers=headers)

    # What is pressed

    def _move_letter(self, request, referral):
        chosen, update = LETTER_MOVES.get(request.POST["letter_move"]), _posted(request, referral)
        if chosen is None:
            raise BadRequest
        if not chosen.by & moves.groups_of(request.user):
            raise PermissionDenied
        contact_points = _contact_points(referral, timezone.now())
        form = LetterForm(chosen, update, contact_points, request.POST)
        seen_version = moves.read_version(request.POST.get("seen_version", ""))
        form.is_valid()
        try:
            letters.check_seen(update, seen_version)
            if form.is_valid():
                moved = letters.move_letter(
                    update.public_id, chosen.name, seen_version=seen_version, by=request.user, **form.cleaned_data
                )
                return self._done(request, referral, f"letter {chosen.name}", _told_after(moved, request.user))
        except letters.Stale as stale:
            form.events = stale.events
            return self._page(request, referral, status=409, bound=form)
        except moves.MoveNotAllowed as refused:
            form.add_error(None, refused.says)
            return self._page(request, referral, status=409, bound=form)
        except ValidationError as refused:
            form.add_error(None, refused)
        return self._page(request, referral, status=422, bound=form)

    def _new_letter(self, request, referral):
        form = NewLetterForm(request.POST)
        if not form.is_valid():
            return self._page(request, referral, status=422, bound=form)
        try:
            letters.new_letter(referral.public_id, form.cleaned_data["kind"], by=request.user)
        except moves.NoRight:
            raise PermissionDenied from None
        except moves.MoveNotAllowed as refused:
            form.add_error("kind", refused.says)
            return self._page(request, referral, status=409, bound=form)
        return self._done(request, referral, "letter new", _("The letter is on the list: prepare it now."))

    letter_actions = {"letter_move": _move_letter, "new_letter": _new_letter}


def _told_after(update, user):
    told = _("%(letter)s is now: %(status)s.") % {"letter": update.get_kind_display(), "status": update.standing}
    if update.failure == ReferralUpdate.Failure.WRONG_NUMBER:
        return f"{told} {WRONG_NUMBER}"
    if update.signed_by_id != user.pk:
        return told
    following = Referral.objects.to_sign(user).order_by("letter_due_at", "pk").first()
    if following is None:
        return told
    address = reverse("admin:appointments_referral_change", args=[following.pk])
    return format_html('{} {} <a href="{}">{}</a>', told, _("Your next letter to sign:"), address, following)


def _posted(request, referral):
    """The letter that a button belongs to; one of another referral is as none."""
    try:
        public_id = uuid.UUID(request.POST.get("letter", ""))
    except ValueError:
        raise BadRequest from None
    update = (
        ReferralUpdate.objects.filter(referral=referral, public_id=public_id)
        .select_related("contact_point", "clinician")
        .first()
    )
    if update is None:
        raise Http404
    update.referral = referral
    return update


def _updates(referral):
    """The oldest first, and what goes nowhere any more at the end."""
    people = ("clinician", "prepared_by", "approved_by", "sent_by")
    updates = ReferralUpdate.objects.filter(referral=referral).prefetch_related("incidents")
    updates = list(updates.select_related("contact_point__practice", *people))
    for update in updates:
        update.referral = referral  # with its request and practice, read once for all
    return sorted(updates, key=lambda update: update.status == Status.WITHDRAWN)


def _withdrawn(referral, words):
    """{key of a letter: who withdrew it last, when, and why}."""
    events = referral.appointment_request.referral_events.filter(what__in=["letter-withdraw", "letter-outdated"])
    return {
        event.details["letter"]: Entry(
            event.at, name_of(event.by), because_of(event.details), event.comment if words else ""
        )
        for event in events.select_related("by").order_by("pk")
    }


def because_of(details) -> str:
    """Why a letter was withdrawn by itself; "" if a person withdrew it."""
    because = details.get("because")
    if because in UpdateKind.values:
        return _("there was newer news: %(kind)s") % {"kind": UpdateKind(because).label}
    return str(BECAUSE.get(because, ""))


def _contact_points(referral, now):
    """Those to which a letter of this referral may go now."""
    if referral.is_blocked or referral.practice_id is None:
        return []
    return list(referral.practice.contact_points.verified(now).filter(kind__in=LETTER_KINDS))


def _last_arrived(referral):
    """{kind of contact point: where something last arrived at this office}; what was read on its page did not."""
    delivered = ContactPointEvent.objects.filter(
        what=ContactPointEvent.What.DELIVERED, contact_point__practice=referral.practice_id
    )
    latest = delivered.order_by("-at", "-pk").values_list("contact_point__kind", "value")[:50]
    return dict(reversed(list(latest)))


def _letter(update, user, groups, contact_points, arrived, withdrawn, now, bound):
    point = update.contact_point
    last = arrived.get(point.kind, "") if point else ""
    forms = [form_of(name, update, contact_points) for name in _possible(update, user, groups, contact_points, now)]
    own = bound if isinstance(bound, LetterForm) and bound.update.pk == update.pk else None
    forms = [own if own and form.move == own.move else form for form in forms]
    following, is_owed = _following(update), update.status not in NOT_OWED
    return Letter(
        update=update,
        is_owed=is_owed,
        is_late=is_owed and update.due_at is not None and update.due_at <= now,
        is_stopped=is_owed and update.referral.is_blocked,
        where=_where(update),
        last_arrived=phones.display(last) if last.startswith("+") else last,
        is_same=last == update.number,
        obstacle=_obstacle(update, user, contact_points, now),
        words=_words(update) if "sign" in {form.move.name for form in forms} else [],
        next=next((form for form in forms if form.move.name == following), None),
        others=[form for form in forms if form.move.name != following],
        withdrawn=withdrawn.get(update.pk),
        kept=own if own and own not in forms else None,
        is_held_by_office=not contact_points and not update.referral.is_blocked,
        has_pdf=bool(groups & READERS and update.content) and letter_files.may_be_opened(update, now),
    )


NOT_OWED = frozenset({Status.SENT, Status.CONFIRMED, Status.WITHDRAWN})


def _where(update):
    if not update.contact_point:
        return ""
    number = phones.display(update.number) if update.contact_point.is_number else update.number
    return f"{update.contact_point.get_kind_display()} {number}"


def _words(update):
    content = update.content
    return [(SECTIONS[name], text) for name, text in content["sections"].items()] + [(_("Note"), content["note"])]


def _following(update):
    return "sign" if update.status == Status.PREPARED and update.lacks_signature else NEXT.get(update.status)


def _obstacle(update, user, contact_points, now):
    """Why the next step cannot be made. What has ended has none."""
    following = LETTER_MOVES.get(_following(update))
    if following is None:
        return ""
    if following.name != "prepare":
        is_waiting = following.name == "sign" and not letters.is_theirs(update, user)
        return may_leave.obstacle_of(update, now) or (letters.waits_for(update) if is_waiting else "")
    if update.referral.is_blocked:
        return BLOCKED
    if update.referral.practice_id is None:
        return NO_PRACTICE
    return "" if contact_points else NO_ADDRESS


def _possible(update, user, groups, contact_points, now):
    """The moves that this person can make with this letter now."""
    for move in LETTER_MOVES.values():
        if update.status not in move.sources or not move.suits(update) or not move.by & groups:
            continue
        if move.name == "sign" and not letters.is_theirs(update, user):
            continue
        hindered = not contact_points if move.name == "prepare" else may_leave.obstacle_of(update, now)
        if not (move.leaves and hindered):
            yield move.name


def _own(form_class, bound):
    return bound if isinstance(bound, form_class) else form_class()


def _told(bound):
    """(who, when, what) of what somebody else did to the letter of this form; None if nobody did."""
    events = getattr(bound, "events", None)
    if events is None:
        return None
    return [(name_of(event.by), event.at, DONE.get(event.what, event.what)) for event in events]
