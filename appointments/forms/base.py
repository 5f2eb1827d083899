"""What the forms of all steps share: rows of choices, groups, the error summary, and the answers to check."""

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Fieldset, Layout, LayoutObject
from django import forms
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from appointments.forms.dates import DateBoxes, DateField
from appointments.forms.text import PhoneField
from practice import phones

CHOOSE = {"required": _("Please choose one."), "invalid_choice": _("Please choose one of these.")}


class Picks(forms.RadioSelect):
    template_name = "apollo/widgets/picks.html"


class ManyPicks(forms.CheckboxSelectMultiple):
    template_name = "apollo/widgets/picks.html"


class PickField(forms.ChoiceField):
    widget = Picks

    def __init__(self, **kwargs):
        super().__init__(error_messages=CHOOSE, **kwargs)


class ManyPicksField(forms.MultipleChoiceField):
    widget = ManyPicks

    def __init__(self, **kwargs):
        super().__init__(error_messages=CHOOSE | {"invalid_list": CHOOSE["invalid_choice"]}, **kwargs)


class Group(Fieldset):
    """Fields that belong together, under a heading, with one hint for all of them."""

    template = "%s/layout/group.html"

    def __init__(self, heading, *fields, hint=""):
        super().__init__(heading, *fields)
        self.hint = hint


class When(LayoutObject):
    """Questions that are in sight only where `condition` holds.

    Shape: "name=value" for a choice above them, "name" for a text that is not empty. The style sheet has a rule for
    each (components/when.css); a browser that cannot follow it shows all.
    """

    template = "apollo/layout/when.html"

    def __init__(self, condition, *fields):
        self.condition, self.fields = condition, fields

    def render(self, form, context, template_pack=None, **kwargs):
        names = [pointer.name for pointer in self.get_field_names()]
        # What holds an answer or a mistake is never out of sight.
        is_open = any(is_filled(form[name].value()) or form[name].errors for name in names)
        fields = self.get_rendered_fields(form, context, template_pack, **kwargs)
        return render_to_string(self.template, {"condition": "" if is_open else self.condition, "fields": fields})


class StepForm(forms.Form):
    """One page of questions. `quiet` names the fields that the last page leaves out while they are empty."""

    layout: tuple = ()
    quiet: frozenset[str] = frozenset()

    def __init__(self, data=None, files=None):
        super().__init__(data, files, label_suffix="")
        for field in self.fields.values():
            field.template_name = "apollo/group.html"
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        # Layout objects remember what they rendered, so each form has its own.
        self.helper.layout = Layout(*(part() if callable(part) else part for part in self.layout or self.fields))

    @classmethod
    def typed(cls, data) -> dict[str, list[str]]:
        """What `data` (a QueryDict) holds for the fields of this form, and nothing else (P27)."""
        names = [name for field, item in cls.base_fields.items() for name in names_in_page(field, item.widget)]
        return {name: data.getlist(name) for name in names if name in data}

    def require(self, name: str, sentence: str):
        """For `clean`: `sentence` at `name` if it is empty and nothing else is wrong with it."""
        if not self.cleaned_data.get(name) and name not in self.errors:
            self.add_error(name, sentence)

    def summary(self) -> list[tuple[str, str]]:
        """What is wrong, in the order of the page: (id of the first control, label and first sentence)."""
        return [
            (first_id(self[name]), _named(self[name].label, str(error).partition(". ")[0].removesuffix(".")))
            for name in self.fields
            for error in self[name].errors
        ]

    def answers(self) -> list[tuple[str, str, str]]:
        """What was answered, in words: (label, answer or "", id of the first control). Call it when valid."""
        shown = [(self[name], in_words(self.fields[name], self.cleaned_data.get(name))) for name in self.fields]
        return [(str(field.label), words, first_id(field)) for field, words in shown if words or self.asks(field.name)]

    def asks(self, name: str) -> bool:
        """Whether the empty answer `name` is worth showing."""
        return name not in self.quiet


def is_filled(value) -> bool:
    return any(value) if isinstance(value, list) else bool(value)


def names_in_page(name, widget):
    if isinstance(widget, forms.MultiWidget):
        return [name + suffix for suffix in widget.widgets_names]
    return [name]


def _named(label, sentence) -> str:
    """ "Phone number: One digit is missing", and no colon behind a label that is a question."""
    return f"{label} {sentence}" if label.endswith("?") else f"{label}: {sentence}"


def first_id(field) -> str:
    """Where a link to `field` must lead so that its first control takes focus."""
    several = isinstance(field.field.widget, Picks | ManyPicks | DateBoxes)
    return f"{field.auto_id}_0" if several else field.auto_id


def in_words(field, value) -> str:
    if not value:
        return ""
    if isinstance(field, PickField):
        return str(dict(field.choices)[value])
    if isinstance(field, ManyPicksField):
        labels = [str(dict(field.choices)[item]) for item in value]
        return ("; " if any("," in label for label in labels) else ", ").join(labels)
    if isinstance(field, DateField):
        return date_format(value, "DATE_FORMAT")
    if isinstance(field, PhoneField):
        return phones.display(value)
    return value
