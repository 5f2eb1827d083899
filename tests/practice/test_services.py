import datetime

import pytest
import time_machine

from practice.models import Closure, Location
from practice.services import card_path, current_practice, is_open, read_card, reply_promise, write_card
from tests.factories import LocationFactory

pytestmark = pytest.mark.django_db

FRIDAY_NOON = datetime.datetime(2026, 11, 20, 17, 0, tzinfo=datetime.UTC)


@time_machine.travel(FRIDAY_NOON)
def test_current_practice_knows_hours_and_closures(practice):
    Closure.objects.create(starts_on="2026-11-23", ends_on="2026-11-23", reason="Closed for a course")
    Closure.objects.create(starts_on="2026-12-30", ends_on="2026-12-30", reason="Far away")
    Closure.objects.create(starts_on="2026-11-02", ends_on="2026-11-03", reason="Over")

    found = current_practice()

    assert found.hours_lines == ["Mon to Fri, 8 a.m. to 5 p.m."]
    assert [str(closure) for closure in found.upcoming_closures] == ["Closed for a course"]
    assert reply_promise().isoformat() == "2026-11-24T17:00:00-05:00"


@time_machine.travel(FRIDAY_NOON)
def test_a_closure_of_another_office_moves_no_promise(practice):
    other = LocationFactory(slug="other", order=9)
    Closure.objects.create(location=other, starts_on="2026-11-23", ends_on="2026-11-23", reason="Elsewhere")

    assert reply_promise().date() == datetime.date(2026, 11, 23)


def test_current_practice_takes_four_queries(practice, django_assert_num_queries):
    for number in range(3):
        LocationFactory(slug=f"office-{number}", hours=True, order=number + 1)

    with django_assert_num_queries(4):
        current_practice()


def test_current_practice_without_any_row(db):
    found = current_practice()

    assert (found.main_location, found.hours_lines) == (None, [])


def test_card_holds_what_error_pages_need(practice):
    write_card()

    assert read_card() == {
        "name": "Sample Pain Practice",
        "phone_display": "813-555-0100",
        "phone_uri": "tel:+18135550100",
        "hours_lines": ["Mon to Fri, 8 a.m. to 5 p.m."],
        "closures": [],
    }


def test_card_tells_closures_while_they_are_near(practice):
    storm = Closure.objects.create(starts_on="2026-12-10", ends_on="2026-12-11", reason="Closed for the storm.")
    with time_machine.travel(FRIDAY_NOON):
        write_card()

    def told_on(day):
        with time_machine.travel(datetime.datetime(2026, *day, 17, tzinfo=datetime.UTC)):
            return [closure["reason"] for closure in read_card()["closures"]]

    assert [told_on(day) for day in ((11, 25), (11, 26), (12, 11), (12, 12))] == [
        [],
        [storm.reason],
        [storm.reason],
        [],
    ]


@pytest.mark.parametrize("damage", ["", "{half", "[]", '{"closures": [{}]}', '{"closures": 3}', None])
def test_reading_a_damaged_card_gives_nothing_and_no_error(practice, damage):
    card_path().unlink(missing_ok=True)
    if damage is not None:
        card_path().write_text(damage)

    assert read_card() == {}


def test_main_office_is_the_first(practice):
    LocationFactory(slug="first", name="First", order=0)
    Location.objects.filter(slug="main-office").update(order=1)

    assert current_practice().main_location.name == "First"


def test_an_office_without_hours_counts_as_open(practice):
    assert is_open(LocationFactory(slug="new", hours=False), FRIDAY_NOON)
