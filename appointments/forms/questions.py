"""The questions, a form per step. Their labels are a contract: people on the phone read them aloud."""

from functools import partial

from django import forms
from django.utils.translation import gettext_lazy as _

from appointments.forms import dates
from appointments.forms.base import Group, ManyPicksField, PickField, StepForm, When
from appointments.forms.dates import DateField
from appointments.forms.text import EmailField, LongTextField, NameField, PhoneField, TextField, ZipField
from appointments.models import words

YES_NO = [("yes", _("Yes")), ("no", _("No"))]
SKIP = _("You can skip this.")


class UrgentForm(StepForm):
    # Not required: who has read the sign and has none of these may just press Continue.
    signs = PickField(
        label=_("Do you have any of these signs now?"), choices=[("no", _("No")), ("yes", _("Yes"))], required=False
    )
    which_signs = ManyPicksField(
        label=_("Which ones?"), help_text=SKIP, choices=words.UrgentSign.choices, required=False
    )

    quiet = frozenset({"which_signs"})
    layout = ("signs", partial(When, "signs=yes", "which_signs"))

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("which_signs"):
            # Whoever ticks one and says No, or nothing, is warned rather than asked again.
            cleaned["signs"] = "yes"
        return cleaned

    def is_danger(self) -> bool:
        return self.is_valid() and self.cleaned_data["signs"] == "yes"


class YouForm(StepForm):
    for_whom = PickField(label=_("I am asking for"), choices=words.ForWhom.choices, initial=words.ForWhom.MYSELF)
    on_behalf_name = NameField(label=_("Your own name"), required=False)
    on_behalf_phone = PhoneField(label=_("Your own phone number"), required=False)
    patient_knows = PickField(
        label=_("Does the patient know that you are asking?"), choices=words.PatientKnows.choices, required=False
    )
    first_name = NameField(
        label=_("First name"),
        help_text=_("Of the person who needs the visit, as on the insurance card."),
        missing=_("Please write the first name."),
        autocomplete="given-name",
    )
    last_name = NameField(label=_("Last name"), missing=_("Please write the last name."), autocomplete="family-name")
    name_pronunciation = TextField(
        label=_("How do we say the name? (optional)"),
        help_text=_("So that we get it right on the phone."),
        required=False,
    )
    date_of_birth = DateField(
        label=_("Date of birth"),
        help_text=_("For example 3 14 1948"),
        missing=_("Please write the date of birth: month, day and year."),
        autocomplete="bday",
        validators=[dates.refuse_future, dates.refuse_too_old],
    )
    zip_code = ZipField(
        label=_("ZIP code"),
        help_text=_("Where the person lives now."),
        missing=_("Please write the ZIP code. It has 5 digits, like 33573."),
        autocomplete="postal-code",
        widget=forms.TextInput(attrs={"class": "short"}),
    )
    returning = PickField(label=_("Have you been here before?"), choices=words.Returning.choices, required=False)

    on_behalf = ("on_behalf_name", "on_behalf_phone", "patient_knows")
    quiet = frozenset({*on_behalf, "name_pronunciation"})
    layout = (
        "for_whom",
        lambda: When(
            "for_whom=someone-else",
            Group(
                _("If you ask for someone else"),
                *YouForm.on_behalf,
                hint=_("Leave this empty if you ask for yourself."),
            ),
        ),
        "first_name",
        "last_name",
        "name_pronunciation",
        "date_of_birth",
        "zip_code",
        "returning",
    )

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("for_whom") == words.ForWhom.SOMEONE_ELSE:
            self.require("on_behalf_name", _("Please write your own name."))
            self.require("on_behalf_phone", _("Please write a phone number where we reach you."))
            self.require("patient_knows", _("Please choose Yes or Not yet."))
        elif cleaned.get("for_whom") and any(cleaned.get(name) for name in self.on_behalf):
            self.add_error(
                "for_whom", _("You filled in the part for someone else. Choose Someone else here, or empty that part.")
            )
        return cleaned


class ReachForm(StepForm):
    phone = PhoneField(
        label=_("Phone number"),
        help_text=_("The number that we should call, with area code. A home phone is fine."),
        missing=_("Please write a phone number with area code, like 813-555-0142."),
        autocomplete="tel",
    )
    email = EmailField(
        label=_("E-mail address (optional)"), help_text=_("You do not need one."), required=False, autocomplete="email"
    )
    visit_details_by_email = ManyPicksField(
        label=_("May an e-mail say when and where your visit is?"),
        help_text=_("E-mail is not private: others who use your mailbox may read it."),
        choices=[("yes", _("Yes, you may write date, time and place"))],
        required=False,
    )
    reach_by = PickField(label=_("How should we reach you?"), choices=words.ReachBy.choices, initial=words.ReachBy.CALL)
    best_time = PickField(
        label=_("When is a good time to call?"), choices=words.BestTime.choices, initial=words.BestTime.ANY
    )
    voicemail = PickField(
        label=_("May we leave a voicemail?"),
        help_text=_("Think of who else may hear it. If you choose nothing, we leave none."),
        choices=words.Voicemail.choices,
        required=False,
    )
    needs = ManyPicksField(label=_("Do you need any of these?"), choices=words.Need.choices, required=False)
    interpreter_language = TextField(label=_("Interpreter for which language?"), most=40, required=False)

    quiet = frozenset({"interpreter_language", "visit_details_by_email", "needs"})
    layout = (
        "phone",
        "email",
        partial(When, "email", "visit_details_by_email"),
        "reach_by",
        "best_time",
        "voicemail",
        "needs",
        partial(When, "needs=interpreter", "interpreter_language"),
    )

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("reach_by") == words.ReachBy.EMAIL:
            self.require("email", _("To write to you we need your address. Or choose Call me."))
        if words.Need.INTERPRETER in cleaned.get("needs", []):
            self.require("interpreter_language", _("Please write the language."))
        elif "needs" in cleaned and cleaned.get("interpreter_language"):
            self.add_error("needs", _("You wrote a language. Choose An interpreter here, or empty the box below."))
        return cleaned


class VisitForm(StepForm):
    reason = LongTextField(
        label=_("What would you like help with?"),
        help_text=_("In your own words, 1,000 characters at most. Where is the pain, and since when?"),
        most=1000,
        required=False,
    )
    topic = PickField(label=_("Which of these fits best?"), help_text=SKIP, choices=words.Topic.choices, required=False)
    accident_on = DateField(
        label=_("Day of the accident"),
        help_text=_(
            "Florida car insurance pays only if care begins within 14 days of the accident (Florida Statutes 627.736). "
            "With the day we can see how soon you need a visit."
        ),
        required=False,
        validators=[dates.refuse_future, dates.refuse_too_old],
    )
    days = ManyPicksField(
        label=_("Which days suit you?"),
        help_text=_("Choose as many as you like, or none if any day is fine."),
        choices=words.Day.choices,
        required=False,
    )
    part_of_day = PickField(
        label=_("Morning or afternoon?"), choices=words.PartOfDay.choices, initial=words.PartOfDay.ANY
    )
    earliest_on = DateField(
        label=_("Not before (optional)"),
        help_text=_("The first day that you could come."),
        required=False,
        validators=[dates.refuse_past, dates.refuse_far],
    )
    all_year = PickField(
        label=_("Do you live in Florida all year?"),
        choices=[("yes", _("Yes")), ("no", _("No, part of the year"))],
        required=False,
    )
    in_florida_from = DateField(
        label=_("In Florida from"), required=False, validators=[dates.refuse_too_old, dates.refuse_far]
    )
    in_florida_to = DateField(
        label=_("In Florida until"), required=False, validators=[dates.refuse_past, dates.refuse_far]
    )

    quiet = frozenset({"earliest_on", "accident_on", "in_florida_from", "in_florida_to", "topic", "all_year"})
    layout = (
        "reason",
        "topic",
        lambda: When("topic=accident", Group(_("If this is about a car accident"), "accident_on")),
        "days",
        "part_of_day",
        "earliest_on",
        "all_year",
        lambda: When(
            "all_year=no",
            Group(
                _("If you are in Florida for part of the year"),
                "in_florida_from",
                "in_florida_to",
                hint=_("Leave this empty if you live here all year."),
            ),
        ),
    )

    def clean(self):
        cleaned = super().clean()
        if not cleaned.get("topic"):
            self.require("reason", _("Please write a few words, or choose one of the answers below."))
        if cleaned.get("topic") == words.Topic.ACCIDENT:
            self.require("accident_on", _("Please write the day of the accident: month, day and year."))
        self._check_stay(cleaned)
        return cleaned

    def _check_stay(self, cleaned):
        starts, ends = cleaned.get("in_florida_from"), cleaned.get("in_florida_to")
        if starts and ends and ends < starts:
            self.add_error("in_florida_to", _("This day is before the day you come. Please check both."))
        is_told = starts or ends or not {"in_florida_from", "in_florida_to"}.isdisjoint(self.errors)
        if cleaned.get("all_year") == "yes" and is_told:
            self.add_error("all_year", _("You wrote days in Florida below. Choose No here, or empty those days."))
        if cleaned.get("all_year") == "no" and not is_told:
            said = _("Please write the day you come, or the day you leave. A guess is fine.")
            self.add_error("in_florida_from", said)


class ReferrerForm(StepForm):
    referrer_name = TextField(label=_("Doctor's name"), required=False)
    referrer_practice = TextField(label=_("Practice"), required=False)
    referrer_phone = TextField(label=_("Phone or fax"), most=60, required=False)
    may_contact_referrer = PickField(
        label=_("May we contact this doctor about your request?"), choices=YES_NO, required=False
    )
    payer_kind = PickField(
        label=_("How is the visit paid for?"), help_text=SKIP, choices=words.PayerKind.choices, required=False
    )
    payer_name = TextField(label=_("Name of the insurance (optional)"), required=False)
    member_number = TextField(
        label=_("Member number (optional)"), help_text=_("You find it on the card."), most=40, required=False
    )

    doctor = ("referrer_name", "referrer_practice", "referrer_phone")
    quiet = frozenset({*doctor[1:], "may_contact_referrer", "payer_name", "member_number"})
    layout = (
        partial(
            Group,
            _("Who referred you?"),
            *doctor,
            "may_contact_referrer",
            hint=_("Leave this empty if nobody did. You do not need a referral to ask."),
        ),
        partial(Group, _("Your insurance"), "payer_kind", "payer_name", "member_number"),
    )

    def clean(self):
        cleaned = super().clean()
        if any(cleaned.get(name) for name in self.doctor):
            self.require("may_contact_referrer", _("Please choose Yes or No."))
        return cleaned


FORMS = {
    "urgent": UrgentForm,
    "you": YouForm,
    "reach": ReachForm,
    "visit": VisitForm,
    "referrer": ReferrerForm,
}
