"""From the link in a mail to the patient's page: the gate, the code, the half hour, and its end."""

import datetime
import re
from html import unescape
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from appointments import status_words
from appointments.models import AccessCode, AccessLink, AccessSession, AppointmentRequest, ReadEvent, StaffNote
from appointments.services import access, tell
from appointments.transitions import Outcome, Status, WaitingOn
from outbox.models import Message
from outbox.render import render
from tests.appointments.access_steps import (
    ask,
    enter,
    mailed_code,
    open_page,
    request_with_link,
    row_of,
    wrong_code,
)
from tests.appointments.desk import page_of, sign_in
from tests.factories import AppointmentRequestFactory

NOON = datetime.datetime(2026, 11, 30, 17, tzinfo=datetime.UTC)


@pytest.fixture
def link(practice):
    return request_with_link()[1]


@pytest.fixture
def noon(time_machine):
    """Moves the clock to some minutes after noon."""

    def move(minutes=0, **passed):
        time_machine.move_to(NOON + datetime.timedelta(minutes=minutes, **passed), tick=False)

    move()
    return move


def text_of(answer):
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", answer.content.decode())))


def main_of(answer):
    return text_of(answer).partition("Skip to main content")[2]


# Links


def test_a_link_names_its_language_and_stands_nowhere(practice):
    appointment_request = AppointmentRequestFactory(language="es")

    path = access.new_link(appointment_request)

    assert re.fullmatch(r"/es/r/[\w-]{43}", path)
    assert path.rpartition("/")[2] not in str(vars(AccessLink.objects.get()))
    assert row_of(path).appointment_request == appointment_request


def test_a_link_lasts_for_a_week(practice):
    access.new_link(AppointmentRequestFactory(), at=NOON)

    assert AccessLink.objects.get().expires_at == NOON + datetime.timedelta(days=7)


def test_a_patient_gets_one_link_however_often_they_are_told(practice):
    appointment_request = AppointmentRequestFactory(email="walter@example.org")

    for _ in range(2):
        assert tell.to_patient(appointment_request, "access-link", dedupe_key="once")

    assert (AccessLink.objects.count(), Message.objects.get().secrets["path"][:3]) == (1, "/r/")


def test_nobody_is_told_without_an_address(practice):
    appointment_request = AppointmentRequestFactory()

    assert not tell.to_patient(appointment_request, "access-link", dedupe_key="once")
    assert (Message.objects.count(), AccessLink.objects.count()) == (0, 0)


# The gate


def test_the_gate_shows_the_status_line_and_nothing_about_the_person(client, link):
    page = main_of(client.get(link))

    assert "Status: Received. We have your request. It is not an appointment yet." in page
    assert "A person at our office will answer you by" in page
    assert "Send me a code" in page
    assert [word for word in ("Walter", "Demo", "walter@", "heavy", "1950", "APM-") if word in page] == []


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"status": "received"}, "Received."),
        ({"status": "quarantined"}, "Received."),
        ({"status": "in_review"}, "Being reviewed."),
        ({"status": "waiting", "waiting_on": "payer", "next_action_at": NOON}, "Being reviewed."),
        ({"status": "waiting", "waiting_on": "patient", "next_action_at": NOON}, "We need something from you."),
        ({"status": "offered"}, "Choose a time."),
        ({"status": "scheduled"}, "Booked."),
        ({"status": "completed"}, "Finished."),
        ({"status": "closed", "outcome": "deceased"}, "Finished."),
    ],
)
def test_each_status_has_a_line(client, practice, values, line):
    link = request_with_link(**values)[1]

    page = main_of(client.get(link))

    assert f"Status: {line} " in page
    assert ("will answer you by" in page) == (values["status"] in ("received", "quarantined", "in_review"))


def test_quarantined_reads_like_received(client, practice):
    lines = [main_of(client.get(request_with_link(status=status)[1])) for status in ("received", "quarantined")]

    sentences = [re.search(r"Status: .*?yet\.", line)[0] for line in lines]
    assert sentences[0] == sentences[1]


def test_every_status_and_outcome_has_words():
    waiting = [AppointmentRequest(status=Status.WAITING, waiting_on=on) for on in WaitingOn]
    others = [AppointmentRequest(status=status, respond_by=NOON) for status in Status]

    assert all(status_words.title(one) and status_words.sentence(one) for one in waiting + others)
    assert set(status_words.OUTCOME_SENTENCE) == set(Outcome)


def test_the_gate_takes_few_queries(client, link, django_assert_num_queries):
    client.get(link)
    with django_assert_num_queries(6):  # the link with its request, a code; the practice, its office, hours, closures
        client.get(link)


def test_the_page_is_private(client, link):
    answer = client.get(link)

    assert "no-store" in answer["Cache-Control"]
    assert (answer["X-Robots-Tag"], answer["Referrer-Policy"]) == ("noindex", "strict-origin")


# Codes


def test_a_code_goes_to_the_address_on_file_in_the_patients_language(client, practice):
    _, link = request_with_link(language="es")

    answer = ask(client, link.removeprefix("/es"))

    message = Message.objects.get()
    assert (message.to, message.language, message.kind) == ("walter@example.org", "es", "access-code")
    assert "We have sent you a code." in text_of(answer)
    assert (answer.status_code, answer.has_header("Location")) == (200, False)
    assert mailed_code().replace(" ", "") not in f"{message.context} {AccessCode.objects.get().code_hash}"


def test_the_mail_says_until_when_and_names_nobody(client, noon, link):
    ask(client, link)

    body = render(Message.objects.get()).body
    assert "It works until Monday, November\xa030, 12:10\xa0p.m., and only once." in body
    assert "813" in body
    assert "Walter" not in body


def test_one_code_leaves_in_five_minutes_and_three_in_an_hour(client, noon, link):
    sent = []
    for minute in (0, 4, 5, 10, 15, 59, 61, 62):
        noon(minute)
        sent.append("We have sent you a code." in text_of(ask(client, link)))

    assert sent == [True, False, True, True, False, False, True, False]
    assert Message.objects.count() == 4


def test_the_limit_holds_for_the_request_whatever_link_is_pressed(client, practice):
    appointment_request, link = request_with_link()
    ask(client, link)

    answer = ask(client, access.new_link(appointment_request))

    said = "We have not sent another code. We send at most one in five minutes, and three in an hour."
    assert said in text_of(answer)
    assert "813" in answer.content.decode().partition("We have not sent")[2]
    assert Message.objects.count() == 1


def test_a_code_asked_for_on_an_older_link_may_be_entered_on_a_newer_one(client, practice):
    appointment_request, link = request_with_link()
    ask(client, link)

    assert enter(client, access.new_link(appointment_request)).status_code == 303


def test_the_box_is_there_for_who_comes_back_from_the_mail(client, link):
    assert 'name="code"' not in client.get(link).content.decode()

    ask(client, link)

    assert 'name="code"' in Client().get(link).content.decode()


def test_without_an_address_there_is_only_the_phone(client, practice):
    link = request_with_link(email="")[1]

    page = text_of(client.get(link))
    answer = ask(client, link)

    assert "Send me a code" not in page
    assert "To hear more, please call us." in page
    assert (answer.status_code, Message.objects.count()) == (200, 0)


@pytest.mark.parametrize("how", ["{}", " {} ", "{}-", "{}\u2009"], ids=repr)
def test_spaces_and_dashes_are_nothing(client, link, how):
    ask(client, link)
    code = how.format(mailed_code().replace(" ", "-"))

    assert enter(client, link, code).status_code == 303


@pytest.mark.parametrize("typed", ["1234 567", "1234 56789", "abcd efgh", "O234 5678", "١٢٣٤٥٦٧", "-", "1" * 5000])
def test_what_is_no_code_costs_no_try(client, link, typed):
    ask(client, link)

    answer = enter(client, link, typed)

    assert answer.status_code == 200
    assert re.search("A code has 8 digits|Please write the code|Please use 100 at most", text_of(answer))
    assert row_of(link).tries == 0


def test_a_wrong_code_is_kept_and_says_how_many_tries_are_left(client, link):
    ask(client, link)
    typed = wrong_code()

    answer = enter(client, link, typed)

    assert "This is not the code. You have 4 tries left." in text_of(answer)
    assert f'value="{typed}"' in answer.content.decode()
    assert (row_of(link).tries, AccessSession.objects.count()) == (1, 0)


def test_five_wrong_codes_over_all_codes_end_the_link_and_tell_staff(client, noon, link):
    ask(client, link)
    for _ in range(3):
        enter(client, link, wrong_code())
    noon(6)
    ask(client, link)
    right = mailed_code()
    enter(client, link, wrong_code())

    last = enter(client, link, wrong_code())

    assert "This link has ended" in text_of(last)
    assert "This link has ended" in text_of(enter(client, link, right))
    note = StaffNote.objects.get()
    assert (note.by, note.text) == (None, access.FIVE_WRONG)
    assert AccessSession.objects.count() == 0


def test_the_right_code_costs_no_try(client, noon, link):
    for hour in range(6):
        noon(hours=hour)
        open_page(client, link)

    assert (row_of(link).tries, AccessSession.objects.count()) == (0, 6)


@pytest.mark.parametrize("minutes", [9, 10])
def test_a_code_lasts_for_ten_minutes(client, noon, link, minutes):
    ask(client, link)
    noon(minutes)

    assert enter(client, link).status_code == (303 if minutes == 9 else 200)


def test_how_long_a_code_lasts_is_a_setting(client, noon, link, settings):
    settings.ACCESS_CODE_TTL_SECONDS = 60
    ask(client, link)
    noon(2)

    assert "This code is over." in text_of(enter(client, link))


def test_an_older_code_says_so_and_costs_no_try(client, noon, link):
    ask(client, link)
    older = mailed_code()
    noon(11)
    ask(client, link)

    answer = enter(client, link, older)

    assert "This code is over." in text_of(answer)
    assert row_of(link).tries == 0


def test_a_code_works_once(client, link):
    open_page(client, link)

    again = enter(Client(), link)

    assert "This code is over." in text_of(again)
    assert AccessSession.objects.count() == 1


def test_a_code_of_another_request_opens_nothing(client, practice):
    mine, other = request_with_link()[1], request_with_link()[1]
    ask(client, other)
    code = mailed_code()
    ask(client, mine)

    assert "This is not the code." in text_of(enter(client, mine, code))


def test_an_old_key_still_reads_its_codes(client, link, settings, ring):
    ask(client, link)
    code = mailed_code()
    settings.HASH_KEYS = f"{ring('h2')},{settings.HASH_KEYS}"

    assert enter(client, link, code).status_code == 303


# Links that have ended


def revoke(link):
    AccessLink.objects.update(revoked_at=timezone.now())


def let_pass(link):
    AccessLink.objects.update(expires_at=timezone.now())


@pytest.mark.parametrize("ends", [revoke, let_pass])
def test_a_link_that_ended_offers_a_new_one(client, link, ends):
    ends(link)

    page = client.get(link)
    answer = client.post(link, {"send-link": "1"})

    assert (page.status_code, answer.status_code) == (404, 200)
    assert "This link has ended" in text_of(page)
    assert "you have a new one in your e-mail" in text_of(answer)
    fresh = Message.objects.get().secrets["path"]
    assert Message.objects.get().to == "walter@example.org"
    assert "Status: Received." in text_of(client.get(fresh))


def test_new_links_are_held_to_the_same_limit(client, noon, link):
    let_pass(link)
    for minute in (0, 1, 4, 5, 9, 10, 20, 59):
        noon(minute)
        assert "We send at most one in five minutes" in text_of(client.post(link, {"send-link": "1"}))

    assert Message.objects.filter(kind="access-link").count() == 3


def test_an_ended_link_sends_five_a_day(client, noon, link):
    """For three months whoever had an old link could have sent its owner 72 mails a day."""
    let_pass(link)
    for minute in range(0, 36 * 60, 20):
        noon(minute)
        client.post(link, {"send-link": "1"})

    at = Message.objects.filter(kind="access-link").order_by("pk").values_list("created_at", flat=True)
    assert [(moment - at[0]).total_seconds() // 60 for moment in at] == [
        *range(0, 100, 20),
        *range(24 * 60, 24 * 60 + 100, 20),
    ]


def test_a_valid_link_sends_no_other(client, link):
    client.post(link, {"send-link": "1"})

    assert list(Message.objects.values_list("kind", flat=True)) == ["access-code"]  # the one button that it has


def test_codes_end_with_their_link(client, link):
    ask(client, link)
    revoke(link)

    assert enter(client, link).status_code == 404


# The half hour


def test_the_right_code_opens_the_page_at_an_address_without_token(client, link):
    ask(client, link)

    answer = enter(client, link)

    session = AccessSession.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/appointments/status/{session.public_id}/")
    assert client.get(answer["Location"]).status_code == 200
    assert list(ReadEvent.objects.values_list("by", flat=True)) == [None]


def test_the_cookie_is_for_this_page_in_both_languages_only(client, link, settings):
    settings.SESSION_COOKIE_SECURE = True
    ask(client, link)

    cookies = enter(client, link).cookies

    home = f"/appointments/status/{AccessSession.objects.get().public_id}/"
    ours = {name: cookie for name, cookie in cookies.items() if name.startswith("apollo-status")}
    assert {cookie["path"] for cookie in ours.values()} == {home, f"/es{home}"}
    assert {(one["httponly"], one["samesite"], one["secure"]) for one in ours.values()} == {(True, "Lax", True)}
    assert all(one.value not in str(vars(AccessSession.objects.get())) for one in ours.values())


def test_the_language_stays(client, practice):
    link = request_with_link(language="es")[1]

    address = open_page(client, link)

    assert address.startswith("/es/appointments/status/")
    assert client.get(address).status_code == 200


def test_after_half_an_hour_the_same_page_asks_for_a_code(client, noon, link):
    address = open_page(client, link)
    noon(29)
    assert "Half an hour is over" not in text_of(client.get(address))
    noon(30)

    page = client.get(address)

    assert "Half an hour is over" in text_of(page)
    assert f'action="{address}code/"' in page.content.decode()
    assert client.get(f"{address}code/")["Location"] == address


def test_what_came_too_late_is_there_to_copy_until_the_page_is_open_again(client, noon, link):
    address = open_page(client, link)
    noon(40)
    typed = {
        "answer": "Left knee,\r\n<b>since</b> May",
        "seen_version": "3",
        "offer": "none",
    }

    late = client.post(address, typed)
    again = client.post(f"{address}code/", {"send-code": "1", "typed": "Left knee"})
    wrong = client.post(f"{address}code/", {"code": wrong_code(), "typed": "Left knee"})
    right = client.post(f"{address}code/", {"code": mailed_code(), "typed": "Left knee"})

    assert late.status_code == 403
    assert "Left knee,<br>&lt;b&gt;since&lt;/b&gt; May" in late.content.decode()
    assert late.content.decode().count("<blockquote>") == 1  # and nothing that nobody typed
    assert [text_of(page).count("Left knee") for page in (again, wrong)] == [1, 1]
    assert (right.status_code, client.get(right["Location"]).status_code) == (303, 200)


def test_nobody_puts_words_into_the_gate_of_a_link(client, link):
    assert "Qword" not in client.post(link, {"send-code": "1", "typed": "Qword"}).content.decode()


def test_an_ended_link_ends_its_pages(client, link):
    address = open_page(client, link)
    revoke(link)

    page = client.get(address)
    answer = client.post(f"{address}code/", {"send-link": "1"})

    assert "This link has ended" in text_of(page)
    assert f'action="{address}code/"' in page.content.decode()
    assert "you have a new one" in text_of(answer)


def test_a_link_that_merely_runs_out_leaves_the_half_hour(client, link):
    address = open_page(client, link)
    let_pass(link)

    assert "This link has ended" not in text_of(client.get(address))


def test_the_page_can_be_left(client, link):
    address = open_page(client, link)
    kept = client.cookies["apollo-status-en"].value

    answer = client.post(f"{address}end/")

    assert "This screen is cleared" in text_of(answer)
    assert answer["Clear-Site-Data"] == '"cache"'
    assert {cookie["max-age"] for name, cookie in answer.cookies.items() if "status" in name} == {0}
    client.cookies["apollo-status-en"] = kept
    assert client.get(address).status_code == 404


def test_leaving_is_no_get(client, link):
    address = open_page(client, link)

    assert client.get(f"{address}end/").status_code == 405
    assert AccessSession.objects.count() == 1


def test_a_form_without_proof_is_told_and_copied_back(link):
    client = Client(enforce_csrf_checks=True)
    address = open_page(Client(), link)

    answer = client.post(address, {"answer": "Left knee"})

    assert answer.status_code == 403
    assert "Left knee" in answer.content.decode()


# Purging


def test_purging_takes_what_is_long_over(client, noon, link):
    open_page(client, link)
    call = {"stdout": StringIO()}
    rows = []
    for days in (0, 2, 8, 96, 98):
        noon(days=days)
        call_command("purge_expired", "--apply", **call)
        rows.append([model.objects.count() for model in (AccessLink, AccessCode, AccessSession)])

    assert rows == [[1, 1, 1], [1, 0, 1], [1, 0, 0], [1, 0, 0], [0, 0, 0]]
    assert AppointmentRequest.objects.count() == 1


def test_purging_counts_first(client, noon, link):
    open_page(client, link)
    noon(days=98)
    said = StringIO()

    call_command("purge_expired", stdout=said)

    assert "Expired links that --apply deletes: 3\n" in said.getvalue()
    assert AccessLink.objects.count() == 1


# What staff see of it


def test_staff_see_that_the_patient_was_there_and_why_a_link_ended(client, link):
    open_page(Client(), link)
    AccessLink.objects.update(tries=4)
    AccessCode.objects.update(used_at=None)
    enter(Client(), link, wrong_code())
    sign_in(client, "supervisor")

    page = text_of(client.get(page_of(AppointmentRequest.objects.get())))

    assert re.search(r"[ap]\.m\. the patient", page)
    assert re.search(r"the website, [^,]+, \d+, [\d:]+ [ap]\.m\. ?" + access.FIVE_WRONG, page)
