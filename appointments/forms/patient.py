"""What the patient can do on the page of a request: a form per action."""

import uuid

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.forms.base import PickField, StepForm
from appointments.forms.text import LongTextField
from appointments.models import Visit
from appointments.templatetags.promise import promise
from appointments.transitions import MOVES

NONE_SUITS = "none"
WORDS = 1000
NOT_WORDS = {"csrfmiddlewaretoken", "seen_version", "offer", "entry_id"}  # fields of these pages that nobody types


class PatientForm(StepForm):
    """An action: its `heading`, its `button`, and the move that says from which statuses it can be taken.

    Each has `is_called_for()`, whether there is anything to do, and `move()`, the move that it asks for once it is
    valid, with the values of that move. One that `ends` something is folded away.
    """

    heading = button = source = ""
    ends = False

    def __init__(self, appointment_request, data=None):
        super().__init__(data)
        self.appointment_request = appointment_request

    @property
    def is_possible(self) -> bool:
        return self.appointment_request.status in MOVES[self.source].sources and self.is_called_for()


class TimesForm(PatientForm):
    """One of the open offers, or none of them."""

    heading, button, source = _("Choose a time"), _("Send my choice"), "pick_time"
    offer = PickField(label=_("Which time suits you?"))
    other_times = LongTextField(
        label=_("Would you like to add something? If none suits you: which days and hours would? (optional)"),
        most=WORDS,
        required=False,
    )

    def __init__(self, appointment_request, data=None):
        super().__init__(appointment_request, data)
        offers = appointment_request.time_offers.open(timezone.now()).select_related("location", "clinician")
        self.times = [(str(offer.public_id), _in_words(offer)) for offer in offers]
        self.fields["offer"].choices = [*self.times, (NONE_SUITS, _("None of these times suits me"))]

    def is_called_for(self):
        return bool(self.times)

    def move(self):
        offer, said = self.cleaned_data["offer"], {"comment": self.cleaned_data["other_times"]}
        if offer == NONE_SUITS:
            return "refuse_times", said
        return "pick_time", said | {"offer": uuid.UUID(offer)}


class AnswersForm(PatientForm):
    """An answer to each open question."""

    heading, button, source = _("Please answer"), _("Send my answer"), "answer"

    def __init__(self, appointment_request, data=None):
        questions = appointment_request.patient_questions.filter(answered_at=None)
        self.base_fields = {
            f"answer_{question.public_id}": LongTextField(
                label=question.text, most=WORDS, missing=_("Please write an answer. “I do not know” is one.")
            )
            for question in questions
        }
        super().__init__(appointment_request, data)

    def is_called_for(self):
        return bool(self.fields)

    def move(self):
        answers = {uuid.UUID(name.removeprefix("answer_")): text for name, text in self.cleaned_data.items()}
        return "answer", {"answers": answers}


class DropVisitForm(PatientForm):
    heading, button, source = _("I cannot come to this visit"), _("Cancel the visit"), "drop_visit"
    ends = True
    drop_words = LongTextField(
        label=_("Which days and hours would suit you instead? (optional)"), most=WORDS, required=False
    )

    def is_called_for(self):
        return self.appointment_request.visits.filter(status=Visit.Status.BOOKED, starts_at__gt=timezone.now()).exists()

    def move(self):
        return "drop_visit", {"comment": self.cleaned_data["drop_words"]}


class WithdrawForm(PatientForm):
    heading, button, source = _("I no longer need a visit"), _("End my request"), "withdraw"
    ends = True
    withdraw_words = LongTextField(label=_("Would you like to tell us why? (optional)"), most=WORDS, required=False)

    def is_called_for(self):
        visits = self.appointment_request.visits
        return not visits.filter(status=Visit.Status.BOOKED, starts_at__lte=timezone.now()).exists()

    def move(self):
        return "withdraw", {"comment": self.cleaned_data["withdraw_words"]}


def words_in(data) -> list[str]:
    """What a person wrote in a form of the patient's page, also in boxes that the page no longer has."""
    return [text for name, texts in data.lists() if name not in NOT_WORDS for text in texts if text.strip()]


def _in_words(offer):
    parts = [promise(offer.starts_at), offer.location.name, str(offer.clinician or "")]
    return ", ".join(filter(None, parts))


ACTIONS: dict[str, type[PatientForm]] = {
    "choose": TimesForm,
    "answer": AnswersForm,
    "drop-visit": DropVisitForm,
    "withdraw": WithdrawForm,
}
