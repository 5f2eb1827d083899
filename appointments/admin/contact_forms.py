"""The small forms of one contact point. No form has a verification: services write that down."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from appointments.forms.text import TextField
from appointments.models import ContactKind
from appointments.services.contact_points import clean_value, slip
from practice import phones

NEEDED = _("This is needed.")
MOST = 300


def _text(label, help_text="", most=MOST, **kwargs):
    widget = forms.TextInput({"autocomplete": "off", "spellcheck": "false"})
    return TextField(label=label, help_text=help_text, most=most, missing=NEEDED, widget=widget, **kwargs)


class AddForm(forms.Form):
    """Another way to reach a practice."""

    kind = forms.ChoiceField(label=_("Kind"), choices=ContactKind.choices)
    value = _text(_("Number or address"), _("A number in any usual shape, like 813-555-0142."))

    def clean(self):
        cleaned = super().clean()
        if "kind" in cleaned and "value" in cleaned:
            try:
                clean_value(cleaned["kind"], cleaned["value"])
            except ValidationError as wrong:
                self.add_error("value", wrong)
        return cleaned


class ChangeForm(forms.Form):
    """What looks like a slip of the finger has to be typed once more, with the two numbers side by side."""

    value = _text(_("New number or address"))
    again = _text(_("The new number once more"), _("Look at the paper, not at the box above."), required=False)

    def __init__(self, contact_point, data=None):
        super().__init__(data, auto_id="id_change_%s", initial={"value": contact_point.display})
        self.contact_point, self.old, self.new, self.places = contact_point, "", "", ()

    def clean(self):
        cleaned = super().clean()
        if "value" not in cleaned:
            return cleaned
        try:
            value = clean_value(self.contact_point.kind, cleaned["value"])
        except ValidationError as wrong:
            self.add_error("value", wrong)
            return cleaned
        self._look_for_slip(value)
        if self.places and phones.to_e164(cleaned.get("again", "")) != value:
            self.add_error("again", _("Please type the new number once more, as it stands on the paper."))
        return cleaned

    def _look_for_slip(self, value):
        if not self.contact_point.is_number:
            return
        self.new = phones.display(value)
        for old in filter(None, (self.contact_point.verified_value, self.contact_point.value)):
            if places := slip(phones.display(old), self.new):
                self.old, self.places = phones.display(old), places
                self.fields["again"].required = True  # the page says so
                return

    @property
    def compared(self) -> list[list[tuple[str, bool]]]:
        """The number before and the new one, symbol by symbol, each with whether it is one that differs."""
        return [[(symbol, place in self.places) for place, symbol in enumerate(text)] for text in (self.old, self.new)]


class CallBackForm(forms.Form):
    called = _text(_("Number that you called"), _("Not one that stands on their referral."), most=60)
    found_at = _text(
        _("Where you found it"), _("For example: the NPI registry, or the practice's own website."), most=200
    )

    def __init__(self, data=None):
        super().__init__(data, auto_id="id_call_%s")


class DirectForm(forms.Form):
    found_at = _text(_("From where you know it"), _("For example: the directory of our Direct service."), most=200)

    def __init__(self, data=None):
        super().__init__(data, auto_id="id_direct_%s")
