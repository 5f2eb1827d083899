"""The forms on the page of a referral: each is checked into what its service takes."""

from django import forms
from django.utils.translation import gettext_lazy as _

from appointments.models import Physician, ReferringPractice

WORDS_LENGTH = 1000
NAME_LENGTH = 200


class ReferralForm(forms.Form):
    """`name` is that of its button, and of its place on the page."""

    name = ""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, auto_id=f"id_{self.name}_%s", **kwargs)


class ConsentForm(ReferralForm):
    name = "may"
    may = forms.TypedChoiceField(choices=[("yes", _("yes")), ("no", _("no"))], coerce=lambda said: said == "yes")


class AcceptForm(ReferralForm):
    """Nothing to fill in."""

    name = "accept"


class DealtForm(ReferralForm):
    name = "dealt"
    note = forms.CharField(
        label=_("What was done, if it is worth a note"),
        required=False,
        max_length=WORDS_LENGTH,
        widget=forms.Textarea({"rows": 2, "cols": 30}),
    )


class MatchForm(ReferralForm):
    name = "match"
    practice = forms.ModelChoiceField(ReferringPractice.objects.filter(is_active=True))
    physician = forms.ModelChoiceField(Physician.objects.filter(is_active=True), required=False)


class FindForm(ReferralForm):
    name = "find"
    find = forms.CharField(
        label=_("Find an office"),
        help_text=_("Name of the doctor or the office, NPI, phone or fax number"),
        max_length=NAME_LENGTH,
        widget=forms.TextInput({"type": "search", "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Please type what you look for.")},
    )


class LoopForm(ReferralForm):
    name = "close_loop"
    reason = forms.CharField(
        label=_("Why is the office not told?"), max_length=WORDS_LENGTH, widget=forms.Textarea({"rows": 2, "cols": 30})
    )
