"""A flood is put aside, not away; and limits are exact over processes (P44)."""

import multiprocessing

import pytest
from django.db import connections

from appointments.models import RateCount
from appointments.services import rates

PROCESSES, HITS, LIMIT = 8, 200, 20


def read_then_write(what, who, *, seconds):
    """What `rates.count` would be without its update in one step."""
    row, _ = RateCount.objects.get_or_create(key=what, window_start="1970-01-01T00:00Z")
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
    context = multiprocessing.get_context("fork")
    barrier, counted = context.Barrier(PROCESSES), context.SimpleQueue()
    connections.close_all()  # nothing open may be shared with the children
    processes = [context.Process(target=hit_from_a_process, args=(count, barrier, counted)) for _ in range(PROCESSES)]
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
