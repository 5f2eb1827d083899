"""The status line for who has no e-mail: by reference and date of birth, and no more than that."""

import re

import pytest
from django.test import Client

from appointments.models import RateCount, ReadEvent
from appointments.reference import new_reference
from appointments.services.access import new_link
from tests.appointments.test_request_views import NASTY
from tests.factories import AppointmentRequestFactory, ReferralFactory

ADDRESS = "/appointments/status/"
MANY = "That were many tries."
NOT_FOUND = "We find no request with this reference and this date of birth."


@pytest.fixture
def appointment_request(practice):
    return AppointmentRequestFactory()


def look(client, reference, born="3 4 1950", **headers):
    month, day, year = born.split()
    return client.post(
        ADDRESS,
        {
            "typed_reference": reference,
            "date_of_birth_month": month,
            "date_of_birth_day": day,
            "date_of_birth_year": year,
        },
        **headers,
    )


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", answer.content.decode()))


@pytest.mark.parametrize("how", ["{}", " {} ", "apm {}", "{}."], ids=repr)
def test_reference_and_birth_date_show_the_line_and_nothing_else(client, appointment_request, how):
    reference = appointment_request.reference
    typed = reference.removeprefix("APM-").lower() if "apm" in how else reference

    answer = look(client, how.format(typed), "March 04 1950")

    page = text_of(answer)
    assert (answer.status_code, answer.has_header("Location")) == (200, False)
    assert "Status: Received. We have your request." in page
    assert "Call 813" in page
    assert [word for word in ("Walter", "Demo", "heavy", "1950", reference) if word in page] == []


def test_looking_takes_few_queries(client, appointment_request, django_assert_num_queries):
    with django_assert_num_queries(15):  # two counts of five each, the request; practice, office, hours, closures
        look(client, appointment_request.reference)


def test_what_was_typed_is_kept(client, appointment_request):
    html = look(client, appointment_request.reference, "3 5 1950").content.decode()

    assert NOT_FOUND in html
    assert all(f'value="{typed}"' in html for typed in (appointment_request.reference, "3", "5", "1950"))


@pytest.mark.parametrize(
    ("reference", "born", "said"),
    [
        ("", "3 4 1950", "Please write your reference."),
        ("APM-2222-2222", "3 x 1950", "Please use numbers only"),
        ("APM-2222-2222", "2 30 1950", "This date does not exist"),
    ],
)
def test_what_cannot_be_looked_up_is_told_and_not_counted(client, practice, reference, born, said):
    assert said in text_of(look(client, reference, born))
    assert RateCount.objects.count() == 0


def test_a_request_without_a_birth_date_is_not_found(client, practice):
    appointment_request = AppointmentRequestFactory(date_of_birth=None)

    assert NOT_FOUND in text_of(look(client, appointment_request.reference))


def test_nothing_is_recorded_as_read(client, appointment_request):
    look(client, appointment_request.reference)

    assert ReadEvent.objects.count() == 0


def test_five_tries_for_a_reference_in_an_hour(appointment_request, time_machine):
    time_machine.move_to("2026-11-30T12:00:00-05:00", tick=False)
    answers = [look(Client(), appointment_request.reference, REMOTE_ADDR=f"203.0.{block}.1") for block in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert f"{MANY} Please wait an hour, or call us now." in text_of(answers[-1])
    time_machine.move_to("2026-11-30T13:00:00-05:00", tick=False)
    assert look(Client(), appointment_request.reference).status_code == 200


def test_ten_tries_from_a_network_in_a_quarter_of_an_hour(practice, time_machine):
    time_machine.move_to("2026-11-30T12:00:00-05:00", tick=False)
    answers = [look(Client(), new_reference(), REMOTE_ADDR=f"203.0.113.{host}") for host in range(11)]

    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert look(Client(), new_reference(), REMOTE_ADDR="198.51.100.1").status_code == 200
    time_machine.move_to("2026-11-30T12:15:00-05:00", tick=False)
    assert look(Client(), new_reference(), REMOTE_ADDR="203.0.113.1").status_code == 200


def test_a_flood_does_not_use_up_a_reference(appointment_request, time_machine):
    time_machine.move_to("2026-11-30T12:00:00-05:00", tick=False)
    for _ in range(10):
        look(Client(), new_reference(), REMOTE_ADDR="203.0.113.1")
    for _ in range(10):
        look(Client(), appointment_request.reference, REMOTE_ADDR="203.0.113.1")

    assert look(Client(), appointment_request.reference, REMOTE_ADDR="198.51.100.1").status_code == 200


def test_the_page_is_private(client, practice):
    answer = client.get(ADDRESS)

    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex"


@pytest.mark.parametrize("value", NASTY.values(), ids=NASTY)
def test_no_input_gives_an_error_page(client, appointment_request, value):  # P39
    link = new_link(appointment_request)
    names = ("typed_reference", "date_of_birth_month", "date_of_birth_day", "date_of_birth_year", "code", "typed")
    raw = "".join(f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name in names)
    body = raw.encode("utf-8", "surrogatepass") + b"--b--\r\n"

    client.post(link, {"send-code": "1"})
    answers = [look(client, value.replace("\ud800", ""))]
    answers += [
        client.generic("POST", address, body, content_type="multipart/form-data; boundary=b")
        for address in (ADDRESS, link, f"{ADDRESS}00000000-0000-4000-8000-000000000000/")
    ]

    assert {answer.status_code for answer in answers} <= {200, 404, 413}


def test_office_that_sent_the_patient_learns_nothing_by_the_reference_on_its_receipt(client, appointment_request):
    ReferralFactory(appointment_request=appointment_request)

    assert NOT_FOUND in text_of(look(client, appointment_request.reference))


def test_patient_who_named_a_doctor_finds_the_request(client, appointment_request):  # the control
    ReferralFactory(appointment_request=appointment_request, named=True)

    assert NOT_FOUND not in text_of(look(client, appointment_request.reference))
