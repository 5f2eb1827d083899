"""What came by phone, by fax or at the counter, a request or a referral: the public forms, each on one page."""

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
from appointments.forms.refer import FilesForm, ReferForm
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


class ReferralHowForm(HowForm):
    """The language of the patient is among the questions of the form itself."""

    channel = PickField(
        label=gettext_lazy("It came by"), choices=[one for one in CHANNELS if one[0] != "walk-in"], initial=Channel.FAX
    )
    language = None

    layout = ("channel", "mine")


class Intake:
    """All questions at once, under the headings of the steps they are asked in on the website."""

    title = gettext_lazy("Add request")
    intro = gettext_lazy(
        "The questions of the website, to be read aloud. Needed are name, date of birth, ZIP code, phone number and "
        "the reason; the rest may stay empty."
    )
    kept = gettext_lazy("Kept as %(reference)s. Please say it aloud, and that by %(when)s we answer.")
    how_form = HowForm
    signs = UrgentSign.labels  # to be read aloud
    files = None

    def __init__(self, data=None, refused=()):
        self.how = self.how_form(data)
        self.parts = self.parts_of(data)
        self.forms = [self.how, *(form for _step, form in self.parts)]

    def parts_of(self, data) -> list[tuple[steps.Step, StepForm]]:
        return [(step, steps.FORMS[step.name](data)) for step in steps.STEPS if step.name in steps.FORMS]

    def is_valid(self) -> bool:
        wrong = [form for form in self.forms if not form.is_valid()]  # all are asked: each says what is wrong with it
        return not wrong

    def problems(self) -> list[tuple[str, str]]:
        return [problem for form in self.forms if form.is_bound for problem in form.summary()]

    def take_in(self, data, uploads, *, by):
        how = self.how.cleaned_data
        return intake.take_in(
            how["entry_id"],
            {step.name: form.typed(data) for step, form in self.parts},
            channel=how["channel"],
            language=how.get("language", settings.LANGUAGE_CODE),
            take=bool(how["mine"]),
            by=by,
            uploads=uploads.getlist("files") if self.files else (),
        )

    def begin_anew(self, data):
        """The same words under another id, so that the next press keeps them as a request of their own."""
        data = data.copy()
        data["entry_id"] = str(uuid.uuid4())
        return type(self)(data)


class ReferralIntake(Intake):
    """The page of an office, as it came on paper or was told on the telephone."""

    title = gettext_lazy("Key in a referral")
    intro = gettext_lazy("The questions of the form for offices, in the order of the fax form.")
    kept = gettext_lazy("Kept as %(reference)s. Please write it on the fax. By %(when)s we call the patient.")
    how_form = ReferralHowForm
    step = steps.Step(steps.REFER, gettext_lazy("What the office wrote"), "")

    def __init__(self, data=None, refused=()):
        super().__init__(data)
        self.files = FilesForm([], {name: [code] for code, name in refused})
        self.forms.append(self.files)

    def parts_of(self, data):
        return [(self.step, ReferForm(data))]


class IntakeMixin:
    """ "Add request" and "Key in a referral" in the admin. Whoever may add: see services.setup."""

    def add_view(self, request, form_url="", extra_context=None):
        return self._key_in(request, Intake)

    def refer_view(self, request):
        return self._key_in(request, ReferralIntake)

    def _key_in(self, request, page_class):
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return self._intake_page(request, page_class())
        page = page_class(request.POST)
        once_more = _("Please choose the files once more: no browser keeps them.") if request.FILES else ""
        if not page.is_valid():
            return self._intake_page(request, page, told=once_more, status=422)
        try:
            kept = page.take_in(request.POST, request.FILES, by=request.user)
        except intake.FilesRefused as problem:
            return self._intake_page(request, page_class(request.POST, problem.refused), told=once_more, status=422)
        except moves.OtherEntryError:
            told = _("Another request from this page is kept already. Press the button again to keep this one as well.")
            told = f"{told} {once_more}"
            return self._intake_page(request, page.begin_anew(request.POST), told=told, status=409)
        except UnansweredError:  # midnight came between the two looks at a date
            return self._intake_page(request, page_class(request.POST), told=once_more, status=422)
        except moves.MoveNotAllowed:
            raise PermissionDenied from None
        self.log_addition(request, kept, "keyed in")
        messages.success(request, page.kept % {"reference": kept.reference, "when": promise(kept.respond_by)})
        if kept.urgent_flags:  # a rule may make it urgent without any sign
            messages.warning(
                request, _("Urgent signs. Say: “Please call 911 now, or have somebody take you to the ER.”")
            )
        return HttpResponseRedirect(reverse("admin:appointments_appointmentrequest_change", args=[kept.pk]))

    def _intake_page(self, request, page, *, told="", status=200):
        context = {
            **self.admin_site.each_context(request),
            "title": page.title,
            "opts": self.opts,
            "page": page,
            "problems": page.problems(),
            "told": told,
        }
        return TemplateResponse(request, TEMPLATE, context, status=status)
