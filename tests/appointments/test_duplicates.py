"""Two requests of one person: found by keyed hashes, linked by closing one, read from both, parted by reopening."""

import datetime
import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connections
from django.utils import timezone

from appointments import status_words
from appointments.models import AppointmentRequest, ReadEvent
from appointments.services import moves
from outbox.models import Message
from tests.appointments.desk import LIST, page_of, sign_in
from tests.appointments.test_admin_change import html, text_of
from tests.factories import AppointmentRequestFactory, UserFactory

DAY = datetime.timedelta(days=1)
ANOTHER = {"phone": "+18135550199", "email": "", "last_name": "Else", "date_of_birth": datetime.date(1940, 1, 2)}


@pytest.fixture
def scheduler(practice):
    return UserFactory(group="scheduler")


def close_as_duplicate(appointment_request, other, by):
    version = AppointmentRequest.objects.get(pk=appointment_request.pk).version
    values = {"outcome": "duplicate", "duplicate_of": other}
    return moves.move(appointment_request.public_id, "close", seen_version=version, by=by, **values)


def alike(appointment_request):
    return list(AppointmentRequest.objects.alike(appointment_request))


# Who may be the same


@pytest.mark.parametrize(
    ("values", "is_alike"),
    [
        ({}, True),
        ({"last_name": "Other"}, True),  # same telephone and date of birth
        ({"phone": "+18135550199"}, True),  # same e-mail and date of birth
        (
            {"date_of_birth": datetime.date(1951, 3, 4), "last_name": "Demoe"},
            True,
        ),  # same telephone, the name sounds so
        ({"date_of_birth": datetime.date(1951, 3, 4), "last_name": "Other"}, False),  # a couple with one telephone
        ({"phone": "+18135550199", "email": ""}, False),  # same name and date of birth only
        ({"phone": "+18135550199", "date_of_birth": datetime.date(1951, 3, 4)}, False),  # same e-mail only
        ({"days_apart": 59}, True),
        ({"days_apart": 61}, False),
        ({"days_apart": -59}, True),
        ({"days_apart": -61}, False),
        ({"status": "closed", "outcome": "spam"}, False),
        ({"status": "closed", "outcome": "seen"}, True),
    ],
)
def test_requests_are_alike_by_hashes_within_sixty_days(db, values, is_alike):
    values = dict(values)
    at = timezone.now()
    days = values.pop("days_apart", 0)
    one = AppointmentRequestFactory(email="walter@example.org", submitted_at=at)
    other = AppointmentRequestFactory(**{"email": "walter@example.org", "submitted_at": at + days * DAY} | values)

    assert alike(one) == ([other] if is_alike else [])
    marked = set(AppointmentRequest.objects.with_alike())
    assert (one in marked) == is_alike


def test_what_was_left_empty_makes_nobody_alike(db):
    nobody = {"phone": "", "email": "", "last_name": "", "date_of_birth": None}
    one, _other = AppointmentRequestFactory.create_batch(2, **nobody)

    assert alike(one) == []
    assert not AppointmentRequest.objects.with_alike().exists()


# Closing one of them


def test_closed_as_duplicate_it_names_the_one_that_goes_on_and_no_mail_leaves(scheduler):
    one, other = AppointmentRequestFactory(email="walter@example.org"), AppointmentRequestFactory()

    closed = close_as_duplicate(one, other, scheduler)

    assert (closed.status, closed.outcome, closed.duplicate_of) == ("closed", "duplicate", other)
    assert not Message.objects.exists()
    assert status_words.outcome_sentence(closed) == "We have this request twice. The other one goes on."
    assert alike(other) == []  # they are linked: nothing to guess any more


def other_for(case, one, by):
    if case == "none":
        return None
    if case == "itself":
        return one
    if case == "finished and older":
        return AppointmentRequestFactory(closed=True, submitted_at=one.submitted_at - DAY)
    first, second = AppointmentRequestFactory.create_batch(2, submitted_at=one.submitted_at + DAY)
    close_as_duplicate(second, first, by)
    first = close_as_duplicate(AppointmentRequest.objects.get(pk=first.pk), one, by)
    return first if case == "its own duplicate" else second


@pytest.mark.parametrize("case", ["none", "itself", "finished and older", "its own duplicate", "a circle of three"])
def test_request_that_cannot_go_on_is_refused(scheduler, case):
    one = AppointmentRequestFactory()
    other = other_for(case, one, scheduler)

    with pytest.raises(ValidationError) as refused:
        close_as_duplicate(one, other, scheduler)

    one.refresh_from_db()
    assert (list(refused.value.message_dict), one.status, one.duplicate_of) == (["duplicate_of"], "received", None)


def test_one_that_is_finished_and_newer_goes_on(scheduler):
    one = AppointmentRequestFactory()
    newer = AppointmentRequestFactory(closed=True, submitted_at=one.submitted_at + DAY)

    assert close_as_duplicate(one, newer, scheduler).duplicate_of == newer


def test_another_reason_takes_no_other_request(scheduler):
    one = AppointmentRequestFactory()
    values = {"outcome": "seen", "duplicate_of": AppointmentRequestFactory()}

    with pytest.raises(ValidationError) as refused:
        moves.move(one.public_id, "close", seen_version=1, by=scheduler, **values)

    assert list(refused.value.message_dict) == ["duplicate_of"]


def test_reopened_it_stands_alone_again(scheduler):
    one, other = AppointmentRequestFactory(), AppointmentRequestFactory()
    closed = close_as_duplicate(one, other, scheduler)

    supervisor = UserFactory(group="supervisor")
    opened = moves.move(one.public_id, "reopen", seen_version=closed.version, by=supervisor, comment="Father and son.")

    assert (opened.status, opened.outcome, opened.duplicate_of) == ("in_review", "", None)


def reopened_and_closed_the_other_way_round(by):
    """Of two, the one that was a duplicate and goes on now: opened again a moment ago."""
    one, other = AppointmentRequestFactory(), AppointmentRequestFactory()
    closed = close_as_duplicate(one, other, by)
    opened = moves.move(one.public_id, "reopen", seen_version=closed.version, by=by, comment="Father and son.")
    close_as_duplicate(other, opened, UserFactory(group="scheduler"))
    return opened


def test_undo_lets_no_circle_in(practice):
    supervisor = UserFactory(group="supervisor")
    opened = reopened_and_closed_the_other_way_round(supervisor)

    with pytest.raises(moves.TooLate):
        moves.move(opened.public_id, "undo", seen_version=opened.version, by=supervisor)

    opened.refresh_from_db()
    assert (opened.status, opened.duplicate_of) == ("in_review", None)


def test_without_the_guard_undo_would_let_one_in(practice, monkeypatch):  # negative control
    supervisor = UserFactory(group="supervisor")
    opened = reopened_and_closed_the_other_way_round(supervisor)
    monkeypatch.setattr(moves.duplicates, "leads_to", lambda *args: False)

    opened = moves.move(opened.public_id, "undo", seen_version=opened.version, by=supervisor)

    assert opened.duplicate_of.duplicate_of == opened


@pytest.mark.parametrize("case", ["itself", "another reason"])
def test_the_database_refuses_links_that_mean_nothing(db, case):
    one = AppointmentRequestFactory(status="closed", outcome="duplicate" if case == "itself" else "seen")
    other = one if case == "itself" else AppointmentRequestFactory()

    with pytest.raises(IntegrityError, match="duplicate_names_another"):
        AppointmentRequest.objects.filter(pk=one.pk).update(duplicate_of=other)


def test_of_two_who_close_each_other_one_stays_open(transactional_db):  # P7
    pair = AppointmentRequestFactory.create_batch(2)
    users = UserFactory.create_batch(2, group="scheduler")
    barrier, told = threading.Barrier(2), []

    def act(one, other, user):
        try:
            barrier.wait()
            close_as_duplicate(one, other, user)
            told.append("done")
        except ValidationError:
            told.append("told")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=act, args=args) for args in ([*pair, users[0]], [*pair[::-1], users[1]])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(told) == ["done", "told"]
    assert AppointmentRequest.objects.filter(duplicate_of=None).count() == 1


# On the desk


def test_page_names_who_may_be_the_same_and_closes_with_one_press(client, practice):
    sign_in(client, "scheduler")
    one, other = AppointmentRequestFactory(), AppointmentRequestFactory()
    page = client.get(page_of(one))
    assert f"May be the same person as: {other.reference} Walter Demo, Received, sent" in text_of(page)
    assert f"Close this one, {other.reference} goes on" in text_of(page)

    pressed = {"move": "close", "seen_version": 1, "outcome": "duplicate", "duplicate_of": other.reference}
    page = client.post(page_of(one), pressed, follow=True)

    assert "is now: Closed." in text_of(page)
    assert f"{other.reference} goes on in place of this one" in text_of(page)
    assert f"{one.reference} was closed as a duplicate of this one" in text_of(client.get(page_of(other)))


def test_page_says_nothing_of_others_to_who_may_not_read_words(client, practice):
    sign_in(client, "auditor")
    one, other = AppointmentRequestFactory(), AppointmentRequestFactory()

    assert other.reference not in html(client.get(page_of(one)))


def test_page_without_anybody_alike_says_nothing_of_it(client, practice):
    sign_in(client, "scheduler")
    AppointmentRequestFactory(**ANOTHER)

    page = text_of(client.get(page_of(AppointmentRequestFactory())))

    assert ("May be the same person" in page, "Also from this person" in page) == (False, False)


def test_list_marks_who_may_be_here_twice(client, practice):
    sign_in(client, "scheduler")
    AppointmentRequestFactory.create_batch(2)
    AppointmentRequestFactory(**ANOTHER)

    assert html(client.get(LIST)).count("Maybe here twice") == 2


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "Which request goes on?"),
        ("APM-2222-2222", "There is no request with this reference."),
        ("nonsense", "There is no request with this reference."),
    ],
)
def test_reference_that_is_none_is_told_and_kept(client, practice, typed, says):
    sign_in(client, "scheduler")
    one = AppointmentRequestFactory()

    posted = {"move": "close", "seen_version": 1, "outcome": "duplicate", "duplicate_of": typed}
    page = client.post(page_of(one), posted)

    assert (page.status_code, says in text_of(page)) == (422, True)
    assert f'value="{typed}"' in html(page)


def test_reference_is_typed_in_any_usual_shape(client, practice):
    sign_in(client, "scheduler")
    one, other = AppointmentRequestFactory(), AppointmentRequestFactory()
    typed = other.reference.removeprefix("APM-").replace("-", " ").lower()

    client.post(page_of(one), {"move": "close", "seen_version": 1, "outcome": "duplicate", "duplicate_of": typed})

    one.refresh_from_db()
    assert one.duplicate_of == other


def furnish(appointment_request, by):
    moves.add_note(appointment_request.public_id, text=f"Note of {appointment_request.pk}", by=by)
    moves.log_call(appointment_request.public_id, result="no-answer", note=f"Call of {appointment_request.pk}", by=by)
    appointment_request.patient_files.create(name=f"file-{appointment_request.pk}.pdf", kind="pdf", size_bytes=9)


def test_each_of_two_shows_notes_files_and_history_of_the_other_and_that_is_recorded(client, scheduler):
    one, other = AppointmentRequestFactory.create_batch(2)
    for appointment_request in (one, other):
        furnish(appointment_request, scheduler)
    close_as_duplicate(one, other, scheduler)
    sign_in(client, "scheduler")

    for shown, linked in ((one, other), (other, one)):
        ReadEvent.objects.all()._raw_delete("default")
        page = html(client.get(page_of(shown)))
        for words in (f"Note of {linked.pk}", f"Call of {linked.pk}", f"file-{linked.pk}.pdf"):
            assert words in page.partition("Also from this person")[2]
        assert set(ReadEvent.objects.values_list("appointment_request", flat=True)) == {one.pk, other.pk}


def test_more_duplicates_take_no_more_queries(client, scheduler, django_assert_max_num_queries):
    one, first, second, third = AppointmentRequestFactory.create_batch(4)
    sign_in(client, "scheduler")

    def link(other):
        furnish(other, UserFactory(group="scheduler"))
        close_as_duplicate(other, one, UserFactory(group="scheduler"))

    link(first)
    with django_assert_max_num_queries(99) as with_one:
        client.get(page_of(one))
    link(second)
    link(third)
    with django_assert_max_num_queries(99) as with_three:
        client.get(page_of(one))

    assert len(with_one) == len(with_three)
