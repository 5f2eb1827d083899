"""The page on which a version is read, compared, signed or sent back; the list of pages due; who sees what."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from procedures import previews
from procedures.canonical import document_hash
from procedures.models import Version
from procedures.services import publishing
from tests.factories import UserFactory
from tests.procedures import library, people

pytestmark = pytest.mark.django_db


def address(version, name="review"):
    return reverse(f"admin:procedures_version_{name}", args=[version.pk])


@pytest.fixture
def editor(practice):
    return people.editor()


@pytest.fixture
def clinician(client, practice):
    user = people.clinician()
    client.force_login(user)
    return user


@pytest.fixture
def in_review(editor, clinician):
    version = library.draft(author=editor)
    publishing.submit(version, editor)
    return version


def decide(client, version, name, **values):
    return client.post(address(version), {"action": name} | {f"{name}-{key}": value for key, value in values.items()})


def signature(version, **changes):
    day = timezone.localdate() + datetime.timedelta(days=200)
    return {"seen_hash": version.document_hash, "next_review": day.isoformat(), "has_read": "on"} | changes


def test_a_clinician_signs_on_the_page(client, in_review, clinician):
    response = decide(client, in_review, "sign", **signature(in_review))

    version = Version.objects.get()
    assert (response.status_code, version.status, version.signed_by) == (302, "approved", clinician)


def test_a_signature_without_reading_is_refused_and_keeps_the_day(client, in_review):
    values = signature(in_review)
    del values["has_read"]

    response = decide(client, in_review, "sign", **values)

    html = response.content.decode()
    assert (response.status_code, Version.objects.get().status) == (200, "in-review")
    assert "Tick this box once you have read the page." in html
    assert f'value="{values["next_review"]}"' in html


def test_a_page_is_sent_back_with_a_reason(client, in_review):
    decide(client, in_review, "send_back", note="Say who paid for the study.")

    version = Version.objects.get()
    assert (version.status, version.events.first().note) == ("draft", "Say who paid for the study.")


def test_sending_back_without_a_reason_is_refused(client, in_review):
    response = decide(client, in_review, "send_back", note=" ")

    assert "Say what to change." in response.content.decode()
    assert Version.objects.get().status == "in-review"


def test_an_editor_sees_no_signature_form_and_cannot_make_one(client, in_review, editor):
    client.force_login(editor)

    html = client.get(address(in_review)).content.decode()
    response = decide(client, in_review, "sign", **signature(in_review))

    assert 'value="sign"' not in html
    assert (response.status_code, Version.objects.get().status) == (403, "in-review")


def test_the_author_is_told_that_somebody_else_must_sign(client, editor, clinician):
    version = library.draft(author=clinician)
    publishing.submit(version, editor)

    html = client.get(address(version)).content.decode()
    decide(client, version, "sign", **signature(version))

    assert "Somebody else must sign it." in html
    assert 'value="sign"' not in html
    assert Version.objects.get().status == "in-review"


def test_the_signature_is_over_the_words_that_were_shown(client, in_review, editor):
    shown = signature(in_review)
    publishing.send_back(in_review, editor, "A word is wrong.")
    Version.objects.update(summary="Other words.[^trial]")
    publishing.submit(Version.objects.get(), editor)

    decide(client, in_review, "sign", **shown)

    assert Version.objects.get().status == "in-review"


def test_the_page_shows_what_is_new_side_by_side(client, editor, clinician):
    version = library.approved()
    draft = publishing.new_draft(version, editor)
    draft.risk_rows.update(text="Bleeding and infection.[^trial]")
    publishing.submit(draft, editor)

    html = client.get(address(draft)).content.decode()

    assert "<del>Bleeding.[^trial]</del>" in html
    assert "<ins>Bleeding and infection.[^trial]</ins>" in html


@pytest.mark.parametrize("number", ["1", "99", "x", "9" * 40, "²"])
def test_any_number_to_compare_with_gives_a_page(client, editor, clinician, number):
    draft = publishing.new_draft(library.approved(), editor)

    assert client.get(address(draft), {"with": number}).status_code == 200


def test_dates_of_a_signed_page_are_changed_with_their_zone_shown(client, editor):
    version = library.approved()
    client.force_login(editor)

    html = client.get(address(version)).content.decode()
    decide(
        client, version, "schedule",
        live_from_0="2027-01-01", live_from_1="08:00:00", live_until_0="2027-02-01", live_until_1="08:00:00",
    )  # fmt: skip

    version.refresh_from_db()
    assert "America/New_York" in html
    assert version.live_from == datetime.datetime(2027, 1, 1, 13, tzinfo=datetime.UTC)
    assert version.live_until == datetime.datetime(2027, 2, 1, 13, tzinfo=datetime.UTC)


def test_dates_the_wrong_way_round_are_refused(client, editor):
    version = library.approved()
    client.force_login(editor)

    response = decide(
        client, version, "schedule",
        live_from_0="2027-02-01", live_from_1="08:00:00", live_until_0="2027-01-01", live_until_1="08:00:00",
    )  # fmt: skip

    assert "must be later" in response.content.decode()
    assert Version.objects.get().live_until is None


@pytest.mark.parametrize("name", ["submit", "nonsense", ""])
def test_only_forms_of_the_page_are_taken(client, in_review, name):
    assert decide(client, in_review, name).status_code == 403


@pytest.mark.parametrize("who", [UserFactory, lambda: people.member("scheduler")])
def test_others_see_no_review(client, in_review, who):
    client.force_login(who())

    assert client.get(address(in_review)).status_code == 403
    assert client.get(address(in_review, "preview")).status_code == 403


def test_withdrawing_needs_one_clinician(client, clinician):
    version = library.approved()

    response = client.post(address(version, "withdraw"))

    assert (response.status_code, Version.objects.get().status) == (302, "withdrawn")


# The list


def due_on(slug, days):
    version = library.approved(slug)
    today = timezone.localdate()
    Version.objects.filter(pk=version.pk).update(
        reviewed_on=today - datetime.timedelta(days=400), next_review=today + datetime.timedelta(days=days)
    )
    return version


@pytest.mark.parametrize(
    ("chosen", "found"), [("0", ["late"]), ("30", ["late", "soon"]), ("90", ["late", "later", "soon"]), ("x", None)]
)
def test_pages_due(client, editor, chosen, found):
    client.force_login(editor)
    for slug, days in (("late", -1), ("soon", 20), ("later", 80), ("far", 300)):
        due_on(slug, days)

    page = client.get(reverse("admin:procedures_version_changelist"), {"due": chosen})

    listed = sorted(version.article.slug for version in page.context["cl"].queryset) if found else None
    assert listed == found


def test_the_first_page_says_what_waits(client, editor, in_review):
    client.force_login(editor)
    due_on("late", -1)
    due_on("soon", 20)

    html = client.get(reverse("admin:index")).content.decode()

    assert "1 page waits for a signature" in html
    assert "1 page is due for its check now" in html
    assert "1 page is due within 90 days" in html


def test_the_first_page_of_the_desk_says_nothing_of_pages(client, in_review):
    client.force_login(people.member("scheduler"))

    assert "waits for a signature" not in client.get(reverse("admin:index")).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_review_takes_as_many_queries_for_many_rows(client, in_review, django_assert_num_queries, count):
    for _ in range(count):
        publishing.record(in_review, "edited", in_review.author)

    with django_assert_num_queries(16):
        client.get(address(in_review))


def test_a_page_frozen_in_an_older_format_is_read_compared_and_copied(client, editor):
    version = library.sample()
    document = version.document | {"format": 1}
    del document["done_here"]
    document["pictures"] = [{**row, "picture": row["drawing"]} for row in document["pictures"]]
    for row in document["pictures"]:
        del row["drawing"]
    Version.objects.update(document=document, document_hash=document_hash(document))
    client.force_login(editor)
    draft = publishing.new_draft(version, editor)

    for name in ("change", "review", "preview"):
        assert client.get(address(version, name)).status_code in (200, 302), name
    assert client.get(previews.path_of(version)).status_code == 200
    assert client.get(address(draft), {"with": "1"}).context["differences"] == []
