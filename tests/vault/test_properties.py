"""P33: what goes in comes out, whatever it is and however many read at once."""

import datetime
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appointments.models import AppointmentRequest, RequestDraft
from tests.factories import AppointmentRequestFactory
from vault import crypto

anything = st.text(st.characters(codec=None))  # lone surrogates and null bytes too
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | anything,
    lambda inner: st.lists(inner) | st.dictionaries(anything, inner),
    max_leaves=10,
).filter(lambda value: value is not None)


def stored_and_read(model, **values):
    """The values of a row after one trip through the tokens that its columns would hold."""
    row = model(public_id=uuid.uuid4(), **values)
    fresh = model(public_id=row.public_id)
    for name in values:
        field = model._meta.get_field(name)
        token = field.get_prep_value(field.pre_save(row, add=True))
        setattr(fresh, name, field.from_db_value(token, None, None))
    return {name: getattr(fresh, name) for name in values}


@given(anything)
def test_text_comes_back_as_it_was(text):
    assert stored_and_read(AppointmentRequest, reason=text) == {"reason": text}


@given(json_values)
@settings(deadline=None)
def test_json_comes_back_as_it_was(value):
    read = stored_and_read(RequestDraft, answers=value)["answers"]

    assert (type(read), read) == (type(value), value)


@given(st.none() | st.dates())
def test_dates_come_back_as_they_were(date):
    assert stored_and_read(AppointmentRequest, date_of_birth=date) == {"date_of_birth": date}


@given(anything, anything)
def test_equal_words_never_give_equal_tokens_and_always_equal_hashes(text, purpose):
    assert crypto.encrypt(text, "place") != crypto.encrypt(text, "place")
    assert crypto.keyed_hashes(purpose, text) == crypto.keyed_hashes(purpose, text)


@given(st.binary(max_size=60), st.sampled_from(["v1.f1.", "v2.f1.", "v1.f9.", "", "v1.f1", "."]))
def test_no_forged_token_is_ever_read(noise, prefix):
    with pytest.raises(crypto.UnreadableError):
        crypto.decrypt(prefix + noise.decode("latin-1"), "place")


@given(st.integers(min_value=0))
def test_no_changed_letter_of_a_token_goes_unnoticed(position):
    token = crypto.encrypt("my", "place")  # 30 bytes sealed: no bit of the base64 is padding
    start = len(crypto.token_prefix())
    at = start + position % (len(token) - start)
    changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]

    with pytest.raises(crypto.UnreadableError):
        crypto.decrypt(changed, "place")


@pytest.mark.parametrize("value", [False, 0, 1.5, b"bytes", ["list"]])
def test_what_is_no_text_is_refused_rather_than_spelled_out(value):
    row = AppointmentRequest(reason=value)

    with pytest.raises(TypeError, match="reason takes text"):
        AppointmentRequest._meta.get_field("reason").pre_save(row, add=True)


@pytest.mark.parametrize("value", ["1950-03-04", datetime.datetime(1950, 3, 4, tzinfo=datetime.UTC), 0])
def test_what_is_no_date_is_refused(value):
    row = AppointmentRequest(date_of_birth=value)

    with pytest.raises(TypeError, match="date_of_birth takes a date"):
        AppointmentRequest._meta.get_field("date_of_birth").pre_save(row, add=True)


@pytest.mark.django_db
def test_many_threads_read_and_check_one_row_at_once():
    pk = AppointmentRequestFactory(first_name="Rosa", last_name="Peña").pk
    row = AppointmentRequest.objects.get(pk=pk)  # still sealed
    together = threading.Barrier(8)

    def read(number):
        together.wait()
        for _ in range(50):
            if number % 2:
                row.clean_fields(exclude=["assignee", "duplicate_of", "routed_by"])
            assert (row.first_name, row.last_name, row.date_of_birth.year) == ("Rosa", "Peña", 1950)
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(8)))
