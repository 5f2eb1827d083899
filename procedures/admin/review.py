"""What can be done with a version, in one table, and the page on which a clinician reads, compares and decides."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.contrib.admin.widgets import AdminDateWidget, AdminSplitDateTime
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from practice.services import current_practice
from procedures import previews
from procedures.admin.common import name_both_boxes
from procedures.admin.findings import findings_of, in_words
from procedures.differences import differences
from procedures.freeze import CannotFreeze
from procedures.models import Version
from procedures.services import publishing

CHANGE, SIGN = "procedures.change_version", "procedures.sign_version"
Status = Version.Status
REVIEW_DAYS = 365  # offered; the clinician may choose a nearer day or a later one


class NoInput(forms.Form):
    """One press is enough."""


class SignForm(forms.Form):
    seen_hash = forms.CharField(widget=forms.HiddenInput)
    next_review = forms.DateField(label=_("To be checked again by"), widget=AdminDateWidget)
    has_read = forms.BooleanField(
        label=_("I have read the whole page with its sources, and I put my name under these words."),
        error_messages={"required": _("Tick this box once you have read the page.")},
    )


class SendBackForm(forms.Form):
    note = forms.CharField(
        label=_("What should change?"),
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _("Say what to change.")},
    )


class ScheduleForm(forms.Form):
    live_from = forms.SplitDateTimeField(label=_("Live from"), widget=AdminSplitDateTime)
    live_until = forms.SplitDateTimeField(
        label=_("Live until"), widget=AdminSplitDateTime, required=False, help_text=_("Empty: until it is taken back.")
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            name_both_boxes(field)


@dataclass(frozen=True)
class Action:
    """A button: in which states it is there, who may press it, what it asks for, what it does and what it says then.

    `run` takes the version, the user and the cleaned values, and may return another version to go on with.
    """

    label: str
    states: frozenset
    rights: tuple
    run: Callable
    said: str
    form: type = NoInput
    ask_first: str = ""
    may: Callable = lambda version: True

    def is_open_to(self, user, version):
        return version.status in self.states and any(map(user.has_perm, self.rights)) and self.may(version)


ACTIONS = {
    "submit": Action(
        _("Send for review"),
        frozenset({Status.DRAFT}),
        (CHANGE,),
        publishing.submit,
        _("Sent. A clinician reads it now; nobody can change it meanwhile."),
    ),
    "publish_sample": Action(
        _("Publish the saved words as a sample"),
        frozenset({Status.DRAFT}),
        (CHANGE,),
        publishing.publish_sample,
        _("Readers now see these words, as a sample."),
        may=lambda version: current_practice().sample_content,
    ),
    "sign": Action(
        _("Sign these words"),
        frozenset({Status.IN_REVIEW}),
        (SIGN,),
        lambda version, user, seen_hash, next_review, **__: publishing.sign(
            version, user, seen_hash=seen_hash, next_review=next_review
        ),
        _("Signed. Your name stands under exactly these words."),
        form=SignForm,
    ),
    "send_back": Action(
        _("Send back"),
        frozenset({Status.IN_REVIEW}),
        (SIGN, CHANGE),
        publishing.send_back,
        _("Sent back. It is a draft again."),
        form=SendBackForm,
    ),
    "schedule": Action(
        _("Change the dates"),
        frozenset({Status.APPROVED}),
        (CHANGE,),
        publishing.schedule,
        _("The dates are changed."),
        form=ScheduleForm,
    ),
    "new_draft": Action(
        _("Make a new draft"),
        frozenset({Status.SAMPLE, Status.APPROVED, Status.WITHDRAWN}),
        (CHANGE,),
        publishing.new_draft,
        _("This is a new draft. Readers go on seeing the other version."),
    ),
    "translate": Action(
        _("Make a Spanish draft"),
        frozenset({Status.SAMPLE, Status.APPROVED}),
        (CHANGE,),
        lambda version, user: publishing.start_translation(version, "es", user),
        _("This is the Spanish page, with the English words to be translated."),
        may=lambda version: version.article.language == "en" and not version.article.translations.exists(),
    ),
    "withdraw": Action(
        _("Take this page back"),
        frozenset({Status.SAMPLE, Status.APPROVED}),
        (CHANGE, SIGN),
        lambda version, user: publishing.withdraw(version.article, user),
        _("Readers no longer see this page."),
        ask_first=_("Readers will no longer see this page, nor its older versions and its translations."),
    ),
}


def get_version(pk) -> Version:
    versions = Version.objects.select_related("article", "author", "reviewer", "signed_by")
    return get_object_or_404(versions, pk=pk)


def open_actions(version, user) -> dict[str, Action]:
    return {name: action for name, action in ACTIONS.items() if action.is_open_to(user, version)}


def page_context(version, user) -> dict:
    """What stands above the form of a version: what can be pressed, what to mend, what happened."""
    actions = open_actions(version, user)
    blocks, advice = findings_of(version) if version.status == Status.DRAFT else ([], [])
    return {
        "buttons": {name: action for name, action in actions.items() if action.form is NoInput},
        "blocks": blocks,
        "advice": advice,
        "events": version.events.select_related("by"),
    }


def pressed(model_admin, name):
    """The view of a button without input."""
    action = ACTIONS[name]

    def view(request, pk):
        version = _for_action(request, pk, action)
        return _done(model_admin, request, version, action, {}) or redirect(_page_of(version))

    return view


def review_view(model_admin):
    """The page of a version for reading, comparing and deciding; it takes the forms of actions that ask something."""

    def view(request, pk):
        version = model_admin.readable(request, pk)
        bound = None
        if request.method == "POST":
            name = request.POST.get("action", "")
            action = ACTIONS.get(name)
            if action is None or action.form is NoInput:
                raise PermissionDenied
            version = _for_action(request, pk, action)
            bound = name, action.form(request.POST, prefix=name)
            if bound[1].is_valid():
                answer = _done(model_admin, request, version, action, bound[1].cleaned_data)
                if answer:
                    return answer
                version = get_version(pk)  # as it is, whatever was begun with it
        context = model_admin.admin_site.each_context(request) | review_context(version, request, bound)
        return render(request, "admin/procedures/version/review.html", context)

    return view


def review_context(version, request, bound=None) -> dict:
    """`bound`: (name of the action, its form) as it was posted."""
    user, against = request.user, _against(version, request.GET.get("with", ""))
    forms_ = {
        name: action.form(prefix=name, initial=_initial(version, name))
        for name, action in open_actions(version, user).items()
        if action.form is not NoInput
    }
    if bound and bound[0] in forms_:
        forms_[bound[0]] = bound[1]
    document = previews.document_for(version)
    blocks, advice = findings_of(version)
    changes = differences(previews.document_for(against), document) if against else []
    return {
        "title": version.title,
        "version": version,
        "forms": [(name, ACTIONS[name], form) for name, form in forms_.items()],
        "why_not_sign": publishing.why_not_sign(version, user) if version.status == Status.IN_REVIEW else "",
        "against": against,
        "others": version.article.versions.exclude(pk=version.pk),
        "differences": [(in_words(change.where), change) for change in changes],
        "blocks": blocks,
        "advice": advice,
        "events": version.events.select_related("by"),
        "zone": timezone.get_current_timezone_name(),
    }


def _against(version, number):
    """The version to compare with: the one asked for, else the last one that readers saw before it."""
    others = version.article.versions.exclude(pk=version.pk)
    if number.isdecimal() and len(number) < 9:
        return others.filter(number=int(number)).first()
    return others.filter(number__lt=version.number).exclude(document=None).first()


def _initial(version, name):
    """A year until the next check, as most pages need; the dates as they are."""
    return {
        "sign": {
            "seen_hash": version.document_hash,
            "next_review": timezone.localdate() + datetime.timedelta(days=REVIEW_DAYS),
        },
        "schedule": {"live_from": version.live_from, "live_until": version.live_until},
    }.get(name, {})


def _for_action(request, pk, action):
    """The version, if this person may do that with some version. The state is the service's to check."""
    if not any(map(request.user.has_perm, action.rights)):
        raise PermissionDenied
    return get_version(pk)


def _done(model_admin, request, version, action, values):
    """Do it and say so; None if it was refused, with the reasons as messages."""
    try:
        result = action.run(version, request.user, **values)
    except publishing.NotAllowed as refusal:
        model_admin.message_user(request, str(refusal), messages.ERROR)
    except CannotFreeze:
        model_admin.message_user(request, _("Not yet: the list below says what to mend first."), messages.ERROR)
    else:
        model_admin.message_user(request, str(action.said))
        return redirect(_page_of(result if isinstance(result, Version) else version))
    return None


def _page_of(version):
    return reverse("admin:procedures_version_change", args=[version.pk])
