from itertools import takewhile

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments.admin.page import name_of
from appointments.models import AppointmentRequest, RoutingRule
from appointments.models.words import Priority
from appointments.services import routing


class RoutingRuleForm(forms.ModelForm):
    class Meta:
        model = RoutingRule
        fields = ("order", "name", *RoutingRule.CONDITIONS, "staff", "group", "priority")
        widgets = {"staff": forms.CheckboxSelectMultiple}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "staff" in self.fields:  # not for those who only look
            self.fields["staff"].label_from_instance = name_of

    def clean(self):
        cleaned = super().clean()
        if not cleaned.get("staff") and not cleaned.get("group"):
            raise ValidationError(_("Choose who is told: staff, a group, or both."))
        return cleaned


class TrialForm(forms.Form):
    """A made-up request: a box for each condition that a rule can have. Only codes, so they may stand in an address."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, prefix="try", **kwargs)
        for name in RoutingRule.CONDITIONS:
            field = RoutingRule._meta.get_field(name)
            self.fields[name] = forms.ChoiceField(
                label=field.verbose_name.capitalize(),
                choices=[("", _("Not said")), *field.choices],
                required=False,
                error_messages={"invalid_choice": _("Choose one of the list.")},
            )
        self.fields["language"].choices = RoutingRule._meta.get_field("language").choices  # every request has one

    @property
    def was_sent(self):
        return any(self.add_prefix(name) in self.data for name in self.fields)

    def answer(self) -> dict:
        """What would become of that request if it were sent now, and why no earlier rule took it."""
        sent = AppointmentRequest(**self.cleaned_data, submitted_at=timezone.now())
        plan = routing.plan(sent)
        earlier = takewhile(lambda rule: rule != plan.rule, RoutingRule.objects.all())
        return {
            "plan": plan,
            "people": [name_of(user) for user in plan.people],
            "earlier": [(rule, _against(rule, sent)) for rule in earlier],
        }


def _against(rule, sent):
    """A sentence for each condition that keeps it from this rule."""
    said = _("%(what)s: the rule takes “%(wanted)s”, and here it is “%(given)s”.")
    return [
        said
        % {
            "what": RoutingRule._meta.get_field(name).verbose_name.capitalize(),
            "wanted": getattr(rule, f"get_{name}_display")(),
            "given": dict(RoutingRule._meta.get_field(name).choices).get(getattr(sent, name), _("Not said")),
        }
        for name in rule.against(sent)
    ]


def warnings() -> list[tuple[RoutingRule, str]]:
    """Rules that do not do what they seem to: the rule, and what is wrong with it."""
    hidden = _("No request ever reaches it: “%(earlier)s” comes before and takes everything that it would take.")
    deserted = _(
        "Nobody can be told: its people are inactive or have no e-mail address. Those of the last rule are told."
    )
    found = [(rule, hidden % {"earlier": earlier.name}) for rule, earlier in routing.hidden_by().items()]
    return found + [(rule, deserted) for rule in routing.without_people()]


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
        (
            gettext_lazy("When a request is"),
            {"fields": RoutingRule.CONDITIONS, "description": gettext_lazy("Empty means: any.")},
        ),
        (gettext_lazy("Then tell"), {"fields": ("staff", "group", "priority")}),
    )

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("staff")

    def get_readonly_fields(self, request, obj=None):
        return ("order", *RoutingRule.CONDITIONS) if obj and obj.is_everyone else ()

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and not (obj and obj.is_everyone)

    def changelist_view(self, request, extra_context=None):
        trial = TrialForm(request.GET)
        if trial.was_sent:
            # The stock list takes what it does not know for a filter.
            request.GET = QueryDict()
        else:
            trial = TrialForm()
        answer = trial.answer() if trial.is_valid() else None
        context = {"title": _("Routing rules"), "trial": trial, "answer": answer, "warnings": warnings()}
        return super().changelist_view(request, context)

    @admin.display(description=gettext_lazy("order"))
    def place(self, rule):
        return _("last") if rule.is_everyone else rule.order

    @admin.display(description=gettext_lazy("when"))
    def conditions(self, rule):
        if rule.is_everyone:
            return _("always")
        said = [getattr(rule, f"get_{name}_display")() for name in RoutingRule.CONDITIONS if getattr(rule, name)]
        return " · ".join(map(str, said)) or _("always")

    @admin.display(description=gettext_lazy("tells"))
    def told(self, rule):
        people = [name_of(user) for user in rule.staff.all()]
        everybody = ", ".join([rule.group.name, *people] if rule.group else people)
        return everybody if rule.priority == Priority.ROUTINE else f"{everybody} · {rule.get_priority_display()}"
