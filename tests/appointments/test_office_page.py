"""From a link in a fax or a mail to the page of a referring office: its gate, what it shows, what it takes."""

import datetime
import re
import uuid

import pytest
from django.test import Client
from django.utils import timezone

from appointments import letters, referral_words
from appointments.models import (
    AccessLink,
    AccessSession,
    ContactPoint,
    ContactPointEvent,
    Incident,
    PatientFile,
    ReadEvent,
    Referral,
    ReferralEvent,
    ReferralUpdate,
    StaffNote,
    Visit,
)
from appointments.models.referral import NO_PRACTICE
from appointments.services import access, access_mail, files, moves, referrals
from appointments.services.secret import hashed, new_secret
from appointments.telling import ReferralStatus
from outbox.models import Message
from outbox.render import render
from outbox.worker import Worker
from tests.appointments.desk import sign_in
from tests.appointments.office_steps import MAILBOX, letter_of, link_row, office_link, open_office, read_out
from tests.appointments.test_access import main_of, text_of
from tests.factories import (
    ContactPointFactory,
    LocationFactory,
    ReferralFactory,
    ReferralUpdateFactory,
    ReferringPracticeFactory,
    UserFactory,
)
from tests.languages import left_over, texts
from tests.patient_files import document, locked_document, upload

NOON = datetime.datetime(2026, 11, 30, 17, tzinfo=datetime.UTC)
OF_THE_PATIENT = ("Walter", "Demo", "heavy", "1950", "APM-", "W. D.", "Received", "Pattern")


@pytest.fixture
def noon(time_machine):
    """Moves the clock to some minutes after noon."""

    def move(minutes=0, **passed):
        time_machine.move_to(NOON + datetime.timedelta(minutes=minutes, **passed), tick=False)

    move()
    return move


@pytest.fixture
def office(practice):
    """(referral, link) of an office that gets faxes."""
    return office_link()


@pytest.fixture
def coordinator(practice):
    return UserFactory(username="robin", group="referral coordinator")


def post(client, home, tail, **data):
    return client.post(f"{home}{tail}", data)


# Links


def test_a_link_stands_nowhere_and_speaks_english_to_the_office_of_a_spanish_patient(practice):
    _, link = office_link(patient={"language": "es"})

    assert re.fullmatch(r"/r/([2-9A-Z]{4}-){13}[2-9A-Z]{4}", link)
    assert link.rpartition("/")[2] not in str(vars(AccessLink.objects.get()))


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        (str, 200),
        (str.lower, 200),
        (lambda token: token.replace("-", ""), 200),
        (lambda token: token.replace("-", "%20"), 200),
        (lambda token: token.replace("-", "--", 1), 200),
        (lambda token: token[:-1], 404),
        (lambda token: token[1:] + token[0], 404),
    ],
    ids=["as printed", "small", "in one", "spaces", "twice", "short", "turned"],
)
def test_a_link_is_typed_from_paper_in_any_shape(client, office, typed, status):
    token = office[1].rpartition("/")[2]

    assert client.get(f"/r/{typed(token)}").status_code == status


def test_a_link_of_43_symbols_that_is_out_already_still_works(client, office):
    token = new_secret()
    AccessLink.objects.update(token_hash=hashed(token))

    assert client.get(f"/r/{token}").status_code == 200


def blocked(referral, point):
    referral.appointment_request.may_contact_referrer = False


def not_asked(referral, point):
    referral.source = Referral.Source.PATIENT


def unmatched(referral, point):
    referral.practice = None


def rematched(referral, point):
    referral.practice = ReferringPracticeFactory()


def of_another(referral, point):
    point.practice = ReferringPracticeFactory()


def run_out(referral, point):
    point.verified_until = timezone.now()


def failing(referral, point):
    point.failed_deliveries = 2


def another_number(referral, point):
    point.value = "+18135550199"


def out_of_use(referral, point):
    point.is_active = False


OBSTACLES = [blocked, not_asked, unmatched, rematched, of_another, run_out, failing, another_number, out_of_use]


@pytest.mark.parametrize("obstacle", OBSTACLES, ids=lambda obstacle: obstacle.__name__)
def test_a_link_is_made_only_where_something_about_the_patient_may_go(office, obstacle):
    referral, point = office[0], ContactPoint.objects.get()
    obstacle(referral, point)

    with pytest.raises(access.OfficeMayNotHear):
        access.new_office_link(referral, point)
    assert AccessLink.objects.count() == 1


def meanwhile(obstacle):
    referral, point = Referral.objects.get(), ContactPoint.objects.get()
    obstacle(referral, point)
    referral.appointment_request.save()
    referral.save()
    point.save()


def verified_anew(referral, point):
    point.verified_at = timezone.now()


@pytest.mark.parametrize("obstacle", [*OBSTACLES, verified_anew], ids=lambda obstacle: obstacle.__name__)
def test_it_ends_with_what_it_was_made_for(client, office, obstacle):
    """At the gate, when a code is asked for, when one is entered, and on the page."""
    _, link = office
    home, code = open_office(client, link), read_out(link)
    meanwhile(obstacle)

    gate, asked, entered = client.get(link), client.post(link, {"send-code": "1"}), client.post(link, {"code": code})
    pages = [client.get(home), *(post(client, home, tail) for tail in ("full/", "message/", "files/", "wrong/"))]

    assert [answer.status_code for answer in (gate, asked, entered, *pages)] == [404, 404, 404, 404, *[403] * 4]
    assert all("This link has ended" in text_of(answer) for answer in (gate, asked, entered, *pages))
    assert (AccessSession.objects.count(), Message.objects.count(), ReferralEvent.objects.count()) == (1, 0, 0)


def test_the_end_of_the_patients_links_leaves_those_of_the_office(client, office):
    referral, link = office
    access.end_links(referral.appointment_request)

    assert client.get(link).status_code == 200


# The gate


@pytest.mark.parametrize("contact", [{}, MAILBOX], ids=["fax", "e-mail"])
def test_the_gate_shows_nothing_of_the_patient(client, practice, contact):
    _, link = office_link(contact)

    page = main_of(client.get(link))

    assert ("Send me a code" in page, "We call you back at the number" in page) == (bool(contact), not contact)
    assert [word for word in OF_THE_PATIENT if word in page] == []


def test_the_gate_takes_few_queries(client, office, django_assert_num_queries):
    client.get(office[1])
    with django_assert_num_queries(6):  # the link with all that it hangs on, a code; practice, office, hours, closures
        client.get(office[1])


def test_the_page_is_private(client, office):
    _, link = office
    home = open_office(client, link)

    gate, page = client.get(link), client.get(home)

    assert ("no-store" in gate["Cache-Control"], gate["Referrer-Policy"]) == (True, "strict-origin")
    assert ("no-store" in page["Cache-Control"], page["Referrer-Policy"]) == (True, "same-origin")
    assert [answer["X-Robots-Tag"] for answer in (gate, page)] == ["noindex", "noindex"]
    assert link.rpartition("/")[2] not in page.content.decode() + home
    cookies = [cookie for name, cookie in client.cookies.items() if name.startswith("apollo-status")]
    assert {cookie["path"] for cookie in cookies} == {home, f"/es{home}"}
    assert {(one["httponly"], one["samesite"], one["max-age"]) for one in cookies} == {(True, "Lax", 7 * 24 * 3600)}


# Codes


def test_a_code_goes_to_the_verified_mailbox_of_the_office_and_says_nothing_of_the_patient(client, noon, practice):
    referral, link = office_link(MAILBOX, {"email": "walter@example.org", "language": "es"})

    answer = client.post(link, {"send-code": "1"})

    message = Message.objects.get()
    mail = render(message)
    assert (message.kind, message.to, message.language) == ("office-code", MAILBOX["value"], "en")
    assert "We have sent you a code." in text_of(answer)
    assert mail.subject == f"Your code for referral {referral.appointment_request.reference}"
    assert [word for word in ("Walter", "Demo", "1950", "heavy", "pain") if word in mail.body.lower()] == []
    code = re.search(r"^\d{4} \d{4}$", mail.body, re.MULTILINE)[0]
    assert client.post(link, {"code": code}).status_code == 303


def test_one_code_leaves_in_five_minutes_and_three_in_an_hour(client, noon, practice):
    _, link = office_link(MAILBOX)
    sent = []
    for minute in (0, 4, 5, 10, 15, 59, 61):
        noon(minute)
        sent.append("We have sent you a code." in text_of(client.post(link, {"send-code": "1"})))

    assert sent == [True, False, True, True, False, False, True]


def test_without_a_mailbox_nothing_is_mailed(client, office):
    answer = client.post(office[1], {"send-code": "1"})

    assert (answer.status_code, Message.objects.count()) == (200, 0)


def test_five_wrong_codes_end_the_link_and_tell_staff(client, office):
    _, link = office
    home, right = open_office(client, link), read_out(link)
    wrong = f"{(int(right) + 1) % 10**8:08}"

    answers = [text_of(client.post(link, {"code": wrong})) for _ in range(5)]

    assert ["This is not the code." in answer for answer in answers] == [True] * 4 + [False]
    assert "This link has ended" in answers[4]
    assert "This link has ended" in text_of(client.post(link, {"code": right}))
    assert "This link has ended" in text_of(client.get(home))
    assert StaffNote.objects.get().text == access.FIVE_WRONG_AT_OFFICE


def test_a_code_works_once_and_for_ten_minutes(client, noon, office):
    _, link = office
    code = read_out(link)
    assert client.post(link, {"code": code}).status_code == 303

    again = Client().post(link, {"code": code})
    late = read_out(link)
    noon(10)

    assert "This code is over." in text_of(again)
    assert "This code is over." in text_of(client.post(link, {"code": late}))
    assert link_row().tries == 0


def test_a_code_for_another_contact_point_or_for_the_patient_opens_nothing(client, office):
    referral, link = office
    other = ContactPointFactory(
        practice=referral.practice, kind="mail", value="1 Pattern Way", verified=True, verified_at=timezone.now()
    )
    there = access.new_office_link(referral, other)
    of_patient = access.new_link(referral.appointment_request)
    read_out(link)

    assert "This is not the code." in text_of(client.post(link, {"code": read_out(there)}))
    assert "This is not the code." in text_of(client.post(link, {"code": read_out(of_patient)}))
    assert AccessSession.objects.count() == 0


def test_an_office_that_may_no_longer_hear_gets_no_mail_that_waited(client, practice):
    _, link = office_link(MAILBOX)
    client.post(link, {"send-code": "1"})
    assert access_mail.is_still_true(Message.objects.get())
    meanwhile(blocked)

    Worker().run_once()

    assert (Message.objects.get().state, Message.objects.get().last_error) == ("held", "Outdated")


# Links that have ended


def test_a_link_that_ran_out_is_renewed_by_mail_and_one_that_was_ended_is_not(client, noon, practice):
    referral, link = office_link(MAILBOX)
    noon(days=8)
    assert "This link has ended" in text_of(client.get(link))

    answer = client.post(link, {"send-link": "1"})

    message = Message.objects.get()
    assert "you have a new one in your e-mail" in text_of(answer)
    assert (message.kind, message.to) == ("office-link", MAILBOX["value"])
    fresh = message.secrets["path"]
    assert client.get(fresh).status_code == 200

    noon(days=16)
    access.end_links(referral.appointment_request, access.OFFICE)
    client.post(fresh, {"send-link": "1"})
    assert Message.objects.count() == 1


def test_a_link_to_a_fax_is_renewed_by_nobody(client, noon, office):
    noon(days=8)
    client.post(office[1], {"send-link": "1"})

    assert (Message.objects.count(), AccessLink.objects.count()) == (0, 1)


# The page


def test_the_page_shows_initials_and_the_year_until_asked_for_more(client, office):
    home = open_office(client, office[1])

    page = main_of(client.get(home))
    asked = main_of(post(client, home, "full/"))

    assert ("W. D." in page, "1950" in page, "Walter" in page, "March 4" in page) == (True, True, False, False)
    assert ("Walter Demo" in asked, "March 4, 1950" in asked) == (True, True)
    assert "heavy" not in page + asked
    assert ReferralEvent.objects.get().what == "shown-in-full"
    assert client.get(f"{home}full/")["Location"] == home


def test_each_look_is_recorded_as_the_offices(client, office):
    referral, link = office
    home = open_office(client, link)
    client.get(home)
    client.head(home)
    post(client, home, "full/")

    reads = ReadEvent.objects.values_list("by", "office", "appointment_request")
    assert list(reads) == [(None, referral.practice.pk, referral.appointment_request.pk)] * 4


def test_staff_see_which_office_looked(client, office):
    open_office(Client(), office[1])
    sign_in(client, "supervisor")

    page = client.get(f"/admin/appointments/appointmentrequest/{office[0].appointment_request.pk}/change/")

    assert re.search(r"[ap]\.m\. Pattern Family Medicine", text_of(page))


def test_every_status_has_words():
    rows = [Referral(status=status) for status in ReferralStatus]

    assert all(
        referral_words.title(row) and referral_words.sentence(row) and referral_words.next_step(row) for row in rows
    )


@pytest.mark.parametrize(("status", "line"), [("received", "Received."), ("declined", "Not accepted.")])
def test_the_page_says_where_the_referral_stands(client, practice, status, line):
    home = open_office(client, office_link(status=status)[1])

    assert f"Status: {line} {referral_words.SENTENCE[status]}" in main_of(client.get(home))


@pytest.mark.parametrize(
    ("source", "status", "values", "says"),
    [
        ("office", "received", {}, "We call your patient. Your patient hears from us by Tuesday, December 1, noon at"),
        ("patient", "received", {}, "We promised your patient an answer by Tuesday, December 1, noon at the latest."),
        ("office", "received", {"patient_knows": "no"}, "Please tell the patient before that time."),
        ("office", "more-info", {"waiting": True}, "Not sure what? Call us. Send it now Questions? Call 813-555"),
    ],
    ids=["sent by the office", "named by the patient", "the patient does not know", "asked"],
)
def test_the_page_says_what_is_true_of_the_patient_and_what_to_do(client, noon, practice, source, status, values, says):
    values = {"may_contact_referrer": True} | values
    link = office_link(status=status, source=source, patient=values)[1]

    assert says in main_of(client.get(open_office(client, link))).replace("\xa0", " ")


def test_nobody_is_called_by_a_time_who_was_reached(client, noon, office):
    row = office[0].appointment_request
    moves.log_call(row.public_id, result="reached", note="", by=UserFactory(group="scheduler"))

    assert "hears from us by" not in main_of(client.get(open_office(client, office[1])))


def test_what_was_asked_for_is_not_asked_for_again_once_something_came(client, noon, practice):
    referral, link = office_link(status="more-info", patient={"waiting": True})
    row = referral.appointment_request
    home, pages = open_office(client, link), []
    for minute, step in enumerate(["office", "asked", "dealt", "office"], 1):
        noon(minute)
        if step == "office":
            post(client, home, "message/", message="Here it is.", entry_id=str(uuid.uuid4()))
        elif step == "asked":
            row.status_events.create(move="wait", from_status="in_review", to_status="waiting", version=2)
        else:
            referral.refresh_from_db()
            staff = UserFactory(group="scheduler")
            referrals.deal_with(referral.public_id, note="", seen_version=referral.version, by=staff)
        pages.append(main_of(client.get(home)))

    assert ["and have what you sent" in page for page in pages] == [True, False, False, True]
    assert ["Send it now" in page for page in pages] == [False, True, True, False]


def test_the_page_says_what_comes_next_and_by_when(client, noon, office):
    referral, link = office
    home = open_office(client, link)
    referral.updates.create(kind="accepted", due_at=NOON + datetime.timedelta(days=2))
    referral.updates.create(kind="received", due_at=NOON - datetime.timedelta(days=2))

    page = main_of(client.get(home)).replace("\xa0", " ")

    assert "Our next letter to you is due by Wednesday, December 2, noon at the latest." in page


@pytest.mark.parametrize("status", ["booked", "under-review"])
def test_a_visit_is_shown_while_it_is_booked(client, noon, practice, status):
    referral, link = office_link(status=status, patient={"status": "scheduled"})
    Visit.objects.create(
        appointment_request=referral.appointment_request,
        starts_at=NOON + datetime.timedelta(days=3),
        location=LocationFactory(),
    )

    page = main_of(client.get(open_office(client, link))).replace("\xa0", " ")

    assert ("Thursday, December 3, noon" in page) == (status == "booked")


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_takes_as_many_queries_for_three_letters_as_for_one(client, office, count, django_assert_num_queries):
    home = open_office(client, office[1])
    for _ in range(count):
        letter_of(*office, sent=True)
        PatientFile.objects.create(
            appointment_request=office[0].appointment_request, office=office[0].practice, kind="pdf", name="a.pdf"
        )

        referrals.hear(office[0].appointment_request, "office-wrote", comment="Hello", practice=office[0].practice_id)

    # The session with all that it hangs on, the read; files, messages, letters, when the next is due, whether the
    # patient was reached; and the frame's four.
    with django_assert_num_queries(11):
        client.get(home)


def test_after_half_an_hour_the_page_asks_for_a_code_and_keeps_what_was_typed(client, noon, office):
    _, link = office
    home = open_office(client, link)
    noon(30)

    late = post(client, home, "message/", message="Please call Tuesday", entry_id=str(uuid.uuid4()))
    right = post(client, home, "code/", code=read_out(link))

    assert (late.status_code, ReferralEvent.objects.count()) == (403, 0)
    assert late.content.decode().count("<blockquote>") == 1
    assert "Please call Tuesday" in text_of(late)
    assert [word for word in OF_THE_PATIENT if word in main_of(late)] == []
    assert right.status_code == 303


def test_the_page_can_be_left(client, office):
    home = open_office(client, office[1])
    kept = client.cookies["apollo-status-en"].value

    answer = post(client, home, "end/")

    assert "This screen is cleared" in text_of(answer)
    assert answer["Clear-Site-Data"] == '"cache"'
    client.cookies["apollo-status-en"] = kept
    assert client.get(home).status_code == 404


# Letters


@pytest.mark.parametrize(
    ("status", "is_there"),
    [
        ("due", False),
        ("prepared", False),
        ("approved", True),
        ("sending", True),
        ("sent", True),
        ("confirmed", True),
        ("failed", False),
        ("withdrawn", False),
    ],
)
def test_letters_are_shown_from_their_approval_on(client, office, status, is_there):
    home = open_office(client, office[1])
    letter = letter_of(*office, confirmed=True, failure="busy")
    ReferralUpdate.objects.update(status=status)

    page, saved = client.get(home), post(client, home, f"letters/{letter.public_id}/")

    assert ("Save the letter" in text_of(page), saved.status_code) == (is_there, 200 if is_there else 404)


def test_a_letter_is_saved_as_pdf_and_that_is_recorded(client, office):
    home = open_office(client, office[1])
    letter = letter_of(*office, sent=True)

    answer = post(client, home, f"letters/{letter.public_id}/")

    assert (answer["Content-Type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    assert answer["Content-Disposition"].startswith('attachment; filename="APM-')
    event = ReferralEvent.objects.get()
    assert (event.what, event.by, event.details["letter"]) == ("letter-opened", None, letter.pk)
    assert client.get(f"{home}letters/{letter.public_id}/").status_code == 405


def test_without_the_library_the_page_says_so(client, office, monkeypatch):
    def unavailable():
        raise letters.LettersUnavailable

    monkeypatch.setattr(letters, "library", unavailable)
    home = open_office(client, office[1])

    answer = post(client, home, f"letters/{letter_of(*office, sent=True).public_id}/")

    assert (answer.status_code, "We cannot show the letter right now" in text_of(answer)) == (503, True)


def test_letters_to_another_office_are_not_theirs(client, office):
    """The referral was first matched to another practice, and a letter had gone there."""
    referral, link = office
    elsewhere = ContactPointFactory(verified=True, value="+18135550177")
    letter = letter_of(referral, link, sent=True)
    ReferralUpdate.objects.update(contact_point=elsewhere)
    home = open_office(client, link)

    assert "There is no letter yet." in text_of(client.get(home))
    for tail in ("", "read/"):
        assert post(client, home, f"letters/{letter.public_id}/{tail}").status_code == 404


def test_we_have_read_this_is_the_proof_of_a_letter(client, noon, office):
    home = open_office(client, office[1])
    letter = letter_of(*office, sent=True)

    answers = [post(client, home, f"letters/{letter.public_id}/read/") for _ in range(2)]

    letter.refresh_from_db()
    assert [answer["Location"] for answer in answers] == [f"{home}?done=read", home]
    assert (letter.status, letter.confirmed_at, letter.version) == ("confirmed", NOON, 2)
    assert letter.proof == "Read on the secure page, Nov. 30, 2026, noon"
    assert "We have noted that you have read it." in text_of(client.get(answers[0]["Location"]))
    assert "We know that you have it." in text_of(client.get(home))


@pytest.mark.parametrize("status", ["approved", "sending"])
def test_what_was_not_sent_is_not_confirmed(client, office, status):
    home = open_office(client, office[1])
    letter = letter_of(*office, approved=True, status=status)

    post(client, home, f"letters/{letter.public_id}/read/")

    letter.refresh_from_db()
    assert letter.status == status


# What the office sends


def test_a_message_is_kept_encrypted_and_told_without_its_words(client, office, coordinator):
    referral, link = office
    home, entry = open_office(client, link), str(uuid.uuid4())
    words = "Patient takes warfarin,\r\n<b>since May</b>"

    answers = [post(client, home, "message/", message=words, entry_id=entry) for _ in range(2)]

    event = ReferralEvent.objects.get()
    assert [answer["Location"] for answer in answers] == [f"{home}?done=message"] * 2
    assert (event.what, event.comment, event.by) == ("office-wrote", words.replace("\r", ""), None)
    assert Referral.objects.get().office_waits_since is not None
    message = Message.objects.get()
    assert (message.kind, message.to) == ("staff-office", coordinator.email)
    assert "warfarin" not in render(message).body + str(message.context)
    assert f"/admin/appointments/referral/{referral.pk}/change/" in render(message).body


def test_staff_read_the_message(client, office):
    browser = Client()
    home = open_office(browser, office[1])
    post(browser, home, "message/", message="<b>Warfarin</b>", entry_id=str(uuid.uuid4()))
    page = f"/admin/appointments/referral/{office[0].pk}/change/"

    sign_in(client, "scheduler")
    assert "&lt;b&gt;Warfarin" in client.get(page).content.decode()
    sign_in(client, "auditor")
    assert "Warfarin" not in client.get(page).content.decode()


@pytest.mark.parametrize("typed", ["", "  ", "x" * 1001, "a\0b"], ids=["empty", "blank", "long", "null"])
def test_a_message_that_cannot_be_taken_is_kept_in_the_page(client, office, typed):
    home = open_office(client, office[1])

    answer = post(client, home, "message/", message=typed, entry_id=str(uuid.uuid4()))

    assert answer.status_code == 422
    assert "Your message:" in text_of(answer)
    assert typed.replace("\0", "").strip() in answer.content.decode()
    assert (ReferralEvent.objects.count(), Message.objects.count()) == (0, 0)


def test_ten_messages_an_hour_are_enough(client, noon, office):
    home = open_office(client, office[1])

    answers = [post(client, home, "message/", message="Hello", entry_id=str(uuid.uuid4())) for _ in range(11)]

    assert [answer.status_code for answer in answers] == [303] * 10 + [429]
    assert "Please call us" in text_of(answers[10])


def test_a_file_is_taken_as_the_patients_are_and_staff_are_told(client, office, coordinator):
    referral, link = office
    home = open_office(client, link)

    answer = client.post(f"{home}files/", {"file": upload(document(), "mri.pdf")})

    file = PatientFile.objects.get()
    assert (answer["Location"], file.office, file.name) == (f"{home}?done=file", referral.practice, "mri.pdf")
    assert files.content_of(file)[:5] == b"%PDF-"
    assert Message.objects.get().kind == "staff-office"
    assert "mri.pdf" in text_of(client.get(home))
    event, referral = ReferralEvent.objects.get(), Referral.objects.get()
    assert (event.what, event.details["file"], event.by) == ("office-sent-file", file.pk, None)
    assert referral.office_waits_since is not None


def test_an_office_sees_what_it_sent_itself_with_times(client, noon, office):
    referral, link = office
    home, row = open_office(client, link), office[0].appointment_request
    other = ReferringPracticeFactory(name="Other")
    referrals.hear(row, "office-wrote", comment="Of another", practice=other.pk)
    PatientFile.objects.create(appointment_request=row, office=other, kind="pdf", name="other.pdf")
    empty = main_of(client.get(home))
    post(client, home, "message/", message="She takes <b>warfarin</b>.", entry_id=str(uuid.uuid4()))
    noon(30 - 5)
    PatientFile.objects.create(appointment_request=row, office=referral.practice, kind="pdf", name="mri.pdf")

    page = main_of(client.get(home)).replace("\xa0", " ")

    assert "You have not written to us or sent a file on this page yet." in empty
    sent = "Nov. 30, 2026, 12:25 p.m.mri.pdfPDF, 0 bytesNov. 30, 2026, noonShe takes <b>warfarin</b>."
    assert f"What you sent us {sent} We answer by phone or by letter, not on this page." in page
    assert [word for word in ("Of another", "other.pdf") if word in empty + page] == []


def test_a_file_that_cannot_be_taken_says_why(client, office):
    home = open_office(client, office[1])

    answer = client.post(f"{home}files/", {"file": upload(locked_document(), "mri.pdf")})

    assert (answer.status_code, "This file is locked" in text_of(answer)) == (422, True)


def test_files_of_a_finished_referral_are_refused(client, practice):
    home = open_office(client, office_link(patient={"status": "closed", "outcome": "not-offered"})[1])

    answer = client.post(f"{home}files/", {"file": upload(document(), "mri.pdf")})

    assert (answer.status_code, "This referral is finished" in text_of(answer)) == (409, True)
    assert PatientFile.objects.count() == 0


def test_patient_and_office_do_not_see_each_others_files_nor_take_their_room(client, office):
    referral, link = office
    for owner in [None] * 5 + [referral.practice]:
        PatientFile.objects.create(
            appointment_request=referral.appointment_request, office=owner, kind="pdf", name=f"{owner}.pdf"
        )
    patient = Client()
    home = open_office(client, link)
    page_of_patient = open_office(patient, access.new_link(referral.appointment_request))

    of_office, of_patient = text_of(client.get(home)), text_of(patient.get(page_of_patient))
    assert ("None.pdf" in of_office, "You can send 4 more" in of_office) == (False, True)
    assert ("None.pdf" in of_patient, "Pattern Family" in of_patient) == (True, False)
    file = PatientFile.objects.get(office=referral.practice)
    post(patient, page_of_patient, f"files/{file.public_id}/remove/")
    file.refresh_from_db()
    assert file.removed_at is None


# The wrong office


def test_the_wrong_office_ends_its_links_and_tells_staff(client, office, coordinator):
    referral, link = office
    second = access.new_office_link(referral, ContactPoint.objects.get())
    home = open_office(client, link)

    answer = post(client, home, "wrong/")

    assert "Thank you for telling us" in text_of(answer)
    assert [Client().get(one).status_code for one in (link, second, home)] == [404, 404, 404]
    assert not ContactPoint.objects.get().is_verified(timezone.now())
    assert [event.what for event in ContactPointEvent.objects.all()] == ["failed", "ended"]
    assert [event.what for event in ReferralEvent.objects.all()] == ["wrong-office", "incident-opened"]
    assert Message.objects.get().kind == "staff-office"
    assert "says that it is the wrong office" in StaffNote.objects.get().text


@pytest.mark.parametrize("of_this_referral", [True, False])
def test_the_page_itself_is_an_incident_where_no_letter_of_its_referral_is_one(client, office, of_this_referral):
    """Somebody has seen it, whether they asked for the full name or not."""
    referral, link = office
    there = ContactPoint.objects.get()
    other = referral if of_this_referral else ReferralFactory(practice=there.practice)
    letter = ReferralUpdateFactory(sent=True, referral=other, contact_point=there)

    post(client, open_office(client, link), "wrong/")

    found = Incident.objects.order_by("pk").values_list("referral", "update", "contact_point", "number")
    of_letter = (other.pk, letter.pk, there.pk, there.value)
    of_page = (referral.pk, None, there.pk, there.value)
    assert list(found) == ([of_letter] if of_this_referral else [of_letter, of_page])


def test_a_letter_that_the_wrong_office_opened_is_an_incident(client, office):
    home = open_office(client, office[1])
    opened, other = letter_of(*office, sent=True), letter_of(*office, sent=True)
    for _ in range(2):
        post(client, home, f"letters/{opened.public_id}/")

    post(client, home, "wrong/")

    found = Incident.objects.order_by("update").values_list("update", "opened_by")
    assert list(found) == [(opened.pk, None), (other.pk, None)]  # the other one left for the same number


def test_what_the_wrong_office_saw_of_other_patients_is_an_incident(client, office):
    referral, link = office
    there = ContactPoint.objects.get()
    page, letter, unopened = (ReferralFactory(practice=there.practice) for _ in range(3))
    for other in (page, letter):
        open_office(Client(), access.new_office_link(other, there))
    unopened.appointment_request.read_events.create(office=there.practice)  # by another way, before there was a link
    access.new_office_link(unopened, there)
    fax = ContactPointFactory(practice=there.practice, value="+18135550151", verified=True)
    mailed = ReferralUpdateFactory(approved=True, referral=letter, contact_point=fax)
    referral_events = letter.appointment_request.referral_events
    referral_events.create(what="letter-opened", details={"letter": mailed.pk, "practice": there.practice.pk})

    post(client, open_office(client, link), "wrong/")

    found = Incident.objects.order_by("pk").values_list("referral", "update")
    assert list(found) == [(letter.pk, mailed.pk), (referral.pk, None), (page.pk, None)]


def test_the_wrong_office_hears_no_more_by_any_way(client, office):
    home = open_office(client, office[1])
    practice = Referral.objects.get().practice
    other_way = ContactPointFactory(practice=practice, kind="email", value="b@example.org", verified=True)

    post(client, home, "wrong/")

    referral = Referral.objects.get()
    assert (referral.practice, referral.why_not_tell(other_way, timezone.now())) == (None, NO_PRACTICE)


def test_another_message_from_a_page_that_was_used_twice_is_kept_as_well(client, office):
    home = open_office(client, office[1])
    entry_id = str(uuid.uuid4())

    for text in ("First.", "First.", "Second."):
        post(client, home, "message/", message=text, entry_id=entry_id)

    said = ReferralEvent.objects.filter(what="office-wrote").order_by("pk")
    assert [event.comment for event in said] == ["First.", "Second."]


# Spanish


def test_the_page_speaks_spanish_to_who_asks(client, office):
    home = open_office(client, office[1])

    page = text_of(client.get(f"/es{home}"))

    assert "Su remisión" in page
    assert left_over(texts(client.get(f"/es{home}"))) == []
