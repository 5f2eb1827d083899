"""A flood is put aside, not away; and limits are exact over processes (P44)."""

import logging
import multiprocessing
import threading

import pytest
from django.db import connections
from django.db.models import Q
from django.test import Client

from appointments.models import AppointmentRequest, RateCount, StatusEvent
from appointments.services import draft as drafts
from appointments.services import moves, rates, spam
from appointments.services.request import receive
from appointments.steps import fingerprint
from outbox.models import Message
from tests.answers import answers_with, filled_draft
from tests.appointments.desk import LIST, page_of, sign_in
from tests.factories import RoutingRuleFactory, UserFactory

FLOOD = 500
BOT_WORDS = "Qwordflood: we have what you need, cheap and fast, all over the world and also in your town"
BOTS, PERSON, NEIGHBOUR = "203.0.113.66", "203.0.113.77", "198.51.100.9"
PROCESSES, HITS, LIMIT = 8, 200, 20
fork = multiprocessing.get_context("fork")
all_have_read = fork.Barrier(PROCESSES, timeout=60)


def read_then_write(what, who, *, seconds):
    """What `rates.count` would be without its update in one step."""
    row, _ = RateCount.objects.get_or_create(key=what, window_start="1970-01-01T00:00Z")
    all_have_read.wait()
    RateCount.objects.filter(pk=row.pk).update(count=row.count + 1)
    return row.count + 1


def hit_from_a_process(count, barrier, counted):
    # The connections belong to the parent: a child that closed them would end them for both.
    for connection in connections.all(initialized_only=True):
        del connections[connection.alias]
    barrier.wait()
    counted.put([count("code", "203.0.113.0/24", seconds=24 * 3600) for _ in range(HITS // PROCESSES)])


def under_the_limit(count):
    """How many of 200 hits from 8 processes, released together, are told that they are within the limit."""
    barrier, counted = fork.Barrier(PROCESSES), fork.SimpleQueue()
    connections.close_all()  # nothing open may be shared with the children
    processes = [fork.Process(target=hit_from_a_process, args=(count, barrier, counted)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    answers = [number for _ in processes for number in counted.get()]
    for process in processes:
        process.join()
    assert len(answers) == HITS
    return sum(number <= LIMIT for number in answers)


@pytest.mark.django_db(transaction=True)
def test_a_limit_of_20_lets_20_of_200_through(time_machine):  # P44
    time_machine.move_to("2026-11-30T12:00:00-05:00", tick=False)  # not over midnight, where a new window begins

    assert under_the_limit(rates.count) == LIMIT
    assert RateCount.objects.get().count == HITS


@pytest.mark.django_db(transaction=True)
def test_reading_and_then_writing_lets_more_through():  # P44, negative control
    assert under_the_limit(read_then_write) > LIMIT
    assert RateCount.objects.get().count < HITS


@pytest.fixture
def desk(practice):
    scheduler = UserFactory(group="scheduler")
    RoutingRuleFactory(everyone=True).staff.add(scheduler)
    return scheduler


def press_send(answers, address):
    """The last click of a form that was filled in with `answers`, from `address`; the answer."""
    draft, secret = drafts.begin()
    draft.answers = answers
    draft.save()
    values = {"draft_secret": secret, "seen": fingerprint(draft)}
    return Client().post(f"/appointments/request/{draft.public_id}/check/", values, REMOTE_ADDR=address)


def flood(number):
    return answers_with("visit", reason=f"{BOT_WORDS} {number}")


def person(name):
    return answers_with("you", first_name=name) | {"reach": answers_with("reach", email=f"{name}@example.org")["reach"]}


def request_of(name):
    return next(row for row in AppointmentRequest.objects.all() if row.first_name == name)


@pytest.mark.django_db
def test_the_person_inside_the_flood_is_found(client, desk, caplog, time_machine):  # P44
    time_machine.move_to("2026-11-30T12:00:00-05:00", tick=False)  # not over the hour, where a new window begins
    caplog.set_level(logging.INFO)
    statuses = [press_send(flood(number), BOTS).status_code for number in range(FLOOD // 2)]
    # One sends from the same network as the flood, one from elsewhere.
    statuses.append(press_send(person("Rosa"), PERSON).status_code)
    statuses.append(press_send(person("Ana"), NEIGHBOUR).status_code)
    statuses += [press_send(flood(number), BOTS).status_code for number in range(FLOOD // 2)]

    assert statuses == [303] * (FLOOD + 2)  # nobody is sent away, and never a 429
    assert AppointmentRequest.objects.count() == FLOOD + 2
    assert request_of("Ana").status == "received"
    in_queue = AppointmentRequest.objects.exclude(status="quarantined")
    assert in_queue.count() == spam.SAME_TEXT_PER_DAY + 1
    assert set(Message.objects.values_list("about", flat=True)) == {row.reference for row in in_queue}
    kept = " ".join(map(str, RateCount.objects.values_list())) + caplog.text
    assert [word for word in ("Qword", "Rosa", "Walter", "203.0.113", "198.51.100") if word in kept] == []

    rosa = request_of("Rosa")
    assert rosa.status == "quarantined"
    sign_in(client, "scheduler")
    pages = [client.get(LIST, {"show": "quarantine", "p": number}).content.decode() for number in range(1, 11)]
    assert sum(page.count("Rosa Probeman") for page in pages) == 1
    assert client.post(page_of(rosa), {"move": "release", "seen_version": "1"}).status_code == 302

    assert "Rosa Probeman" in client.get(LIST).content.decode()
    kinds = Message.objects.filter(about=rosa.reference).values_list("kind", flat=True)
    assert sorted(kinds) == ["acknowledgement", "staff-notice"]


def release_together(appointment_request, users):
    """All press "Not spam" at once on a page made before; what each was told."""
    barrier, told = threading.Barrier(len(users), timeout=30), []

    def press(user):
        try:
            barrier.wait()
            moves.move(appointment_request.public_id, "release", seen_version=1, by=user)
            told.append("done")
        except moves.Stale:
            told.append("told")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press, args=[user]) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(told)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("guarded", "told", "events"),
    [(True, ["done", "told"], 2), (False, ["done", "done"], 3)],
    ids=["guarded", "negative control"],
)
def test_released_by_two_its_messages_leave_once(desk, monkeypatch, guarded, told, events):
    if not guarded:  # then the dedupe keys alone hold
        monkeypatch.setattr(moves, "_as_seen", lambda seen_version, sources: Q())
    aside = receive(filled_draft()[0], post=spam.Post("203.0.113.0/24", hidden="x"))
    assert Message.objects.count() == 0

    assert release_together(aside, [desk, UserFactory(group="supervisor")]) == told

    assert (StatusEvent.objects.count(), Message.objects.count()) == (events, 2)
