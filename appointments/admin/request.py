from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.db.models import Prefetch, prefetch_related_objects
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from appointments.admin import search, second_thoughts
from appointments.admin.callcard import card_of
from appointments.admin.correct import CorrectMixin
from appointments.admin.filters import NARROWINGS, NarrowFilter, without_blanks
from appointments.admin.forms import CallForm, MoveForm, NoteForm
from appointments.admin.intake import IntakeMixin
from appointments.admin.numbers import numbers_view
from appointments.admin.page import context_of
from appointments.admin.papers import PapersMixin
from appointments.admin.queue import list_context
from appointments.admin.with_office import talk_of
from appointments.admin.worklists import FOUND, WorklistFilter
from appointments.models import AppointmentRequest, ContactAttempt, PatientFile
from appointments.models.words import FileKind
from appointments.services import files, moves
from appointments.transitions import CALLERS, MOVES, NOTERS, READERS

DOWNLOADS = {
    FileKind.PDF: ("application/pdf", "pdf"),
    FileKind.JPEG: ("image/jpeg", "jpg"),
    FileKind.PNG: ("image/png", "png"),
}
LEFT = "left"  # the id of the request that one goes on from
FILE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


@admin.register(AppointmentRequest)
class AppointmentRequestAdmin(IntakeMixin, CorrectMixin, PapersMixin, admin.ModelAdmin):
    """The queue and the page of one request. Stock forms are never reached: everything changes through services."""

    fields = ()
    list_display = ("reference",)
    list_filter = (WorklistFilter, NarrowFilter)
    list_select_related = ("assignee",)
    list_per_page = list_max_show_all = 50  # no "Show all": each row is decrypted
    sortable_by = ()
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    actions = None  # the bars stay on: without them the stock list writes a style into the page

    def has_delete_permission(self, request, obj=None):
        return False

    def lookup_allowed(self, lookup, value, request):
        return lookup in {WorklistFilter.parameter_name, *NARROWINGS}  # codes: no name gets into an address

    # The list

    def changelist_view(self, request, extra_context=None):
        return self._search(request) if request.method == "POST" else self._list(request)

    def _list(self, request, *, status=200, search_form=None):
        request.GET = without_blanks(request.GET)
        response = super().changelist_view(request)
        changelist = getattr(response, "context_data", {}).get("cl")
        if changelist is not None:
            response.context_data |= list_context(request, changelist, search_form)
            response.status_code = status
        return response

    def _search(self, request):
        """The words are posted and end here; the list then reads their hashes from the session."""
        if not self.has_view_permission(request) or not moves.groups_of(request.user) & READERS:
            raise PermissionDenied
        if "show_all" in request.POST:
            search.forget(request)
            return HttpResponseRedirect(request.path)
        form = search.SearchForm(request.POST)
        if not form.is_valid():
            return self._list(request, status=422, search_form=form)
        search.keep(request, form.cleaned_data["words"])
        return HttpResponseRedirect(f"{request.path}?{WorklistFilter.parameter_name}={FOUND}")

    # One request

    def change_view(self, request, object_id, form_url="", extra_context=None):
        if not self.has_view_permission(request):
            raise PermissionDenied
        appointment_request = self.get_object(request, object_id)
        if appointment_request is None:
            raise Http404
        if request.method != "POST":
            return self._page(request, appointment_request)
        for button, act in (
            ("move", self._move),
            ("call", self._call),
            ("note", self._note),
            ("correct", self._correct),
        ):
            if button in request.POST:
                return act(request, appointment_request)
        raise BadRequest

    def _page(self, request, appointment_request, *, status=200, bound=None, stale=None):
        moves.record_read(appointment_request, by=request.user)
        _begin_where_it_is_wrong(bound)
        calls = ContactAttempt.objects.select_related("by")
        prefetch_related_objects([appointment_request], Prefetch("contact_attempts", calls))
        groups = moves.groups_of(request.user)
        shown = context_of(appointment_request, groups, bound=bound, stale=stale)
        context = {
            **self.admin_site.each_context(request),
            **card_of(request, appointment_request, groups, bound=bound),
            **shown,
            **talk_of(shown["referral"], groups),
            "title": appointment_request.reference,
            "opts": self.opts,
            "preserved_filters": self.get_preserved_filters(request),
            "next_query": f"{request.GET.get('_changelist_filters', '')}&{LEFT}={appointment_request.pk}",
            "is_own": stale is not None and {event.by_id for event in stale.events} == {request.user.pk},
            "errors": bound is not None and bool(bound.errors),
            **second_thoughts.context_of(appointment_request, request.user, groups),
        }
        template = "admin/appointments/appointmentrequest/change_form.html"
        return TemplateResponse(request, template, context, status=status)

    # Files of the patient

    def get_urls(self):
        address = path(
            "<int:pk>/files/<uuid:file_id>/",
            self.admin_site.admin_view(require_GET(self.file_view)),
            name="appointments_appointmentrequest_file",
        )
        numbers = path(
            "numbers/",
            self.admin_site.admin_view(require_GET(numbers_view)),
            name="appointments_appointmentrequest_numbers",
        )
        following = path(
            "next/",
            self.admin_site.admin_view(require_GET(self.next_view)),
            name="appointments_appointmentrequest_next",
        )
        refer = path(
            "refer/", self.admin_site.admin_view(self.refer_view), name="appointments_appointmentrequest_refer"
        )
        return [address, numbers, following, refer, *super().get_urls()]

    def next_view(self, request):
        """On to whoever stands first on the list that one came from, but for the request that one leaves."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        left = moves.read_version(request.GET.get(LEFT, ""))
        request.GET = without_blanks(request.GET)
        request.GET.pop(LEFT, None)
        query = request.GET.urlencode()
        first = self.get_changelist_instance(request).queryset.exclude(pk=left).values_list("pk", flat=True).first()
        if first is None:
            messages.info(request, _("That was the last one of this list."))
            return HttpResponseRedirect(f"{reverse('admin:appointments_appointmentrequest_changelist')}?{query}")
        address = reverse("admin:appointments_appointmentrequest_change", args=[first])
        return HttpResponseRedirect(f"{address}?{urlencode({'_changelist_filters': query})}" if query else address)

    def file_view(self, request, pk, file_id):
        """One file, to be saved: never shown by the browser, and never from its cache."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            appointment_request = AppointmentRequest.objects.get(pk=pk)
            file, content = files.open_for_staff(appointment_request, file_id, by=request.user)
        except (AppointmentRequest.DoesNotExist, PatientFile.DoesNotExist):
            raise Http404 from None
        except moves.NoRight:
            raise PermissionDenied from None
        except files.ContentAway:
            messages.error(request, _("This file cannot be opened. Please tell whoever looks after this website."))
            return HttpResponseRedirect(reverse("admin:appointments_appointmentrequest_change", args=[pk]))
        mime_type, extension = DOWNLOADS[file.kind]
        name = f"{appointment_request.reference}-{file.public_id.hex[:8]}.{extension}"  # ours, not the patient's
        headers = FILE_HEADERS | {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(content, content_type=mime_type, headers=headers)

    # What is pressed on the page

    def _move(self, request, appointment_request):
        chosen = MOVES.get(request.POST["move"])
        groups = moves.groups_of(request.user)
        if chosen is None:
            raise BadRequest
        if not chosen.by & groups:
            raise PermissionDenied
        form = MoveForm(chosen, request.POST, groups=groups, lacking=moves.tries_lacking(appointment_request))
        form.is_valid()
        try:
            moves.check_current(appointment_request, _seen_version(request))
            if form.is_valid():
                moved = moves.move(
                    appointment_request.public_id,
                    chosen.name,
                    seen_version=_seen_version(request),
                    by=request.user,
                    **form.cleaned_data,
                )
                text = _("%(reference)s is now: %(status)s.")
                second_thoughts.mind_the_times(request, moved)
                if moves.tells_patient(moved, chosen) and not moved.email:
                    messages.warning(request, _("There is no e-mail address: please tell the patient by phone."))
                return self._done(request, moved, f"move {chosen.name}", text % _said(moved))
        except moves.Stale as stale:
            return self._page(request, stale.appointment_request, status=409, bound=form, stale=stale)
        except moves.MoveNotAllowed as refused:
            form.add_error(None, refused.says)
            return self._page(request, appointment_request, status=409, bound=form)
        except ValidationError as refused:
            form.add_error(None, refused)
        return self._page(request, appointment_request, status=422, bound=form)

    def _call(self, request, appointment_request):
        def log(call, **values):
            moves.log_call(appointment_request.public_id, result=call, by=request.user, **values)

        form = CallForm(request.POST)
        return self._add(request, appointment_request, form, log, "call", _("The call is noted."), by=CALLERS)

    def _note(self, request, appointment_request):
        def add(**values):
            moves.add_note(appointment_request.public_id, by=request.user, **values)

        form = NoteForm(request.POST)
        return self._add(request, appointment_request, form, add, "note", _("The note is kept."), by=NOTERS)

    def _add(self, request, appointment_request, form, add, what, text, *, by):
        if not by & moves.groups_of(request.user):
            raise PermissionDenied
        if not form.is_valid():
            return self._page(request, appointment_request, status=422, bound=form)
        try:
            add(**form.cleaned_data)
        except moves.MoveNotAllowed:
            raise PermissionDenied from None
        except moves.OtherEntryError:
            form.refuse_as_other()
            return self._page(request, appointment_request, status=409, bound=form)
        except ValidationError as refused:
            form.add_error(None, refused)
            return self._page(request, appointment_request, status=422, bound=form)
        return self._done(request, appointment_request, what, text)

    def _done(self, request, appointment_request, what, text):
        self.log_change(request, appointment_request, what)
        messages.success(request, text)
        return HttpResponseRedirect(request.get_full_path())


def _begin_where_it_is_wrong(bound):
    """The first box with a message has the cursor, which also brings it into sight: the page is long."""
    wrong = [field for field in bound or () if field.errors and not field.is_hidden]
    if wrong:
        wrong[0].field.widget.attrs["autofocus"] = True


def _seen_version(request):
    return moves.read_version(request.POST.get("seen_version", ""))


def _said(appointment_request):
    return {"reference": appointment_request.reference, "status": appointment_request.get_status_display()}
