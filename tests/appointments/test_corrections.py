"""What a patient typed wrong is put right beside their own words, and is what calls, mails, codes and search use."""

import datetime
import re
import threading

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Q

from appointments.models import Correction, StatusEvent
from appointments.services import access, corrections, moves, tell
from appointments.services.look_up import look_up
from appointments.transitions import CORRECTORS, GROUPS
from outbox.models import Message
from tests.appointments import access_steps
from tests.appointments.desk import page_of, sign_in
from tests.appointments.test_admin_change import html, text_of
from tests.appointments.test_moves import stored
from tests.factories import AppointmentRequestFactory, UserFactory

NEW = {
    "phone": "+18135550199",
    "email": "right@example.org",
    "first_name": "Valter",
    "last_name": "O'Brien",
    "date_of_birth": datetime.date(1951, 4, 5),
}
TYPED = NEW | {"phone": "813-555-0199", "date_of_birth": "4/5/1951"}
HASHES = {
    "phone": ["phone_hash"],
    "email": ["email_hash"],
    "first_name": [],
    "last_name": ["last_name_hash", "last_name_sound_hash"],
    "date_of_birth": ["date_of_birth_hash"],
}


@pytest.fixture
def ana(practice):
    return UserFactory(group="scheduler", first_name="Ana", last_name="Demo")


def correct(appointment_request, by, field="phone", **values):
    values = {"value": NEW[field], "why": "She told us.", "seen_version": 1} | values
    return corrections.correct(appointment_request.public_id, field, by=by, **values)


@pytest.mark.parametrize("field", Correction.Field.values)
def test_new_value_is_used_and_found_and_the_old_one_stays_beside_it(ana, field):
    appointment_request = AppointmentRequestFactory(email="wrong@example.org")
    was, before = getattr(appointment_request, field), stored(appointment_request)

    correct(appointment_request, ana, field)

    appointment_request.refresh_from_db()
    assert getattr(appointment_request, field) == NEW[field]
    after = stored(appointment_request)
    assert {name for name in after if after[name] != before[name]} == {field, "version", *HASHES[field]}
    assert {name: after[name] for name in HASHES[field]}.items() <= appointment_request.hashed_columns().items()
    (row,) = Correction.objects.all()
    assert (row.field, row.was, row.value, row.why, row.by) == (field, str(was), str(NEW[field]), "She told us.", ana)
    (event,) = StatusEvent.objects.all()
    assert (event.move, event.version, event.details, event.comment) == ("correct", 2, {"field": field}, "")


def test_corrections_are_encrypted(ana):  # P31; that they stay as they are: test_history
    correct(AppointmentRequestFactory(), ana)

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT was, value, why FROM {Correction._meta.db_table}")  # noqa: S608 - our own table
        tokens = " ".join(cursor.fetchone())
    assert [word for word in ("5550142", "5550199", "She told") if word in tokens] == []


def test_status_is_told_by_the_corrected_date_of_birth(ana):
    appointment_request = AppointmentRequestFactory()
    wrong = appointment_request.date_of_birth

    correct(appointment_request, ana, "date_of_birth")

    found = [look_up(appointment_request.reference, date, block="x") for date in (wrong, NEW["date_of_birth"])]
    assert found == [None, appointment_request]


@pytest.mark.parametrize(
    ("values", "field"), [({"value": "+18135550142"}, "value"), ({"why": "  "}, "why")], ids=["same", "no reason"]
)
def test_nothing_new_or_without_a_reason_is_refused(ana, values, field):
    appointment_request = AppointmentRequestFactory()
    before = stored(appointment_request)

    with pytest.raises(ValidationError) as refused:
        correct(appointment_request, ana, **values)

    assert list(refused.value.message_dict) == [field]
    assert (stored(appointment_request), Correction.objects.count()) == (before, 0)


def correct_together(appointment_request, people):
    """What each of `people` is told who corrects the same request from the same page at the same time."""
    start, told = threading.Barrier(len(people)), []

    def act(number, user):
        try:
            start.wait()
            correct(appointment_request, user, "first_name", value=f"Name {number}")
            told.append("done")
        except moves.Stale:
            told.append("told")
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=pair) for pair in enumerate(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(told)


@pytest.fixture
def six(transactional_db):
    return [UserFactory(group="scheduler") for _ in range(6)]


def test_of_six_who_correct_at_once_one_does_and_five_are_told(six):  # P7
    assert correct_together(AppointmentRequestFactory(), six) == ["done", *["told"] * 5]
    assert (Correction.objects.count(), StatusEvent.objects.count()) == (1, 1)


def test_without_the_guard_each_would_write_over_the_others(six, monkeypatch):
    """The negative control: the test above fails when the version is not looked at."""
    monkeypatch.setattr(moves, "_as_seen", lambda seen_version, sources: Q())

    assert correct_together(AppointmentRequestFactory(), six) == ["done"] * 6


def test_whoever_is_later_is_told_who_was_first(ana):  # P7
    appointment_request = AppointmentRequestFactory()
    correct(appointment_request, ana, "first_name")

    with pytest.raises(moves.Stale) as stale:
        correct(appointment_request, UserFactory(group="supervisor"))

    assert [event.by for event in stale.value.events] == [ana]
    assert Correction.objects.count() == 1


@pytest.mark.parametrize("group", [*GROUPS, None])
def test_who_may_correct(practice, group):
    appointment_request = AppointmentRequestFactory()
    user = UserFactory(group=group)

    if group in CORRECTORS | {"owner"}:
        assert correct(appointment_request, user).phone == NEW["phone"]
    else:
        with pytest.raises(moves.NoRight):
            correct(appointment_request, user)


# A wrong mailbox is a stranger's


def test_what_went_to_the_wrong_mailbox_opens_nothing_any_more(client, ana):
    appointment_request, link = access_steps.request_with_link(email="wrong@example.org")
    page = access_steps.open_page(client, link)
    unused = access.new_link(appointment_request)
    access_steps.ask(client, unused)
    code = access_steps.mailed_code()
    seen_before = client.get(page)

    correct(appointment_request, ana, "email")

    assert seen_before.status_code == 200
    assert "legs get heavy" not in html(client.get(page, follow=True))
    assert not access_steps.row_of(link).is_valid(appointment_request.submitted_at)
    assert access_steps.enter(client, unused, code).status_code != 303
    assert appointment_request.access_links.filter(sessions=None, revoked_at=None).count() == 1  # the new one


def test_messages_that_have_not_left_stay_and_a_new_link_goes_to_the_right_address(client, ana):
    appointment_request = AppointmentRequestFactory(email="wrong@example.org")
    tell.of_new_request(appointment_request, [ana])

    correct(appointment_request, ana, "email")

    left = {(message.kind, message.to, message.state) for message in Message.objects.all()}
    assert left == {
        ("staff-notice", ana.email, "queued"),
        ("acknowledgement", "wrong@example.org", "held"),
        ("access-link", "right@example.org", "queued"),
    }


@pytest.mark.parametrize("values", [{"closed": True}, {"status": "quarantined"}], ids=["closed", "quarantined"])
def test_no_link_leaves_for_a_request_that_nobody_is_told_of(ana, values):
    appointment_request = AppointmentRequestFactory(email="wrong@example.org", **values)

    correct(appointment_request, ana, "email")

    assert not Message.objects.exists()


def test_an_address_that_is_nobodys_can_be_taken_away(ana):
    appointment_request, link = access_steps.request_with_link()

    correct(appointment_request, ana, "email", value="")

    appointment_request.refresh_from_db()
    assert (appointment_request.email, appointment_request.email_hash) == ("", "")
    assert access_steps.row_of(link).revoked_at
    assert not Message.objects.exists()


def test_a_corrected_number_ends_no_link(ana):
    appointment_request, link = access_steps.request_with_link()

    correct(appointment_request, ana, "phone")

    assert access_steps.row_of(link).revoked_at is None


# On the page


def post(client, appointment_request, field="phone", **values):
    typed = {"correct": "it", "field": field, "value": TYPED[field], "why": "She told us.", "seen_version": 1}
    return client.post(page_of(appointment_request), typed | values)


@pytest.mark.parametrize("field", Correction.Field.values)
def test_page_shows_both_and_who_put_it_right(client, practice, field):
    sign_in(client, "scheduler", first_name="Ana", last_name="Demo")
    appointment_request = AppointmentRequestFactory(email="wrong@example.org")
    typed = {
        "phone": "(813) 555-0142",
        "email": "wrong@example.org",
        "first_name": "Walter",
        "last_name": "Demo",
        "date_of_birth": "March 4, 1950",
    }[field]

    response = post(client, appointment_request, field)

    assert (response.status_code, response["Location"]) == (302, page_of(appointment_request))
    appointment_request.refresh_from_db()
    assert getattr(appointment_request, field) == NEW[field]
    shown = text_of(client.get(page_of(appointment_request)))
    assert re.search(rf"Patient typed {re.escape(typed)} · corrected by Ana Demo, \w+ \d+: She told us\.", shown)
    assert f"Corrected: {Correction.Field(field).label}" in shown.partition("History")[2]


def test_second_correction_shows_the_patients_own_word_and_the_last_reason(client, practice):
    sign_in(client, "scheduler")
    appointment_request = AppointmentRequestFactory(email="first@example.org")

    post(client, appointment_request, "email", value="second@example.org")
    post(client, appointment_request, "email", value="third@example.org", why="Spelled out", seen_version=2)

    card = text_of(client.get(page_of(appointment_request))).partition("History")[0]
    assert card.count("Patient typed") == 1
    assert "Patient typed first@example.org" in card
    assert "third@example.org" in card
    assert "second@example.org" not in card
    assert ": Spelled out" in card


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("phone", "813-555-01", "2 digits are missing."),
        ("phone", "", "Please write a phone number"),
        ("email", "walter", "This does not look like an e-mail address."),
        ("last_name", "", "Please write the last name."),
        ("date_of_birth", "2 30 1948", "This date does not exist"),
        ("date_of_birth", "1948-03-14", "Please write all four digits of the year."),
        ("date_of_birth", "March", "The day and the year are missing."),
        ("", "x", "This field is required."),
        ("status", "closed", "Select a valid choice."),
    ],
)
def test_bad_value_is_named_and_kept(client, practice, field, value, said):
    sign_in(client, "scheduler")
    appointment_request = AppointmentRequestFactory()
    before = stored(appointment_request)

    response = client.post(
        page_of(appointment_request),
        {"correct": "it", "field": field, "value": value, "why": "Typed", "seen_version": 1},
    )

    assert response.status_code == 422
    assert said in text_of(response)
    assert 'value="Typed"' in html(response)
    assert stored(appointment_request) == before


def test_month_may_be_a_word(client, practice):
    sign_in(client, "scheduler")
    appointment_request = AppointmentRequestFactory()

    post(client, appointment_request, "date_of_birth", value="March 14, 1948")

    appointment_request.refresh_from_db()
    assert appointment_request.date_of_birth == datetime.date(1948, 3, 14)


def test_stale_page_says_who_was_faster_and_keeps_the_number(client, practice, ana):
    sign_in(client, "scheduler")
    appointment_request = AppointmentRequestFactory()
    correct(appointment_request, ana, "first_name")
    before = stored(appointment_request)

    response = post(client, appointment_request)

    assert response.status_code == 409
    assert "Somebody was faster. Nothing of yours was saved." in text_of(response)
    assert "Ana Demo" in text_of(response)
    assert "Corrected: First name" in text_of(response)
    assert 'value="813-555-0199"' in html(response)
    assert stored(appointment_request) == before


@pytest.mark.parametrize("group", ["clinician", "auditor"])
def test_others_have_no_form_and_their_post_is_refused(client, practice, group):
    sign_in(client, group)
    appointment_request = AppointmentRequestFactory()

    assert "Something is wrong here" not in html(client.get(page_of(appointment_request)))
    assert post(client, appointment_request).status_code == 403
    assert not Correction.objects.exists()


def test_auditor_sees_that_something_was_corrected_and_not_what(client, ana):
    appointment_request = AppointmentRequestFactory()
    correct(appointment_request, ana)
    sign_in(client, "auditor")

    shown = html(client.get(page_of(appointment_request)))

    assert "Corrected: Phone" in shown
    assert [word for word in ("555-0142", "555-0199", "She told us") if word in shown] == []


def test_after_a_wrong_number_the_form_is_open_at_the_number(client, ana):
    sign_in(client, "scheduler")
    appointment_request = AppointmentRequestFactory()
    shut = html(client.get(page_of(appointment_request)))
    moves.log_call(appointment_request.public_id, result="wrong-number", note="", by=ana)

    page = html(client.get(page_of(appointment_request)))

    assert ('<details class="correct">' in shut, '<details class="correct" open>' in page) == (True, True)
    assert '<option value="phone" selected>' in page
    correct(appointment_request, ana)
    assert '<details class="correct">' in html(client.get(page_of(appointment_request)))


def test_admins_log_names_the_field_and_no_value(client, practice):
    sign_in(client, "scheduler")
    appointment_request = AppointmentRequestFactory()

    post(client, appointment_request)

    assert list(LogEntry.objects.values_list("object_repr", "change_message")) == [
        (appointment_request.reference, "correct phone")
    ]
