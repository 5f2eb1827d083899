"""What narrows a worklist: codes only, so that they may stand in the address."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.conf import settings
from django.contrib.admin import ListFilter
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.auth import get_user_model
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.admin.page import name_of
from appointments.models.words import Channel, PayerKind, Topic

NOBODY = "nobody"
WEEK = datetime.timedelta(days=7)
AGES = {"today": _("Today"), "week": _("In the last 7 days"), "older": _("More than 7 days ago")}


@dataclass(frozen=True)
class Narrowing:
    label: str
    choices: Callable[[], list[tuple[str, str]]]
    where: Callable[[str], Q]


def of_column(column):
    return lambda value: Q(**{column: value})


def of_assignee(value):
    return Q(assignee=None if value == NOBODY else int(value))


def of_age(value):
    now = timezone.now()
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "today": Q(submitted_at__gte=midnight),
        "week": Q(submitted_at__gte=now - WEEK),
        "older": Q(submitted_at__lt=now - WEEK),
    }[value]


def staff():
    people = get_user_model().objects.filter(is_staff=True).order_by("first_name", "last_name", "username")
    return [(NOBODY, _("Nobody yet")), *((str(user.pk), name_of(user)) for user in people)]


NARROWINGS = {
    "topic": Narrowing(_("Topic"), lambda: Topic.choices, of_column("topic")),
    "payer_kind": Narrowing(_("Insurance"), lambda: PayerKind.choices, of_column("payer_kind")),
    "language": Narrowing(_("Language"), lambda: settings.LANGUAGES, of_column("language")),
    "assignee": Narrowing(_("Works on it"), staff, of_assignee),
    "channel": Narrowing(_("Came by"), lambda: Channel.choices, of_column("channel")),
    "sent": Narrowing(_("Sent"), lambda: list(AGES.items()), of_age),
}


class NarrowForm(forms.Form):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, auto_id="narrow_%s", **kwargs)
        for name, narrowing in NARROWINGS.items():
            choices = [("", _("Any")), *narrowing.choices()]
            self.fields[name] = forms.ChoiceField(label=narrowing.label, choices=choices, required=False)

    def chosen(self) -> list[str]:
        """What is chosen, in words."""
        values = [(field, self.cleaned_data[field.name]) for field in self]
        return [f"{field.label}: {dict(field.field.choices)[value]}" for field, value in values if value]


class NarrowFilter(ListFilter):
    """All of NARROWINGS at once. Raises DisallowedModelAdminLookup for a code that does not exist."""

    title = _("filter")

    def __init__(self, request, params, model, model_admin):
        super().__init__(request, params, model, model_admin)
        self.form = NarrowForm(request.GET)
        if not self.form.is_valid():
            raise DisallowedModelAdminLookup
        for name in NARROWINGS:
            params.pop(name, None)

    def has_output(self):
        return True

    def expected_parameters(self):
        return list(NARROWINGS)

    def queryset(self, request, queryset):
        values = {name: value for name, value in self.form.cleaned_data.items() if value}
        return queryset.filter(*(NARROWINGS[name].where(value) for name, value in values.items()))

    def choices(self, changelist):
        return []  # the template shows the form


def without_blanks(query):
    """`query` without what says "any", so that the addresses of tabs and pages stay short."""
    kept = query.copy()
    for name in [name for name, value in query.items() if not value]:
        del kept[name]
    return kept
