"""What people type, whatever it is, becomes a value or a ValidationError, and a value is read again as itself."""

import calendar
import datetime
import unicodedata

import pytest
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict
from django.utils.dates import MONTHS
from django.utils.translation import override
from hypothesis import example, given
from hypothesis import strategies as st

from appointments.forms import FORMS
from appointments.forms.base import names_in_page
from appointments.forms.dates import DateBoxes, DateField, existing_date, month_number
from appointments.forms.text import EmailField, LongTextField, NameField, PhoneField, TextField, ZipField
from appointments.reference import ALPHABET, PREFIX, new_reference, parse_reference
from practice import phones

ANY_TEXT = st.text(st.characters(categories=None)) | st.text("+()-. x0123456789\u202a\u0660\uff11ext,;#*")
SYMBOLS = st.sampled_from(ALPHABET)
REFERENCES = st.builds(new_reference)


def taken(field, typed):
    """What `field` makes of `typed`; None where it refuses."""
    try:
        return field.clean(typed)
    except ValidationError:
        return None


# Texts


@pytest.mark.parametrize("field", [TextField, NameField, LongTextField, EmailField, ZipField, PhoneField])
@given(typed=ANY_TEXT | st.none())
def test_text_is_taken_or_refused_and_what_is_taken_is_taken_again(field, typed):
    field = field(required=False)

    if (clean := taken(field, typed)) is not None:
        assert field.clean(clean) == clean
        assert clean == unicodedata.normalize("NFC", clean)
        assert not {"Cs", "Zl", "Zp"}.intersection(map(unicodedata.category, clean))
        assert "\0" not in clean


@given(typed=ANY_TEXT)
def test_text_without_anything_that_hurts_is_kept_as_it_was_typed(typed):
    clean = taken(LongTextField(required=False), typed)

    if clean is not None:
        assert clean == unicodedata.normalize("NFC", typed.replace("\r\n", "\n").strip())


# Phone numbers

AREA = st.from_regex(r"[2-9][0-8][0-9]", fullmatch=True)
EXCHANGE = st.from_regex(r"[2-9][0-9]{2}", fullmatch=True)
LINE = st.from_regex(r"[0-9]{4}", fullmatch=True)
SHAPES = [
    "{}{}{}",
    "{}-{}-{}",
    "({}) {}-{}",
    "{}.{}.{}",
    "{} {} {}",
    "1 {} {} {}",
    "1-{}-{}-{}",
    "+1 {} {} {}",
    " {}/{}-{} ",
]
EXTENSIONS = ["{} x{}", "{}x{}", "{} ext. {}", "{} ext {}", "{}, extension {}"]


@given(
    AREA,
    EXCHANGE,
    LINE,
    st.sampled_from(SHAPES),
    st.sampled_from(EXTENSIONS),
    st.from_regex(r"([1-9][0-9]{0,4})?", fullmatch=True),
)
def test_phone_number_in_any_shape_is_the_same_number(area, exchange, line, shape, how, extension):
    number = shape.format(area, exchange, line)
    typed = how.format(number, extension) if extension else number

    clean = PhoneField().clean(typed)

    assert clean == f"+1{area}{exchange}{line}" + (f";ext={extension}" if extension else "")
    assert PhoneField().clean(phones.display(clean)) == clean


@given(typed=ANY_TEXT | st.from_regex(r"\+?[0-9]{6,16}( x[0-9]{1,5})?", fullmatch=True))
@example("013-555-0142")
@example("+9100925368346")
@example("+4900013687873375")
def test_any_number_that_is_taken_is_read_again_as_it_is_shown(typed):
    if clean := taken(PhoneField(required=False), typed):
        assert phones.to_e164(phones.display(clean)) == clean


# Dates


def boxes(month, day, year):
    return [str(month), str(day), str(year)]


@given(st.lists(ANY_TEXT | st.integers(-10, 10_000).map(str) | st.none(), min_size=3, max_size=3))
def test_three_boxes_are_a_date_or_refused(typed):
    date = taken(DateField(required=False), typed)

    assert date is None or DateField().clean(DateBoxes().decompress(date)) == date


@given(st.dates(datetime.date(1000, 1, 1)))
def test_every_date_is_read_in_numbers_and_with_its_month_in_words(date):
    assert DateField().clean(boxes(date.month, date.day, date.year)) == date
    for language in ("en", "es"):
        with override(language):
            month = str(MONTHS[date.month])
        assert DateField().clean(boxes(month, date.day, date.year)) == date


@given(st.integers(-1, 14), st.integers(-1, 33), st.integers(0, 9999))
def test_no_other_date_exists(month, day, year):
    exists = year >= 1000 and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]

    if exists:
        assert existing_date(month, day, year) == datetime.date(year, month, day)
    else:
        with pytest.raises(ValidationError):
            existing_date(month, day, year)


@given(ANY_TEXT)
def test_what_is_no_month_stays_as_it_is(text):
    assert month_number(text) == text or month_number(text) in map(str, range(1, 13))


# References


def typed_freely(reference, upper, prefixed, between):
    symbols = reference.replace("-", "")
    symbols = symbols if prefixed else symbols.removeprefix(PREFIX)
    return between.join(symbols if upper else symbols.lower())


@given(REFERENCES, st.booleans(), st.booleans(), st.sampled_from(["", " ", "-", "."]))
def test_reference_is_read_however_it_is_typed(reference, upper, prefixed, between):
    assert parse_reference(typed_freely(reference, upper, prefixed, between)) == reference


@given(REFERENCES, st.sampled_from([4, 5, 6, 7, 9, 10, 11, 12]), SYMBOLS)
def test_one_wrong_symbol_makes_it_no_reference(reference, place, symbol):
    wrong = reference[:place] + symbol + reference[place + 1 :]

    assert parse_reference(wrong) == (reference if wrong == reference else "")


@given(REFERENCES, st.sampled_from([4, 5, 6, 7, 9, 10, 11, 12]), st.sampled_from("01ILOUilou"))
def test_a_symbol_that_looks_like_another_is_none(reference, place, symbol):
    assert parse_reference(reference[:place] + symbol + reference[place + 1 :]) == ""


@given(ANY_TEXT | st.text(f"{ALPHABET}-", max_size=13))
def test_any_text_is_a_reference_or_nothing(text):
    found = parse_reference(text)

    assert found == "" or parse_reference(found) == found


# Whole steps


@pytest.mark.parametrize("step", FORMS)
@given(data=st.data())
def test_no_answers_break_a_step(step, data):
    fields = FORMS[step].base_fields.items()
    names = [control for name, field in fields for control in names_in_page(name, field.widget)]
    typed = data.draw(st.dictionaries(st.sampled_from(names), st.lists(ANY_TEXT, min_size=1, max_size=2)))
    form = FORMS[step](MultiValueDict(typed))

    if form.is_valid():
        assert form.summary() == []
        assert all(isinstance(words, str) for _, words, _ in form.answers())
    else:
        assert form.summary() != []
