"""The page of one referral: who it is from, what their office is owed, and what can be done about it."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import admin, messages
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from appointments.admin.letters import LettersMixin
from appointments.admin.office_links import OfficeLinksMixin
from appointments.admin.referral_forms import (
    AcceptForm,
    ConsentForm,
    DealtForm,
    FindForm,
    LoopForm,
    MatchForm,
    ReferralForm,
)
from appointments.admin.referral_list import LetterFilter, list_context
from appointments.admin.referral_page import context_of, events_since
from appointments.models import Referral
from appointments.services import matching, moves, referrals
from appointments.services.rights import MoveNotAllowed, check_right
from appointments.transitions import DECIDERS, DESK, LOOP_CLOSERS, REFERRERS


@dataclass(frozen=True)
class Decision:
    """What a button does: `act` is the service that takes what `form` says; `done` tells that it was."""

    form: type[ReferralForm]
    act: Callable
    by: frozenset[str]
    done: str


DECISIONS = (
    Decision(DealtForm, referrals.deal_with, DESK, _("It is noted that this is dealt with.")),
    Decision(ConsentForm, referrals.record_consent, DESK, _("What the patient said is noted.")),
    Decision(AcceptForm, referrals.accept, DECIDERS, _("The referral is accepted. Its office is owed that news.")),
    Decision(MatchForm, referrals.match, REFERRERS, _("The office is chosen.")),
    Decision(LoopForm, referrals.close_loop, LOOP_CLOSERS, _("The referral is closed. The reason is kept.")),
)


@admin.register(Referral)
class ReferralAdmin(LettersMixin, OfficeLinksMixin, admin.ModelAdmin):
    """Stock forms are never reached: everything changes through services."""

    fields = ()
    list_display = ("__str__",)
    list_filter = (LetterFilter,)
    list_per_page = list_max_show_all = 50
    sortable_by = ()
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    actions = None

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def lookup_allowed(self, lookup, value, request):
        return lookup == LetterFilter.parameter_name

    def changelist_view(self, request, extra_context=None):
        response = super().changelist_view(request)
        changelist = getattr(response, "context_data", {}).get("cl")
        if changelist is not None:
            response.context_data |= list_context(changelist)
        return response

    def change_view(self, request, object_id, form_url="", extra_context=None):
        if not self.has_view_permission(request):
            raise PermissionDenied
        referral = self.get_object(request, object_id)
        if referral is None:
            raise Http404
        if request.method != "POST":
            return self._page(request, referral)
        for decision in DECISIONS:
            if decision.form.name in request.POST:
                return self._decide(request, referral, decision)
        if FindForm.name in request.POST:
            return self._find(request, referral)
        for button, act in (self.letter_actions | self.office_actions).items():
            if button in request.POST:
                return act(self, request, referral)
        raise BadRequest

    def get_queryset(self, request):
        rows = super().get_queryset(request)
        return rows.select_related("appointment_request", "practice", "physician", "closing_update")

    def _page(self, request, referral, *, status=200, bound=None, stale=None, found=None):
        """`stale` is the refusal if somebody was faster, `found` are the offices that were looked for."""
        moves.record_read(referral.appointment_request, by=request.user)
        groups = moves.groups_of(request.user)
        events = events_since(stale, _version(request, "seen_move")) if stale else []
        added = moves.read_version(request.GET.get("office", "")) or None
        context = {
            **self.admin_site.each_context(request),
            **context_of(referral, groups, bound=bound, since=events, found=found, added=added),
            **self.letters_context(request, referral, groups, bound=bound),
            **self.office_context(referral, groups),
            "title": _("Referral %(reference)s") % {"reference": referral},
            "opts": self.opts,
            "preserved_filters": self.get_preserved_filters(request),
            "is_stale": stale is not None,
            "is_own": {event.by_id for event in events} == {request.user.pk},
        }
        template = "admin/appointments/referral/change_form.html"
        return TemplateResponse(request, template, context, status=status)

    # What is pressed on the page

    def _decide(self, request, referral, decision):
        form, seen_version = decision.form(request.POST), _version(request, "seen_version")
        try:
            check_right(decision.by, request.user)
            referrals.check_current(referral, seen_version)
            if form.is_valid():
                decision.act(referral.public_id, seen_version=seen_version, by=request.user, **form.cleaned_data)
                return self._done(request, referral, decision.form.name, decision.done)
        except moves.NoRight:
            raise PermissionDenied from None
        except referrals.Stale as stale:
            return self._page(request, stale.referral, status=409, bound=form, stale=stale)
        except MoveNotAllowed:
            form.add_error(None, _("That is not possible as the referral stands now."))
            return self._page(request, referral, status=409, bound=form)
        except ValidationError as refused:
            form.add_error(None, refused)
        return self._page(request, referral, status=422, bound=form)

    def _find(self, request, referral):
        """Posted, so that what was typed stands in no address; nothing changes."""
        if not moves.groups_of(request.user) & REFERRERS:
            raise PermissionDenied
        form = FindForm(request.POST)
        if not form.is_valid():
            return self._page(request, referral, status=422, bound=form)
        return self._page(request, referral, bound=form, found=matching.search(form.cleaned_data["find"]))

    def _done(self, request, referral, what, text):
        self.log_change(request, referral, what)
        messages.success(request, text)
        return HttpResponseRedirect(request.get_full_path())


def _version(request, name):
    return moves.read_version(request.POST.get(name, ""))
