"""P32: new keys for new writes, old ones readable until everything is rewritten, and nothing lost on the way."""

import threading
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, models

from appointments.models import AppointmentRequest, RequestDraft, StaffNote
from outbox.models import Message
from tests.factories import AppointmentRequestFactory
from vault import canary, crypto, rotation
from vault.fields import Sealed
from vault.models import Canary

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def written_with_first_keys(keys, db):
    Canary.objects.all().delete()
    canary.plant()


def rotate():
    out = StringIO()
    call_command("rotate_keys", stdout=out)
    return out.getvalue()


def key_ids(model, column):
    """The ids of the keys under which the values of `column` stand in the database."""
    tokens = model.objects.annotate(raw=models.functions.Cast(column, models.TextField())).values_list("raw", flat=True)
    return {token.split(".")[1] for token in tokens if token}


def test_new_words_are_under_the_new_key_and_old_ones_stay_readable(keys):
    old = AppointmentRequestFactory(first_name="Rosa")
    keys(field=["f2", "f1"])
    AppointmentRequestFactory(first_name="Walter")

    assert AppointmentRequest.objects.get(pk=old.pk).first_name == "Rosa"
    assert key_ids(AppointmentRequest, "first_name") == {"f1", "f2"}


def test_after_rotation_the_old_keys_are_not_needed(keys):
    rosa = AppointmentRequestFactory(first_name="Rosa", last_name="Peña", email="rosa@example.org")
    note = StaffNote.objects.create(appointment_request=rosa, text="She hears badly.")
    draft = RequestDraft.objects.create(secret_hash="x", answers={"you": "Rosa"}, expires_at="2030-01-01T00:00Z")
    message = Message.objects.create(to="rosa@example.org", dedupe_key="x", next_attempt_at="2030-01-01T00:00Z")
    keys(field=["f2", "f1"], hash=["h2", "h1"])

    rotate()
    keys(field=["f2"], hash=["h2"])

    fresh = AppointmentRequest.objects.get(pk=rosa.pk)
    assert (fresh.first_name, fresh.email_hash) == ("Rosa", crypto.keyed_hash("email", "rosa@example.org"))
    assert StaffNote.objects.get(pk=note.pk).text == "She hears badly."
    assert RequestDraft.objects.get(pk=draft.pk).answers == {"you": "Rosa"}
    assert Message.objects.get(pk=message.pk).to == "rosa@example.org"
    assert canary.problems() == []


def test_before_rotation_the_old_key_is_needed(keys):  # the control of the test above
    rosa = AppointmentRequestFactory(first_name="Rosa")
    keys(field=["f2"])

    with pytest.raises(crypto.UnreadableError):
        AppointmentRequest.objects.get(pk=rosa.pk).first_name  # noqa: B018


def test_lookups_find_what_was_hashed_with_the_old_key(keys):
    rosa = AppointmentRequestFactory(email="rosa@example.org")
    keys(hash=["h2", "h1"])
    new = AppointmentRequestFactory(email="rosa@example.org")

    found = AppointmentRequest.objects.filter(email_hash__in=crypto.keyed_hashes("email", "rosa@example.org"))

    assert set(found) == {rosa, new}


def test_a_hash_keeps_in_step_when_one_field_is_saved():
    rosa = AppointmentRequestFactory(email="rosa@example.org")
    rosa.email = "new@example.org"
    rosa.save(update_fields=["email"])

    assert AppointmentRequest.objects.get().email_hash == crypto.keyed_hash("email", "new@example.org")


def test_rotation_stopped_half_way_goes_on_where_it_stopped(keys, monkeypatch):
    AppointmentRequestFactory.create_batch(5, first_name="Rosa")
    keys(field=["f2", "f1"])
    rewrite, rewritten = rotation._rotate_row, []

    def stop_after_two(model, row):
        if len(rewritten) == 2:
            raise KeyboardInterrupt
        rewritten.append(row.pk)
        return rewrite(model, row)

    monkeypatch.setattr(rotation, "_rotate_row", stop_after_two)
    with pytest.raises(KeyboardInterrupt):
        rotate()
    assert key_ids(AppointmentRequest, "first_name") == {"f1", "f2"}
    monkeypatch.undo()
    keys(field=["f2", "f1"])

    assert "AppointmentRequest: 3 rows rewritten, 0 unreadable" in rotate()
    assert {request.first_name for request in AppointmentRequest.objects.all()} == {"Rosa"}
    assert key_ids(AppointmentRequest, "first_name") == {"f2"}


def test_rotation_a_second_time_rewrites_nothing(keys):
    AppointmentRequestFactory()
    keys(field=["f2", "f1"])
    rotate()

    assert "AppointmentRequest: 0 rows rewritten, 0 unreadable" in rotate()


def test_an_unreadable_row_is_counted_and_left_as_it_is(keys):
    keys(field=["lost"])
    lost = AppointmentRequestFactory(first_name="Lost")
    keys(field=["f1"])
    AppointmentRequestFactory(first_name="Rosa")
    token = AppointmentRequest.objects.values_list("first_name", flat=True).get(pk=lost.pk)
    keys(field=["f2", "f1"])

    with pytest.raises(CommandError, match="Keep the old keys"):
        rotate()

    assert AppointmentRequest.objects.values_list("first_name", flat=True).get(pk=lost.pk) == token
    assert Canary.objects.filter(ring="field", key_id="f1").exists()  # an old key is not forgotten then


def test_rotation_with_a_wrong_newest_key_changes_nothing(keys, settings, ring):
    AppointmentRequestFactory()
    tokens = list(AppointmentRequest.objects.values_list("first_name", flat=True))
    settings.FIELD_KEYS = ring(f1="other")

    with pytest.raises(CommandError, match="Nothing was changed"):
        rotate()

    assert list(AppointmentRequest.objects.values_list("first_name", flat=True)) == tokens


def test_no_value_in_a_message_of_the_log(keys, caplog):
    keys(field=["lost"])
    AppointmentRequestFactory(first_name="canary-name")
    keys(field=["f2", "f1"])

    rotation.rotate(AppointmentRequest)

    assert "appointments.appointmentrequest.first_name:" in caplog.text
    assert "canary-name" not in caplog.text


def test_a_row_saved_meanwhile_keeps_the_new_words_and_is_rotated_too(keys, monkeypatch):
    rosa = AppointmentRequestFactory(first_name="Rosa", last_name="Old")
    keys(field=["f2", "f1"])
    rewrite, saved = rotation._rotate_row, []

    def save_first(model, row):
        if not saved:
            saved.append(row.pk)
            mine = AppointmentRequest.objects.get(pk=rosa.pk)
            mine.last_name = "New"
            mine.save()  # first_name goes back as it was read: under f1
        return rewrite(model, row)

    monkeypatch.setattr(rotation, "_rotate_row", save_first)
    rotate()

    fresh = AppointmentRequest.objects.get(pk=rosa.pk)
    assert (fresh.first_name, fresh.last_name) == ("Rosa", "New")
    assert key_ids(AppointmentRequest, "first_name") == key_ids(AppointmentRequest, "last_name") == {"f2"}


@pytest.mark.django_db(transaction=True)
def test_rotation_beside_a_writer_loses_nothing(keys):
    requests = AppointmentRequestFactory.create_batch(20, first_name="Rosa")
    keys(field=["f2", "f1"], hash=["h2", "h1"])
    failures = []

    def write():
        try:
            for number, appointment_request in enumerate(requests):
                mine = AppointmentRequest.objects.get(pk=appointment_request.pk)
                mine.last_name = f"Name {number}"
                mine.save()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    rotate()
    writer.join()
    rotate()  # for what the writer still held under the first key

    keys(field=["f2"], hash=["h2"])
    assert failures == []
    assert [request.last_name for request in AppointmentRequest.objects.order_by("pk")] == [
        f"Name {number}" for number in range(20)
    ]
    assert {request.first_name for request in AppointmentRequest.objects.all()} == {"Rosa"}


def test_a_sealed_value_does_not_print_its_token():
    assert "v1." not in repr(Sealed("v1.f1.abc"))
