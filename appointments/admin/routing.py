from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from appointments.models import RoutingRule


def _name_of(user):
    return user.get_full_name() or user.get_username()


class RoutingRuleForm(forms.ModelForm):
    class Meta:
        model = RoutingRule
        fields = ("order", "name", *RoutingRule.CONDITIONS, "staff", "group")
        widgets = {"staff": forms.CheckboxSelectMultiple}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "staff" in self.fields:  # not for those who only look
            self.fields["staff"].label_from_instance = _name_of

    def clean(self):
        cleaned = super().clean()
        if not cleaned.get("staff") and not cleaned.get("group"):
            raise ValidationError(_("Choose who is told: staff, a group, or both."))
        return cleaned


@admin.register(RoutingRule)
class RoutingRuleAdmin(admin.ModelAdmin):
    """Who is told about a new request. The last rule matches everything: it keeps its place and cannot be deleted."""

    form = RoutingRuleForm
    list_display = ("name", "place", "conditions", "told")
    list_select_related = ("group",)
    sortable_by = ()
    actions = None  # a bulk delete would run into the last rule; the bars stay on, see the queue
    fieldsets = (
        (None, {"fields": ("order", "name")}),
        (_("When a request is"), {"fields": RoutingRule.CONDITIONS, "description": _("Empty means: any.")}),
        (_("Then tell"), {"fields": ("staff", "group")}),
    )

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("staff")

    def get_readonly_fields(self, request, obj=None):
        return ("order", *RoutingRule.CONDITIONS) if obj and obj.is_everyone else ()

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and not (obj and obj.is_everyone)

    @admin.display(description=_("order"))
    def place(self, rule):
        return _("last") if rule.is_everyone else rule.order

    @admin.display(description=_("when"))
    def conditions(self, rule):
        if rule.is_everyone:
            return _("always")
        said = [getattr(rule, f"get_{name}_display")() for name in RoutingRule.CONDITIONS if getattr(rule, name)]
        return " · ".join(map(str, said)) or _("always")

    @admin.display(description=_("tells"))
    def told(self, rule):
        people = [_name_of(user) for user in rule.staff.all()]
        return ", ".join([rule.group.name, *people] if rule.group else people)
