"""The desk as somebody sees it who wants more than they may: every page, as every role, and forms made by hand."""

import uuid

import pytest
from django.urls import reverse

from appointments.models import AppointmentRequest, Correction, ReadEvent
from appointments.transitions import GROUPS, MOVES, READERS, Status
from tests.appointments.desk import LIST, page_of, sign_in
from tests.appointments.test_admin_change import WORDS
from tests.appointments.test_admin_referral import ACTS, TYPED
from tests.appointments.test_admin_referral import LIST as REFERRALS
from tests.appointments.test_admin_referral import page_of as referral_page
from tests.appointments.test_intake import typed as keyed
from tests.appointments.test_moves import in_status
from tests.factories import ReferralFactory, UserFactory
from tests.outbox.factories import MessageFactory

LISTS = {LIST, "/admin/phone-list/"}  # rows of a name and a number each; what opens a request is a read of it
SIGN_IN = "/admin/login/"


@pytest.fixture
def canaries(desk_addresses):
    """The request that the addresses are about, and its duplicate: a canary in each place that takes words."""
    request, author = AppointmentRequest.objects.get(), UserFactory()
    twin = in_status(Status.CLOSED)
    AppointmentRequest.objects.filter(pk=twin.pk).update(outcome="duplicate", duplicate_of=request)
    for row in (request, twin):
        AppointmentRequest.objects.filter(pk=row.pk).update(version=2)
        row = AppointmentRequest.objects.get(pk=row.pk)
        for name in WORDS:
            setattr(row, name, f"Canary {name}")
        row.save()
        row.staff_notes.create(by=author, text="Canary note")
        row.contact_attempts.create(by=author, result="no-answer", note="Canary call")
        row.patient_questions.create(text="Canary question", asked_by=author, answer="Canary answer")
        row.corrections.create(by=author, field="phone", was="Canary was", value="Canary value", why="Canary why")
        row.status_events.create(
            move="wait", from_status="in_review", to_status="waiting", version=2, by=author, comment="Canary comment"
        )
        row.patient_files.create(name="Canary file", kind="pdf")
        row.referral_events.create(what="loop-closed", by=author, comment="Canary reason")
    referral = request.referral
    for name in [*TYPED, "loop_reason"]:
        setattr(referral, name, f"Canary {name}")
    referral.save()
    MessageFactory(about=request.reference, kind="visit-booked", state="needs-human")
    return desk_addresses


@pytest.mark.parametrize("group", [*GROUPS, None, "nobody"])
def test_words_of_patients_are_read_by_readers_only_and_that_is_recorded(canaries, visitor, group):  # P23, P28
    if group != "nobody":
        sign_in(visitor, group)
    shown, unrecorded = set(), set()

    for address in canaries:
        before = ReadEvent.objects.count()
        answer = visitor.get(address)
        if "Canary" in f"{answer.content.decode(errors='replace')} {answer.headers}":
            shown.add(address)
            unrecorded |= {address} if ReadEvent.objects.count() == before else set()

    if group in READERS | {"owner"}:
        assert len(shown - LISTS) == 4  # the page of the request, of its referral, the summary, the sheet
        assert unrecorded <= LISTS
    else:
        assert shown == set()


def test_who_has_not_signed_in_sees_no_page_of_staff(desk_addresses, visitor):  # P19
    answers = {address: visitor.get(address) for address in desk_addresses}

    opened = [
        address
        for address, answer in answers.items()
        if not answer.get("Location", "").startswith(SIGN_IN) and address not in (SIGN_IN, reverse("admin:jsi18n"))
    ]
    assert opened == []


HOSTILE = {
    "null": "a\0b",
    "long digits": "9" * 5000,
    "too big a number": "9" * 20,
    "superscript": "\N{SUPERSCRIPT TWO}",
    "bidi": "\N{RIGHT-TO-LEFT OVERRIDE}x",
    "year 1": "0001-01-01T00:00",
    "year 9999": "9999-12-31T23:59",
    "surrogate": b"\xed\xa0\x80",
}


def forms_of_the_desk():
    """{what: (address, what its form posts)} of all that staff can press."""
    request = in_status(Status.IN_REVIEW)
    found = {
        "call": {"call": "reached", "channel": "phone", "note": "x", "call_again_at": "x", "entry_id": uuid.uuid4()},
        "note": {"note": "add", "text": "x", "entry_id": uuid.uuid4()},
    }
    found |= {
        f"correct {field}": {"correct": "it", "field": field, "value": "x", "why": "x", "seen_version": 1}
        for field in Correction.Field
    }
    found = {what: (page_of(request), data) for what, data in found.items()}
    for move in MOVES.values():
        data = {"move": move.name, "seen_version": 1, **dict.fromkeys(move.fields, "x")}
        found[move.name] = page_of(in_status(sorted(move.sources)[0])), data
    for __, status, posted, what in ACTS.values():
        page = referral_page(ReferralFactory(appointment_request=in_status(status)))
        button, value = next(iter(posted().items()))
        fields = {"practice": 1, "physician": 1, "reason": "x", "seen_version": 1, "seen_move": 1}
        found[f"{button} ({what})"] = page, {button: value} | fields
    return found | {
        "find": (referral_page(ReferralFactory()), {"find": "x"}),
        "search": (LIST, {"words": "x"}),
        "export": ("/admin/appointments/export/add/", {"weeks": 4, "tab": "all", "reason": "x"}),
        "key in": (f"{LIST}add/", keyed()),
    }


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_nothing_that_staff_post_gives_an_error_page(practice, visitor, hostile):  # P39
    sign_in(visitor, is_superuser=True)
    statuses = {}

    for what, (address, data) in forms_of_the_desk().items():
        statuses[what] = visitor.post(
            address, data | dict.fromkeys(data.keys() - {what.split()[0]}, hostile)
        ).status_code
        statuses[f"{what}, page"] = visitor.get(address).status_code

    assert {what: status for what, status in statuses.items() if status >= 500} == {}


@pytest.mark.parametrize("key", ["0", "9" * 20, "9" * 5000, "-1", "%00", "x", "%ED%A0%80"], ids=lambda key: key[:9])
def test_no_key_of_a_row_gives_an_error_page(practice, visitor, key):  # P39
    sign_in(visitor, is_superuser=True)
    pages = ["change/", "print/", "summary/", "history/", "delete/", "", f"files/{uuid.uuid4()}/"]

    statuses = {
        (base, page, method): visitor.generic(method, f"{base}{key}/{page}").status_code
        for base in (LIST, REFERRALS)
        for page in pages
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
    }

    assert {where: status for where, status in statuses.items() if status < 300 or status >= 500} == {}


QUERIES = [
    "p",
    "o",
    "show",
    "assignee",
    "sent",
    "topic",
    "all",
    "e",
    "_to_field",
    "_facets",
    "weeks",
    "try-language",
    "letters",
]


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_no_query_of_the_desk_gives_an_error_page(practice, visitor, hostile):  # P39
    sign_in(visitor, is_superuser=True)
    pages = [
        LIST,
        f"{LIST}numbers/",
        REFERRALS,
        "/admin/appointments/routingrule/",
        "/admin/appointments/export/",
        "/admin/phone-list/",
    ]

    statuses = {(page, name): visitor.get(page, {name: hostile}).status_code for page in pages for name in QUERIES}

    assert {where: status for where, status in statuses.items() if status >= 500} == {}
