"""History is added to, and neither changed nor deleted."""

import pytest

from appointments.models import ContactAttempt, ReadEvent, StaffNote, StatusEvent
from appointments.models.history import AppendOnlyError
from tests.factories import AppointmentRequestFactory

ROWS = {
    StatusEvent: {"move": "receive", "to_status": "received", "version": 1, "comment": "First words."},
    ReadEvent: {},
    StaffNote: {"text": "First words."},
    ContactAttempt: {"result": "reached", "note": "First words."},
}

WAYS = {
    "save": lambda row: row.save(),
    "delete": lambda row: row.delete(),
    "update of a queryset": lambda row: type(row).objects.filter(pk=row.pk).update(by=None),
    "delete of a queryset": lambda row: type(row).objects.filter(pk=row.pk).delete(),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", ROWS, ids=lambda model: model.__name__)
def test_history_is_neither_changed_nor_deleted(db, model, way):
    row = model.objects.create(appointment_request=AppointmentRequestFactory(), **ROWS[model])
    before = model.objects.values().get()

    with pytest.raises(AppendOnlyError):
        WAYS[way](row)

    assert model.objects.values().get() == before
