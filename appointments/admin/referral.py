"""The page of one referral: who it is from, what their office is owed, and what can be done about it."""

from django.contrib import admin, messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse

from appointments.admin.letters import LettersMixin
from appointments.models import Referral
from appointments.services import moves


@admin.register(Referral)
class ReferralAdmin(LettersMixin, admin.ModelAdmin):
    """Stock forms are never reached: everything changes through services."""

    fields = ()
    list_display = ("__str__",)
    list_select_related = ("appointment_request", "practice", "physician")
    list_per_page = list_max_show_all = 50
    sortable_by = ()
    show_full_result_count = False
    actions = None

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def change_view(self, request, object_id, form_url="", extra_context=None):
        if not self.has_view_permission(request):
            raise PermissionDenied
        referral = self.get_object(request, object_id)
        if referral is None:
            raise Http404
        if request.method != "POST":
            return self._page(request, referral)
        for button, act in (self.own_actions | self.letter_actions).items():
            if button in request.POST:
                return act(self, request, referral)
        raise BadRequest

    def _page(self, request, referral, *, status=200, bound=None, stale=None):
        moves.record_read(referral.appointment_request, by=request.user)
        groups = moves.groups_of(request.user)
        context = {
            **self.admin_site.each_context(request),
            "title": str(referral),
            "opts": self.opts,
            "referral": referral,
            **self.letters_context(request, referral, groups, bound=bound),
        }
        template = "admin/appointments/referral/change_form.html"
        return TemplateResponse(request, template, context, status=status)

    own_actions = {}

    def _done(self, request, referral, what, text):
        self.log_change(request, referral, what)
        messages.success(request, text)
        return HttpResponseRedirect(request.get_full_path())
