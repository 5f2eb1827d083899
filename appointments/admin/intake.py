"""A request that came by phone, by fax or at the counter: the questions of the public form on one page."""

import uuid

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments import steps
from appointments.forms.base import ManyPicksField, PickField, StepForm
from appointments.models.words import Channel, UrgentSign
from appointments.services import intake, moves
from appointments.services.request import UnansweredError
from appointments.templatetags.promise import promise

TEMPLATE = "admin/appointments/appointmentrequest/intake.html"
CHANNELS = [(channel.value, channel.label) for channel in (Channel.PHONE, Channel.FAX, Channel.WALK_IN)]


class HowForm(StepForm):
    """What the public form need not ask. `entry_id` lets a second click find the first one's request."""

    entry_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    channel = PickField(label=gettext_lazy("It came by"), choices=CHANNELS, initial=Channel.PHONE)
    language = PickField(
        label=gettext_lazy("Language for calls and mails"), choices=settings.LANGUAGES, initial=settings.LANGUAGE_CODE
    )
    mine = ManyPicksField(
        label=gettext_lazy("Who works on it"),
        choices=[("yes", gettext_lazy("I take this one"))],
        initial=["yes"],
        required=False,
    )

    layout = ("channel", "language", "mine")


class Intake:
    """All questions at once, under the headings of the steps they are asked in on the website."""

    signs = UrgentSign.labels  # to be read aloud

    def __init__(self, data=None):
        self.how = HowForm(data)
        self.parts = [(step, steps.FORMS[step.name](data)) for step in steps.STEPS if step.name in steps.FORMS]
        self.forms = [self.how, *(form for _step, form in self.parts)]

    def is_valid(self) -> bool:
        wrong = [form for form in self.forms if not form.is_valid()]  # all are asked: each says what is wrong with it
        return not wrong

    def problems(self) -> list[tuple[str, str]]:
        return [problem for form in self.forms if form.is_bound for problem in form.summary()]

    def take_in(self, data, *, by):
        how = self.how.cleaned_data
        return intake.take_in(
            how["entry_id"],
            {step.name: form.typed(data) for step, form in self.parts},
            channel=how["channel"],
            language=how["language"],
            take=bool(how["mine"]),
            by=by,
        )

    def begin_anew(self, data):
        """The same words under another id, so that the next press keeps them as a request of their own."""
        data = data.copy()
        data["entry_id"] = str(uuid.uuid4())
        return Intake(data)


class IntakeMixin:
    """ "Add request" in the admin. Whoever may add: see services.setup."""

    def add_view(self, request, form_url="", extra_context=None):
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return self._intake_page(request, Intake())
        page = Intake(request.POST)
        if not page.is_valid():
            return self._intake_page(request, page, status=422)
        try:
            kept = page.take_in(request.POST, by=request.user)
        except moves.OtherEntryError:
            told = _("Another request from this page is kept already. Press the button again to keep this one as well.")
            return self._intake_page(request, page.begin_anew(request.POST), told=told, status=409)
        except UnansweredError:  # midnight came between the two looks at a date
            return self._intake_page(request, Intake(request.POST), status=422)
        except moves.MoveNotAllowed:
            raise PermissionDenied from None
        self.log_addition(request, kept, "keyed in")
        text = _("Kept as %(reference)s. Please say it aloud, and that by %(when)s we answer.")
        messages.success(request, text % {"reference": kept.reference, "when": promise(kept.respond_by)})
        if kept.urgent_flags:  # a rule may make it urgent without any sign
            messages.warning(
                request, _("Urgent signs. Say: “Please call 911 now, or have somebody take you to the ER.”")
            )
        return HttpResponseRedirect(reverse("admin:appointments_appointmentrequest_change", args=[kept.pk]))

    def _intake_page(self, request, page, *, told="", status=200):
        context = {
            **self.admin_site.each_context(request),
            "title": _("Add request"),
            "opts": self.opts,
            "page": page,
            "problems": page.problems(),
            "told": told,
        }
        return TemplateResponse(request, TEMPLATE, context, status=status)
