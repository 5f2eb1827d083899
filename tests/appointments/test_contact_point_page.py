"""The page of one contact point in the admin."""

import datetime
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appointments.models import Challenge, ContactPoint, ContactPointEvent
from appointments.services import contact_points
from tests.appointments.desk import sign_in
from tests.appointments.test_directory import page_of, text_of
from tests.appointments.test_request_views import NASTY
from tests.factories import ContactPointFactory, ReferralFactory, ReferringPracticeFactory

LIST = "/admin/appointments/contactpoint/"
DAY = datetime.timedelta(days=1)
CALL = {"call": 1, "called": "813-555-0177", "found_at": "Their website"}


@pytest.fixture
def coordinator(client, practice):
    return sign_in(client, "referral coordinator")


def press(client, contact_point, **data):
    return client.post(page_of(contact_point), {"seen_version": contact_point.version} | data)


def is_verified(contact_point):
    contact_point.refresh_from_db()
    return contact_point.is_verified(timezone.now())


# Adding


def test_a_fax_is_added_to_its_practice(client, coordinator):
    practice = ReferringPracticeFactory()

    response = client.post(f"{LIST}add/?practice={practice.pk}", {"kind": "fax", "value": "(813) 555-0150"})

    fax = practice.contact_points.get()
    assert (response["Location"], fax.value, is_verified(fax)) == (page_of(fax), "+18135550150", False)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"kind": "fax", "value": "813-555-01"}, "2 digits are missing."),
        ({"kind": "fax", "value": ""}, "This is needed."),
        ({"kind": "fax", "value": "813-555-0199"}, "This practice has this number or address already."),
        ({"kind": "x", "value": "813-555-0150"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_added_is_told_and_kept(client, coordinator, typed, sentence):
    there = ContactPointFactory(value="+18135550199")

    response = client.post(f"{LIST}add/?practice={there.practice_id}", typed)

    assert (response.status_code, sentence in text_of(response)) == (422, True)
    assert f'value="{typed["value"]}"' in response.content.decode() or not typed["value"]
    assert ContactPoint.objects.count() == 1


def test_no_list_leads_to_a_contact_point_without_a_practice(client, coordinator):
    pages = [client.get(address).content.decode() for address in (LIST, "/admin/")]

    assert [f"{LIST}add/" in page for page in pages] == [False, False]


@pytest.mark.parametrize("practice_id", ["", "0", "x", "999", "9" * 30, "²"])
def test_a_contact_point_belongs_to_a_practice_that_is_there(client, coordinator, practice_id):
    assert client.get(f"{LIST}add/", {"practice": practice_id}).status_code == 404


# Verifying


def test_a_call_back_verifies(client, coordinator):
    fax = ContactPointFactory()

    press(client, fax, **CALL)

    assert (is_verified(fax), fax.verified_by) == (True, coordinator)
    page = text_of(client.get(page_of(fax)))
    assert re.search(r"Dana Demo : Verified · 813-555-0150 · Called back on a number that we found ourselves", page)
    assert "813-555-0177: Their website" in page


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"called": "813"}, "Write the number that you called: 10 digits."),
        ({"called": ""}, "This is needed."),
        ({"found_at": ""}, "This is needed."),
        ({"called": "813-555-0150"}, "That is the fax itself. Call the office by phone."),
        ({"called": "813-555-0188"}, "This number stands on a referral. Call a number that you found somewhere else."),
    ],
)
def test_a_call_that_proves_nothing_is_told_and_kept(client, coordinator, changes, sentence):
    fax = ContactPointFactory()
    ReferralFactory(practice=fax.practice, sender_fax="813 555 0188")

    response = press(client, fax, **CALL | changes)

    html = response.content.decode()
    assert (response.status_code, sentence in text_of(response), is_verified(fax)) == (422, True, False)
    assert all(f'value="{typed}"' in html for typed in (CALL | changes).values() if typed and typed != 1)


def test_a_contact_point_leads_back_to_the_referrals_that_wait_for_it(client, coordinator):
    waits = ReferralFactory(practice=ContactPointFactory().practice)
    answered = ReferralFactory(practice=waits.practice, loop_closed_at=timezone.now(), loop_closed_how="spam")

    html = client.get(page_of(waits.practice.contact_points.get())).content.decode()

    assert [f"/referral/{one.pk}/change/" in html for one in (waits, answered)] == [True, False]


def test_a_known_direct_address_is_verified(client, coordinator):
    direct = ContactPointFactory(kind="direct", value="pattern@direct.example.org")

    press(client, direct, direct=1, found_at="Our Direct directory")

    assert is_verified(direct)


@pytest.mark.parametrize("data", [{"direct": 1, "found_at": "x"}, {}, {"delete": 1}])
def test_what_has_no_button_here_is_refused(client, coordinator, data):
    fax = ContactPointFactory()

    assert (press(client, fax, **data).status_code, is_verified(fax)) == (400, False)


def test_the_sheet_shows_a_code_once_and_nothing_about_a_patient(client, coordinator):
    fax = ContactPointFactory()
    referral = ReferralFactory(practice=fax.practice)

    response = press(client, fax, challenge=1)

    sheet = text_of(response)
    [code] = re.findall(r"\w{4}-\w{4}-\w{4}", sheet)
    assert "practice.example.org/refer/verify/" in sheet
    assert ("no-store" in response["Cache-Control"], "Walter" in sheet) == (True, False)
    assert referral.appointment_request.reference not in sheet
    assert code not in client.get(page_of(fax)).content.decode()
    assert contact_points.answer_challenge(code, block="") == fax


def test_pressing_reload_on_the_sheet_makes_no_second_code(client, coordinator):
    fax = ContactPointFactory()

    answers = [press(client, fax, challenge=1).status_code for _ in range(2)]

    assert (answers, Challenge.objects.count()) == ([200, 409], 1)


# Changing


def test_another_number_is_verified_no_more(client, coordinator):
    fax = ContactPointFactory(verified=True)

    response = press(client, fax, change=1, value="727-555-0199")

    assert (response.status_code, is_verified(fax), fax.value) == (302, False, "+17275550199")
    assert re.search(r"Verification ended\s+it was changed since", text_of(client.get(page_of(fax))))


def test_a_slip_of_the_finger_is_asked_for_once_more(client, coordinator):
    fax = ContactPointFactory(verified=True)

    first = press(client, fax, change=1, value="813-555-0160")
    html = first.content.decode()
    assert (first.status_code, is_verified(fax), fax.value) == (422, True, "+18135550150")
    assert "Is this a slip of the finger? The two numbers are almost the same." in html
    assert re.findall(r'<dd class="num">(.*?)</dd>', html) == [
        "813-555-01<mark>5</mark>0",
        "813-555-01<mark>6</mark>0",
    ]

    wrong = press(client, fax, change=1, value="813-555-0160", again="813-555-0150")
    assert "Please type the new number once more, as it stands on the paper." in text_of(wrong)
    assert (wrong.status_code, is_verified(fax)) == (422, True)

    right = press(client, fax, change=1, value="813-555-0160", again="(813) 555 0160")
    assert (right.status_code, is_verified(fax), fax.value) == (302, False, "+18135550160")


def test_a_number_is_compared_with_the_one_that_was_verified(client, coordinator):
    fax = ContactPointFactory(verified=True, value="+17275550199", verified_value="+18135550150")

    assert "813-555-01<mark>5</mark>0" in press(client, fax, change=1, value="8135550160").content.decode()


def test_a_contact_point_is_used_no_longer_and_again(client, coordinator):
    fax = ContactPointFactory(verified=True)

    press(client, fax, active="no")
    fax.refresh_from_db()
    was = fax.is_active
    press(client, fax, active="yes")

    assert (was, is_verified(fax), fax.is_active) == (False, False, True)


@pytest.mark.parametrize(
    "data",
    [CALL, {"change": 1, "value": "727-555-0199"}, {"challenge": 1}, {"active": "no"}],
    ids=lambda data: next(iter(data)),
)
@pytest.mark.parametrize("seen", [0, 2, "", "x", "9" * 30])
def test_whoever_saw_another_version_is_told(client, coordinator, data, seen):
    fax = ContactPointFactory()

    response = press(client, fax, **data | {"seen_version": seen})

    assert (response.status_code, "Somebody was faster" in text_of(response)) == (409, True)
    assert (is_verified(fax), fax.value, ContactPointEvent.objects.count()) == (False, "+18135550150", 0)


@pytest.mark.parametrize("field", ["value", "again", "called", "found_at"])
@pytest.mark.parametrize("text", NASTY)
def test_no_input_breaks_the_page(client, coordinator, field, text):
    fax = ContactPointFactory()

    for button in ({"change": 1, "value": "8135550160"}, CALL):
        assert press(client, fax, **button | {field: text}).status_code in (302, 400, 409, 422)


# Who may


@pytest.mark.parametrize("group", ["scheduler", "clinician", "auditor"])
def test_others_read_and_press_nothing(client, practice, group):
    sign_in(client, group)
    fax = ContactPointFactory()

    page = client.get(page_of(fax))

    assert (page.status_code, "<form" in page.content.decode().partition('id="content-main"')[2]) == (200, False)
    presses = (CALL, CALL | {"called": ""}, {"challenge": 1}, {"active": "no"}, {})
    assert {press(client, fax, **data).status_code for data in presses} == {403}
    assert client.get(f"{LIST}add/?practice={fax.practice_id}").status_code == 403
    assert ContactPointEvent.objects.count() == 0


@pytest.mark.parametrize("group", ["editor", None])
def test_the_page_is_closed_to_other_groups(client, practice, group):
    sign_in(client, group)
    fax = ContactPointFactory()

    assert [client.get(address).status_code for address in (LIST, page_of(fax))] == [403, 403]


# The list


def states():
    """By what the list says: one contact point each."""
    now = timezone.now()
    made = {
        "Not verified": ContactPointFactory(),
        "Verified": ContactPointFactory(verified=True),
        "Verified, ends soon": ContactPointFactory(verified=True, verified_until=now + 29 * DAY),
        "Verification ended": ContactPointFactory(verified=True, verified_until=now - DAY),
        "Not used": ContactPointFactory(verified=True, is_active=False),
    }
    ReferralFactory(practice=made["Verified, ends soon"].practice)
    return made


@pytest.mark.parametrize(
    ("show", "said"),
    [
        ("", {"Not verified", "Verified", "Verified, ends soon", "Verification ended", "Not used"}),
        ("soon", {"Verified, ends soon"}),
        ("yes", {"Verified", "Verified, ends soon"}),
        ("no", {"Not verified", "Verification ended", "Not used"}),
        ("x", {"Not verified", "Verified", "Verified, ends soon", "Verification ended", "Not used"}),
    ],
)
def test_the_list_says_in_words_and_shapes_how_each_stands(client, coordinator, show, said):
    states()

    page = client.get(LIST, {"verification": show} if show else {}).content.decode()

    found = re.findall(r'field-standing">.*?#(\w+)"/></svg>\s*([\w, ]+)</span>', page, re.DOTALL)
    assert {words for __, words in found} == said
    assert len({icon for icon, __ in found}) >= min(2, len(said))


def test_the_list_and_a_page_take_as_many_queries_for_3_as_for_1(client, coordinator):
    def queries(address):
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    def add():
        fax = ContactPointFactory(verified=True)
        press(client, fax, **CALL)
        return fax

    fax = add()
    with_one = queries(LIST), queries(page_of(fax))
    for _ in range(2):
        add()
        fax.refresh_from_db()
        press(client, fax, **CALL)

    assert (queries(LIST), queries(page_of(fax))) == with_one
