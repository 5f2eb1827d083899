"""The directory: referring practices with their physicians and contact points. Nothing here is deleted."""

import uuid

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Prefetch
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from appointments.admin.directory_import import ImportMixin
from appointments.admin.directory_parts import DirectorySearchMixin, check_referrer
from appointments.admin.standing import html_of, known, step_badge, verification
from appointments.forms.text import NameField
from appointments.models import ContactKind, ContactPoint, Physician, Referral, ReferringPractice
from appointments.services import contact_points, matching, moves, registry
from appointments.services.ladder import standings


class NewPracticeForm(forms.ModelForm):
    """With its numbers, as contact points that nobody has verified."""

    phone = forms.CharField(label=gettext_lazy("Phone"), required=False)
    fax = forms.CharField(label=gettext_lazy("Fax"), required=False)

    def clean_phone(self):
        return self._number(ContactKind.PHONE)

    def clean_fax(self):
        return self._number(ContactKind.FAX)

    def _number(self, kind):
        typed = self.cleaned_data[kind]
        return contact_points.clean_value(kind, typed) if typed else ""


class PhysicianForm(forms.ModelForm):
    class Meta:
        model = Physician
        fields = ("first_name", "last_name", "credentials", "npi", "is_active")
        error_messages = {"npi": {"unique": gettext_lazy("Another physician has this NPI. One of the two is wrong.")}}


class PhysicianInline(admin.StackedInline):
    model = Physician
    form = PhysicianForm
    extra = 1
    can_delete = False
    show_change_link = True

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(ReferringPractice)
class ReferringPracticeAdmin(ImportMixin, DirectorySearchMixin, admin.ModelAdmin):
    change_list_template = "admin/appointments/referringpractice/change_list.html"
    fields = ("name", "street", "city", "state", "zip_code", "contact_name", "is_active")
    list_display = ("name", "city", "reach", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "physicians__last_name", "physicians__npi", "contact_points__value")
    inlines = [PhysicianInline]
    actions = None  # the bars stay on, see the queue

    def get_queryset(self, request):
        used = ContactPoint.objects.filter(is_active=True)
        return super().get_queryset(request).prefetch_related(Prefetch("contact_points", used, to_attr="used"))

    def has_delete_permission(self, request, obj=None):
        return False

    # A new one, maybe filled in from a referral

    def add_view(self, request, form_url="", extra_context=None):
        """ "?referral=" names the one that it sent, so that what was typed there stands in no address."""
        request.referral = _referral_named(request)
        return super().add_view(request, form_url, {"referral": request.referral})

    def get_form(self, request, obj=None, **kwargs):
        return super().get_form(request, obj, **kwargs if obj else kwargs | {"form": NewPracticeForm})

    def get_fields(self, request, obj=None):
        return self.fields if obj else ("name", "phone", "fax", *self.fields[1:])

    def get_changeform_initial_data(self, request):
        if request.referral is None:
            return super().get_changeform_initial_data(request)
        row = request.referral.appointment_request
        return {"name": row.referrer_practice, "phone": row.referrer_phone, "fax": request.referral.sender_fax}

    def get_formset_kwargs(self, request, obj, inline, prefix):
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        if request.method == "GET" and not obj.pk and request.referral:
            first, last = matching.person_in(request.referral.appointment_request.referrer_name)
            kwargs["initial"] = [{"first_name": first, "last_name": last, "npi": request.referral.sender_npi}]
        return kwargs

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        for kind in () if change else (ContactKind.PHONE, ContactKind.FAX):
            if number := form.cleaned_data[kind]:
                contact_points.add(form.instance, kind, number, by=request.user)

    def response_post_save_add(self, request, obj):
        """Back to the referral, if there is one; else to its page, where its other contact points come next."""
        if request.referral:
            back = reverse("admin:appointments_referral_change", args=[request.referral.pk])
            return HttpResponseRedirect(f"{back}?office={obj.pk}#office")
        return HttpResponseRedirect(reverse("admin:appointments_referringpractice_change", args=[obj.pk]))

    # One that is there

    @admin.display(description=gettext_lazy("can be reached by"))
    def reach(self, practice):
        now = timezone.now()
        ways = [str(row) for row in practice.used if row.is_verified(now)]
        return " · ".join(ways) or _("nothing verified")

    def change_view(self, request, object_id, form_url="", extra_context=None):
        return super().change_view(request, object_id, form_url, {"of_practice": self._of_practice(object_id)})

    def _of_practice(self, object_id):
        """Read when the page is rendered: how its contact points and its physicians stand."""
        return lambda: _standing_of(object_id)


def _referral_named(request):
    if "referral" not in request.GET:
        return None
    check_referrer(request)
    try:
        public_id = uuid.UUID(request.GET["referral"])
    except ValueError:
        raise Http404 from None
    referral = get_object_or_404(Referral.objects.select_related("appointment_request"), public_id=public_id)
    moves.record_read(referral.appointment_request, by=request.user)
    return referral


def _standing_of(pk) -> dict:
    now = timezone.now()
    physicians = Physician.objects.filter(practice=pk).select_related("practice")
    points = ContactPoint.objects.filter(practice=pk)
    return {"points": [(row, verification(row, now)) for row in points], "known": known(physicians, now)}


class ByHandForm(forms.Form):
    last_name = NameField(
        label=gettext_lazy("Last name in the registry"),
        missing=gettext_lazy("Write the last name as it stands there."),
    )
    is_active_person = forms.BooleanField(
        label=gettext_lazy("I looked at the registry: an active individual"),
        error_messages={"required": gettext_lazy("Without this the entry proves nothing.")},
    )


@admin.register(Physician)
class PhysicianAdmin(DirectorySearchMixin, admin.ModelAdmin):
    """The list with the ladder, and the page of one with the NPI registry. New ones are added on their practice."""

    form = PhysicianForm
    list_display = ("full_name", "practice", "npi", "step", "missing")
    list_select_related = ("practice",)
    list_filter = ("is_active",)
    search_fields = ("last_name", "first_name", "npi", "practice__name")
    sortable_by = ()
    actions = None  # the bars stay on, see the queue

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_changelist_instance(self, request):
        """The ladder of a whole page at once."""
        changelist = super().get_changelist_instance(request)
        changelist.result_list = list(changelist.result_list)
        found = standings(changelist.result_list, timezone.now())
        for physician in changelist.result_list:
            physician.standing = found[physician.pk]
        return changelist

    @admin.display(description=gettext_lazy("ladder"))
    def step(self, physician):
        return html_of(step_badge(physician.standing))

    @admin.display(description=gettext_lazy("for the next step"))
    def missing(self, physician):
        return " ".join(map(str, physician.standing.missing)) or _("nothing")

    def change_view(self, request, object_id, form_url="", extra_context=None):
        return super().change_view(request, object_id, form_url, {"known": lambda: _known(object_id)})

    # The NPI registry

    def get_urls(self):
        address = path(
            "<int:pk>/registry/",
            self.admin_site.admin_view(require_http_methods(["GET", "POST"])(self.registry_view)),
            name="appointments_physician_registry",
        )
        return [address, *super().get_urls()]

    def registry_view(self, request, pk):
        """Look the NPI up, or write down what somebody read there. In no transaction: the registry may take long."""
        check_referrer(request)
        physician = get_object_or_404(Physician.objects.select_related("practice"), pk=pk)
        form = ByHandForm(request.POST) if "by_hand" in request.POST else ByHandForm()
        told = ""
        try:
            if form.is_valid():
                registry.attach_by_hand(physician.public_id, last_name=form.cleaned_data["last_name"], by=request.user)
                return self._kept(request, physician, "registry read by hand")
            if "look_up" in request.POST and settings.NPPES_URL:
                registry.check(physician.public_id, by=request.user)
                return self._kept(request, physician, "registry looked up")
        except registry.RegistryAway:
            told = _(
                "The registry does not answer now. Look there yourself and write down what you read, or try later."
            )
        except ValidationError as refused:
            told = " ".join(refused.messages)
        return self._registry_page(request, physician, form, told)

    def _kept(self, request, physician, what):
        self.log_change(request, physician, what)
        messages.success(request, _("Kept, with the date of today."))
        return HttpResponseRedirect(reverse("admin:appointments_physician_change", args=[physician.pk]))

    def _registry_page(self, request, physician, form, told):
        context = {
            **self.admin_site.each_context(request),
            "title": _("NPI registry: %(name)s") % {"name": physician.full_name},
            "opts": self.opts,
            "physician": physician,
            "form": form,
            "told": told,
            "can_look_up": bool(settings.NPPES_URL),
        }
        template = "admin/appointments/physician/registry.html"
        return TemplateResponse(request, template, context, status=422 if told or form.errors else 200)


def _known(pk):
    physicians = Physician.objects.filter(pk=pk).select_related("practice")
    return known(physicians, timezone.now())
