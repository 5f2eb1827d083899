"""The patient's page: what it shows in each state, and what its forms do, refuse and keep."""

import datetime
import re
import uuid

import icalendar
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appointments.models import AppointmentRequest, PatientQuestion, StatusEvent, TimeOffer, Visit
from appointments.services import moves
from appointments.templatetags.promise import promise
from appointments.transitions import Status
from tests.factories import AppointmentRequestFactory, ClinicianFactory, LocationFactory, UserFactory
from tests.patient import offer, open_page

DAY = datetime.timedelta(days=1)
QUERIES = 11


@pytest.fixture
def scheduler(practice):
    return UserFactory(group="scheduler")


@pytest.fixture
def asked(scheduler):
    return _moved(scheduler, "ask", question="Which blood thinner?", next_action_at=timezone.now() + DAY)


@pytest.fixture
def offered(scheduler):
    times = {"offer_1": timezone.now() + DAY, "offer_2": timezone.now() + 2 * DAY}
    return _moved(scheduler, "offer", **times, location=LocationFactory(), clinician=ClinicianFactory())


@pytest.fixture
def booked(scheduler):
    return _moved(scheduler, "schedule", starts_at=timezone.now() + 2 * DAY, location=LocationFactory())


def _moved(by, name, **values):
    appointment_request = AppointmentRequestFactory(email="walter@example.org")
    return moves.move(appointment_request.public_id, name, seen_version=1, by=by, **values)


def text_of(response):
    return response.content.decode()


def send(client, page, action, appointment_request, **values):
    values = {"seen_version": str(appointment_request.version)} | values
    return client.post(f"{page}{action}/", values)


# What it shows


def test_while_an_answer_is_owed_the_page_says_by_when(client, practice):
    appointment_request = AppointmentRequestFactory(email="walter@example.org")

    html = text_of(client.get(open_page(client, appointment_request)))

    assert f"We will call you by {promise(appointment_request.respond_by)}" in html
    assert appointment_request.reference in html
    assert practice.phone_display in html
    for word in ("Walter", "legs get heavy", "1950"):  # what the patient told us stays with us
        assert word not in html


def test_offered_times_stand_there_in_words(client, offered):
    html = text_of(client.get(open_page(client, offered)))

    for row in offered.time_offers.all():
        assert f"{promise(row.starts_at)}, Main office, Elena Sample" in html
    assert "None of these times suits me" in html


def test_offers_that_have_all_passed_leave_the_phone(client, offered):
    page = open_page(client, offered)
    TimeOffer.objects.update(starts_at=timezone.now() - DAY)

    html = text_of(client.get(page))

    assert "The times that we offered have passed." in html
    assert "Send my choice" not in html


def test_question_stands_there_as_staff_wrote_it_and_escaped(client, scheduler):
    appointment_request = _moved(
        scheduler, "ask", question="<b>Pills</b> & shots?", next_action_at=timezone.now() + DAY
    )

    html = text_of(client.get(open_page(client, appointment_request)))

    assert "&lt;b&gt;Pills&lt;/b&gt; &amp; shots?" in html


def test_question_is_gone_when_staff_went_on_without_it(client, asked, scheduler):
    moves.move(asked.public_id, "resume", seen_version=asked.version, by=scheduler)

    html = text_of(client.get(open_page(client, asked)))

    assert "Which blood thinner?" not in html


def test_booked_visit_stands_on_top(client, booked):
    html = text_of(client.get(open_page(client, booked)))

    assert promise(Visit.objects.get().starts_at) in html
    assert "Add to my calendar" in html
    assert "I cannot come to this visit" in html


def test_visit_that_has_begun_is_not_cancelled_here(client, booked):
    page = open_page(client, booked)
    Visit.objects.update(starts_at=timezone.now() - datetime.timedelta(minutes=1))

    html = text_of(client.get(page))
    response = send(client, page, "drop-visit", booked, drop_words="Too late")

    assert "I cannot come to this visit" not in html
    assert response.status_code == 409
    assert "Too late" in text_of(response)
    assert Visit.objects.get().status == "booked"


@pytest.mark.parametrize("status", [*Status])
def test_page_opens_in_every_state(client, practice, status):
    values = {"status": status, "email": "walter@example.org"}
    if status == Status.WAITING:
        values |= {"waiting_on": "payer", "next_action_at": timezone.now() + DAY}
    if status == Status.CLOSED:
        values |= {"outcome": "payer-not-accepted"}

    response = client.get(open_page(client, AppointmentRequestFactory(**values)))

    assert response.status_code == 200
    html = text_of(response)
    assert "uarantine" not in html
    assert practice.phone_uri in html
    assert ("End my request" in html) == (status not in (Status.CLOSED, Status.COMPLETED, Status.QUARANTINED))


def test_page_is_read_with_a_fixed_number_of_queries(client, offered):
    page = open_page(client, offered)
    with CaptureQueriesContext(connection) as few:
        client.get(page)
    for days in range(3, 9):
        offer(offered, days)
        PatientQuestion.objects.create(
            appointment_request=offered, text="?", asked_by=UserFactory(), answer="!", answered_at=timezone.now()
        )

    with CaptureQueriesContext(connection) as many:
        client.get(page)

    assert (len(few), len(many)) == (QUERIES, QUERIES)


# What its forms do


def test_patient_picks_a_time(client, offered):
    page, row = open_page(client, offered), offered.time_offers.first()

    response = send(client, page, "choose", offered, offer=row.public_id)

    assert (response.status_code, response["Location"]) == (303, f"{page}?done=pick_time")
    html = text_of(client.get(response["Location"]))
    assert "Thank you. Your visit is booked." in html
    assert Visit.objects.get().starts_at == row.starts_at


def test_what_is_written_beside_a_picked_time_is_kept(client, offered):
    page, row = open_page(client, offered), offered.time_offers.first()

    send(client, page, "choose", offered, offer=row.public_id, other_times="My daughter needs a chair too")

    assert Visit.objects.get().starts_at == row.starts_at
    assert StatusEvent.objects.get(move="pick_time").comment == "My daughter needs a chair too"


def test_patient_refuses_the_times_in_own_words(client, offered):
    page = open_page(client, offered)

    response = send(client, page, "choose", offered, offer="none", other_times="Fridays, señora Núñez drives me")

    assert response.status_code == 303
    assert StatusEvent.objects.get(move="refuse_times").comment == "Fridays, señora Núñez drives me"


def test_choosing_nothing_is_an_error_that_keeps_what_was_typed(client, offered):
    page = open_page(client, offered)

    response = send(client, page, "choose", offered, other_times="Only Fridays")

    html = text_of(response)
    assert response.status_code == 422
    assert "<title>Error: " in html
    assert html.count("Please choose one.") >= 1
    assert "Only Fridays</textarea>" in html
    assert offered.time_offers.filter(status="open").count() == 2


@pytest.mark.parametrize("forged", ["", "nonsense", "00000000-0000-4000-8000-000000000000", "other"])
def test_time_that_was_not_offered_to_this_request_cannot_be_picked(client, offered, forged):
    page = open_page(client, offered)
    if forged == "other":
        forged = str(offer(AppointmentRequestFactory()).public_id)

    response = send(client, page, "choose", offered, offer=forged)

    assert response.status_code == 422
    assert not Visit.objects.exists()


def test_patient_answers_each_question(client, asked):
    page, question = open_page(client, asked), PatientQuestion.objects.get()

    response = send(client, page, "answer", asked, **{f"answer_{question.public_id}": "Warfarin\r\nsince May"})

    assert response.status_code == 303
    question.refresh_from_db()
    assert question.answer == "Warfarin\nsince May"
    html = text_of(client.get(response["Location"]))
    assert "Warfarin" in html
    assert "We have your answer." in html


@pytest.mark.parametrize("typed", ["", "   ", "x" * 1001, "bad\u202eorder"])
def test_answer_that_cannot_be_taken_is_kept_and_explained(client, asked, typed):
    page, question = open_page(client, asked), PatientQuestion.objects.get()

    response = send(client, page, "answer", asked, **{f"answer_{question.public_id}": typed})

    html = text_of(response)
    assert response.status_code == 422
    assert f'href="#id_answer_{question.public_id}"' in html
    assert typed.strip() in html
    question.refresh_from_db()
    assert question.answered_at is None


def calendar_file(page, visit):
    return f"{page}visits/{visit.ics_uid}.ics"


def test_patient_cancels_the_visit_and_takes_it_out_of_the_calendar(client, booked):
    page, address = open_page(client, booked), calendar_file("", Visit.objects.get())

    added = icalendar.Calendar.from_ical(client.get(f"{page}{address}").content)
    response = send(client, page, "drop-visit", booked, drop_words="A cold")
    gone = icalendar.Calendar.from_ical(client.get(f"{page}{address}").content)

    assert response.status_code == 303
    assert "The visit of" in text_of(client.get(page))
    assert (added["METHOD"], gone["METHOD"]) == ("PUBLISH", "CANCEL")
    (before,), (after,) = added.walk("VEVENT"), gone.walk("VEVENT")
    assert before["UID"] == after["UID"]
    assert (before["SEQUENCE"], after["SEQUENCE"]) == (0, 1)


def test_visit_that_was_cancelled_has_its_file_beside_the_one_that_was_booked_after_it(client, booked, scheduler):
    free = moves.move(booked.public_id, "cancel_visit", seen_version=booked.version, by=scheduler, comment="Ill")
    place = {"location": LocationFactory(), "starts_at": timezone.now() + 9 * DAY}
    moves.move(booked.public_id, "schedule", seen_version=free.version, by=scheduler, **place)
    page, (cancelled, rebooked) = open_page(client, booked), Visit.objects.order_by("pk")

    html = text_of(client.get(page))

    assert f"The visit of {promise(cancelled.starts_at)} is cancelled." in html
    links = re.findall(r'href="([^"]+\.ics)">([^<]+)', html)
    assert links == [
        (calendar_file(page, rebooked), "Add to my calendar"),
        (calendar_file(page, cancelled), "Take it out of my calendar"),
    ]
    methods = [icalendar.Calendar.from_ical(client.get(address).content)["METHOD"] for address, _ in links]
    assert methods == ["PUBLISH", "CANCEL"]


def test_cancelled_visit_whose_time_has_come_is_no_longer_named(client, booked):
    page = open_page(client, booked)
    send(client, page, "drop-visit", booked)
    Visit.objects.update(starts_at=timezone.now() - datetime.timedelta(minutes=1))

    assert ".ics" not in text_of(client.get(page))


def test_calendar_file_is_private(client, booked):
    response = client.get(calendar_file(open_page(client, booked), Visit.objects.get()))

    assert response["Content-Type"].startswith("text/calendar")
    assert "no-store" in response["Cache-Control"]


def test_calendar_file_of_another_request_or_of_no_visit_is_not_there(client, booked):
    page = open_page(client, AppointmentRequestFactory(email="rosa@example.org"))

    answers = [client.get(f"{page}visits/{uid}.ics") for uid in (Visit.objects.get().ics_uid, uuid.uuid4())]

    assert [answer.status_code for answer in answers] == [404, 404]


def test_patient_ends_the_request(client, booked):
    page = open_page(client, booked)

    response = send(client, page, "withdraw", booked, withdraw_words="I am better")

    assert response.status_code == 303
    ended = AppointmentRequest.objects.get()
    assert (ended.status, ended.outcome) == ("closed", "patient-withdrew")
    html = text_of(client.get(page))
    assert "End my request" not in html
    assert calendar_file(page, Visit.objects.get()) in html  # it stands in the calendar still


# What they refuse


@pytest.mark.parametrize("action", ["choose", "answer", "drop-visit", "withdraw"])
def test_page_that_is_stale_does_nothing_and_keeps_what_was_typed(client, offered, scheduler, action):
    page, row = open_page(client, offered), offered.time_offers.first()
    moves.move(offered.public_id, "resume", seen_version=offered.version, by=scheduler)
    before = AppointmentRequest.objects.values().get()
    words = {
        "choose": {"offer": row.public_id, "other_times": "Canary words"},
        "answer": {"answer_of-a-page-that-is-old": "Canary words"},
        "drop-visit": {"drop_words": "Canary words"},
        "withdraw": {"withdraw_words": "Canary words"},
    }

    response = send(client, page, action, offered, csrfmiddlewaretoken="a token", **words[action])

    html = text_of(response)
    assert response.status_code == 409
    assert response.context["not_done"] == ["Canary words"]  # and not what the page put into the form itself
    assert "This could not be done any more" in html
    assert "Canary words" in html
    assert AppointmentRequest.objects.values().get() == before


@pytest.mark.parametrize("seen", ["", "0", "-1", "99", "x", "9" * 40, "²"])
def test_version_that_the_page_did_not_show_does_nothing(client, offered, seen):
    page, row = open_page(client, offered), offered.time_offers.first()

    response = client.post(f"{page}choose/", {"seen_version": seen, "offer": row.public_id})

    assert response.status_code == 409
    assert not Visit.objects.exists()


def test_pressing_twice_books_once(client, offered):
    page, row = open_page(client, offered), offered.time_offers.first()

    first = send(client, page, "choose", offered, offer=row.public_id)
    second = send(client, page, "choose", offered, offer=row.public_id)

    assert (first.status_code, second.status_code) == (303, 409)
    assert promise(row.starts_at) in text_of(second)  # and the page shows that it is booked
    assert Visit.objects.count() == 1


@pytest.mark.parametrize("method", ["get", "head", "options"])
@pytest.mark.parametrize(
    "address", ["", "choose/", "answer/", "drop-visit/", "withdraw/", "visits/{uid}.ics", "?done=withdraw"]
)
def test_opening_any_address_changes_nothing(client, booked, method, address):
    page, address = open_page(client, booked), address.format(uid=Visit.objects.get().ics_uid)
    before = AppointmentRequest.objects.values().get(), Visit.objects.values().get(), StatusEvent.objects.count()

    for _ in range(3):
        getattr(client, method)(f"{page}{address}")

    assert (AppointmentRequest.objects.values().get(), Visit.objects.values().get(), StatusEvent.objects.count()) == (
        before
    )


@pytest.mark.parametrize("action", ["choose", "answer", "drop-visit", "withdraw"])
def test_stranger_with_the_address_gets_nowhere(client, booked, action):
    page = open_page(client, booked)

    response = send(Client(), page, action, booked, withdraw_words="Ha", drop_words="Ha")

    assert response.status_code == 404
    assert AppointmentRequest.objects.get().status == Status.SCHEDULED


def test_form_of_another_site_is_refused(booked):
    client = Client(enforce_csrf_checks=True)
    session_client = Client()
    page = open_page(session_client, booked)
    client.cookies = session_client.cookies

    response = send(client, page, "withdraw", booked)

    assert response.status_code == 403
    assert AppointmentRequest.objects.get().status == Status.SCHEDULED


@pytest.mark.parametrize("done", ["nonsense", "<script>", "claim"])
def test_address_cannot_make_the_page_say_something(client, booked, done):
    html = text_of(client.get(open_page(client, booked), {"done": done}))

    assert "Thank you" not in html
    assert "<script>" not in html


@pytest.mark.parametrize("status", ["received", "quarantined", "in_review"])
def test_promise_that_is_over_is_not_repeated(client, practice, status):
    appointment_request = AppointmentRequestFactory(
        status=status, email="walter@example.org", respond_by=timezone.now() - datetime.timedelta(minutes=1)
    )

    html = text_of(client.get(open_page(client, appointment_request)))

    assert "We will call you by" not in html
    assert ("we are late. We are sorry." in html) == (status != "in_review")
