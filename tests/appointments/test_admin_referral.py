"""The page of one referral: what it shows to whom, what its buttons do, and that a hand-made POST can do no more."""

import datetime
import re

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appointments.admin.referral_list import LISTS
from appointments.models import AppointmentRequest, PatientFile, ReadEvent, Referral, ReferralEvent
from appointments.services import moves, referrals
from appointments.transitions import DECIDERS, DESK, GROUPS, LOOP_CLOSERS, READERS, REFERRERS, Status
from tests.appointments import desk
from tests.appointments.desk import sign_in
from tests.appointments.test_admin_change import XSS, text_of
from tests.appointments.test_moves import in_status
from tests.factories import (
    AppointmentRequestFactory,
    ContactPointFactory,
    PhysicianFactory,
    ReferralFactory,
    ReferralUpdateFactory,
    ReferringPracticeFactory,
    UserFactory,
)

LIST = "/admin/appointments/referral/"
DAY = datetime.timedelta(days=1)
MORNING = datetime.datetime(2026, 11, 18, 15, tzinfo=datetime.UTC)  # a Wednesday, 10 a.m. in New York
TYPED = ("sender_name", "sender_npi", "sender_fax", "sender_email", "question", "diagnosis", "authorization_number")
ON_THE_REQUEST = ("first_name", "last_name", "referrer_name", "referrer_practice", "referrer_phone")
MEMBERS = [group for group in GROUPS if group != "editor"]


def page_of(referral):
    return f"{LIST}{referral.pk}/change/"


def seen(referral, **more):
    """What every form of the page posts: the versions that it shows."""
    referral.refresh_from_db()
    referral.appointment_request.refresh_from_db()
    return {"seen_version": referral.version, "seen_move": referral.appointment_request.version} | more


def counts_as(group):
    return {"owner", "supervisor"} if group == "owner" else {group}


def shown(client, referral):
    return text_of(client.get(page_of(referral)))


# What it shows


@pytest.mark.parametrize("group", [*GROUPS, None])
def test_words_are_shown_to_readers_and_every_opening_is_recorded(client, practice, group):
    user = sign_in(client, group)
    row = AppointmentRequestFactory(**{name: f"Canary {name}" for name in ON_THE_REQUEST})
    referral = ReferralFactory(appointment_request=row, **{name: f"Canary {name}" for name in TYPED})
    office = {"practice": ReferringPracticeFactory().pk}
    row.referral_events.create(what="office-wrote", comment="Canary message", details=office)

    response = client.get(page_of(referral))

    if group in (None, "editor"):
        assert (response.status_code, ReadEvent.objects.count()) == (403, 0)
        return
    is_reader = bool(counts_as(group) & READERS)
    assert set(re.findall(r"Canary (\w+)", text_of(response))) == (
        {*TYPED, *ON_THE_REQUEST, "message"} if is_reader else set()
    )
    assert list(ReadEvent.objects.values_list("appointment_request", "by")) == [(row.pk, user.pk)]


def test_words_are_shown_as_typed_and_run_nothing(client, practice):
    sign_in(client, "supervisor")
    referral = ReferralFactory(**dict.fromkeys(TYPED, XSS))

    page = client.get(page_of(referral)).content.decode()

    assert ("<script>alert" in page, "<img src=x" in page, "&lt;script&gt;alert" in page) == (False, False, True)


@pytest.mark.parametrize(
    ("named", "may", "banner"),
    [
        (False, None, None),
        (False, False, "The patient said no: nothing leaves."),
        (False, True, None),
        (True, None, "The patient has not said yes: nothing leaves."),
        (True, False, "The patient said no: nothing leaves."),
        (True, True, None),
    ],
)
def test_what_is_blocked_says_so_on_both_pages(client, practice, named, may, banner):
    sign_in(client, "scheduler")
    row = AppointmentRequestFactory(referrer_name="Dr. Paula Pattern", may_contact_referrer=may)
    referral = ReferralFactory(named=named, appointment_request=row)

    pages = [shown(client, referral), text_of(client.get(desk.page_of(row)))]

    found = [re.findall(r"The patient (?:said no|has not said yes): nothing leaves\.", page) for page in pages]
    assert found == [[banner] if banner else []] * 2


@pytest.mark.parametrize(
    ("values", "is_said"),
    [
        ({}, True),
        ({"matched": True}, True),
        ({"matched": True, "with_fax": {"verified": True}}, False),
        ({"matched": True, "with_fax": {}}, True),
        ({"matched": True, "with_fax": {"verified": True, "verified_until": MORNING}}, True),
        ({"named": True}, False),
    ],
    ids=["nobody chosen", "no number", "verified", "not verified", "no longer verified", "named by the patient"],
)
def test_office_that_nobody_made_sure_of_is_called_unverified(client, practice, values, is_said):
    sign_in(client, "scheduler")
    values = dict(values)
    fax = values.pop("with_fax", None)
    with time_machine.travel(MORNING + DAY, tick=False):
        referral = ReferralFactory(**values)
        if fax is not None:
            ContactPointFactory(practice=referral.practice, **fax)

        pages = [shown(client, referral), text_of(client.get(f"{desk.LIST}?show=all"))]
        pages.append(text_of(client.get(f"{LIST}?letters=all")))

    assert ["Unverified office" in page for page in pages] == [is_said] * 3


def test_chosen_office_is_shown_with_its_numbers(client, practice):
    sign_in(client, "scheduler")
    referral = ReferralFactory(matched=True)
    verified = ContactPointFactory(practice=referral.practice, verified=True)
    ContactPointFactory(practice=referral.practice, kind="phone", value="+18135550151")

    page = shown(client, referral)

    until = timezone.localtime(verified.verified_until)
    assert f"Fax 813-555-0150 verified until {until:%B} {until.day}, {until.year}" in page
    assert "Phone 813-555-0151 not verified: nothing about the patient goes there" in page
    assert "Pattern Family Medicine , Ruskin" in page
    assert "Paula Pattern, MD · NPI 1234567893 Reachable" in page
    assert "Look the NPI up in the registry." in page


@pytest.mark.parametrize(
    ("values", "said", "is_first"), [({}, None, True), ({"matched": True}, None, False), ({}, False, False)]
)
def test_choosing_the_office_stands_first_while_that_is_the_next_step(client, practice, values, said, is_first):
    sign_in(client, "supervisor")
    row = AppointmentRequestFactory(may_contact_referrer=said)
    referral = ReferralFactory(appointment_request=row, **values)
    ReferralUpdateFactory(referral=referral)

    html = client.get(page_of(referral)).content.decode()

    assert (html.index('id="office"') < html.index('id="next"')) == is_first
    assert ('<a href="#office">' in html) == (said is not False)


def test_what_is_owed_stands_there_with_its_day(client, practice):
    sign_in(client, "scheduler")
    with time_machine.travel(MORNING, tick=False):
        referral = ReferralFactory(letter_due_at=MORNING)
        ReferralUpdateFactory(referral=referral, kind="final", due_at=MORNING + 10 * DAY)
        ReferralUpdateFactory(referral=referral, kind="interim", due_at=MORNING - DAY)
        ReferralUpdateFactory(referral=referral, kind="booked", status="withdrawn", due_at=MORNING - DAY)
        referral.updates.create(kind="accepted", status="failed", failure="busy")
        page = shown(client, referral)

    owed = "Late Interim letter: Owed, was due Tue 10 a.m. Final letter: Owed, by Nov 28, 10 a.m."
    assert f"The letter after the visit is outstanding. {owed} Referral accepted: Failed Patient says" in page


def test_nothing_is_owed_while_the_patient_says_no(client, practice):
    sign_in(client, "scheduler")
    referral = ReferralFactory(appointment_request__may_contact_referrer=False, letter_due_at=MORNING)
    ReferralUpdateFactory(referral=referral, kind="interim", due_at=MORNING)

    assert "Answer None may be given Owed — Patient says No" in shown(client, referral)


def test_history_says_who_did_what(client, practice):
    supervisor = UserFactory(group="supervisor", first_name="Ana")
    sign_in(client, "auditor")
    referral = ReferralFactory(appointment_request=in_status(Status.RECEIVED))
    pk, office = referral.public_id, ReferringPracticeFactory()
    with time_machine.travel(MORNING, tick=False) as clock:
        referrals.record_consent(pk, may=True, seen_version=1, by=supervisor)
        clock.shift(60)
        referrals.match(pk, practice=office, physician=None, seen_version=2, by=supervisor)
        clock.shift(60)
        row = referral.appointment_request
        moves.move(
            row.public_id, "close", seen_version=1, by=supervisor, outcome="not-a-service-we-offer", comment="Canary"
        )
        clock.shift(60)
        referrals.close_loop(pk, reason="Canary", seen_version=4, by=supervisor)

    page = shown(client, referral).partition("History")[2]

    assert re.findall(r"Ana Demo : (.*?) (?:Nov\.|Sept\.|[A-Z][a-z]+ \d)", page) == [
        "Closed without telling the office",
        "Close · Received → Closed · Not a service we offer",
        "Said which office it is from · Pattern Family Medicine",
        "Noted what the patient said · yes, we may tell the office",
    ]
    assert "Canary" not in page


def test_request_and_referral_lead_to_each_other(client, practice):
    sign_in(client, "clinician")
    referral = ReferralFactory(matched=True)
    of_request = desk.page_of(referral.appointment_request)

    there, back = client.get(page_of(referral)).content.decode(), client.get(of_request).content.decode()

    assert (f'href="{of_request}"' in there, f'href="{page_of(referral)}"' in back) == (True, True)
    box = "Referral : Received · Pattern Family Medicine, Paula Pattern, MD · not answered yet"
    assert box in text_of(client.get(of_request))


def test_request_without_a_referral_says_nothing_of_one(client, practice):
    sign_in(client, "scheduler")
    row = AppointmentRequestFactory()

    assert "not answered yet" not in text_of(client.get(desk.page_of(row)))


@pytest.mark.parametrize("key", ["0", "9" * 20, "9" * 5000, "-1", "x"], ids=lambda key: key[:9])
def test_there_is_no_page_of_what_does_not_exist(client, practice, key):
    sign_in(client, "supervisor")

    assert client.get(f"{LIST}{key}/change/").status_code == 404


def test_nobody_adds_or_deletes_a_referral_by_hand(client, practice):
    sign_in(client, is_superuser=True)
    referral = ReferralFactory()

    answers = [client.post(f"{LIST}add/", {}), client.post(f"{LIST}{referral.pk}/delete/", {"post": "yes"})]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert Referral.objects.get() == referral


# What an office says


def test_request_shows_the_words_of_an_office_as_the_offices(client, practice):
    sign_in(client, "scheduler")
    row = AppointmentRequestFactory(
        reason="Heavy legs", referrer_name="Dr. Paula Pattern", referrer_practice="Pattern Clinic", referrer_phone="T-1"
    )
    of_patient = text_of(client.get(desk.page_of(row)))
    ReferralFactory(
        appointment_request=row,
        **{name: f"Word {name}" for name in TYPED},
        urgency="soon",
    )

    page = text_of(client.get(desk.page_of(row)))
    summary = text_of(client.get(f"{desk.LIST}{row.pk}/summary/"))

    assert ("Own words Heavy legs" in of_patient, "Office asks" in of_patient) == (True, False)
    card, _next, rest = page.partition("What now?")
    assert (
        "Office asks Word question Diagnosis Word diagnosis Urgency Soon: within two weeks "
        "Auth. no. Word authorization_number Sent by Dr. Paula Pattern, Pattern Clinic, phone T-1 ; "
        "filled in by Word sender_name"
    ) in card
    assert "Phone T-1 Fax Word sender_fax NPI Word sender_npi E-mail Word sender_email" in rest
    assert "The office asks: Word question Diagnosis: Word diagnosis" in summary
    assert [word for word in ("Own words", "Heavy legs", "In the patient's words") if word in page + summary] == []


@pytest.mark.parametrize(
    ("knows", "says"),
    [
        ("yes", "The office says that the patient knows of this referral; nobody here has asked"),
        ("no", "The office says that the patient does not know of this referral yet; nobody here has asked"),
        ("", "The office did not say whether the patient knows of this referral; nobody here has asked"),
    ],
)
def test_what_the_office_says_of_the_patient_is_not_what_the_patient_says(client, practice, knows, says):
    sign_in(client, "scheduler")
    referral = ReferralFactory(appointment_request__patient_knows=knows)

    of_request = text_of(client.get(desk.page_of(referral.appointment_request)))
    assert [says in page for page in (shown(client, referral), of_request)] == [True, True]


def heard(referral, words="She takes warfarin."):
    """The office of `referral` wrote `words` on its page."""
    row = referral.appointment_request
    return referrals.hear(row, "office-wrote", comment=words, practice=referral.practice_id, link=1)


def test_what_an_office_wrote_and_sent_waits_until_somebody_deals_with_it(client, practice):
    user = sign_in(client, "scheduler", first_name="Dana")
    referral = ReferralFactory(matched=True)
    row, waits = referral.appointment_request, "Office wrote"
    with time_machine.travel(MORNING, tick=False):
        heard(referral)
        PatientFile.objects.create(appointment_request=row, office=referral.practice, kind="pdf", name="mri.pdf")
    places = (page_of(referral), desk.page_of(row), f"{desk.LIST}?show=offices-wrote", f"{LIST}?letters=offices-wrote")

    pages = [text_of(client.get(place)) for place in places]
    client.post(page_of(referral), seen(referral, dealt="it", note="Called Ann."))
    after = [text_of(client.get(place)) for place in places]

    assert [waits in page for page in pages + after] == [True] * 4 + [False] * 4
    assert [row.reference in page for page in pages[2:] + after[2:]] == [True, True, False, False]
    for page in after[:2]:
        said = page.partition("With the office ")[2]
        assert re.match(
            r"Pattern Family Medicine , Nov\. 18, 2026, 10 a\.m\. She takes warfarin\. "
            r"Pattern Family Medicine , Nov\. 18, 2026, 10 a\.m\. Save mri\.pdf from Pattern Family Medicine, .*?"
            r"Dana Demo , .*?: dealt with what stands above Called Ann\. ",
            said,
        )
    assert "the office : The office wrote · Pattern Family Medicine" in after[0]
    assert list(ReferralEvent.objects.values_list("what", "by")) == [("office-wrote", None), ("dealt-with", user.pk)]


def test_nobody_deals_with_what_came_after_the_page_was_opened(client, practice):
    sign_in(client, "scheduler")
    referral = ReferralFactory(matched=True)
    heard(referral)
    opened = seen(referral, dealt="it", note="Called them.")
    heard(referral, "And aspirin.")

    response = client.post(page_of(referral), opened)

    assert (response.status_code, Referral.objects.get().office_waits_since is None) == (409, False)
    assert text_of(response).count("And aspirin.") == 3  # what came meanwhile, the conversation, the history


# What its buttons do


def office():
    return ReferringPracticeFactory(name="Sample Clinic")


# Something of the office waits in each of these tests.
ACTS = {  # button: who may, the status of the request, what is posted, what is written down
    "yes": (DESK, Status.IN_REVIEW, lambda: {"may": "yes"}, "patient-said"),
    "no": (DESK, Status.IN_REVIEW, lambda: {"may": "no"}, "patient-said"),
    "dealt": (DESK, Status.IN_REVIEW, lambda: {"dealt": "it", "note": "Called them."}, "dealt-with"),
    "accept": (DECIDERS, Status.IN_REVIEW, lambda: {"accept": "it"}, "accepted"),
    "match": (REFERRERS, Status.IN_REVIEW, lambda: {"match": "it", "practice": office().pk}, "matched"),
    "close": (LOOP_CLOSERS, Status.CLOSED, lambda: {"close_loop": "it", "reason": "The office closed."}, "loop-closed"),
}


def stored(referral):
    return Referral.objects.filter(pk=referral.pk).values().get()


@pytest.mark.parametrize("group", MEMBERS)
@pytest.mark.parametrize("button", ACTS)
def test_button_is_pressed_by_its_groups_and_refused_to_all_others(client, practice, button, group):
    allowed, status, data, what = ACTS[button]
    user = sign_in(client, group)
    referral = ReferralFactory(appointment_request=in_status(status), office_waits_since=MORNING)
    before = stored(referral)

    response = client.post(page_of(referral), seen(referral, **data()))

    done = list(ReferralEvent.objects.values_list("what", "by"))
    if counts_as(group) & allowed:
        assert (response.status_code, response["Location"], done) == (302, page_of(referral), [(what, user.pk)])
        assert LogEntry.objects.get().change_message in {"may", "dealt", "accept", "match", "close_loop"}
    else:
        assert (response.status_code, done, stored(referral)) == (403, [], before)


@pytest.mark.parametrize("group", MEMBERS)
@pytest.mark.parametrize("button", ACTS)
def test_button_is_shown_to_who_may_press_it(client, practice, button, group):
    allowed, status, data, __ = ACTS[button]
    sign_in(client, group)
    referral = ReferralFactory(appointment_request=in_status(status), office_waits_since=MORNING)
    PhysicianFactory()
    referral.appointment_request.referrer_practice = "Pattern Family Medicine"
    referral.appointment_request.save()
    name, value = next(iter(data().items()))

    page = client.get(page_of(referral)).content.decode()

    assert (f'name="{name}" value="{value}"' in page) == bool(counts_as(group) & allowed)


@pytest.mark.parametrize("posted", [{}, {"status": "completed"}, {"loop_closed_how": "update"}, {"action": "delete"}])
def test_what_no_button_posts_is_refused(client, practice, posted):
    sign_in(client, "supervisor")
    referral = ReferralFactory()
    before = stored(referral)

    assert client.post(page_of(referral), seen(referral, **posted)).status_code == 400
    assert stored(referral) == before


def test_fields_that_no_form_has_change_nothing(client, practice):
    sign_in(client, "supervisor")
    referral = ReferralFactory(appointment_request=in_status(Status.IN_REVIEW))
    extra = {
        "status": "completed",
        "loop_closed_how": "spam",
        "version": 9,
        "practice": office().pk,
        "source": "patient",
    }

    client.post(page_of(referral), seen(referral, accept="it", **extra))

    after = Referral.objects.get()
    assert (after.status, after.loop_closed_how, after.version, after.practice, after.source) == (
        "accepted",
        "",
        2,
        None,
        "office",
    )


@pytest.mark.parametrize("reason", ["", "   ", "a\0b", "x" * 1001])
def test_reason_that_cannot_be_is_refused_in_words_and_kept(client, practice, reason):
    sign_in(client, "supervisor")
    referral = ReferralFactory(appointment_request=in_status(Status.CLOSED))

    response = client.post(page_of(referral), seen(referral, close_loop="it", reason=reason))

    form = response.context["close_loop"]
    assert (response.status_code, list(form.errors), form["reason"].value()) == (422, ["reason"], reason)
    assert "<details open>" in response.content.decode()


@pytest.mark.parametrize("posted", [{"practice": "0"}, {"practice": "x\0"}, {"practice": "9" * 20}, {}])
def test_office_that_does_not_exist_is_refused_in_words(client, practice, posted):
    sign_in(client, "supervisor")
    referral = ReferralFactory()

    response = client.post(page_of(referral), seen(referral, match="it", **posted))

    assert (response.status_code, Referral.objects.get().practice) == (422, None)
    assert "This office or doctor cannot be chosen. Look for it again." in text_of(response)


@pytest.mark.parametrize("gone", ["practice", "physician"])
def test_office_or_doctor_that_is_no_longer_there_is_refused(client, practice, gone):
    sign_in(client, "supervisor")
    referral, physician = ReferralFactory(), PhysicianFactory()
    row = physician if gone == "physician" else physician.practice
    row.is_active = False
    row.save()

    posted = seen(referral, match="it", practice=physician.practice_id, physician=physician.pk)
    assert client.post(page_of(referral), posted).status_code == 422
    assert Referral.objects.get().practice is None


def test_doctor_of_another_office_is_refused_in_words(client, practice):
    sign_in(client, "supervisor")
    referral = ReferralFactory()

    posted = seen(referral, match="it", practice=office().pk, physician=PhysicianFactory().pk)
    response = client.post(page_of(referral), posted)

    assert response.status_code == 422
    assert "This physician is of another practice." in text_of(response)


@pytest.mark.parametrize(
    ("said", "offered"),
    [(None, ["may=yes", "may=no", "accept=it"]), (True, ["may=no", "accept=it"]), (False, ["may=yes"])],
)
def test_buttons_offer_only_what_changes_something(client, practice, said, offered):
    sign_in(client, "supervisor")
    row = in_status(Status.IN_REVIEW)
    row.may_contact_referrer = said
    row.save()

    page = client.get(page_of(ReferralFactory(appointment_request=row))).content.decode()

    assert [f"{name}={value}" for name, value in re.findall('name="(may|accept)" value="([a-z]+)"', page)] == offered


@pytest.mark.parametrize(
    ("status", "said", "button"),
    [(Status.CLOSED, None, "accept"), (Status.IN_REVIEW, False, "accept"), (Status.IN_REVIEW, None, "dealt")],
    ids=["accept what is over", "accept against the patient's word", "deal with nothing"],
)
def test_what_is_not_possible_any_more_is_said(client, practice, status, said, button):
    sign_in(client, "supervisor")
    referral = ReferralFactory(appointment_request=in_status(status))
    AppointmentRequest.objects.update(may_contact_referrer=said)

    response = client.post(page_of(referral), seen(referral, **{button: "it"}))

    assert response.status_code == 409
    assert "That is not possible as the referral stands now." in text_of(response)


# On a stale page


@pytest.mark.parametrize("button", ACTS)
def test_on_a_stale_page_nothing_is_done_and_it_says_who_was_faster(client, practice, button):
    __, status, data, __what = ACTS[button]
    sign_in(client, "supervisor", first_name="Bea")
    referral = ReferralFactory(appointment_request=in_status(status), office_waits_since=MORNING)
    stale = seen(referral, **data())
    referrals.record_consent(
        referral.public_id, may=True, seen_version=1, by=UserFactory(group="scheduler", first_name="Ana")
    )
    before = stored(referral)

    response = client.post(page_of(referral), stale)

    assert (response.status_code, stored(referral), ReferralEvent.objects.count()) == (409, before, 1)
    page = text_of(response)
    assert "Somebody was faster. Nothing of yours was saved." in page
    assert re.search(r"Ana Demo , .*?: Noted what the patient said · yes, we may tell the office", page)


def test_move_of_the_request_makes_the_page_stale_and_is_named(client, practice):
    sign_in(client, "supervisor")
    referral = ReferralFactory(appointment_request=in_status(Status.RECEIVED))
    stale = seen(referral, accept="it")
    ana = UserFactory(group="scheduler", first_name="Ana")
    moves.move(referral.appointment_request.public_id, "claim", seen_version=1, by=ana)

    page = text_of(client.post(page_of(referral), stale))

    assert "Somebody was faster" in page
    assert re.search(r"Ana Demo , .*?: I take this one · Received → In review", page)


def test_two_presses_of_one_person_are_called_that(client, practice):
    sign_in(client, "supervisor")
    referral = ReferralFactory(appointment_request=in_status(Status.IN_REVIEW))
    posted = seen(referral, may="yes")
    client.post(page_of(referral), posted)

    response = client.post(page_of(referral), posted)

    assert (response.status_code, ReferralEvent.objects.count()) == (409, 1)
    assert "You have done this already" in text_of(response)


@pytest.mark.parametrize("is_over", [True, False], ids=["has no place any more", "can be pressed again"])
def test_typed_reason_is_kept_on_a_stale_page(client, practice, is_over):
    user = sign_in(client, "supervisor")
    referral = ReferralFactory(appointment_request=in_status(Status.CLOSED))
    stale = seen(referral, close_loop="it", reason="They have no fax.")
    if is_over:
        referrals.close_loop(referral.public_id, reason="The office closed.", seen_version=1, by=user)
    else:
        referrals.record_consent(referral.public_id, may=True, seen_version=1, by=user)

    response = client.post(page_of(referral), stale)

    page = response.content.decode()
    assert (response.status_code, page.count("They have no fax.")) == (409, 1)
    assert ('name="close_loop"' in page) is not is_over


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 5000, "1\0"])
def test_version_that_is_none_is_stale(client, practice, version):
    sign_in(client, "supervisor")
    referral = ReferralFactory()

    posted = {"seen_version": version, "seen_move": version, "may": "yes"}
    assert client.post(page_of(referral), posted).status_code == 409


# Which office


def test_offices_are_suggested_with_the_reason_and_one_is_chosen(client, practice):
    sign_in(client, "referral coordinator")
    physician, referral = PhysicianFactory(), ReferralFactory()
    page = client.get(page_of(referral))
    assert "Paula Pattern, MD · Pattern Family Medicine , Ruskin · NPI 1234567893" in text_of(page)
    assert "Same name of the doctor · Same name of the office" in text_of(page)

    posted = seen(referral, match="it", practice=physician.practice_id, physician=physician.pk)
    client.post(page_of(referral), posted)

    referral.refresh_from_db()
    assert (referral.practice, referral.physician) == (physician.practice, physician)
    assert "It may be from" not in shown(client, referral)


def test_another_office_is_looked_for_by_post_and_nothing_changes(client, practice):
    sign_in(client, "referral coordinator")
    referral = ReferralFactory(matched=True)
    office()
    before = stored(referral)

    response = client.post(page_of(referral), seen(referral, find="Sample Clinic", look="it"))

    assert (response.status_code, stored(referral), ReferralEvent.objects.exists()) == (200, before, False)
    assert "Found Sample Clinic , Ruskin" in text_of(response)
    assert 'value="Sample Clinic"' in response.content.decode()


@pytest.mark.parametrize(
    ("typed", "status", "says"),
    [
        ("Nobody", 200, "Nothing like it is in the directory."),
        ("", 422, "Please type what you look for."),
        ("a\0b", 422, "Null characters are not allowed."),
        ("x" * 201, 422, "at most 200 characters"),
    ],
)
def test_what_is_not_found_is_said(client, practice, typed, status, says):
    sign_in(client, "referral coordinator")
    referral = ReferralFactory()

    response = client.post(page_of(referral), seen(referral, find=typed))

    assert (response.status_code, says in text_of(response)) == (status, True)


@pytest.mark.parametrize("group", sorted(set(MEMBERS) - REFERRERS - {"owner"}))
def test_who_may_not_choose_an_office_may_not_look_for_one(client, practice, group):
    sign_in(client, group)
    PhysicianFactory()
    referral = ReferralFactory()

    assert client.post(page_of(referral), seen(referral, find="Pattern")).status_code == 403
    assert "It may be from" not in shown(client, referral)


# The list


def on_list(client, name):
    response = client.get(LIST, {"letters": name} if name else {})
    return [row.referral for row in response.context["rows"]]


def test_referrals_are_listed_by_what_is_to_be_done(client, practice):
    sign_in(client, "referral coordinator")
    made = {status: ReferralFactory(matched=True, physician__npi=None) for status in ("due", "prepared", "withdrawn")}
    for status, referral in made.items():
        ReferralUpdateFactory(referral=referral, status=status)
    for status in ("approved", "sending", "sent", "confirmed"):
        letter = ReferralUpdateFactory(confirmed=True, referral__physician__npi=None)
        letter.status = status
        letter.save()
        made[status] = letter.referral
    made["failed"] = ReferralUpdateFactory(
        status="failed", failure="busy", referral__matched=True, referral__physician__npi=None
    ).referral
    made["no office"] = ReferralFactory()
    made["said no"] = ReferralFactory(
        matched=True, physician__npi=None, appointment_request__may_contact_referrer=False
    )
    ReferralUpdateFactory(referral=made["said no"])
    made["answered"] = ReferralFactory(
        loop_closed_at=timezone.now(), loop_closed_how="spam", office_waits_since=timezone.now()
    )
    over, known = {"appointment_request__closed": True}, {"matched": True, "physician__npi": None}
    waits = {"appointment_request__waiting": True, "appointment_request__waiting_on": "referrer"}
    no = {"appointment_request__may_contact_referrer": False}
    made["over, no office"] = ReferralFactory(**over)
    made["over, said no"] = ReferralFactory(**over, **known, **no)
    made["over, not asked"] = ReferralFactory(**over, **known, named=True)
    made["waits, said no"] = ReferralFactory(**waits, **known, **no)
    made["waits"] = ReferralFactory(**waits, **known)
    made["over"] = ReferralFactory(**over, **known)

    lists = ("", "owed", "prepared", "sent", "failed", "no-office", "offices-wrote", "unanswerable")
    found = {name: set(on_list(client, name)) for name in lists}

    expected = {
        "": {"due", "prepared", "approved", "failed"},
        "owed": {"due"},
        "prepared": {"prepared", "approved"},
        "sent": {"sending", "sent"},
        "failed": {"failed"},
        "no-office": {"no office", "over, no office"},
        "offices-wrote": {"answered"},
        "unanswerable": {"over, no office", "over, said no", "over, not asked", "waits, said no"},
    }
    assert found == {name: {made[key] for key in keys} for name, keys in expected.items()}
    reasons = ("Patient said no", "No consent yet", "no office chosen yet")
    page = text_of(client.get(LIST, {"letters": "unanswerable"}))
    assert [page.count(reason) for reason in reasons] == [2, 1, 1]
    assert set(on_list(client, "open")) == set(made.values()) - {made["answered"]}
    assert set(on_list(client, "all")) == set(made.values())


def test_what_is_due_first_stands_first(client, practice):
    sign_in(client, "scheduler")
    later, sooner, never = (ReferralFactory() for __ in range(3))
    for referral, due_at in ((later, MORNING + DAY), (sooner, MORNING), (never, None)):
        ReferralUpdateFactory(referral=referral, due_at=due_at)

    assert on_list(client, "") == [sooner, later, never]


@pytest.mark.parametrize("name", [*LISTS, "", "nonsense"])
def test_empty_list_says_what_that_means(client, practice, name):
    sign_in(client, "scheduler")

    response = client.get(LIST, {"letters": name} if name else {})

    assert str(response.context["worklist"].empty) in text_of(response)
    assert response.context["title"] == "Referrals: 0"


def test_list_has_pages(client, practice):
    sign_in(client, "scheduler")
    for __ in range(51):
        ReferralFactory()

    assert len(on_list(client, "all")) == 50
    assert len(client.get(LIST, {"letters": "all", "p": 2}).context["rows"]) == 1


@pytest.mark.parametrize("group", [*GROUPS, None])
def test_list_is_open_to_who_works_with_requests_and_shows_nobodys_words(client, practice, group):
    sign_in(client, group)
    row = AppointmentRequestFactory(**{name: f"Canary {name}" for name in ON_THE_REQUEST})
    ReferralFactory(appointment_request=row, **{name: f"Canary {name}" for name in TYPED})

    response = client.get(LIST, {"letters": "all"})

    assert response.status_code == (200 if group in MEMBERS else 403)
    assert "Canary" not in response.content.decode()


@pytest.mark.parametrize("query", [{"practice__name": "x"}, {"sender_npi": "1"}, {"letters": "a\0b"}, {"p": "x"}])
def test_no_query_of_the_list_looks_into_words_or_gives_an_error(client, practice, query):
    sign_in(client, "supervisor")
    ReferralFactory()

    assert client.get(LIST, query).status_code in (200, 302, 400)


# What it costs


def queries(client, address):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def furnish(referral, count):
    """`count` of everything that the page lists."""
    user = UserFactory()
    for number in range(count):
        ContactPointFactory(practice=referral.practice, value=f"+181355501{number:02}", verified=True)
        ReferralUpdateFactory(referral=referral)
        heard(referral)
        PatientFile.objects.create(
            appointment_request=referral.appointment_request, office=referral.practice, kind="pdf", name="a.pdf"
        )
        referrals.record(referral, "matched", by=user, practice=referral.practice_id)
        referral.appointment_request.status_events.create(
            move="claim", from_status="received", to_status="in_review", version=number + 2, by=user
        )


@pytest.mark.parametrize(("matched", "expected"), [(True, 32), (False, 31)], ids=["matched", "with suggestions"])
def test_page_costs_the_same_with_1_and_3_of_everything(client, practice, matched, expected):
    sign_in(client, "supervisor")
    found = []
    for count in (1, 3):
        referral = ReferralFactory(matched=True, physician__npi=None)
        furnish(referral, count)
        if not matched:
            referral.practice = referral.physician = None
            referral.save()
        found.append(queries(client, page_of(referral)))

    assert found == [expected, expected]


def test_list_costs_the_same_with_1_and_3_rows(client, practice):
    sign_in(client, "supervisor")
    found = []
    for count in (1, 2):
        for __ in range(count):
            furnish(ReferralFactory(matched=True, physician__npi=None), count)
        found.append(queries(client, f"{LIST}?letters=all"))

    assert found == [13, 13]


def test_row_of_the_queue_says_which_letter_is_due_first(client, practice):
    sign_in(client, "scheduler")
    with time_machine.travel(MORNING, tick=False):
        referral = ReferralFactory(appointment_request=AppointmentRequestFactory(completed=True), letter_due_at=MORNING)
        for kind, due_at in (("final", MORNING + 2 * DAY), ("interim", MORNING - DAY), ("accepted", None)):
            ReferralUpdateFactory(referral=referral, kind=kind, due_at=due_at)

        page = text_of(client.get(f"{desk.LIST}?show=letters"))

    assert "Late Interim letter: Owed, was due Tue 10 a.m. and 2 more" in page
