import datetime
import re
import unicodedata
from pathlib import Path

import pytest
from crispy_forms.utils import render_crispy_form
from django.conf import settings
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import override

from appointments.forms import FORMS
from appointments.forms.base import Group, When
from appointments.forms.refer import ReferForm
from appointments.forms.text import UNREADABLE, readable
from appointments.models import words
from tests.answers import ANSWERS, answers_with


def form_with(step, **changes):
    return FORMS[step](MultiValueDict(answers_with(step, **changes)[step]))


def errors_of(form):
    return {name: list(errors) for name, errors in form.errors.items()}


@pytest.mark.parametrize("step", FORMS)
def test_the_made_up_answers_are_valid(step):
    assert errors_of(form_with(step)) == {}


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("813-555-0142", "+18135550142"),
        ("(813) 555-0142", "+18135550142"),
        ("813.555.0142", "+18135550142"),
        ("8135550142", "+18135550142"),
        ("1 813 555 0142", "+18135550142"),
        ("+1 (813) 555-0142", "+18135550142"),
        ("813-555-0142 ext. 7", "+18135550142;ext=7"),
        ("813 555 0142 x12", "+18135550142;ext=12"),
        ("\u202a813-555-0142\u202c", "+18135550142"),
        ("８１３５５５０１４２", "+18135550142"),
        ("+44 20 7946 0958", "+442079460958"),
    ],
)
def test_a_phone_number_is_taken_in_any_usual_shape(typed, stored):
    form = form_with("reach", phone=typed)

    assert errors_of(form) == {}
    assert form.cleaned_data["phone"] == stored


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("813-555-014", "One digit is missing."),
        ("555-0142", "3 digits are missing."),
        ("813-555-01422", "There is one digit too many."),
        ("1-813-555-014222", "There are 2 digits too many."),
        ("(013) 555-0142", "No area code begins with 0."),
        ("call my son", "This does not look like a phone number."),
    ],
)
def test_a_phone_number_that_is_none_is_told_why(typed, said):
    form = form_with("reach", phone=typed)

    example = "A phone number has 10 digits, like 813\u2011555\u20110142."
    assert errors_of(form) == {"phone": [f"{said} {example}"]}


@pytest.mark.parametrize(
    ("month", "day", "year", "said"),
    [
        ("2", "30", "1948", "This date does not exist: that month has 29 days."),
        ("2", "29", "1947", "This date does not exist: that month has 28 days."),
        ("14", "3", "1948", "The month is a number from 1 to 12. The month comes first."),
        ("3", "0", "1948", "This date does not exist: that month has 31 days."),
        ("3", "14", "48", "Please write all four digits of the year."),
        ("3/14/48", "", "", "Please write all four digits of the year."),
        ("14/3/1948", "", "", "The month is a number from 1 to 12. The month comes first."),
        ("3", "14", "", "The year is missing."),
        ("", "14", "", "The month and the year are missing."),
        ("Martch", "14", "1948", "Please use numbers only, like 3 for March."),
        ("3", "14", "99999", "Please use numbers only, like 3 for March."),
        ("3", "14", "2048", "This date is in the future. Please check the year."),
        ("3", "14", "1848", "That is more than 120 years ago. Please check the year."),
        ("", "", "", "Please write the date of birth: month, day and year."),
    ],
)
def test_a_date_of_birth_that_cannot_be_is_told_why(month, day, year, said):
    form = form_with("you", date_of_birth_month=month, date_of_birth_day=day, date_of_birth_year=year)

    assert errors_of(form) == {"date_of_birth": [said]}


@pytest.mark.parametrize(
    ("language", "month"), [("en", "03"), ("en", "March"), ("en", "mar."), ("es", "marzo"), ("es", "Mar")]
)
def test_a_month_may_be_written_out(language, month):
    with override(language):
        form = form_with("you", date_of_birth_month=month, date_of_birth_day="14", date_of_birth_year="1948")

        assert form.is_valid()
        assert form.cleaned_data["date_of_birth"] == datetime.date(1948, 3, 14)


@pytest.mark.parametrize("typed", ["3/14/1948", "03-14-1948", "3.14.1948", "03141948"])
def test_a_date_may_be_typed_into_its_first_box(typed):
    form = form_with("you", date_of_birth_month=typed, date_of_birth_day="", date_of_birth_year="")

    assert form.is_valid()
    assert form.cleaned_data["date_of_birth"] == datetime.date(1948, 3, 14)


@pytest.mark.parametrize("note", [" (cell)", " wife", ", home"])
def test_a_note_behind_a_phone_number_does_not_hurt(note):
    form = form_with("reach", phone=f"(813)555-0142{note}")

    assert form.is_valid()
    assert form.cleaned_data["phone"] == "+18135550142"


@pytest.mark.parametrize(("day", "errors"), [("22", set()), ("21", {"date_of_birth"})])
def test_a_person_of_120_years_is_welcome(time_machine, day, errors):
    time_machine.move_to(datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC), tick=False)

    form = form_with("you", date_of_birth_month="11", date_of_birth_day=day, date_of_birth_year="1905")

    assert set(form.errors) == errors


NAMES = [
    "O'Brien",
    "O\u2019Brien",
    "Müller-Lüdenscheidt",
    "Nguyễn Thị Minh Khai",
    "José María",
    "Łukasz",
    "Þórdís",
    "Ștefan",
    "Øystein",
    "Γιώργος",
    "Дмитрий",
    "მარიამ",
    "Հասմիկ",
    "מרים",
    "שָׁלוֹם",
    "محمد",
    "فاطمة الزهراء",
    "علی\u200cرضا",
    "देवेन्द्र",
    "ஸ்ரீநிவாசன்",
    "సత్యనారాయణ",
    "ශ්‍රී",
    "ธนพล",
    "བསྟན་འཛིན",
    "မြင့်မြတ်",
    "ភិរម្យ",
    "김민준",
    "王小明",
    "𠮷田",
    "さくら",
    "タナカ",
    "Keʻala",
    "ᏍᏏᏉᏯ",
    "ኃይለ ሥላሴ",
    "Nǃxau",
    "Ng",
    "X Æ A-12",
    "Jr. 3rd",
    "van der Meer, MD",
    "Zoë 🙂",
    "👩\u200d🦳",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_kept_as_typed_in_any_script(name):  # P40
    form = form_with("you", first_name=name, last_name=unicodedata.normalize("NFD", name))

    assert errors_of(form) == {}
    as_nfc = unicodedata.normalize("NFC", name)
    assert (form.cleaned_data["first_name"], form.cleaned_data["last_name"]) == (as_nfc, as_nfc)


SINGLE_LINES = [
    ("you", "first_name"),
    ("you", "last_name"),
    ("you", "name_pronunciation"),
    ("you", "zip_code"),
    ("you", "on_behalf_name"),
    ("you", "on_behalf_phone"),
    ("reach", "phone"),
    ("reach", "email"),
    ("reach", "interpreter_language"),
    ("referrer", "referrer_name"),
    ("referrer", "referrer_practice"),
    ("referrer", "referrer_phone"),
    ("referrer", "payer_name"),
    ("referrer", "member_number"),
]
INJECTIONS = [
    "a\r\nBcc: x@example.org",
    "a\nb",
    "a\rb",
    "a\x00b",
    "a\x0bb",
    "a\x85b",
    "a\u2028b",
    "a\x1b[2Jb",
]


@pytest.mark.parametrize("typed", INJECTIONS, ids=ascii)
@pytest.mark.parametrize(("step", "field"), SINGLE_LINES)
def test_a_single_line_refuses_what_is_more_than_a_line(step, field, typed):  # P17
    assert field in form_with(step, **{field: typed}).errors


@pytest.mark.parametrize("typed", ["\u202egnp.exe", "a\u2066b", "Rob\u200fert"], ids=ascii)
def test_a_name_refuses_signs_that_turn_the_reading_direction(typed):  # P40
    said = "There is a hidden sign in this text that changes the reading direction. Please type it again."
    assert errors_of(form_with("you", first_name=typed)) == {"first_name": [said]}


def test_a_name_refuses_a_pile_of_marks():  # P40
    said = "There are too many marks on one letter. Please type it again."
    assert errors_of(form_with("you", first_name="Z\u0334\u0321\u035d\u0349\u0321\u0336a")) == {"first_name": [said]}


@pytest.mark.parametrize("between", ["\u200d", "\u200c", "\u200b", "\u2060", "\u00ad"], ids=ascii)
def test_invisible_signs_do_not_hide_a_pile(between):  # P40
    assert "last_name" in form_with("you", last_name="Z" + ("\u0336" * 4 + between) * 12).errors


@pytest.mark.parametrize("typed", ["\u200b", "...", "--"], ids=ascii)
def test_a_name_needs_something_to_read(typed):
    assert errors_of(form_with("you", last_name=typed)) == {"last_name": ["Please write the name with letters."]}


def test_own_words_keep_their_lines_and_end_at_a_thousand_characters():
    form = form_with("visit", reason="a\r\n" * 500)
    assert errors_of(form) == {}
    assert form.cleaned_data["reason"] == ("a\n" * 500).strip()

    said = "This has 1,001 characters. Please use 1,000 at most."
    assert errors_of(form_with("visit", reason="a" * 1001)) == {"reason": [said]}


def test_a_million_marks_are_refused_without_sorting_them():
    assert "first_name" in form_with("you", first_name="e" + "\u0301\u0323" * 500_000).errors


def test_a_sign_that_is_ticked_is_a_yes():
    form = form_with("urgent", signs="no", which_signs=["fever", "injury"])

    assert (errors_of(form), form.is_danger()) == ({}, True)
    assert form.answers() == [
        ("Do you have any of these signs now?", "Yes", "id_signs_0"),
        ("Which ones?", "Fever or chills; Bad pain after a fall, a crash or another injury", "id_which_signs_0"),
    ]


def test_signs_to_tick_are_those_of_the_warning_above_them():
    warning = Path(settings.BASE_DIR, "templates/includes/_emergency.html").read_text().casefold()
    told = {word.strip(":") for label in words.UrgentSign.labels for word in label.casefold().replace(",", "").split()}
    not_there = {"bladder", "bowels", "not", "starting", "during"}
    assert {word for word in told - not_there if word not in warning} == set()
    assert warning.count("<li>") == len(words.UrgentSign) + 2  # urine with bowels, and numbness twice


def test_someone_else_says_who_and_whether_the_patient_knows():
    assert set(form_with("you", for_whom="someone-else").errors) == {
        "on_behalf_name",
        "on_behalf_phone",
        "patient_knows",
    }
    form = form_with(
        "you", for_whom="someone-else", on_behalf_name="Ana", on_behalf_phone="813-555-0111", patient_knows="no"
    )
    assert errors_of(form) == {}


def test_the_part_for_someone_else_is_not_dropped_silently():
    assert set(form_with("you", on_behalf_name="Ana").errors) == {"for_whom"}


def test_an_email_is_needed_only_to_be_written_to():
    assert errors_of(form_with("reach", email="")) == {}
    said = "To write to you we need your address. Or choose Call me."
    assert errors_of(form_with("reach", email="", reach_by="email")) == {"email": [said]}


@pytest.mark.parametrize("typed", ["walter", "walter@", "a@b@example.org", '"a,b"@example.org', "a b@example.org"])
def test_what_is_no_email_address_is_told(typed):
    said = "This does not look like an e-mail address. It should look like name@example.com."
    assert errors_of(form_with("reach", email=typed)) == {"email": [said]}


def test_an_interpreter_needs_a_language():
    assert set(form_with("reach", needs=["interpreter"]).errors) == {"interpreter_language"}
    assert errors_of(form_with("reach", needs=["interpreter"], interpreter_language="Kreyòl")) == {}


def test_a_visit_needs_a_few_words_or_a_topic():
    assert errors_of(form_with("visit", reason="")) == {}
    assert errors_of(form_with("visit", topic=None)) == {}
    assert set(form_with("visit", reason="", topic=None).errors) == {"reason"}


def test_an_accident_needs_its_day():
    assert set(form_with("visit", topic="accident").errors) == {"accident_on"}


def test_a_stay_ends_after_it_begins():
    year = str(datetime.date.today().year + 1)  # noqa: DTZ011
    stay = {"in_florida_from_month": "11", "in_florida_from_day": "1", "in_florida_from_year": year}
    leaving = {"in_florida_to_month": "4", "in_florida_to_day": "1", "in_florida_to_year": year}

    assert set(form_with("visit", **stay, **leaving).errors) == {"in_florida_to"}


def test_a_doctor_is_named_with_a_yes_or_no():
    assert set(form_with("referrer", may_contact_referrer=None).errors) == {"may_contact_referrer"}
    nobody = {"referrer_name": "", "referrer_practice": "", "referrer_phone": "", "may_contact_referrer": None}
    assert errors_of(form_with("referrer", **nobody)) == {}


def test_a_language_is_not_dropped_silently():
    assert set(form_with("reach", interpreter_language="Kreyòl").errors) == {"needs"}


STAY = {"in_florida_from_month": "11", "in_florida_from_day": "1", "in_florida_from_year": "2026"}


@pytest.mark.parametrize(
    ("all_year", "stay", "errors"),
    [
        ("yes", {}, {}),
        ("no", STAY, {}),
        (None, STAY, {}),
        ("no", {}, {"in_florida_from": ["Please write the day you come, or the day you leave. A guess is fine."]}),
        ("yes", STAY, {"all_year": ["You wrote days in Florida below. Choose No here, or empty those days."]}),
        ("no", STAY | {"in_florida_from_day": ""}, {"in_florida_from": ["The day is missing."]}),
    ],
)
def test_days_in_florida_are_asked_of_whoever_is_not_there_all_year(all_year, stay, errors):
    assert errors_of(form_with("visit", all_year=all_year, **stay)) == errors


def test_the_day_of_an_accident_counts_whatever_the_visit_is_about():
    day = {"accident_on_month": "11", "accident_on_day": "1", "accident_on_year": "2025"}

    assert errors_of(form_with("visit", topic="second-opinion", **day)) == {}


def out_of_sight(form):
    """The conditions that questions of this form wait for."""
    return set(re.findall('data-when="([^"]+)"', render_crispy_form(form)))


def conditions(form):
    return {part.condition for part in flat(form.helper.layout) if isinstance(part, When)}


def flat(layout):
    for part in layout:
        yield part
        if isinstance(part, Group):
            yield from flat(part)


WAITING = {step: conditions(FORMS[step]()) for step in FORMS}


def test_every_condition_has_its_rule_in_the_sheet_and_its_choice_in_the_form():
    sheet = Path(settings.BASE_DIR, "static/css/components/when.css").read_text()
    rules = re.findall(r':has\(\[name="(\w+)"\](.*)\)\) \[data-when="(.+)"\]', sheet)

    every = FORMS | {"refer": ReferForm}
    waiting = WAITING | {"refer": conditions(ReferForm())}
    assert sorted(when for *_, when in rules) == sorted(when for waits in waiting.values() for when in waits)
    for name, chosen, when in rules:
        [step] = [step for step, waits in waiting.items() if when in waits]
        field = every[step].base_fields[name]
        value = when.partition("=")[2]
        assert chosen == (f'[value="{value}"]:checked' if value else ":not(:placeholder-shown)")
        assert value in dict(field.choices) if value else field.widget.attrs["placeholder"]


@pytest.mark.parametrize("step", FORMS)
def test_questions_wait_until_they_apply(step):
    assert out_of_sight(FORMS[step]()) == WAITING[step]
    assert out_of_sight(form_with(step)) == WAITING[step]


@pytest.mark.parametrize(
    ("step", "when", "changes"),
    [
        ("urgent", "signs=yes", {"which_signs": "fever"}),
        ("you", "for_whom=someone-else", {"on_behalf_name": "Ana"}),
        ("you", "for_whom=someone-else", {"patient_knows": "maybe"}),
        ("you", "for_whom=someone-else", {"for_whom": "someone-else"}),
        ("reach", "email", {"email": "", "visit_details_by_email": "yes"}),
        ("reach", "needs=interpreter", {"interpreter_language": "Kreyòl"}),
        ("reach", "needs=interpreter", {"needs": "interpreter"}),
        ("visit", "topic=accident", {"accident_on_month": "11"}),
        ("visit", "topic=accident", {"topic": "accident"}),
        ("visit", "all_year=no", {"in_florida_to_year": "x"}),
        ("visit", "all_year=no", {"all_year": "no"}),
    ],
)
def test_what_was_typed_or_is_wrong_is_never_out_of_sight(step, when, changes):
    assert out_of_sight(form_with(step, **changes)) == WAITING[step] - {when}


@pytest.mark.parametrize("typed", ["33573", "33573-1234", "335731234", "k1a 0b1"])
def test_a_zip_code_may_also_be_a_winter_guest_s(typed):
    assert errors_of(form_with("you", zip_code=typed)) == {}


@pytest.mark.parametrize("typed", ["3357", "335733", "ABCDE", "٣٣٥٧٣"])
def test_what_is_no_zip_code_is_told(typed):
    assert errors_of(form_with("you", zip_code=typed)) == {"zip_code": ["A ZIP code has 5 digits, like 33573."]}


def test_a_choice_that_is_not_offered_is_not_repeated():
    assert errors_of(form_with("reach", reach_by="<b>pigeon")) == {"reach_by": ["Please choose one of these."]}


def test_only_fields_of_the_form_are_taken():  # P27
    data = QueryDict("first_name=A&status=closed&priority=urgent&reference=APM&version=9&date_of_birth_year=1&days=mon")

    assert FORMS["you"].typed(data) == {"first_name": ["A"], "date_of_birth_year": ["1"]}


def test_the_summary_leads_to_the_first_control_of_each_field():
    form = form_with("you", first_name="", date_of_birth_year="", for_whom=None, last_name="a\nb")

    assert form.summary() == [
        ("id_for_whom_0", "I am asking for: Please choose one"),
        ("id_first_name", "First name: Please write the first name"),
        ("id_last_name", "Last name: There is a hidden sign in this text that we cannot read"),
        ("id_date_of_birth_0", "Date of birth: The year is missing"),
    ]


def test_the_summary_puts_no_colon_behind_a_question():
    form = form_with("visit", reason="", topic="", days=["someday"])

    assert [sentence for _, sentence in form.summary()] == [
        "What would you like help with? Please write a few words, or choose one of the answers below",
        "Which days suit you? Please choose one of these",
    ]


def test_the_answers_are_shown_in_words_and_quiet_ones_only_when_given():
    form = form_with("reach", needs=["wheelchair", "large-print"])
    form.full_clean()

    assert form.answers() == [
        ("Phone number", "813-555-0142 ext. 12", "id_phone"),
        ("E-mail address (optional)", "walter@example.org", "id_email"),
        ("How should we reach you?", "Call me", "id_reach_by_0"),
        ("When is a good time to call?", "Any time in office hours", "id_best_time_0"),
        ("May we leave a voicemail?", "Yes, but only your name and number", "id_voicemail_0"),
        ("Do you need any of these?", "I use a wheelchair or walker, Papers in large print", "id_needs_0"),
    ]


def test_lone_surrogates_become_a_sign_that_every_field_refuses():
    assert readable("a\ud800b🙂") == f"a{UNREADABLE}b🙂"
    assert "first_name" in form_with("you", first_name=readable("a\ud800b")).errors


def test_labels_are_those_of_the_contract():
    labels = {str(field.label) for form in FORMS.values() for field in form.base_fields.values()}

    assert labels >= {
        "First name",
        "Last name",
        "Date of birth",
        "Phone number",
        "E-mail address (optional)",
        "ZIP code",
        "I am asking for",
        "Have you been here before?",
        "What would you like help with?",
        "Which days suit you?",
        "Morning or afternoon?",
        "Doctor's name",
        "Practice",
        "Phone or fax",
        "May we contact this doctor about your request?",
        "How should we reach you?",
        "May we leave a voicemail?",
        "Which ones?",
        "Do you live in Florida all year?",
        "Day of the accident",
    }
    assert set(ANSWERS) == set(FORMS)
