import datetime
import uuid
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from appointments import steps
from appointments.models import AppointmentRequest, RequestDraft
from appointments.services import draft as drafts
from appointments.services.request import receive
from tests.answers import ANSWERS, WORDS, answers_with, filled_draft

pytestmark = pytest.mark.django_db


def test_a_draft_is_found_by_its_own_secret_only():
    draft, secret = drafts.begin("mild")
    other, other_secret = drafts.begin()

    assert drafts.find(draft.public_id, secret) == draft
    assert drafts.find(draft.public_id, other_secret) is None
    assert drafts.find(other.public_id, secret) is None
    assert drafts.find(uuid.uuid4(), secret) is None
    assert drafts.find(draft.public_id, "") is None
    assert drafts.find(draft.public_id, "\ud800") is None


def test_a_secret_has_256_bits_and_is_not_stored():
    draft, secret = drafts.begin()

    assert len(secret) == 43  # 32 bytes in base64
    assert secret not in str(RequestDraft.objects.filter(pk=draft.pk).values().get())


@pytest.mark.parametrize("slug", ["mild", "lumbar-spinal-stenosis"])
def test_a_draft_remembers_the_article(slug):
    assert drafts.begin(slug)[0].source_slug == slug


@pytest.mark.parametrize("slug", ["", "../x", "<script>", "a b", "a\x00", "é", "a" * 51, "Walter Probeman"])
def test_a_draft_remembers_nothing_but_a_slug(slug):
    assert drafts.begin(slug)[0].source_slug == ""


def test_answers_are_encrypted_at_rest():  # P31
    draft, _ = filled_draft()

    with connection.cursor() as cursor:
        cursor.execute("SELECT answers FROM appointments_requestdraft WHERE id = %s", [draft.pk])
        stored = cursor.fetchone()[0]
    assert [word for word in WORDS if word in stored] == []


def test_keeping_a_step_leaves_the_others_and_prolongs(time_machine):
    time_machine.move_to(datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC), tick=False)
    draft, secret = filled_draft()
    time_machine.move_to(datetime.datetime(2026, 11, 27, 12, tzinfo=datetime.UTC), tick=False)

    drafts.keep(draft, "urgent", {"signs": ["yes"]})

    kept = drafts.find(draft.public_id, secret)
    assert kept.answers == ANSWERS | {"urgent": {"signs": ["yes"]}}
    assert kept.expires_at == datetime.datetime(2026, 12, 4, 12, tzinfo=datetime.UTC)


def test_two_tabs_that_read_the_same_draft_do_not_undo_each_other():  # P6
    first_tab, secret = filled_draft()
    second_tab = drafts.find(first_tab.public_id, secret)
    assert second_tab.answers["urgent"] == {"signs": ["no"]}

    drafts.keep(first_tab, "reach", {"phone": ["one"]})
    drafts.keep(second_tab, "visit", {"reason": ["two"]})

    kept = drafts.find(first_tab.public_id, secret).answers
    assert (kept["reach"], kept["visit"]) == ({"phone": ["one"]}, {"reason": ["two"]})


def test_a_sent_draft_keeps_nothing_more(practice):
    draft, secret = filled_draft()
    receive(drafts.find(draft.public_id, secret))

    with pytest.raises(drafts.AlreadySentError):
        drafts.keep(draft, "you", {"first_name": ["Ana"]})

    assert drafts.find(draft.public_id, secret).answers == {}


def test_an_expired_draft_opens_for_nobody(time_machine):
    time_machine.move_to(datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC), tick=False)
    draft, secret = filled_draft()

    time_machine.move_to(datetime.datetime(2026, 11, 28, 12, tzinfo=datetime.UTC), tick=False)

    assert drafts.find(draft.public_id, secret) is None


def test_the_first_unanswered_step_is_found():
    draft, _ = drafts.begin()
    assert steps.first_unanswered(draft) == "urgent"
    assert steps.first_unanswered(draft, before="urgent") is None

    draft, _ = filled_draft(answers_with("reach", phone="813"))
    assert steps.first_unanswered(draft) == "reach"
    assert steps.first_unanswered(draft, before="reach") is None

    assert steps.first_unanswered(filled_draft()[0]) is None


def test_a_day_that_has_passed_meanwhile_is_asked_again(time_machine):
    time_machine.move_to(datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC), tick=False)
    tomorrow = {"earliest_on_month": "11", "earliest_on_day": "22", "earliest_on_year": "2026"}
    draft, _ = filled_draft(answers_with("visit", **tomorrow))
    assert steps.first_unanswered(draft) is None

    time_machine.move_to(datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC), tick=False)

    assert steps.first_unanswered(draft) == "visit"


def test_a_fingerprint_changes_with_the_answers_and_with_nothing_else():
    draft, secret = filled_draft()
    before = steps.fingerprint(draft)

    assert steps.fingerprint(drafts.find(draft.public_id, secret)) == before
    assert steps.fingerprint(drafts.keep(draft, "urgent", {"signs": ["yes"]})) != before


def test_purging_counts_first_and_deletes_only_expired_drafts(practice):
    fresh, _ = filled_draft()
    old, _ = filled_draft()
    sent, _ = filled_draft()
    appointment_request = receive(sent)
    past = timezone.now() - datetime.timedelta(seconds=1)
    RequestDraft.objects.filter(pk__in=[old.pk, sent.pk]).update(expires_at=past)

    said = StringIO()
    call_command("purge_expired", stdout=said)
    assert "Expired forms that --apply deletes: 2\n" in said.getvalue()
    assert RequestDraft.objects.count() == 3

    said = StringIO()
    call_command("purge_expired", "--apply", stdout=said)
    assert "Expired forms deleted: 2\n" in said.getvalue()
    assert list(RequestDraft.objects.all()) == [fresh]
    assert list(AppointmentRequest.objects.all()) == [appointment_request]
