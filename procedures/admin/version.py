from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from procedures import previews
from procedures.admin import review
from procedures.admin.common import NoBulkDeleteMixin, name_both_boxes
from procedures.admin.fields import MarkdownField
from procedures.models import (
    Choice,
    Fact,
    Fit,
    Outcome,
    PictureUse,
    Question,
    Regulator,
    Risk,
    Section,
    Step,
    Version,
    VersionEvent,
)
from procedures.services import publishing, reviews

ZONE = _("Time zone: %(zone)s.")


class VersionForm(forms.ModelForm):
    """Remembers which state of the draft was opened: a later one, saved by somebody else, is not written over."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["seen"].initial = self._state()

    def _state(self):
        return str(self.instance.events.values_list("pk", flat=True).first() or "")

    def clean(self):
        super().clean()
        publishing.lock(self.instance.article)  # until this is saved
        if self.cleaned_data.get("seen", "") != self._state():
            raise ValidationError(
                _(
                    "Somebody saved this draft after you opened it, and nothing of yours was saved. What you typed "
                    "is still here. Open the draft in another tab, bring the two together, and save there."
                )
            )


class RowFormSet(forms.BaseInlineFormSet):
    def save_new(self, form, commit=True):
        """A new row to which nobody gave a place goes below the others, as it stands in the form."""
        if not form.instance.order:
            last = self.model.objects.filter(version=self.instance).aggregate(last=models.Max("order"))["last"]
            form.instance.order = (last or 0) + 1
        return super().save_new(form, commit)


class RowInline(admin.StackedInline):
    """Rows of a draft; those of any other version are only to be read."""

    extra = 0
    formset = RowFormSet
    formfield_overrides = {models.TextField: {"form_class": MarkdownField}}

    def _is_open(self, obj):
        return obj is None or obj.status == Version.Status.DRAFT

    def has_add_permission(self, request, obj=None):
        return self._is_open(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request, obj=None):
        return self._is_open(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        return self._is_open(obj) and super().has_delete_permission(request, obj)


# In the order of the page; what a row is called, and what all of them are.
ROWS = (
    (Section, _("section"), _("The sections of the page")),
    (PictureUse, _("picture"), _("Pictures in the sections")),
    (Fact, _("line"), _("At a glance, and in the table of treatments")),
    (Regulator, _("line about the FDA"), _("What the FDA said")),
    (Fit, _("line"), _("It may fit if …, it is not right if …")),
    (Choice, _("choice"), _("What else could I do?")),
    (Outcome, _("finding"), _("How well does it work?")),
    (Risk, _("risk"), _("What can go wrong?")),
    (Step, _("step"), _("Before, on the day, and after")),
    (Question, _("question"), _("Questions")),
)
ROW_INLINES = [
    type(
        f"{model.__name__}Inline",
        (RowInline,),
        {"model": model, "verbose_name": one, "verbose_name_plural": all_of_them},
    )
    for model, one, all_of_them in ROWS
]


class DueFilter(admin.SimpleListFilter):
    """Pages due: the list an editor works through."""

    title = _("next check")
    parameter_name = "due"

    def lookups(self, request, model_admin):
        now = [("0", _("Due now"))]
        return now + [
            (str(days), _("Within %(days)d days") % {"days": days}) for days in reversed(reviews.AHEAD_DAYS) if days
        ]

    def queryset(self, request, queryset):
        chosen = dict(self.lookup_choices).get(self.value())
        return queryset.filter(pk__in=reviews.due(int(self.value())).values("pk")) if chosen else queryset


@admin.register(Version)
class VersionAdmin(NoBulkDeleteMixin, admin.ModelAdmin):
    """A version begins at its article, is edited here while it is a draft, and is read here for good."""

    change_form_template = "admin/procedures/version/change_form.html"
    form = VersionForm
    list_display = ["title", "article", "number", "status", "live_from", "next_check"]
    list_filter = ["status", DueFilter, "article__kind", "article__language"]
    list_select_related = ["article"]
    search_fields = ["title", "short_title", "article__slug"]
    fieldsets = [
        (
            None,
            {"fields": ["title", "also_known_as", "short_title", "summary", "teaser", "spine", "done_here", "seen"]},
        ),
        (_("For search engines"), {"fields": ["seo_title", "seo_description"], "classes": ["collapse"]}),
        (_("Who wrote it"), {"fields": ["author_name", "interests", "what_changed"]}),
        (_("When readers see it"), {"fields": ["live_from", "live_until"]}),
    ]
    inlines = ROW_INLINES
    formfield_overrides = {models.TextField: {"form_class": MarkdownField}}

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("article", "author", "reviewer")

    def has_add_permission(self, request):
        return False  # at the article: an empty version has a row for every section that it needs

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and (obj is None or obj.status == Version.Status.DRAFT)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and (obj is None or obj.status == Version.Status.DRAFT)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(db_field, models.DateTimeField):
            name_both_boxes(field)
            field.help_text = f"{field.help_text} {ZONE % {'zone': timezone.get_current_timezone_name()}}"
        return field

    def save_model(self, request, obj, form, change):
        self._keep_published(obj)
        obj.seeded_hash = ""
        obj.author = obj.author or request.user
        super().save_model(request, obj, form, change)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        publishing.record(form.instance, VersionEvent.Kind.EDITED, request.user)

    def delete_model(self, request, obj):
        self._keep_published(obj)
        super().delete_model(request, obj)

    def _keep_published(self, version):
        """Somebody may have published it since the permission was asked."""
        publishing.lock(version.article)
        if not Version.objects.filter(pk=version.pk, status=Version.Status.DRAFT).exists():
            raise PermissionDenied

    @admin.display(description=_("next check"), ordering="next_review")
    def next_check(self, obj):
        return obj.next_review or "—"

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        version = self.get_object(request, object_id) if object_id else None
        context = review.page_context(version, request.user) if version else {}
        return super().changeform_view(request, object_id, form_url, context | (extra_context or {}))

    def get_urls(self):
        view, to = self.admin_site.admin_view, "procedures_version_{}".format
        own = [
            path(f"<int:pk>/{name}/", view(require_POST(review.pressed(self, name))), name=to(name))
            for name, action in review.ACTIONS.items()
            if action.form is review.NoInput
        ]
        own += [
            path("<int:pk>/review/", view(review.review_view(self)), name=to("review")),
            path("<int:pk>/preview/", view(self.preview), name=to("preview")),
        ]
        return own + super().get_urls()

    def preview(self, request, pk):
        """To the page as readers will see it, by a link that can be passed on."""
        return redirect(previews.path_of(self.readable(request, pk)))

    def readable(self, request, pk):
        """The version, for those who may read it. Raises PermissionDenied and Http404."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return review.get_version(pk)
