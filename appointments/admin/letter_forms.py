"""The small forms beside a letter. Their fields come from the table of letter moves; no form has a status."""

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from appointments.letter_moves import LETTER_MOVES, SECTIONS
from appointments.models import ReferralUpdate
from appointments.services import ways_out
from appointments.services.letter_content import clinician_of
from appointments.services.letters import MOST_PAGES, signers
from appointments.update_kinds import UpdateKind

WORDS_LENGTH = 4000
PROOF_LENGTH = 500


class LetterForm(forms.Form):
    """The fields of one move of one letter. `contact_points` are those of the office that a letter may go to now."""

    def __init__(self, move, update, contact_points, data=None):
        super().__init__(data, auto_id=f"id_{move.name}_{update.pk}_%s", initial=_frozen(update))
        self.move, self.update, self.contact_points = move, update, contact_points
        self.ways = {}  # by which the letter can leave, if that is the move
        self.events = None  # what somebody else did meanwhile: set by the view
        needs = move.needs_for(update.kind)
        for name in move.fields_for(update.kind):
            self.fields[name] = FIELDS[name](self, required=name in needs and name != "history")

    @property
    def label(self):
        return _("Change the letter") if self.move.name == "prepare" and self.update.content else self.move.label


def _frozen(update):
    """What the letter says so far, to be put right."""
    words = update.content.get("sections", {}) | {"note": update.content.get("note", "")}
    kept = {"contact_point": update.contact_point_id, "clinician": update.clinician_id, "pages": update.pages}
    return words | {name: value for name, value in kept.items() if value}


def _words(label, rows, max_length=WORDS_LENGTH, **more):
    widget = forms.Textarea({"rows": rows, "cols": 60})
    return lambda form, **kwargs: forms.CharField(label=label, max_length=max_length, widget=widget, **more, **kwargs)


def _contact_point(form, **kwargs):
    by_key = {str(one.pk): one for one in form.contact_points}
    choices = [(key, _said_of(one)) for key, one in by_key.items()]
    return forms.TypedChoiceField(
        label=_("Goes to"), choices=choices, coerce=by_key.get, error_messages=_ONE_OF_THE_LIST, **kwargs
    )


def _said_of(contact_point):
    until = date_format(timezone.localtime(contact_point.verified_until), "F j, Y")
    return _("%(where)s (verified until %(until)s)") % {"where": contact_point, "until": until}


def _clinician(form, **kwargs):
    """The one whom the patient saw, unless the letter names one already."""
    return forms.ModelChoiceField(
        signers(),
        label=_("Clinician"),
        help_text=_(
            "Reads the letter and signs it before it leaves; their name stands below it. If somebody is missing, the "
            "owner joins an account to them under Clinicians."
        ),
        initial=clinician_of(form.update.referral),
        error_messages=_ONE_OF_THE_LIST,
        **kwargs,
    )


def _last_four(form, **kwargs):
    return forms.CharField(
        label=_("Last four digits"),
        help_text=_(
            "Look the number up in the directory or the registry, not on this page, and type its last four digits. For "
            "an address: its last four letters or digits."
        ),
        max_length=20,
        widget=forms.TextInput({"autocomplete": "off", "size": 8}),
        **kwargs,
    )


def _way(form, **kwargs):
    """A button for each: see _letter_form.html."""
    form.ways = ways_out.open_to(form.update.contact_point) if form.update.contact_point else {}
    choices = [(name, way.label) for name, way in form.ways.items()]
    return forms.ChoiceField(label=_("How"), choices=choices, error_messages=_ONE_OF_THE_LIST, **kwargs)


def _pages(form, **kwargs):
    return forms.IntegerField(
        label=_("Pages"), help_text=_("With the cover sheet."), min_value=1, max_value=MOST_PAGES, **kwargs
    )


def _arrived_at(form, **kwargs):
    widget = forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=_("Arrived at"), widget=widget, initial=timezone.now, **kwargs)


def _failure(form, **kwargs):
    choices = [("", _("Choose")), *ReferralUpdate.Failure.choices]
    return forms.ChoiceField(label=_("Why"), choices=choices, error_messages=_ONE_OF_THE_LIST, **kwargs)


_ONE_OF_THE_LIST = {"invalid_choice": _("Choose one of the list.")}
FIELDS = {
    "contact_point": _contact_point,
    "clinician": _clinician,
    **{name: _words(label, 4) for name, label in SECTIONS.items()},
    "note": _words(_("Note"), 2, help_text=_("The office reads it. Write no more than it needs.")),
    "last_four": _last_four,
    "way": _way,
    "pages": _pages,
    "arrived_at": _arrived_at,
    "proof": _words(
        _("Proof"),
        2,
        PROOF_LENGTH,
        help_text=_("What the machine printed, such as “OK” with the number that answered, or who said it is there."),
    ),
    "failure": _failure,
    "comment": _words(_("Comment"), 2),
}


class NewLetterForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("What it says"), choices=[("", _("Choose")), *UpdateKind.choices], error_messages=_ONE_OF_THE_LIST
    )


def form_of(name, update, contact_points, data=None) -> LetterForm:
    return LetterForm(LETTER_MOVES[name], update, contact_points, data)
