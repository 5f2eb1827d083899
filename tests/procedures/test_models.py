import datetime

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from procedures.models import Regulator, Version
from tests.procedures import library

pytestmark = pytest.mark.django_db


def live(samples=True, at=None):
    return list(Version.objects.current(samples=samples, at=at))


def test_a_signed_version_outranks_a_newer_sample():
    signed = library.approved()
    library.sample()

    assert live() == [signed]


def test_the_newest_version_is_the_live_one():
    library.sample()
    newer = library.sample()

    assert live() == [newer]


def test_samples_are_not_live_while_the_switch_is_off():
    library.sample()
    signed = library.approved("other")

    assert live(samples=False) == [signed]


def test_a_version_is_live_from_its_moment_until_its_end():
    version = library.approved()
    now = timezone.now()
    version.live_from, version.live_until = now, now + datetime.timedelta(days=1)
    version.save()

    hour = datetime.timedelta(hours=1)
    moments = [now - hour, now, now + hour, version.live_until]
    assert [live(at=at) == [version] for at in moments] == [False, True, True, False]


def test_drafts_are_not_live():
    library.draft()

    assert live() == []


def test_byline_names_who_checked_these_words():
    byline = library.approved().byline

    assert (byline.reviewer, byline.is_overdue) == ("Elena Sample, MD", False)


def test_one_changed_word_takes_the_byline():
    version = library.approved()

    version.document["risks"][0]["text"] = "None at all."

    assert version.byline is None


def test_a_sample_has_no_byline():
    assert library.sample().byline is None


@pytest.mark.parametrize(("days", "overdue"), [(0, False), (1, True)])
def test_byline_is_overdue_after_its_day(days, overdue):
    byline = library.approved().byline
    day = byline.next_review + datetime.timedelta(days=days)

    with time_machine.travel(datetime.datetime.combine(day, datetime.time(17), datetime.UTC)):
        assert byline.is_overdue is overdue


@pytest.mark.parametrize("field", ["reviewer", "reviewed_on", "next_review", "document"])
def test_the_database_refuses_an_approval_without(field):
    version = library.approved()
    setattr(version, field, None)

    with pytest.raises(IntegrityError), transaction.atomic():
        version.save()


def test_the_database_refuses_a_cleared_device_as_approved():
    row = library.draft().regulator_rows.get()

    with pytest.raises(IntegrityError), transaction.atomic():
        Regulator.objects.filter(pk=row.pk).update(status="approved")
