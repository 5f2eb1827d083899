"""The steps of the request form, their order, and what a draft says about each."""

import hashlib
import hmac
import json
from dataclasses import dataclass

from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from appointments.forms import FORMS, StepForm
from appointments.forms.refer import ReferForm

CHECK = "check"
REFER = "refer"  # the one page of an office that refers a patient


@dataclass(frozen=True)
class Step:
    """`title` heads the page; `short` stands in "Before: you. Next: your visit."."""

    name: str
    title: str
    short: str


STEPS = (
    Step("urgent", _("First: is this an emergency?"), _("emergency signs")),
    Step("you", _("About you"), _("you")),
    Step("reach", _("How to reach you"), _("how to reach you")),
    Step("visit", _("Your visit"), _("your visit")),
    Step("referrer", _("Your doctor and insurance"), _("your doctor and insurance")),
    Step(CHECK, _("Check your answers"), _("check your answers")),
)
NAMES = tuple(step.name for step in STEPS)


def form_of(draft, name) -> StepForm:
    """The form of step `name`, bound to what was typed there, or unbound if nothing was yet."""
    typed = draft.answers.get(name)
    form_class = ReferForm if name == REFER else FORMS[name]
    return form_class(None if typed is None else MultiValueDict(typed))


def is_referral(draft) -> bool:
    """Whether an office has filled it in."""
    return REFER in draft.answers


def first_unanswered(draft, before=CHECK) -> str | None:
    """The first step in front of `before` that is not answered or no longer valid; None if all are."""
    for name in [REFER] if is_referral(draft) else NAMES[: NAMES.index(before)]:
        if not form_of(draft, name).is_valid():
            return name
    return None


def next_step(name) -> str:
    return NAMES[NAMES.index(name) + 1]


def fingerprint(draft) -> str:
    """Names the answers as they stand now, so that what is sent is what was checked. It tells nothing about them."""
    answers = json.dumps(draft.answers, sort_keys=True).encode()
    return hmac.new(draft.secret_hash.encode(), answers, hashlib.sha256).hexdigest()
