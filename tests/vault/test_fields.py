import datetime

import pytest
from django.db import connection

from appointments.models import AppointmentRequest, RequestDraft
from tests.factories import AppointmentRequestFactory
from vault.crypto import UnreadableError
from vault.fields import encrypted_fields

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


def test_a_wrong_key_raises_and_a_save_keeps_the_token(settings):  # P32
    walter = AppointmentRequestFactory(reason="My own words.")
    before = stored(walter, "reason")
    settings.FIELD_KEYS = "f1:" + "B" * 43 + "="
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
