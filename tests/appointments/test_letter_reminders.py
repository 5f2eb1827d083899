"""Coordinators hear once of a letter that should have left."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appointments.models import ReferralUpdate
from appointments.services import letter_reminders
from outbox.models import Message
from outbox.render import render
from tests.factories import ReferralUpdateFactory, UserFactory

HOUR = datetime.timedelta(hours=1)


@pytest.fixture
def coordinator(practice):
    return UserFactory(group="referral coordinator")


def late(**values):
    return ReferralUpdateFactory(due_at=timezone.now() - HOUR, **values)


def reminded():
    letter_reminders.remind()
    return [message.to for message in Message.objects.order_by("pk")]


def test_each_coordinator_hears_once_of_each_letter(coordinator):
    other = UserFactory(group="referral coordinator")
    update = late()

    first = reminded()
    late(referral=update.referral, kind="booked")
    reminded()

    assert sorted(first) == sorted([coordinator.email, other.email])
    assert sorted(reminded()) == sorted([coordinator.email, other.email] * 2)


@pytest.mark.parametrize("status", ReferralUpdate.Status)
def test_what_has_not_left_is_late(coordinator, status):
    update = late(confirmed=True)
    ReferralUpdate.objects.filter(pk=update.pk).update(status=status, failure="busy")

    assert bool(reminded()) == (status in ("due", "prepared", "approved", "failed"))


def test_nobody_hears_of_a_letter_before_it_is_due(coordinator):
    ReferralUpdateFactory(due_at=timezone.now() + HOUR)
    ReferralUpdateFactory(due_at=None)

    assert reminded() == []


@pytest.mark.parametrize(("source", "may", "owed"), [
    ("office", None, True), ("office", True, True), ("office", False, False),
    ("patient", None, False), ("patient", True, True), ("patient", False, False),
])  # fmt: skip
def test_no_letter_is_owed_that_the_patient_does_not_allow(coordinator, source, may, owed):
    late(referral__source=source, referral__appointment_request__may_contact_referrer=may)

    assert bool(reminded()) == owed


def test_supervisors_hear_where_there_is_no_coordinator(practice):
    supervisor = UserFactory(group="supervisor")
    late()

    assert reminded() == [supervisor.email]


def test_mail_names_nobody(coordinator):  # P16
    update = late(kind="no-show", referral__appointment_request__first_name="Canaryname")
    reminded()

    mail = render(Message.objects.get())

    told = f"{mail.subject} {mail.body}"
    assert f"/admin/appointments/referral/{update.referral_id}/change/" in told
    assert update.referral.appointment_request.reference in told
    assert [word for word in ("Canaryname", "Demo", "Pattern", "no-show", "come") if word in told] == []


def test_looking_again_takes_as_many_queries_for_3_as_for_1(coordinator):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            letter_reminders.remind()
        return len(captured)

    late()
    letter_reminders.remind()
    with_one = queries()
    late()
    late()
    letter_reminders.remind()

    assert queries() == with_one
