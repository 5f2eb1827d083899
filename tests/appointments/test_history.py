"""History is added to, and neither changed nor deleted; a request is never deleted."""

import pytest
from django.contrib import admin
from django.db import transaction
from django.urls import reverse

from appointments.models import (
    AppointmentRequest,
    ContactAttempt,
    ContactPointEvent,
    Correction,
    Export,
    Incident,
    ReadEvent,
    Referral,
    ReferralEvent,
    ReferralUpdate,
    StaffNote,
    StatusEvent,
)
from appointments.models.history import AppendOnlyError
from appointments.models.kept import kept_models
from tests.appointments.desk import sign_in
from tests.factories import (
    AppointmentRequestFactory,
    ContactPointFactory,
    IncidentFactory,
    ReferralFactory,
    ReferralUpdateFactory,
    UserFactory,
)

ROWS = {
    StatusEvent: {"move": "receive", "to_status": "received", "version": 1, "comment": "First words."},
    ReadEvent: {},
    StaffNote: {"text": "First words."},
    Export: {"weeks": 4, "tab": "open", "row_count": 7, "reason": "First words."},
    ContactAttempt: {"result": "reached", "note": "First words."},
    ReferralEvent: {"what": "accepted", "comment": "First words."},
    ContactPointEvent: {"what": "added", "value": "+18135550150"},
    Correction: {"field": "phone", "was": "+18135550142", "value": "+18135550199", "why": "First words."},
}

WAYS = {
    "save": lambda row: row.save(),
    "update of many": lambda row: type(row).objects.bulk_update([row], ["by"]),
    "insert over it": lambda row: type(row).objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["id"], update_fields=["by"]
    ),
    "delete": lambda row: row.delete(),
    "update of a queryset": lambda row: type(row).objects.filter(pk=row.pk).update(by=None),
    "delete of a queryset": lambda row: type(row).objects.filter(pk=row.pk).delete(),
    "delete past its manager": lambda row: type(row)._base_manager.filter(pk=row.pk).delete(),
}
DELETES = [way for way in WAYS if way.startswith("delete")]


# Rows with a life of their own, which change and stay.
KEPT = {
    AppointmentRequest: AppointmentRequestFactory,
    Referral: ReferralFactory,
    ReferralUpdate: ReferralUpdateFactory,
    Incident: IncidentFactory,
}
ABOUT = {Export: dict, ContactPointEvent: lambda: {"contact_point": ContactPointFactory()}}


def row_of(model):
    if model in KEPT:
        return KEPT[model]()
    about = ABOUT.get(model, lambda: {"appointment_request": AppointmentRequestFactory()})()
    return model.objects.create(by=UserFactory(), **about, **ROWS[model])


def test_every_kind_of_history_is_tried_here():
    assert set(kept_models()) == {*KEPT, *ROWS}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", ROWS, ids=lambda model: model.__name__)
def test_history_is_neither_changed_nor_deleted(db, model, way):
    row = row_of(model)
    before = model.objects.values().get()

    with pytest.raises(AppendOnlyError), transaction.atomic():
        WAYS[way](row)

    assert model.objects.values().get() == before


@pytest.mark.parametrize("way", DELETES)
def test_request_is_not_deleted_even_before_anything_was_done_with_it(db, way):
    row = row_of(AppointmentRequest)

    with pytest.raises(AppendOnlyError), transaction.atomic():
        WAYS[way](row)

    assert AppointmentRequest.objects.get() == row


@pytest.mark.parametrize(
    "model", [model for model in kept_models() if model in admin.site._registry], ids=lambda model: model.__name__
)
def test_no_page_of_the_admin_deletes_it_not_even_for_a_superuser(client, practice, model):
    sign_in(client, is_superuser=True)
    row = row_of(model)
    to, before = f"admin:{model._meta.label_lower.replace('.', '_')}_{{}}".format, model.objects.values().get()
    lists = reverse(to("changelist"))
    pressed = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes", "index": 0}

    refused = client.post(reverse(to("delete"), args=[row.pk]), {"post": "yes"})
    client.post(lists, pressed)
    history = client.get(reverse(to("history"), args=[row.pk]))
    client.post(reverse(to("history"), args=[row.pk]), {"post": "yes"})

    assert (refused.status_code, history.status_code) == (403, 200)
    assert "delete" not in client.get(lists).content.decode().lower()
    assert model.objects.values().get() == before
