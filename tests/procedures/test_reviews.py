import datetime
import io

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone

from outbox.models import Message
from outbox.render import render
from procedures.models import Version
from procedures.services import publishing, reviews
from tests.factories import UserFactory
from tests.procedures import library, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(practice):
    return people.editor()


@pytest.fixture
def page(practice):
    return library.approved()


def in_days(version, days):
    """The clock at a moment `days` before the next check of `version`."""
    day = version.next_review - datetime.timedelta(days=days)
    return time_machine.travel(datetime.datetime.combine(day, datetime.time(17), tzinfo=datetime.UTC))


def steps():
    return sorted(message.dedupe_key.split(":")[3] for message in Message.objects.all())


@pytest.mark.parametrize(
    ("days", "told"), [(91, []), (90, ["90"]), (45, ["90"]), (30, ["30"]), (1, ["30"]), (0, ["0"]), (-50, ["0"])]
)
def test_editors_are_told_90_30_and_0_days_ahead(editor, page, days, told):
    with in_days(page, days):
        reviews.remind()

    assert steps() == told


def test_nobody_is_told_twice_of_a_step(editor, page):
    for days in (90, 89, 60, 30, 29, 5, 0, -1, -2):
        with in_days(page, days):
            reviews.remind()

    assert steps() == ["0", "30", "90"]


def test_every_editor_with_an_address_is_told(editor, page):
    people.editor(email="second@example.org")
    people.editor(email="")
    people.editor(email="gone@example.org", is_active=False)
    UserFactory(email="desk@example.org")

    with in_days(page, 0):
        reviews.remind()

    assert sorted(message.to for message in Message.objects.all()) == sorted([editor.email, "second@example.org"])


def test_the_mail_names_the_day_and_leads_to_the_page(editor, page):
    with in_days(page, 30):
        reviews.remind()

    mail = render(Message.objects.get())
    assert f"/admin/procedures/version/{page.pk}/change/" in mail.body
    assert page.next_review.strftime("%B") in mail.body
    assert "MILD" not in mail.subject + mail.body


@pytest.mark.parametrize("change", ["sample", "withdrawn", "newer"])
def test_pages_that_readers_do_not_see_are_not_due(editor, practice, change):
    page = library.sample() if change == "sample" else library.approved()
    if change == "withdrawn":
        publishing.withdraw(page.article)
    if change == "newer":
        newer = library.approved()
        Version.objects.filter(pk=newer.pk).update(next_review=timezone.localdate() + datetime.timedelta(days=900))

    with time_machine.travel(timezone.now() + datetime.timedelta(days=400)):
        assert list(reviews.due()) == []


def test_the_command_counts(editor, page):
    out = io.StringIO()

    call_command("remind_reviews", stdout=out)

    assert out.getvalue() == "Due within 90 days: 0. Changed since signed: 0.\n"
    assert not Message.objects.exists()


def test_editors_are_told_once_of_a_page_changed_since_it_was_signed(editor, page):
    for title in ("Changed by hand", "Changed by hand", "Changed again"):
        Version.objects.filter(pk=page.pk).update(document=page.document | {"title": title})
        call_command("remind_reviews", stdout=io.StringIO())

    assert [(message.kind, message.to) for message in Message.objects.all()] == [("page-changed", editor.email)] * 2
    assert f"/admin/procedures/version/{page.pk}/change/" in render(Message.objects.first()).body


@pytest.mark.parametrize("count", [1, 3])
def test_due_takes_one_query_for_many_pages(practice, django_assert_num_queries, count):
    for number in range(count):
        library.approved(f"page-{number}")

    with django_assert_num_queries(1):
        assert len({str(version.reviewer) + version.article.slug for version in reviews.due(400)}) == count
