"""What may have reached somebody else: a list, and a page that leads a supervisor to what was found."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.admin.letter_forms import WORDS_LENGTH
from appointments.admin.office_links import DONE
from appointments.admin.page import name_of
from appointments.models import Incident
from appointments.services import incidents, moves
from appointments.transitions import LOOP_CLOSERS, READERS
from practice import phones


class AssessmentForm(forms.Form):
    assessment = forms.CharField(
        label=gettext_lazy("What was found, and what follows"),
        help_text=gettext_lazy(
            "What left, when, and where it went; how it came about; whom you spoke with and when; who read it, and "
            "whether it was destroyed; whom you told; what the privacy contact says must follow."
        ),
        max_length=WORDS_LENGTH,
        widget=forms.Textarea({"rows": 6, "cols": 60}),
    )


class OpenFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return [("open", _("Open")), ("closed", _("Closed"))]

    def queryset(self, request, queryset):
        return queryset if self.value() is None else queryset.filter(closed_at__isnull=self.value() == "open")


@admin.register(Incident)
class IncidentAdmin(admin.ModelAdmin):
    """Stock forms are never reached."""

    fields = ()
    list_display = ("opened_at", "reference", "what", "went_to", "state")
    list_filter = (OpenFilter,)
    list_select_related = ("referral__appointment_request", "update", "contact_point", "opened_by", "closed_by")
    list_per_page = list_max_show_all = 50
    sortable_by = ()
    show_full_result_count = False
    actions = None

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def lookup_allowed(self, lookup, value, request):
        return lookup == OpenFilter.parameter_name

    def get_queryset(self, request):
        return super().get_queryset(request).select_related(*self.list_select_related)

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"title": self.opts.verbose_name_plural.capitalize()})

    @admin.display(description=gettext_lazy("reference"))
    def reference(self, incident):
        return incident.referral.appointment_request.reference

    @admin.display(description=gettext_lazy("what"))
    def what(self, incident):
        return incident.update.get_kind_display() if incident.update else _("The office's secure page")

    @admin.display(description=gettext_lazy("went to"))
    def went_to(self, incident):
        kind = incident.contact_point.get_kind_display() if incident.contact_point else ""
        return f"{kind} {phones.display(incident.number)}".strip()

    @admin.display(description=gettext_lazy("state"))
    def state(self, incident):
        if incident.closed_at is None:
            return _("Open")
        return _("Closed by %(name)s") % {"name": name_of(incident.closed_by)}

    def change_view(self, request, object_id, form_url="", extra_context=None):
        if not self.has_view_permission(request):
            raise PermissionDenied
        incident = self.get_object(request, object_id)
        if incident is None:
            raise Http404
        if request.method != "POST":
            return self._page(request, incident, AssessmentForm())
        return self._close(request, incident, AssessmentForm(request.POST))

    def _close(self, request, incident, form):
        if not form.is_valid():
            return self._page(request, incident, form, status=422)
        try:
            incidents.close(incident.public_id, assessment=form.cleaned_data["assessment"], by=request.user)
        except moves.NoRight:
            raise PermissionDenied from None
        except incidents.ClosedAlready as refused:
            form.add_error(None, refused.says)
            return self._page(request, self.get_object(request, str(incident.pk)), form, status=409)
        self.log_change(request, incident, "closed")
        messages.success(request, _("Your assessment is kept, and this is closed."))
        return HttpResponseRedirect(reverse("admin:appointments_incident_changelist"))

    def _page(self, request, incident, form, *, status=200):
        groups = moves.groups_of(request.user)
        context = {
            **self.admin_site.each_context(request),
            "title": self.reference(incident),
            "opts": self.opts,
            "incident": incident,
            "what": self.what(incident),
            "went_to": self.went_to(incident),
            "seen": _seen(incident),
            "opened_by": name_of(incident.opened_by) if incident.opened_by else _("the office"),
            "state": self.state(incident),
            "words": bool(groups & READERS),
            "form": form if groups & LOOP_CLOSERS and (form.is_bound or not incident.closed_at) else None,
        }
        return TemplateResponse(request, "admin/appointments/incident/change_form.html", context, status=status)


def _seen(incident) -> list[tuple]:
    """(when, what) whoever had the link looked at on the secure page until they said that it is not theirs."""
    if incident.contact_point is None:
        return []
    looks = incident.referral.appointment_request.referral_events.filter(
        what__in=("shown-in-full", "letter-opened"),
        details__practice=incident.contact_point.practice_id,
        at__lte=incident.opened_at,
    )
    return [(event.at, DONE[event.what]) for event in looks]
