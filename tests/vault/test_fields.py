import datetime
import uuid

import pytest
from django.core.management import call_command
from django.db import connection, models
from django.test.utils import isolate_apps

from appointments.models import AppointmentRequest, RequestDraft
from tests.factories import AppointmentRequestFactory
from vault.crypto import UnreadableError
from vault.fields import EncryptedTextField, encrypted_fields

pytestmark = pytest.mark.django_db


def stored(appointment_request, column):
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column} FROM appointments_appointmentrequest WHERE id = %s",  # noqa: S608
            [appointment_request.pk],
        )
        return cursor.fetchone()[0]


def test_no_typed_word_stands_in_the_database():  # P31
    canaries = {field.attname: f"canary-{field.attname}" for field in encrypted_fields(AppointmentRequest)}
    canaries |= {"date_of_birth": datetime.date(1931, 1, 13), "accident_on": datetime.date(1932, 2, 14)}
    canaries |= {"urgent_flags": {"canary": "canary-flag"}}
    appointment_request = AppointmentRequestFactory(**canaries)

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM appointments_appointmentrequest")
        row = str(cursor.fetchall())

    assert [word for word in ("canary", "1931-01-13", "1932-02-14", "1931, 1, 13") if word in row] == []
    fresh = AppointmentRequest.objects.get(pk=appointment_request.pk)
    assert {name: getattr(fresh, name) for name in canaries} == canaries


def test_a_value_moved_to_another_row_is_refused():  # P31
    rosa, walter = AppointmentRequestFactory(first_name="Rosa"), AppointmentRequestFactory(first_name="Walter")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE appointments_appointmentrequest SET first_name = %s WHERE id = %s",
            [stored(rosa, "first_name"), walter.pk],
        )

    with pytest.raises(UnreadableError):
        AppointmentRequest.objects.get(pk=walter.pk).first_name  # noqa: B018


def test_a_value_moved_to_another_field_is_refused():  # P31
    walter = AppointmentRequestFactory()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE appointments_appointmentrequest SET last_name = first_name WHERE id = %s", [walter.pk])

    with pytest.raises(UnreadableError):
        AppointmentRequest.objects.get(pk=walter.pk).last_name  # noqa: B018


def test_a_wrong_key_raises_and_a_save_keeps_the_token(settings, ring):  # P32
    walter = AppointmentRequestFactory(reason="My own words.")
    before = stored(walter, "reason")
    settings.FIELD_KEYS = ring(f1="other")
    other = AppointmentRequest.objects.get(pk=walter.pk)

    with pytest.raises(UnreadableError) as caught:
        other.reason  # noqa: B018

    assert "My own words" not in str(caught.value)
    assert before not in str(caught.value)
    with pytest.raises(UnreadableError):
        AppointmentRequest.objects.get(pk=walter.pk).save()
    assert stored(walter, "reason") == before


@pytest.mark.parametrize(
    "value", [{}, {"a": ""}, {"a": False}, {"a": 0}, {"a": None}, {"you": {"name": ["", "0"]}}], ids=str
)
def test_json_comes_back_as_it_was(value):  # P33
    draft = RequestDraft.objects.create(secret_hash="x", answers=value, expires_at="2030-01-01T00:00Z")

    assert RequestDraft.objects.get(pk=draft.pk).answers == value


def test_empty_stays_empty():  # P33
    walter = AppointmentRequestFactory(email="", date_of_birth=None)

    fresh = AppointmentRequest.objects.get(pk=walter.pk)

    assert (fresh.email, fresh.date_of_birth, stored(walter, "email"), stored(walter, "date_of_birth")) == (
        "",
        None,
        "",
        "",
    )
    assert (fresh.email_hash, fresh.date_of_birth_hash) == ("", "")


def test_a_plain_value_cannot_slip_past_the_encryption():
    walter = AppointmentRequestFactory()

    with pytest.raises(TypeError):
        AppointmentRequest.objects.filter(pk=walter.pk).update(first_name="Plain")


def test_a_deferred_value_is_fetched_alone(django_assert_num_queries):
    AppointmentRequestFactory(first_name="Rosa")
    row = AppointmentRequest.objects.only("public_id").get()

    with django_assert_num_queries(1):
        assert row.first_name == "Rosa"


def test_a_deferred_value_survives_a_save():
    AppointmentRequestFactory(first_name="Rosa")
    row = RequestDraft.objects.create(secret_hash="x", answers={"a": "b"}, expires_at="2030-01-01T00:00Z")

    deferred = RequestDraft.objects.defer("answers").get(pk=row.pk)
    deferred.save()
    deferred.save(update_fields=["answers"])

    assert RequestDraft.objects.get(pk=row.pk).answers == {"a": "b"}


def test_a_list_decrypts_nothing_that_is_not_shown(monkeypatch):
    AppointmentRequestFactory.create_batch(3)
    monkeypatch.setattr("vault.crypto.decrypt", lambda token, place: pytest.fail("decrypted"))

    assert len([row.reference for row in AppointmentRequest.objects.all()]) == 3


def test_refresh_from_db_reads_the_new_words():
    row = AppointmentRequestFactory(first_name="Rosa")
    other = AppointmentRequest.objects.get()
    other.first_name = "Rose"
    other.save()

    row.refresh_from_db()

    assert row.first_name == "Rose"


def test_a_sealed_row_cannot_be_copied_under_another_id():
    AppointmentRequestFactory(first_name="Rosa")
    copy = AppointmentRequest.objects.get()
    copy.pk, copy.public_id, copy.reference, copy.idempotency_key = None, uuid.uuid4(), "APM-2222-2222", uuid.uuid4()

    with pytest.raises(UnreadableError):  # loudly now, rather than unreadable for ever after
        copy.save(force_insert=True)


def test_an_opened_row_can_be_copied():
    row = AppointmentRequestFactory(first_name="Rosa")
    row.pk, row.public_id, row.reference, row.idempotency_key = None, uuid.uuid4(), "APM-2222-2222", uuid.uuid4()
    row._state.adding = True
    row.save()

    assert AppointmentRequest.objects.get(reference="APM-2222-2222").first_name == "Rosa"


def test_rows_made_in_bulk_are_encrypted_and_readable():
    due_at = datetime.datetime(2026, 11, 30, 17, tzinfo=datetime.UTC)  # `save`, which sets it, is not called
    AppointmentRequest.objects.bulk_create(AppointmentRequestFactory.build_batch(2, first_name="Rosa", due_at=due_at))

    assert [row.first_name for row in AppointmentRequest.objects.all()] == ["Rosa", "Rosa"]
    assert all("Rosa" not in str(row) for row in AppointmentRequest.objects.values_list())


def test_get_or_create_takes_defaults_and_refuses_to_search():
    when = "2030-01-01T00:00Z"
    draft, _ = RequestDraft.objects.get_or_create(
        secret_hash="x", defaults={"answers": {"you": "Rosa"}, "expires_at": when}
    )

    assert RequestDraft.objects.get(pk=draft.pk).answers == {"you": "Rosa"}
    with pytest.raises(TypeError):
        RequestDraft.objects.get_or_create(answers={"you": "Rosa"}, defaults={"secret_hash": "y", "expires_at": when})


def test_bulk_update_cannot_write_plain_words():
    row = AppointmentRequestFactory()
    row.first_name = "Plain"

    with pytest.raises(TypeError):
        AppointmentRequest.objects.bulk_update([row], ["first_name"])


def test_empty_values_can_be_searched_and_set():
    AppointmentRequestFactory(email="", date_of_birth=None)
    AppointmentRequestFactory(email="rosa@example.org")

    assert AppointmentRequest.objects.filter(email="").count() == 1
    assert AppointmentRequest.objects.update(email="") == 2


def test_a_fixture_holds_no_word_and_can_be_loaded(tmp_path):
    row = AppointmentRequestFactory(first_name="canary-name", date_of_birth=datetime.date(1931, 1, 13))
    fixture = tmp_path / "rows.json"
    call_command("dumpdata", "appointments.appointmentrequest", output=fixture)
    AppointmentRequest.objects.all()._raw_delete(connection.alias)  # past the guard: nobody deletes a request

    call_command("loaddata", fixture, verbosity=0)

    assert [word for word in ("canary", "1931-01-13") if word in fixture.read_text()] == []
    fresh = AppointmentRequest.objects.get(pk=row.pk)
    assert (fresh.first_name, fresh.date_of_birth, fresh.email) == ("canary-name", row.date_of_birth, "")


def test_a_typed_token_is_text_like_any_other():
    row = AppointmentRequestFactory.build(first_name="v1.f1.AAAA")
    row.clean_fields()
    row.save()

    assert AppointmentRequest.objects.get().first_name == "v1.f1.AAAA"


@pytest.mark.parametrize("name", ["first_name", "date_of_birth", "urgent_flags"])
def test_a_later_migration_can_add_such_a_field(name):
    field = AppointmentRequest._meta.get_field(name)

    assert connection.SchemaEditorClass(connection).effective_default(field) == ""


@isolate_apps("tests")
def test_a_model_without_public_id_is_refused():
    class Loose(models.Model):
        words = EncryptedTextField()

        class Meta:
            app_label = "tests"

    assert [error.id for error in Loose.check()] == ["vault.E003"]
