"""Editors and clinicians, with the rights that `seed` gives."""

from django.contrib.auth.models import Group

from appointments.services import setup
from tests.factories import ClinicianFactory, UserFactory


def member(group, **fields):
    """A member of staff in `group`."""
    if not Group.objects.filter(name=group).exists():
        setup.make_groups()
    user = UserFactory(**fields)
    user.groups.add(Group.objects.get(name=group))
    return user


def editor(**fields):
    return member("editor", **fields)


def clinician(slug="elena-sample", **fields):
    """Somebody who may sign: a clinician of the practice with an account."""
    user = member("clinician", **fields)
    row = ClinicianFactory(slug=slug)
    row.user = user
    row.save()
    return user


def typed(response):
    """The form of the page as a browser would send it back."""
    form = response.context["adminform"].form
    data = {form.add_prefix(name): form[name].value() for name in form.fields}
    for formset in response.context["inline_admin_formsets"]:
        for part in (formset.formset.management_form, *formset.formset.initial_forms):
            data |= {part.add_prefix(name): part[name].value() for name in part.fields}
    return {name: value for name, value in data.items() if value is not None and value is not False}
