"""The card of a request: what to say, when to call and to call again, and when nobody counts as out of reach."""

import datetime
import re

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from appointments.admin.queue import badge
from appointments.models import ContactAttempt
from appointments.services import moves
from appointments.services.corrections import correct
from appointments.transitions import CALLED_AGAIN, ON_THE_CLOCK, TRIES_NEEDED, Status
from practice.hours import zone
from tests.appointments.desk import LIST, page_of, sign_in
from tests.appointments.test_admin_change import html, text_of
from tests.appointments.test_moves import in_status
from tests.factories import AppointmentRequestFactory, UserFactory

HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def dana(client, practice):
    """A scheduler, signed in."""
    return sign_in(client, "scheduler", first_name="Dana")


def say(client, **values):
    page = html(client.get(page_of(AppointmentRequestFactory(first_name="Rosa", last_name="Example", **values))))
    return re.findall(r"<li>(.*?)</li>", page.partition("What to say")[2].partition("</ul>")[0])


# What to say


@pytest.mark.parametrize(
    ("voicemail", "said"),
    [
        (
            "full",
            "On a machine you may say: “This is Dana from Sample office about your request for an appointment. "
            "Please call 813-555-0100.”",
        ),
        (
            "name-only",
            "On a machine say only: “This is Dana. Please call 813-555-0100.” Not where you call from, and not why.",
        ),
        ("none", "On a machine say nothing: hang up, and press No answer."),
    ],
)
def test_script_says_what_a_machine_may_hear(client, dana, voicemail, said):
    assert say(client, voicemail=voicemail) == [
        "Ask for Rosa Example, and say no more than your name until you speak with them.",
        "Ask for the date of birth before you say why you call.",
        said,
    ]


def test_script_for_somebody_who_asked_for_another_who_does_not_know(client, dana):
    number = "+18135550119"
    said = say(client, phone=number, on_behalf_phone=number, on_behalf_name="Lucia Example", patient_knows="no")

    assert said[:2] == [
        "Ask for Lucia Example, who asked for Rosa Example.",
        "The patient does not know yet: speak about the request with Lucia Example only.",
    ]


def test_script_for_a_referral_of_which_the_patient_does_not_know_names_nobody_who_asked(client, dana):
    said = say(client, channel="referral", patient_knows="no", referrer_name="Dr. Paula Pattern")

    assert not any("speak about the request with" in sentence for sentence in said)


def test_a_percent_sign_in_a_name_breaks_no_sentence(client, dana):
    said = say(client, on_behalf_name="100%(me)s", on_behalf_phone="+18135550142")

    assert said[0] == "Ask for 100%(me)s, who asked for Rosa Example."


# When


@pytest.mark.parametrize(
    ("best_time", "hour", "said"),
    [
        ("any", 10, "Now fits (10 a.m.)."),
        ("morning", 10, "Now fits (10 a.m.)."),
        ("morning", 14, "Now does not fit (2 p.m.)."),
        ("afternoon", 14, "Now fits (2 p.m.)."),
        ("afternoon", 10, "Now does not fit (10 a.m.)."),
        ("any", 19, "Now is outside: our office is closed at this hour (7 p.m.)."),
    ],
)
def test_card_says_whether_now_suits(client, dana, time_machine, best_time, hour, said):
    time_machine.move_to(datetime.datetime(2026, 11, 24, hour, tzinfo=zone()), tick=False)
    appointment_request = AppointmentRequestFactory(best_time=best_time)

    assert said in text_of(client.get(page_of(appointment_request)))


# Calling again


def log(appointment_request, by, result="no-answer", **values):
    return moves.log_call(appointment_request.public_id, result=result, note="", by=by, **values)


def next_step(appointment_request):
    appointment_request.refresh_from_db()
    return appointment_request.next_action_at


@pytest.mark.parametrize("status", Status.values)
def test_an_agreed_call_is_the_next_step_while_the_next_step_is_ours(dana, status):
    appointment_request = in_status(status)
    before, at = next_step(appointment_request), timezone.now() + HOUR

    if status in CALLED_AGAIN:
        log(appointment_request, dana, call_again_at=at)
        assert next_step(appointment_request) == at
    else:
        with pytest.raises(ValidationError):
            log(appointment_request, dana, call_again_at=at)
        assert (next_step(appointment_request), ContactAttempt.objects.count()) == (before, 0)


@pytest.mark.parametrize("at", [-HOUR, datetime.timedelta(days=900)], ids=["past", "far"])
def test_an_agreed_call_is_ahead_and_not_far(dana, at):
    with pytest.raises(ValidationError):
        log(AppointmentRequestFactory(), dana, call_again_at=timezone.now() + at)

    assert not ContactAttempt.objects.exists()


@pytest.mark.parametrize(
    ("result", "hours_later", "stays"),
    [("no-answer", 1, True), ("left-message", 1, True), ("reached", 1, False), ("no-answer", 3, False)],
)
def test_the_next_call_ends_what_is_due_or_was_reached(dana, time_machine, result, hours_later, stays):
    appointment_request = AppointmentRequestFactory()
    at = timezone.now() + 2 * HOUR
    log(appointment_request, dana, call_again_at=at)

    time_machine.move_to(timezone.now() + hours_later * HOUR)
    log(appointment_request, dana, result=result)

    assert next_step(appointment_request) == (at if stays else None)


def test_a_call_of_no_consequence_leaves_a_waiting_request_its_date(dana):
    appointment_request = AppointmentRequestFactory(waiting=True)
    before = next_step(appointment_request)

    log(appointment_request, dana, result="reached")

    assert next_step(appointment_request) == before


def test_whoever_takes_the_request_takes_over_the_agreed_call(dana):
    appointment_request = AppointmentRequestFactory()
    at = timezone.now() + HOUR
    log(appointment_request, dana, call_again_at=at)

    moves.move(appointment_request.public_id, "claim", seen_version=1, by=dana)

    assert next_step(appointment_request) == at


@pytest.mark.parametrize("status", sorted(ON_THE_CLOCK))
def test_any_other_move_ends_the_agreed_call(dana, status):
    appointment_request = in_status(status)
    log(appointment_request, dana, call_again_at=timezone.now() + HOUR)

    moves.move(appointment_request.public_id, "close", seen_version=1, by=dana, outcome="patient-withdrew")

    assert next_step(appointment_request) is None


def test_list_of_call_backs_shows_it_at_that_time_and_not_before(client, dana, time_machine):
    time_machine.move_to(datetime.datetime(2026, 11, 24, 13, tzinfo=zone()), tick=False)
    appointment_request = AppointmentRequestFactory()
    log(appointment_request, dana, result="reached", call_again_at=timezone.now() + 2 * HOUR)
    seen = []

    for hours_later in (1, 2):
        time_machine.move_to(datetime.datetime(2026, 11, 24, 13 + hours_later, tzinfo=zone()), tick=False)
        seen.append(appointment_request.reference in html(client.get(LIST, {"show": "call-backs"})))
    log(appointment_request, dana)
    seen.append(appointment_request.reference in html(client.get(LIST, {"show": "call-backs"})))

    assert seen == [False, True, False]


def test_badge_of_a_patient_who_was_reached_says_when_to_call_again(dana):
    appointment_request = AppointmentRequestFactory()
    log(appointment_request, dana, result="reached", call_again_at=timezone.now() + HOUR)
    appointment_request.refresh_from_db()

    said = [badge(appointment_request, timezone.now() + hours * HOUR).text for hours in (0, 2)]

    assert (said[0] != "Reached", said[1]) == (True, "Call again")


def test_button_keeps_when_to_call_again_and_the_card_says_so(client, dana, time_machine):
    time_machine.move_to(datetime.datetime(2026, 11, 24, 10, tzinfo=zone()), tick=False)
    appointment_request = AppointmentRequestFactory()

    client.post(page_of(appointment_request), {"call": "no-answer", "call_again_at": "2026-11-24T15:00"})

    card = text_of(client.get(page_of(appointment_request))).partition("What now?")[0]
    assert "Call again today 3 p.m." in card
    assert "No answer (call again today 3 p.m.), today 10 a.m." in card


def test_a_time_that_is_past_is_named_and_the_note_is_kept(client, dana):
    appointment_request = AppointmentRequestFactory()

    response = client.post(
        page_of(appointment_request), {"call": "no-answer", "call_again_at": "2020-01-01T15:00", "note": "Typed"}
    )

    assert response.status_code == 422
    assert "This must be in the future." in text_of(response)
    assert 'value="Typed"' in html(response)
    assert 'value="2020-01-01T15:00"' in html(response)
    assert not ContactAttempt.objects.exists()


@pytest.mark.parametrize("status", Status.values)
def test_time_to_call_again_is_asked_for_where_it_can_be_kept(client, dana, status):
    page = html(client.get(page_of(in_status(status))))

    assert ('name="call_again_at"' in page) == (status in CALLED_AGAIN)


# Out of reach


@pytest.mark.parametrize(
    ("email", "channels", "says"),
    [
        ("", [], "“Could not be reached” comes later. Tried 0 of 3 times so far: 3 still needed."),
        ("", ["phone"] * 2, "“Could not be reached” comes later. Tried 2 of 3 times so far: 1 still needed."),
        ("walter@example.org", ["phone"] * TRIES_NEEDED, "Tried in one way only"),
        ("", ["phone"] * TRIES_NEEDED, ""),
        ("walter@example.org", ["phone", "phone", "email"], ""),
    ],
)
def test_out_of_reach_can_be_chosen_only_after_the_tries(client, dana, email, channels, says):
    appointment_request = AppointmentRequestFactory(claimed=True, email=email)
    for channel in channels:
        log(appointment_request, dana, channel=channel)

    response = client.get(page_of(appointment_request))

    assert ('value="unable-to-reach"' in html(response)) == (not says)
    assert says in text_of(response)
    posted = client.post(
        page_of(appointment_request), {"move": "close", "seen_version": 1, "outcome": "unable-to-reach"}
    )
    assert posted.status_code == (422 if says else 302)


def test_queries_of_the_card_do_not_grow_with_corrections(client, dana, django_assert_num_queries):
    appointment_request = AppointmentRequestFactory()
    values = {"why": "She told us.", "by": UserFactory(group="scheduler")}
    for version, name in enumerate(["Ann", "Bea", "Cleo"], 1):
        correct(appointment_request.public_id, "first_name", value=name, seen_version=version, **values)

    with django_assert_num_queries(30):  # as without any: see test_admin_change
        client.get(page_of(appointment_request))
