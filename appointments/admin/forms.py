"""The small forms beside a request. The fields of a move come from the table; no form has a status."""

import datetime
import uuid
from itertools import count

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.models import AppointmentRequest, ContactAttempt, Visit
from appointments.reference import parse_reference
from appointments.transitions import MOVES, OUTCOME_BY, Outcome, WaitingOn
from practice.models import Clinician, Location

WORDS_LENGTH = 2000
SATURDAY = 5


def _comment(**kwargs):
    return forms.CharField(
        label=_("Comment"), max_length=WORDS_LENGTH, widget=forms.Textarea({"rows": 2, "cols": 30}), **kwargs
    )


def _moment(label, **more):
    # The browser's own picker: no script needed, and the page's policy allows none from elsewhere.
    widget = forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return lambda **kwargs: forms.DateTimeField(label=label, widget=widget, **more, **kwargs)


def in_two_weekdays() -> datetime.datetime:
    """9 a.m. of the second weekday from now: most answers have come by then, and most days need no typing."""
    day = timezone.localdate()
    weekdays = (later for days in count(1) if (later := day + datetime.timedelta(days)).weekday() < SATURDAY)
    next(weekdays)
    return timezone.make_aware(datetime.datetime.combine(next(weekdays), datetime.time(9)))


def _choice(label, choices):
    return lambda **kwargs: forms.ChoiceField(label=label, choices=[("", _("Choose")), *choices], **kwargs)


def _location(**kwargs):
    return forms.ModelChoiceField(label=_("Place"), queryset=Location.objects.all(), empty_label=None, **kwargs)


def _clinician(**kwargs):
    return forms.ModelChoiceField(
        label=_("Clinician"), queryset=Clinician.objects.all(), empty_label=_("Not decided"), **kwargs
    )


def _question(**kwargs):
    return forms.CharField(
        label=_("Question"),
        help_text=_("The patient reads it as you write it, on a page that opens with a code."),
        max_length=WORDS_LENGTH,
        widget=forms.Textarea({"rows": 2, "cols": 30}),
        **kwargs,
    )


class ReferenceField(forms.CharField):
    """The reference of a request, typed in any usual shape; gives the request, None if empty."""

    def clean(self, value):
        typed = super().clean(value)
        if not typed:
            return None
        found = AppointmentRequest.objects.filter(reference=parse_reference(typed)).first()
        if found is None:
            raise forms.ValidationError(_("There is no request with this reference. Please look at it again."))
        return found


def _duplicate_of(**kwargs):
    return ReferenceField(
        label=_("Duplicate of"),
        help_text=_("For a duplicate: the reference of the request that goes on."),
        max_length=40,
        **kwargs,
    )


# The fields of the moves that staff make, in the order in which a form asks for them.
FIELDS = {
    "waiting_on": _choice(_("Waiting for"), WaitingOn.choices),
    "question": _question,
    "next_action_at": _moment(_("Look again on"), initial=in_two_weekdays),
    "starts_at": _moment(_("Starts")),
    "offer_1": _moment(_("First time")),
    "offer_2": _moment(_("Second time")),
    "offer_3": _moment(_("Third time")),
    "location": _location,
    "clinician": _clinician,
    "visit_status": _choice(
        _("How it ended"),
        [(status.value, status.label) for status in (Visit.Status.FULFILLED, Visit.Status.NOSHOW)],
    ),
    "outcome": _choice(_("Why"), Outcome.choices),
    "duplicate_of": _duplicate_of,
    "comment": _comment,
}


class MoveForm(forms.Form):
    """The fields of one move; `groups` are the groups of the person who sees it.

    `lacking` says what is still to be tried before a request can be closed because nobody was reached.
    """

    def __init__(self, move, *args, groups, lacking="", **kwargs):
        super().__init__(*args, auto_id=f"id_{move.name}_%s", **kwargs)
        self.move = move
        for name in FIELDS:
            if name in move.fields:
                self.fields[name] = FIELDS[name](required=name in move.needs)
        if "outcome" in self.fields:
            hidden = {code for code, by in OUTCOME_BY.items() if not by & groups}
            if lacking:
                hidden.add(Outcome.UNABLE_TO_REACH)
                label = Outcome.UNABLE_TO_REACH.label
                self.fields["outcome"].help_text = _("“%(reason)s” comes later. %(lacking)s") % {
                    "reason": label,
                    "lacking": lacking,
                }
            self.fields["outcome"].choices = [
                (code, label) for code, label in self.fields["outcome"].choices if code not in hidden
            ]


class EntryForm(forms.Form):
    """Something added beside the status; `entry_id` lets a second click find the first one's entry."""

    entry_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4, required=False)

    def refuse_as_other(self):
        """Something else is kept under this id: say so, and let the next press add this one."""
        self.add_error(
            self.told_at, _("Something else from this page is kept already. Press again to add this as well.")
        )
        self.data = self.data.copy()
        self.data["entry_id"] = uuid.uuid4()


class CallForm(EntryForm):
    told_at = "call"
    call = forms.ChoiceField(choices=ContactAttempt.Result.choices)  # the buttons
    channel = forms.ChoiceField(
        label=_("Tried by"),
        choices=ContactAttempt.Channel.choices,
        initial=ContactAttempt.Channel.PHONE,
        required=False,
    )
    note = forms.CharField(label=_("Note about the call"), max_length=WORDS_LENGTH, required=False)
    call_again_at = _moment(_("Call again at"))(required=False)

    def clean_channel(self):
        return self.cleaned_data["channel"] or ContactAttempt.Channel.PHONE


class NoteForm(EntryForm):
    told_at = "text"
    text = forms.CharField(label=_("New note"), max_length=WORDS_LENGTH, widget=forms.Textarea({"rows": 3, "cols": 60}))


def moves_for(status: str, groups, lacking: str = "") -> list[MoveForm]:
    """An empty form for each move that a member of `groups` may make with a request in `status`; undo stands apart."""
    possible = [move for move in MOVES.values() if move.target and status in move.sources and move.by & groups]
    return [MoveForm(move, groups=groups, lacking=lacking) for move in possible]
