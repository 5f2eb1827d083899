"""Which office a referral may be from: by NPI, by number, by name, with the reason in words."""

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from appointments.models import Physician
from appointments.services.matching import MOST, person_in, search, suggestions
from tests.factories import ContactPointFactory, PhysicianFactory, ReferralFactory, ReferringPracticeFactory

OTHER_NPI = "1003000126"
SAME_DOCTOR, SIMILAR_DOCTOR = "Same name of the doctor", "Similar name of the doctor"
SAME_OFFICE, SIMILAR_OFFICE = "Same name of the office", "Similar name of the office"
NPI, NUMBER = "Same NPI", "Same phone or fax number"


@pytest.fixture
def paula(practice):
    """Dr. Paula Pattern of Pattern Family Medicine, whose fax is known, among others."""
    other = ReferringPracticeFactory(name="Sample Spine Center")
    PhysicianFactory(practice=other, first_name="Ines", last_name="Sampleton", npi=OTHER_NPI)
    physician = PhysicianFactory()
    ContactPointFactory(practice=physician.practice)
    return physician


def sent(doctor="", office="", phone="", **values):
    typed = {"referrer_name": doctor, "referrer_practice": office, "referrer_phone": phone}
    return ReferralFactory(**{f"appointment_request__{name}": text for name, text in typed.items()}, **values)


def of(found):
    return [(one.practice, one.physician, one.reasons) for one in found]


@pytest.mark.parametrize(
    ("typed", "reasons"),
    [
        ({"doctor": "Dr. Paula Pattern"}, (SAME_DOCTOR,)),
        ({"doctor": "PATTERN, PAULA M., M.D."}, (SAME_DOCTOR,)),
        ({"doctor": "Páula Pattern"}, (SAME_DOCTOR,)),
        ({"doctor": "Paula Luisa Pattern"}, (SAME_DOCTOR,)),
        ({"doctor": "Dr. Pattern"}, (SAME_DOCTOR,)),
        ({"doctor": "Paula Patern"}, (SIMILAR_DOCTOR,)),
        ({"doctor": "Dr. Paterne"}, ()),
        ({"doctor": "Paul Sample"}, ()),
        ({"sender_npi": "1234567893"}, (NPI,)),
        ({"sender_npi": " 12345-67893 "}, (NPI,)),
        ({"sender_npi": "1234567890"}, ()),  # one digit is wrong
        ({"sender_npi": "1234567893", "doctor": "Dr. Paula Pattern"}, (NPI, SAME_DOCTOR)),
    ],
)
def test_doctor_is_suggested(paula, typed, reasons):
    expected = [(paula.practice, paula, reasons)] if reasons else []
    assert of(suggestions(sent(**typed))) == expected


@pytest.mark.parametrize(
    ("typed", "reasons"),
    [
        ({"office": "Pattern Family Medicine"}, (SAME_OFFICE,)),
        ({"office": "pattern family medecine"}, (SIMILAR_OFFICE,)),
        ({"office": "Sample Family Medicine"}, ()),
        ({"phone": "fax 813-555-0150"}, (NUMBER,)),
        ({"phone": "(813) 555-0150 x12"}, (NUMBER,)),
        ({"sender_fax": "8135550150"}, (NUMBER,)),
        ({"phone": "813-555-0151"}, ()),
        ({"office": "Pattern Family Medicine", "phone": "813-555-0150"}, (NUMBER, SAME_OFFICE)),
    ],
)
def test_office_is_suggested_alone_where_the_doctor_is_not_known(paula, typed, reasons):
    expected = [(paula.practice, None, reasons)] if reasons else []
    assert of(suggestions(sent(doctor="Dr. Nobody Known", **typed))) == expected


def test_signs_of_the_doctor_and_of_the_office_add_up(paula):
    referral = sent("Dr. Paula Pattern", "Pattern Family Medicine", "813-555-0150", sender_npi="1234567893")

    assert of(suggestions(referral)) == [(paula.practice, paula, (NPI, SAME_DOCTOR, NUMBER, SAME_OFFICE))]


def test_the_likeliest_stands_first_and_no_more_than_a_few(paula):
    twins = [PhysicianFactory(npi=None) for __ in range(MOST)]
    referral = sent("Paula Pattern", sender_npi="1234567893")

    found = suggestions(referral)

    assert len(found) == MOST
    assert [one.physician for one in found] == [paula, *twins[: MOST - 1]]


@pytest.mark.parametrize("gone", ["physician", "office", "number"])
def test_what_is_no_longer_used_is_not_suggested(paula, gone):
    rows = {"physician": paula, "office": paula.practice, "number": paula.practice.contact_points.get()}
    rows[gone].is_active = False
    rows[gone].save()

    found = suggestions(sent("Paula Pattern", phone="813-555-0150"))

    expected = {
        "physician": [(paula.practice, None, (NUMBER,))],
        "office": [],
        "number": [(paula.practice, paula, (SAME_DOCTOR,))],
    }
    assert of(found) == expected[gone]


@pytest.mark.parametrize("doctor", ["", "Dr.", "M. D.", "  ", "***"])
def test_without_a_name_nothing_is_suggested(paula, doctor):
    assert suggestions(sent(doctor, doctor)) == []


@pytest.mark.parametrize(
    ("typed", "against"),
    [
        ({"sender_npi": "1234567893"}, ()),
        (
            {"sender_npi": "1234567893", "doctor": "Ines Sampleton", "office": "Spine Center", "phone": "813-555-0199"},
            ("Other name of the doctor", "Other name of the office", "Other phone or fax number: 813-555-0150"),
        ),
        ({"doctor": "Paula Patern", "sender_npi": OTHER_NPI, "phone": "813-555-0150"}, ("Other NPI",)),
        ({"doctor": "Dr. Pattern", "office": "Pattern Family Medicine", "sender_npi": "1234567890"}, ()),
    ],
)
def test_what_contradicts_a_suggestion_stands_beside_what_agrees(paula, typed, against):
    ContactPointFactory(practice=paula.practice, kind="phone", value="+18135550151", is_active=False)

    [found] = [one for one in suggestions(sent(**typed)) if one.physician == paula]

    assert found.against == against


def test_an_office_that_was_just_added_stands_first_whatever_it_is_called(paula):
    added = ReferringPracticeFactory(name="Unlike Anything")

    found = suggestions(sent("Paula Pattern", sender_npi="1234567893"), added=added.pk)

    assert [(one.practice, one.reasons) for one in found] == [
        (added, ("Just added to the directory",)),
        (paula.practice, (NPI, SAME_DOCTOR)),
    ]


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("Gar", ["Part of the name of the doctor"]),
        ("GÁRC", ["Part of the name of the doctor"]),
        ("arci", ["Part of the name of the doctor"]),
        ("gar lu", ["Part of the name of the doctor"]),
        ("lucia", ["Part of the name of the doctor"]),
        ("garcia", ["Same name of the doctor"]),
        ("coast", ["Part of the name of the office"]),
        ("gax", []),
    ],
)
def test_staff_find_a_part_of_a_name(paula, text, reasons):
    lucia = PhysicianFactory(practice__name="Coastal Care", first_name="Lucía", last_name="García", npi=None)

    assert [reason for one in search(text) for reason in one.reasons] == reasons
    assert {one.practice for one in search(text)} <= {lucia.practice}


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("Dr. Paula Pattern", ("Paula", "Pattern")),
        ("PATTERN, PAULA M., M.D.", ("PAULA M.", "PATTERN")),
        ("Paula Luisa Pattern, MD", ("Paula Luisa", "Pattern")),
        ("Pattern", ("", "Pattern")),
        ("Dr.", ("", "")),
    ],
)
def test_a_name_is_parted_for_the_form_of_a_physician(typed, names):
    assert person_in(typed) == names


@pytest.mark.parametrize("text", ["1234567893", "Paula Pattern", "pattern", "813-555-0150", "Pattern Family Medicine"])
def test_staff_find_an_office_by_npi_number_or_name(paula, text):
    assert [one.practice for one in search(text)] == [paula.practice]


@pytest.mark.parametrize("text", ["", "9" * 5000, "a\N{RIGHT-TO-LEFT OVERRIDE}b", "\N{SUPERSCRIPT TWO}" * 10])
def test_nonsense_finds_nothing(paula, text):
    assert search(text) == []


def test_thousands_of_physicians_cost_no_more_queries_and_little_time(paula):
    referral = sent("Dr. Paula Pattern", "Pattern Family Medicine", "813-555-0150", sender_npi="1234567893")
    with CaptureQueriesContext(connection) as few:
        suggestions(referral)
    Physician.objects.bulk_create(
        Physician(practice=paula.practice, first_name=f"Ada{n}", last_name=f"Berg{n}") for n in range(5000)
    )

    began = time.perf_counter()
    with CaptureQueriesContext(connection) as many:
        found = suggestions(referral)

    assert (len(few), len(many)) == (6, 6)
    assert found[0].physician == paula
    assert time.perf_counter() - began < 2
