"""No path makes a live page without a valid signature: any staff, any order of steps, also by hand-made posts."""

import datetime
import itertools
from contextlib import contextmanager

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from practice.models import Practice
from procedures.admin.review import ACTIONS
from procedures.canonical import document_hash
from procedures.models import Version
from tests.factories import PracticeFactory
from tests.procedures import library, people

GROUPS = ("editor", "clinician", "clinician who edits", "scheduler", "owner", "auditor")
STEPS = (*ACTIONS, "edit", "start_draft", "samples on", "samples off")


def staff():
    """One account for each kind of person; the second clinician is an editor too."""
    people_ = {name: people.member(name) for name in ("editor", "scheduler", "owner", "auditor")}
    people_["clinician"] = people.clinician("elena-sample")
    both = people_["clinician who edits"] = people.clinician("marcus-sample")
    both.groups.add(people_["editor"].groups.get())
    return people_


def press(client, version, step, signed_hash):
    """One post as a browser, or somebody with a tool, would send it."""
    base = f"admin:procedures_version_{step}"
    if step == "start_draft":
        return client.post(reverse("admin:procedures_article_start_draft", args=[version.article_id]))
    if step in ("sign", "send_back", "schedule"):
        now = timezone.localtime()
        day = (now + datetime.timedelta(days=90)).date().isoformat()
        values = {
            "sign-seen_hash": signed_hash, "sign-next_review": day, "sign-has_read": "on", "send_back-note": "No.",
            "schedule-live_from_0": now.date().isoformat(), "schedule-live_from_1": "00:00:00",
        }  # fmt: skip
        return client.post(reverse("admin:procedures_version_review", args=[version.pk]), values | {"action": step})
    if step == "edit":
        url = reverse("admin:procedures_version_change", args=[version.pk])
        page = client.get(url)
        known = people.typed(page) if page.status_code == 200 and page.context.get("adminform") else {}
        return client.post(url, known | {"title": "Changed", "status": "approved", "document_hash": "x"})
    return client.post(reverse(base, args=[version.pk]))


def check():
    for version in Version.objects.live(samples=False):
        assert None not in (version.reviewer_id, version.signed_by_id)
        assert version.next_review > version.reviewed_on
        assert version.signed_by_id != version.author_id
        assert version.events.filter(kind__in=("created", "edited"), by=version.signed_by_id).count() == 0
        assert document_hash(version.document) == version.document_hash
        assert version.byline is not None
        assert version.signed_by.has_perm("procedures.sign_version")
    shown = Version.objects.live(samples=True).exclude(status="approved")
    assert {version.status for version in shown} <= {"sample"}
    assert Practice.objects.get().sample_content or not Version.objects.filter(status="sample").exists()


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(GROUPS), st.sampled_from(STEPS), st.integers(0, 3)), max_size=14))
def test_no_order_of_steps_makes_a_live_page_without_a_signature(transactional_rows, steps):
    with transactional_rows() as accounts:
        library.draft(author=accounts["editor"])
        for who, step, which in steps:
            take(accounts[who], step, which)
            check()


def take(user, step, which):
    if step in ("samples on", "samples off"):
        practice = Practice.objects.get()
        practice.sample_content = step == "samples on"
        practice.save()
    else:
        client = Client()
        client.force_login(user)
        versions = list(Version.objects.order_by("pk"))
        version = versions[which % len(versions)]
        press(client, version, step, version.document_hash)


@pytest.fixture
def transactional_rows(db):
    """Rows of one example, gone before the next one begins."""

    @contextmanager
    def rows():
        with transaction.atomic():
            PracticeFactory()
            yield staff()
            transaction.set_rollback(True)

    return rows


@contextmanager
def taken_back(user, step):
    """A step, and afterwards everything as it was before."""
    with transaction.atomic():
        take(user, step, 0)
        yield
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_whoever_writes_sends_and_signs(transactional_rows):
    """Every three of four people, one after the other: live only if the last is a clinician who wrote nothing."""
    live, four = set(), ("editor", "clinician", "clinician who edits", "scheduler")
    with transactional_rows() as accounts:
        library.draft()
        for writer in four:
            with taken_back(accounts[writer], "edit"):
                for sender in four:
                    with taken_back(accounts[sender], "submit"):
                        for signer in four:
                            with taken_back(accounts[signer], "sign"):
                                check()
                                if Version.objects.live(samples=False).exists():
                                    live.add((writer, sender, signer))

    senders, signers = {"editor", "clinician who edits"}, {"clinician", "clinician who edits"}
    wrote_and_signs = {("clinician who edits", sender, "clinician who edits") for sender in senders}
    assert live == set(itertools.product(four, senders, signers)) - wrote_and_signs
