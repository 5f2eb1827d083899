"""A physician's office refers a patient: one page, kept from the first press of Send on, and then the receipt."""

import datetime
import uuid
from functools import partial

from django.conf import settings
from django.core import signing
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from appointments import referral_words, steps
from appointments.forms.refer import PARTS, FilesForm, ReferForm
from appointments.models import Referral, RequestDraft
from appointments.models.words import Channel
from appointments.services import draft as drafts
from appointments.services import draft_files, spam
from appointments.services.rates import address_block
from appointments.services.refer import office_of
from appointments.services.request import UnansweredError, receive
from appointments.services.secret import new_secret
from appointments.views.access import FIELD, DraftAccess
from appointments.views.clear import cleared_screen
from appointments.views.private import SeeOther, give_scoped_cookie, mark_private, private, secrets_of

ENTRY = "entry_id"
BEGUN = "begun"  # when the page was opened, signed for its entry: a draft is made only when it is sent
COOKIE = "apollo-refer-"
FILES = "files"  # what became of those that were sent last, beside the answers of the draft


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def refer(request):
    """The empty page, of which nothing is stored; and what every Send of it comes to, whatever it was shown with."""
    if request.method != "POST":
        return page(request, DraftAccess(RequestDraft(), new_secret()))
    access = begun_access(request)
    try:
        response = submit(request, access)
    except drafts.GoneError:
        return mark_private(not_found(request))
    except drafts.AlreadySentError:
        response = SeeOther(address_of(access.draft, "sent"))
    return mark_private(give_cookie(response, access))


@private
@require_http_methods(["GET", "HEAD"])
def refer_draft(request, public_id):
    """The page as it was sent, with what is wrong in it."""
    access = access_of(request, public_id)
    if access is None:
        return not_found(request)
    if access.draft.appointment_request_id:
        return redirect(address_of(access.draft, "sent"))
    return page(request, access)


@private
@require_safe
def refer_sent(request, public_id):
    access = access_of(request, public_id)
    if access is None:
        return not_found(request)
    appointment_request = access.draft.appointment_request
    if appointment_request is None:
        return redirect(address_of(access.draft, "draft"))
    referral = referral_of(access)
    if referral is None:
        return not_found(request)
    context = {
        "appointment_request": appointment_request,
        "referral": referral,
        "initials": referral_words.initials(appointment_request),
        "another_url": address_of(access.draft, "another"),
    }
    return render(request, "appointments/refer/sent.html", context)


@private
@require_safe
def refer_another(request, public_id):
    """The empty page for the next patient, on which the office need not say again who it is."""
    access = access_of(request, public_id)
    referral = access and referral_of(access)
    if referral is None:
        return redirect("refer:form")
    return page(request, DraftAccess(RequestDraft(), new_secret()), initial=office_of(referral))


@private
@require_http_methods(["GET", "HEAD", "POST"])
def refer_clear(request, public_id):
    if request.method != "POST":
        return redirect(reverse("refer:draft", args=[public_id]))
    return cleared_screen(request, public_id, access_of(request, public_id))


@never_cache
@require_safe
def fax_form(request):
    """The same questions on paper."""
    blank = ReferForm()
    parts = [(part, [blank[name] for name in part.names]) for part in PARTS]
    return render(request, "appointments/refer/fax_form.html", {"parts": parts})


# Sending


def submit(request, access):
    """Keep all that was sent, right or wrong; then lead on to the receipt, or back to what is wrong."""
    draft = drafts.keep(access.draft, steps.REFER, ReferForm.typed(request.POST))
    draft_files.remove_files(draft, request.POST.getlist("drop"))
    block = address_block(request)
    refused = draft_files.keep_files(draft, request.FILES.getlist(FILES), block=block)
    draft = drafts.keep(draft, FILES, {name: [code] for code, name in refused})
    if refused:
        return SeeOther(address_of(draft, "draft"))
    post = spam.Post(block=block, hidden=request.POST.get(spam.HIDDEN_FIELD, ""), begun_at=begun_at(request))
    try:
        receive(draft, post=post, channel=Channel.REFERRAL)
    except UnansweredError:
        return SeeOther(address_of(draft, "draft"))
    return SeeOther(address_of(draft, "sent"))


def begun_access(request) -> DraftAccess:
    """The draft that the page names; a new one if that is another's, or over: what was typed goes on all the same."""
    secret = request.POST.get(FIELD, "")
    try:
        found = drafts.begin_at(uuid.UUID(request.POST.get(ENTRY, "")), secret)
    except ValueError:
        found = None
    return DraftAccess(found, secret) if found else DraftAccess(*drafts.begin())


def begun_at(request) -> datetime.datetime | None:
    """When the page was opened; None without our signature for it, and then the time of the first Send counts."""
    try:
        entry_id, seconds = signing.loads(request.POST.get(BEGUN, ""), salt=BEGUN)
    except signing.BadSignature:
        return None
    if entry_id != request.POST.get(ENTRY):  # one page opened long ago, taken for many
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


# Who may open it


def access_of(request, public_id) -> DraftAccess | None:
    """The draft, if this browser has its secret, in its cookie or in the form that it posts."""
    for secret in filter(None, [request.POST.get(FIELD, ""), *secrets_of(request, COOKIE)]):
        found = drafts.find(public_id, secret)
        if found and (found.appointment_request_id or steps.is_referral(found)):
            return DraftAccess(found, secret)
    return None


def referral_of(access) -> Referral | None:
    """What was sent, and not by a patient."""
    of_office = Referral.objects.select_related("appointment_request").filter(source=Referral.Source.OFFICE)
    return of_office.filter(appointment_request=access.draft.appointment_request).first()


def give_cookie(response, access):
    home = partial(address_of, access.draft, "draft")
    return give_scoped_cookie(response, COOKIE, access.secret, home=home, seconds=settings.DRAFT_TTL_SECONDS)


def not_found(request):
    """The same answer for a wrong secret and for an id that never was: same status, same bytes (P24)."""
    return render(request, "appointments/refer/stranger.html", {"path": reverse("refer:form")}, status=404)


def address_of(draft, name):
    return reverse(f"refer:{name}", args=[draft.public_id])


# The page


def page(request, access: DraftAccess, *, told="", status=200, initial=None):
    """The page as it stands in the draft, which may be none that is stored; `told` is for the summary on top."""
    draft = access.draft
    form = steps.form_of(draft, steps.REFER)
    form.initial = initial or {}
    kept = list(draft.files.all()) if draft.pk else []
    files_form = FilesForm(kept, draft.answers.get(FILES, {}))
    context = {
        "form": form,
        "files_form": files_form,
        "problems": form.summary() + files_form.summary(),
        "told": told,
        "draft": draft,
        "draft_secret": access.secret,
        "begun": signing.dumps([str(draft.public_id), (draft.created_at or timezone.now()).timestamp()], salt=BEGUN),
        "clear_url": address_of(draft, "clear") if draft.pk else "",
        "days": drafts.days_kept(),
    }
    return render(request, "appointments/refer/form.html", context, status=status)


def page_again(request):
    """After Django's proof of the form was too old: every word as it was sent, and none of it stored."""
    secret = request.POST.get(FIELD, "")
    try:
        public_id = uuid.UUID(request.POST.get(ENTRY, ""))
    except ValueError:
        public_id, secret = uuid.uuid4(), new_secret()
    draft = drafts.find(public_id, secret) or RequestDraft(public_id=public_id, created_at=begun_at(request))
    if draft.appointment_request_id:
        return SeeOther(address_of(draft, "sent"))
    draft.answers = {steps.REFER: ReferForm.typed(request.POST)}
    told = _("This page was open for a long time. Nothing you typed is lost. Please press Send referral again.")
    if request.FILES:
        told += " " + _("Please choose your files once more.")
    return page(request, DraftAccess(draft, secret), told=told, status=403)
