"""The page of one request: what it shows to whom, and that a hand-made POST can do no more than its buttons."""

import datetime
import re
import uuid

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from appointments.models import (
    AppointmentRequest,
    ContactAttempt,
    ReadEvent,
    StaffNote,
    StatusEvent,
    TimeOffer,
    Visit,
)
from appointments.services import moves
from appointments.transitions import DESK, GROUPS, MOVES, TRANSITIONS, Status
from tests.appointments.desk import LIST, page_of, sign_in
from tests.appointments.test_moves import in_status, stored
from tests.factories import AppointmentRequestFactory, ClinicianFactory, LocationFactory, UserFactory
from tests.patient import offer

DAY = datetime.timedelta(days=1)
BUTTONS = [move for move in TRANSITIONS if move.by <= set(GROUPS) and move.target]
XSS = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>{{ 7|add:7 }}"
WORDS = [  # every field in which a patient's own words stand
    "first_name",
    "last_name",
    "name_pronunciation",
    "phone",
    "phone_as_typed",
    "email",
    "zip_code",
    "on_behalf_name",
    "on_behalf_phone",
    "reason",
    "interpreter_language",
    "payer_name",
    "member_number",
    "referrer_name",
    "referrer_practice",
    "referrer_phone",
]


@pytest.fixture
def appointment_request(practice):
    return AppointmentRequestFactory()


def html(response):
    return response.content.decode()


def text_of(response):
    """What stands on the page, in one line."""
    return " ".join(re.sub(r"<[^>]*>", " ", html(response).partition("<main")[2]).split())


def typed(move):
    """What a person types into the form of `move`."""
    when = timezone.localtime(timezone.now() + DAY).strftime("%Y-%m-%dT%H:%M")
    everything = {
        "waiting_on": "payer",
        "next_action_at": when,
        "starts_at": when,
        "question": "Which blood thinner?",
        "offer_1": when,
        "offer": uuid.uuid4(),
        "answers": "Warfarin",
        "location": LocationFactory().pk,
        "visit_status": "fulfilled",
        "outcome": "patient-withdrew",
        "comment": "Said so.",
    }
    return {"move": move.name, "seen_version": 1} | {field: everything[field] for field in move.needs}


# What it shows


def test_page_says_whom_to_call_and_how(client, practice):
    sign_in(client, "scheduler")
    appointment_request = AppointmentRequestFactory(
        first_name="Rosa",
        last_name="Example",
        name_pronunciation="ROH-sah",
        voicemail="name-only",
        best_time="morning",
        needs=["interpreter", "wheelchair"],
        interpreter_language="Spanish",
        on_behalf_name="Lucia Example",
        on_behalf_phone="+18135550119",
        patient_knows="no",
        urgent_flags={"signs": "yes", "leg-weakness": "yes"},
        payer_kind="medicare",
        source_slug="mild",
    )

    response = client.get(page_of(appointment_request))

    assert '<a href="tel:+18135550142">813-555-0142</a>' in html(response)
    for words in [
        "Rosa Example",
        "Say: ROH-sah",
        "Typed as: (813) 555-0142",
        "Name and number only",
        "Mornings",
        "Interpreter · Wheelchair or walker · speaks Spanish",
        "My legs get heavy after one block.",
        "Lucia Example, 813-555-0119 . The patient does not know yet.",
        "Said yes to a sign of an emergency",
        "One or both legs getting weaker, or a foot that drags",
        "Medicare",
        "Page it came from: mild",
        "Not called yet",
    ]:
        assert words in text_of(response)


def test_page_says_whose_number_it_is_and_who_wants_an_email(client, practice):
    sign_in(client, "scheduler")
    own = AppointmentRequestFactory(reach_by="call")
    other = AppointmentRequestFactory(reach_by="email", on_behalf_name="Lucia Example", on_behalf_phone=own.phone)

    words = ("The number to call is this person’s.", "Wants an e-mail")
    assert [word in text_of(client.get(page_of(own))) for word in words] == [False, False]
    assert [word in text_of(client.get(page_of(other))) for word in words] == [True, True]
    assert text_of(client.get(LIST)).count("Wants an e-mail") == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (True, "The patient said: yes, you may contact this doctor."),
        (False, "The patient said: do not contact this doctor."),
        (None, "The patient has not said yes: do not contact this doctor."),
    ],
)
def test_page_says_whether_the_doctor_may_be_contacted(client, practice, answer, words):
    sign_in(client, "scheduler")
    appointment_request = AppointmentRequestFactory(referrer_name="Dr. Paula Pattern", may_contact_referrer=answer)

    shown = text_of(client.get(page_of(appointment_request)))

    assert "Dr. Paula Pattern" in shown
    assert [
        sentence for sentence in re.findall(r"The patient [^.:]*: [^.]*doctor\.", shown) if "contact" in sentence
    ] == [words]


def test_page_offers_the_moves_of_the_table_and_no_others(client, practice):
    sign_in(client, "scheduler")

    for status in Status:
        response = client.get(page_of(in_status(status)))

        offered = re.findall(r'name="move" value="(\w+)"', html(response).partition('id="next"')[2])
        assert offered == [move.name for move in BUTTONS if status in move.sources and "scheduler" in move.by]


def test_history_is_shown_and_nothing_of_it_can_be_changed(client, appointment_request):
    user = sign_in(client, "scheduler", first_name="Ana", last_name="Demo")
    moves.move(appointment_request.public_id, "claim", seen_version=1, by=user)
    moves.log_call(appointment_request.public_id, result="left-message", note="Asked to call back", by=user)
    moves.move(
        appointment_request.public_id,
        "wait",
        seen_version=2,
        by=user,
        waiting_on="payer",
        next_action_at=timezone.now() + DAY,
        comment="Number is missing",
    )

    shown = text_of(client.get(page_of(appointment_request)))

    history = shown.partition("History")[2]
    assert "Ana Demo : Wait for somebody · In review → Waiting · the insurer · " in history
    assert "Number is missing" in history
    assert "Ana Demo : Phone: Left message Asked to call back" in history
    assert "Ana Demo : I take this one · Received → In review" in history
    assert "Sent to us. Came by: Website" in history


def test_opening_is_recorded_each_time(client, appointment_request):
    user = sign_in(client, "scheduler")

    for _ in range(10):
        client.get(page_of(appointment_request))

    assert list(ReadEvent.objects.values_list("appointment_request", "by")) == [(appointment_request.pk, user.pk)] * 10


@pytest.mark.parametrize("group", [*GROUPS, None])
def test_page_opens_for_its_groups_and_shows_words_to_those_who_may_read_them(client, practice, group):
    sign_in(client, group)
    appointment_request = AppointmentRequestFactory(
        status="in_review", version=2, **{field: f"Canary{field}" for field in WORDS}
    )
    author = UserFactory(group="supervisor")
    moves.add_note(appointment_request.public_id, text="Canarynote", by=author)
    appointment_request.patient_questions.create(text="Canaryquestion", asked_by=author, answer="Canaryanswer")
    moves.log_call(appointment_request.public_id, result="reached", note="Canarycall", by=author)
    moves.move(
        appointment_request.public_id, "close", seen_version=2, by=author, outcome="spam", comment="Canarycomment"
    )

    response = client.get(page_of(appointment_request))

    assert response.status_code == (403 if group in ("editor", None) else 200)
    assert ("Canary" in html(response)) == (group in DESK | {"clinician", "owner"})
    assert ("Opened by" in html(response)) == (group in ("auditor", "supervisor", "owner"))


def test_page_of_no_request_is_not_found(client, practice):
    sign_in(client, "scheduler")

    for key in ("999", "abc", "9" * 30):
        assert client.get(f"{LIST}{key}/change/").status_code == 404


def test_query_count_is_the_same_with_1_and_3_of_everything(client, appointment_request):
    sign_in(client, "scheduler")

    def add(number):
        author = UserFactory(group="scheduler")
        moves.log_call(appointment_request.public_id, result="no-answer", note="Nobody", by=author)
        moves.add_note(appointment_request.public_id, text="A note", by=author)
        Visit.objects.create(
            appointment_request=appointment_request,
            starts_at=timezone.now(),
            status="cancelled",
            location=LocationFactory(slug=f"office-{number}"),
        )
        StatusEvent.objects.create(
            appointment_request=appointment_request,
            move="resume",
            from_status="waiting",
            to_status="in_review",
            version=number,
            by=author,
        )

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(page_of(appointment_request)).status_code == 200
        return len(captured)

    add(10)
    with_one = queries()
    add(11)
    add(12)

    # session, user, two for rights, groups, request, the read, events, tries, visits, corrections,
    # questions, offers, files, notes, places and clinicians to choose from, once for each form that asks (places twice:
    # the box looks at its first one), the last move, requests alike, those linked, whether mail
    # fails, and four for the practice
    assert (with_one, queries()) == (30, 30)


# What it does


@pytest.mark.parametrize(("hour", "is_warned"), [("03:00", True), ("15:00", False)])
@time_machine.travel(datetime.datetime(2026, 11, 20, 17, tzinfo=datetime.UTC))
def test_a_visit_at_night_is_booked_and_pointed_at(client, practice, hour, is_warned):
    sign_in(client, "scheduler")
    appointment_request = AppointmentRequestFactory()
    location = LocationFactory(slug="always", hours=True)

    typed = {"move": "schedule", "seen_version": 1, "starts_at": f"2026-11-24T{hour}", "location": location.pk}
    response = client.post(page_of(appointment_request), typed, follow=True)

    assert "is now: Scheduled." in text_of(response)
    assert ("The office is closed at that time (Tuesday, November 24, 3 a.m.). If" in text_of(response)) == is_warned


@pytest.mark.parametrize("name", ["schedule", "offer"])
@pytest.mark.parametrize("taken_by", ["visit", "offer", "visit with another", "visit of another day", "its own offer"])
@time_machine.travel(datetime.datetime(2026, 11, 20, 17, tzinfo=datetime.UTC))
def test_a_second_patient_at_one_time_is_booked_and_pointed_at(client, practice, name, taken_by):
    sign_in(client, "scheduler")
    appointment_request, other = AppointmentRequestFactory(), AppointmentRequestFactory()
    clinician, location = ClinicianFactory(), LocationFactory()
    at = datetime.datetime(2026, 11, 24, 19, 40, tzinfo=datetime.UTC)
    taken = {"starts_at": at, "location": location, "clinician": clinician, "appointment_request": other}
    if taken_by == "visit with another":
        taken["clinician"] = ClinicianFactory(slug="another")
    if taken_by == "visit of another day":
        taken["starts_at"] += DAY
    if taken_by == "its own offer":
        taken["appointment_request"] = appointment_request
    (TimeOffer if taken_by.endswith("offer") else Visit).objects.create(**taken)

    field = {"schedule": "starts_at", "offer": "offer_1"}[name]
    posted = {"move": name, "seen_version": 1, field: "2026-11-24T15:00", "location": location.pk}
    page = text_of(client.post(page_of(appointment_request), posted | {"clinician": clinician.pk}, follow=True))

    assert "is now:" in page
    warning = f"Elena Sample, MD has {other.reference} at that time (Tuesday, November 24, 3 p.m.). If"
    assert (warning in page) == (taken_by in ("visit", "offer"))


@pytest.mark.parametrize(
    ("day", "offered"),
    [(20, "2026-11-24T09:00"), (22, "2026-11-24T09:00"), (24, "2026-11-26T09:00")],
    ids=["Friday", "Sunday", "Tuesday"],
)
def test_when_to_look_again_is_filled_in(client, practice, time_machine, day, offered):
    time_machine.move_to(datetime.datetime(2026, 11, day, 17, tzinfo=datetime.UTC), tick=False)
    sign_in(client, "scheduler")

    page = html(client.get(page_of(AppointmentRequestFactory())))

    asked = re.search(r'<input[^>]*name="next_action_at"[^>]*>', page)[0]
    assert f'value="{offered}"' in asked


@pytest.mark.parametrize("name", ["refuse_times", "pick_time"])
def test_what_the_patient_wrote_with_a_choice_stands_above_the_facts(client, practice, name):
    sign_in(client, "scheduler")
    appointment_request = in_status(Status.OFFERED)
    chosen = {"offer": offer(appointment_request).public_id} if name == "pick_time" else {}
    moves.move(appointment_request.public_id, name, seen_version=1, by=None, comment="Only on Fridays", **chosen)

    page = html(client.get(page_of(appointment_request)))

    assert page.index("Only on Fridays") < page.index("Referring doctor")


@pytest.mark.parametrize("typed_as", ["813-555-0142", "(813) 555-0142"])
def test_page_says_nothing_twice(client, practice, typed_as):
    sign_in(client, "scheduler")

    page = text_of(client.get(page_of(AppointmentRequestFactory(phone_as_typed=typed_as))))

    assert ("Typed as:" in page) == (typed_as != "813-555-0142")
    assert (page.count("Promised"), "Promised by" in page) == (1, False)


def test_cursor_stands_in_the_first_box_with_a_message(client, practice):
    sign_in(client, "scheduler")
    appointment_request = AppointmentRequestFactory()

    page = html(client.post(page_of(appointment_request), typed(MOVES["offer"]) | {"offer_2": "soon", "offer_3": "x"}))

    assert re.findall(r'name="(\w+)"[^>]* autofocus', page) == ["offer_2"]


def test_page_leads_back_to_the_list_it_was_opened_from(client, practice):
    sign_in(client, "scheduler")
    appointment_request = AppointmentRequestFactory()
    [address] = re.findall(r'field-reference"><a href="([^"]+)"', html(client.get(f"{LIST}?show=new&topic=")))

    done = client.post(address, typed(MOVES["claim"]))

    assert (address.partition("?")[0], done["Location"]) == (page_of(appointment_request), address)
    assert html(client.get(address)).count('<a href="/admin/appointments/appointmentrequest/?show=new">') == 2


def test_duplicate_links_to_the_request_that_goes_on(client, practice):
    sign_in(client, "scheduler")
    goes_on = AppointmentRequestFactory()
    closed = AppointmentRequestFactory(closed=True, outcome="duplicate", duplicate_of=goes_on)

    badge = re.search(r'<span class="badge">Closed.*?</span>', html(client.get(page_of(closed))))[0]

    assert f'<a href="{page_of(goes_on)}">{goes_on.reference}</a>' in badge


@pytest.mark.parametrize("move", BUTTONS, ids=lambda move: move.name)
def test_button_makes_its_move_and_says_so(client, practice, move):
    sign_in(client, "supervisor")
    appointment_request = in_status(next(status for status in Status if status in move.sources))

    response = client.post(page_of(appointment_request), typed(move))

    assert (response.status_code, response["Location"]) == (302, page_of(appointment_request))
    appointment_request.refresh_from_db()
    assert (appointment_request.status, appointment_request.version) == (move.target, 2)
    said = f"{appointment_request.reference} is now: {appointment_request.get_status_display()}."
    assert said in text_of(client.get(response["Location"]))


@pytest.mark.parametrize("email", ["", "walter@example.org"])
def test_staff_are_asked_to_tell_a_patient_who_has_no_email(client, practice, email):
    sign_in(client, "scheduler")
    appointment_request = AppointmentRequestFactory(email=email)

    response = client.post(page_of(appointment_request), typed(MOVES["ask"]), follow=True)

    assert ("There is no e-mail address: please tell the patient by phone." in text_of(response)) == (not email)


@pytest.mark.parametrize("outcome", ["duplicate", "deceased", "patient-withdrew", "scheduled-elsewhere"])
def test_staff_are_not_asked_to_tell_what_no_mail_would(client, practice, outcome):
    sign_in(client, "scheduler")
    other, appointment_request = AppointmentRequestFactory(), AppointmentRequestFactory()
    posted = {"move": "close", "seen_version": 1, "outcome": outcome}
    posted |= {"duplicate_of": other.reference} if outcome == "duplicate" else {}

    page = text_of(client.post(page_of(appointment_request), posted, follow=True))

    assert "is now: Closed." in page
    assert ("please tell the patient by phone" in page) == (outcome == "scheduled-elsewhere")


def test_what_was_asked_offered_and_answered_stands_on_the_page(client, practice):
    user = sign_in(client, "scheduler")
    appointment_request = AppointmentRequestFactory()
    for name, values in [
        ("ask", {"question": "Which blood thinner?", "next_action_at": timezone.now() + DAY}),
        ("answer", {}),
        ("offer", {"offer_1": timezone.now() + DAY, "location": LocationFactory()}),
        ("refuse_times", {"comment": "Only on Fridays"}),
    ]:
        if name == "answer":
            values = {"answers": {appointment_request.patient_questions.get().public_id: "Warfarin"}}
        is_patient = name in ("answer", "refuse_times")
        appointment_request = moves.move(
            appointment_request.public_id,
            name,
            seen_version=appointment_request.version,
            by=None if is_patient else user,
            **values,
        )

    text = text_of(client.get(page_of(appointment_request)))

    for words in (
        "Which blood thinner?",
        "Warfarin",
        "Does not suit",
        "the patient : Patient answered",
        "Only on Fridays",
    ):
        assert words in text


@pytest.mark.parametrize("result", ContactAttempt.Result.values)
def test_button_notes_a_call(client, appointment_request, result):
    user = sign_in(client, "scheduler")

    response = client.post(
        page_of(appointment_request), {"call": result, "note": "As typed", "seen_version": 1, "entry_id": uuid.uuid4()}
    )

    assert response.status_code == 302
    (attempt,) = ContactAttempt.objects.all()
    assert (attempt.result, attempt.note, attempt.by, attempt.channel) == (result, "As typed", user, "phone")


def test_page_carries_an_entry_id_so_that_a_double_click_counts_once(client, appointment_request):
    sign_in(client, "scheduler")
    page = html(client.get(page_of(appointment_request)))
    (first, second) = re.findall(r'name="entry_id" value="([0-9a-f-]{36})"', page)

    for _ in range(2):
        client.post(page_of(appointment_request), {"call": "no-answer", "entry_id": first, "seen_version": 1})
        client.post(page_of(appointment_request), {"note": "add", "text": "Once", "entry_id": second})

    assert (ContactAttempt.objects.count(), StaffNote.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        ({"call": "no-answer"}, {"call": "reached", "note": "Typed"}, 'value="Typed"'),
        ({"note": "add", "text": "One"}, {"note": "add", "text": "Typed"}, "Typed</textarea>"),
    ],
)
def test_another_entry_from_the_same_page_is_told_and_the_next_press_keeps_it(
    client, appointment_request, first, second, kept
):
    sign_in(client, "scheduler")
    entry_id = uuid.uuid4()
    client.post(page_of(appointment_request), first | {"entry_id": entry_id})

    response = client.post(page_of(appointment_request), second | {"entry_id": entry_id})

    assert response.status_code == 409
    assert "Something else from this page is kept already." in text_of(response)
    assert kept in html(response)
    assert str(entry_id) not in html(response)
    assert ContactAttempt.objects.count() + StaffNote.objects.count() == 1

    for fresh in re.findall(r'name="entry_id" value="([0-9a-f-]{36})"', html(response)):
        client.post(page_of(appointment_request), second | {"entry_id": fresh})
    assert ContactAttempt.objects.count() + StaffNote.objects.count() == 3


def test_note_is_kept_and_shown(client, appointment_request):
    sign_in(client, "clinician")

    client.post(page_of(appointment_request), {"note": "add", "text": "Needs an MRI first", "seen_version": 1})

    assert "Needs an MRI first" in text_of(client.get(page_of(appointment_request)))


def test_bad_input_keeps_what_was_typed_and_names_the_field(client, practice):
    sign_in(client, "scheduler")
    appointment_request = in_status(Status.IN_REVIEW)
    before = stored(appointment_request)

    response = client.post(
        page_of(appointment_request),
        {
            "move": "wait",
            "seen_version": 1,
            "waiting_on": "payer",
            "next_action_at": "2020-01-01T10:00",
            "comment": "Typed",
        },
    )

    assert response.status_code == 422
    assert "Look again on This must be in the future." in text_of(response)
    for kept in ['value="2020-01-01T10:00"', '<option value="payer" selected>', "Typed</textarea>"]:
        assert kept in html(response)
    assert stored(appointment_request) == before


def test_stale_page_says_who_was_faster_and_keeps_what_was_typed(client, practice):
    sign_in(client, "scheduler")
    ana = UserFactory(group="scheduler", first_name="Ana", last_name="Demo")
    appointment_request = in_status(Status.IN_REVIEW)
    moves.move(
        appointment_request.public_id,
        "wait",
        seen_version=1,
        by=ana,
        waiting_on="payer",
        next_action_at=timezone.now() + DAY,
    )
    before = stored(appointment_request)

    response = client.post(
        page_of(appointment_request),
        {"move": "close", "seen_version": 1, "outcome": "needs-referral-first", "comment": "My long comment"},
    )

    assert response.status_code == 409
    shown = text_of(response)
    assert "Somebody was faster. Nothing of yours was saved." in shown
    assert re.search(r"Ana Demo , \w+\.? \d+, [^:]*(:\d+)? [ap]\.m\.: Wait for somebody · In review → Waiting", shown)
    assert "My long comment</textarea>" in html(response)
    assert '<option value="needs-referral-first" selected>' in html(response)
    assert stored(appointment_request) == before

    # The same button, pressed again on the page that now shows how it stands, closes it.
    seen = re.findall(r'name="seen_version" value="(\d+)"', html(response))
    assert set(seen) == {"2"}
    client.post(
        page_of(appointment_request),
        {"move": "close", "seen_version": 2, "outcome": "needs-referral-first", "comment": "My long comment"},
    )
    appointment_request.refresh_from_db()
    assert appointment_request.status == Status.CLOSED


def test_second_click_is_not_told_that_somebody_else_was_faster(client, practice):
    user = sign_in(client, "scheduler")
    appointment_request = in_status(Status.RECEIVED)

    first, second = [client.post(page_of(appointment_request), typed(MOVES["claim"])) for _ in range(2)]

    assert (first.status_code, second.status_code) == (302, 409)
    assert "You have done this already" in text_of(second)
    assert "Somebody was faster" not in text_of(second)
    appointment_request.refresh_from_db()
    assert (appointment_request.version, appointment_request.assignee) == (2, user)


def test_stale_page_keeps_what_was_typed_for_a_move_that_is_gone(client, practice):
    sign_in(client, "scheduler")
    appointment_request = in_status(Status.IN_REVIEW)
    ana = UserFactory(group="scheduler")
    moves.move(appointment_request.public_id, "close", seen_version=1, by=ana, outcome="patient-withdrew")

    response = client.post(
        page_of(appointment_request),
        {
            "move": "wait",
            "seen_version": 1,
            "waiting_on": "payer",
            "next_action_at": "2030-01-01T10:00",
            "comment": "Please keep",
        },
    )

    assert response.status_code == 409
    assert "“Wait for somebody” is not possible any more." in text_of(response)
    assert "Please keep</textarea>" in html(response)
    assert 'value="wait"' not in html(response)


def test_invalid_and_stale_is_told_about_both(client, practice):
    sign_in(client, "scheduler")
    appointment_request = in_status(Status.RECEIVED)
    moves.move(appointment_request.public_id, "claim", seen_version=1, by=UserFactory(group="scheduler"))

    response = client.post(page_of(appointment_request), {"move": "close", "seen_version": 1, "comment": "Kept"})

    assert response.status_code == 409
    assert "Somebody was faster" in text_of(response)
    assert "Kept</textarea>" in html(response)


# By hand


@pytest.mark.parametrize("version", ["", "0", "2", "-1", "1.0", "x", "²", "9" * 5000])
def test_post_without_the_seen_version_changes_nothing(client, appointment_request, version):
    sign_in(client, "scheduler")
    before = stored(appointment_request)

    response = client.post(page_of(appointment_request), {"move": "claim", "seen_version": version})

    assert response.status_code == 409
    assert stored(appointment_request) == before


@pytest.mark.parametrize("move", BUTTONS, ids=lambda move: move.name)
@pytest.mark.parametrize("status", Status.values)
def test_post_of_a_move_that_has_no_button_here_is_refused(client, practice, status, move):
    sign_in(client, "supervisor")
    appointment_request = in_status(status)
    before = stored(appointment_request)

    response = client.post(page_of(appointment_request), typed(move))

    if status in move.sources:
        assert response.status_code == 302
    else:
        assert response.status_code == 409
        assert "A request in this state cannot be moved that way." in text_of(response)
        assert stored(appointment_request) == before


def test_extra_fields_are_ignored(client, appointment_request):  # P27
    user = sign_in(client, "scheduler")
    before = stored(appointment_request)
    extra = {
        "status": "closed",
        "priority": "1",
        "reference": "APM-2222-2222",
        "version": "77",
        "public_id": str(uuid.uuid4()),
        "assignee": str(UserFactory().pk),
        "first_name": "Mallory",
        "phone": "+18135550199",
        "respond_by": "2030-01-01",
        "outcome": "spam",
        "spam_score": "9",
        "may_contact_referrer": "on",
        "by": str(UserFactory().pk),
        "_save": "Save",
        "_saveasnew": "1",
    }

    client.post(page_of(appointment_request), {"move": "claim", "seen_version": 1} | extra)

    assert stored(appointment_request) == before | {"status": "in_review", "version": 2, "assignee_id": user.pk}
    assert AppointmentRequest.objects.count() == 1


@pytest.mark.parametrize(
    "data", [{}, {"_save": "Save", "status": "closed"}, {"move": "delete"}, {"move": "__class__", "seen_version": 1}]
)
def test_post_without_a_known_button_is_a_bad_request(client, appointment_request, data):
    sign_in(client, "scheduler")
    before = stored(appointment_request)

    assert client.post(page_of(appointment_request), data).status_code == 400
    assert stored(appointment_request) == before


@pytest.mark.parametrize("data", [{"call": "fine"}, {"note": "add", "text": " "}, {"note": "add", "text": "a\0b"}])
def test_post_with_nonsense_adds_nothing(client, appointment_request, data):
    sign_in(client, "scheduler")

    assert client.post(page_of(appointment_request), data).status_code == 422
    assert (ContactAttempt.objects.count(), StaffNote.objects.count()) == (0, 0)


def test_entry_id_of_another_request_shows_nothing_of_it(client, appointment_request):
    sign_in(client, "scheduler")
    other = moves.add_note(AppointmentRequestFactory().public_id, text="Canarynote", by=UserFactory(group="scheduler"))

    response = client.post(
        page_of(appointment_request), {"note": "add", "text": "Mine", "entry_id": other.public_id, "seen_version": 1}
    )

    assert response.status_code == 403
    assert "Canarynote" not in html(response)


def test_reading_changes_nothing_and_a_foreign_form_neither(appointment_request):
    client = Client(enforce_csrf_checks=True)
    sign_in(client, "scheduler")
    before = stored(appointment_request)

    client.get(page_of(appointment_request), {"move": "claim", "seen_version": 1})
    refused = client.post(page_of(appointment_request), {"move": "claim", "seen_version": 1})

    assert refused.status_code == 403
    assert stored(appointment_request) == before


# Nobody deletes


def test_no_button_deletes_not_even_for_a_superuser(client, appointment_request):
    sign_in(client, is_superuser=True)

    assert "delete" not in html(client.get(page_of(appointment_request))).lower()


def test_events_have_no_page_of_their_own(client, practice):
    sign_in(client, is_superuser=True)

    for model in ("statusevent", "readevent", "staffnote", "contactattempt", "visit"):
        assert client.get(f"/admin/appointments/{model}/").status_code == 404


# Words of patients


def test_everything_a_patient_typed_is_shown_as_text(client, practice):  # P41
    user = sign_in(client, "scheduler")
    payloads = {field: f"{field}{XSS}" for field in WORDS}
    appointment_request = AppointmentRequestFactory(
        may_contact_referrer=True, urgent_flags={f"flag{XSS}": True}, **payloads
    )
    moves.log_call(appointment_request.public_id, result="reached", note=f"call{XSS}", by=user)
    moves.add_note(appointment_request.public_id, text=f"text{XSS}", by=user)
    moves.move(appointment_request.public_id, "close", seen_version=1, by=user, outcome="spam", comment=f"comment{XSS}")

    page, queue = client.get(page_of(appointment_request)), client.get(LIST, {"show": "all"})

    for response in (page, queue):
        assert "<script>" not in html(response)
        assert "<img" not in html(response)
    for words in [*payloads.values(), *(f"{place}{XSS}" for place in ("flag", "call", "text", "comment"))]:
        assert escape(words) in html(page), words


def test_what_staff_typed_comes_back_as_text(client, practice):
    sign_in(client, "scheduler")
    appointment_request = in_status(Status.IN_REVIEW)

    response = client.post(
        page_of(appointment_request),
        {"move": "close", "seen_version": 7, "outcome": XSS, "comment": f"</textarea>{XSS}", "next_action_at": XSS},
    )

    assert response.status_code == 409
    assert "<script>" not in html(response)
    assert "<img" not in html(response)
    assert escape(f"</textarea>{XSS}") in html(response)


def test_log_of_the_admin_addresses_and_logs_hold_no_words(client, practice, caplog):  # P35
    sign_in(client, "supervisor")
    appointment_request = AppointmentRequestFactory(**{field: f"Canary{field}" for field in WORDS})
    address = page_of(appointment_request)

    seen = [
        client.get(address),
        client.post(address, {"move": "claim", "seen_version": 1}),
        client.post(address, {"call": "reached", "note": "Canarycall", "seen_version": 2}),
        client.post(address, {"note": "add", "text": "Canarynote", "seen_version": 2}),
        client.post(address, {"move": "close", "seen_version": 1, "outcome": "spam", "comment": "Canarystale"}),
        client.post(address, {"move": "close", "seen_version": 2, "outcome": "spam", "comment": "Canarycomment"}),
        client.get(LIST, {"show": "all"}),
    ]

    assert [response.status_code for response in seen] == [200, 302, 302, 302, 409, 302, 200]
    entries = list(LogEntry.objects.values_list("object_repr", "change_message"))
    assert sorted(entries) == sorted(
        (appointment_request.reference, what) for what in ("move claim", "call", "note", "move close")
    )
    assert "Canary" not in caplog.text
    assert not any("Canary" in response.get("Location", "") for response in seen)
    assert not any("Canary" in str(message) for response in seen for message in (response.cookies or {}).values())
    assert all("no-store" in response["Cache-Control"] for response in seen)
