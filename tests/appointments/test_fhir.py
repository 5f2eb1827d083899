"""Addresses under /fhir/: who reads what, what everybody else sees, and that nothing else happens."""

import datetime
import logging
import uuid

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apollo_site.logs import WordlessFormatter
from appointments.fhir import search
from appointments.models import ContactPoint, PartnerToken, ReadEvent
from appointments.services import moves, partners, referrals
from tests.appointments.desk import page_of, sign_in
from tests.appointments.fhir_rows import addresses_of, letter_of, office, read, referral_of
from tests.appointments.test_fhir_resources import check
from tests.factories import PartnerTokenFactory, ReferralFactory, UserFactory

pytestmark = pytest.mark.django_db
TOKEN, OTHER = "a" * 43, "b" * 43
MINUTE = datetime.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def clock(practice, time_machine):
    """10 a.m. of a Monday; the clock stands still."""
    time_machine.move_to("2026-11-30T10:00:00-05:00", tick=False)
    return time_machine


def bytes_of(answer):
    return answer.status_code, dict(answer.items()), answer.content


def is_outcome(answer, status):
    check(answer.json())
    return (
        answer.json()["resourceType"],
        answer.status_code,
        answer["Content-Type"],
    ) == ("OperationOutcome", status, "application/fhir+json")


# What is there


def test_every_resource_of_a_referral_is_read_and_is_fhir():
    referral = referral_of(office(), visits=2, letters=2)
    addresses = addresses_of(referral)
    addresses += [
        "ServiceRequest",
        f"Practitioner/{referral.physician.public_id}",
        f"Organization/{referral.practice.public_id}",
        "metadata",
    ]

    for address in addresses:
        answer = read(address)
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/fhir+json")
        check(answer.json())


def test_everything_of_a_referral_is_its_resources():
    referral = referral_of(office(), visits=1, letters=1)
    key = str(referral.public_id)

    bundle = read(f"ServiceRequest/{key}/$everything").json()

    visit, letter = referral.appointment_request.visits.get(), referral.updates.get()
    base = "https://practice.example.org/fhir/"
    assert [entry["fullUrl"] for entry in bundle["entry"]] == [
        f"{base}ServiceRequest/{key}",
        f"{base}Task/{key}",
        f"{base}Patient/{key}",
        f"{base}Organization/{referral.practice.public_id}",
        f"{base}Practitioner/{referral.physician.public_id}",
        f"{base}Appointment/{visit.ics_uid}",
        f"{base}Communication/{letter.public_id}",
    ]
    single = [read(entry["fullUrl"].removeprefix(base)).json() for entry in bundle["entry"]]
    assert [entry["resource"] for entry in bundle["entry"]] == single


def test_every_reference_leads_to_a_resource():
    referral = referral_of(office())
    bundle = read(f"ServiceRequest/{referral.public_id}/$everything").content.decode()

    references = {part.partition('"')[0] for part in bundle.split('"reference": "')[1:]}

    assert {read(reference).status_code for reference in references} == {200}
    assert {reference.partition("/")[0] for reference in references} == {
        "Organization",
        "Patient",
        "Practitioner",
        "ServiceRequest",
    }


def test_the_patient_is_a_name_and_a_date_of_birth():
    referral = referral_of(office())

    patient = read(f"Patient/{referral.public_id}").json()

    assert {name: patient[name] for name in patient.keys() - {"meta"}} == {
        "resourceType": "Patient",
        "id": str(referral.public_id),
        "name": [{"family": "Demo", "given": ["Walter"]}],
        "birthDate": "1950-03-04",
    }


def test_no_word_that_anybody_wrote_is_in_any_resource():
    referral = referral_of(office(), visits=2, letters=2)
    letter_of(referral, status="failed", failure="wrong-number")
    referral.appointment_request.staff_notes.create(text="Canary note")

    found = b"".join(read(address).content for address in [*addresses_of(referral), "ServiceRequest"])

    assert b"Canary" not in found
    assert b"0142" not in found  # the patient's phone
    assert b"0150" not in found  # the office's fax
    assert b"Demo" in found  # the control


@pytest.mark.parametrize("status", ["due", "prepared", "approved", "withdrawn"])
def test_a_letter_that_has_not_left_is_not_there(status):
    referral = referral_of(office(), letters=0)
    update = letter_of(referral, status=status)

    assert is_outcome(read(f"Communication/{update.public_id}"), 404)
    assert b"Communication" not in read(f"ServiceRequest/{referral.public_id}/$everything").content


@pytest.mark.parametrize(
    ("status", "told"),
    [("sending", "in-progress"), ("sent", "in-progress"), ("confirmed", "completed"), ("failed", "stopped")],
)
def test_a_letter_that_left_says_whether_it_arrived(status, told):
    failure = "busy" if status == "failed" else ""
    update = letter_of(referral_of(office(), letters=0), status=status, failure=failure)

    assert read(f"Communication/{update.public_id}").json()["status"] == told


def test_a_letter_to_the_practice_it_was_matched_to_before_is_not_there():
    before, now = office(), office(OTHER, npi="1003000126")
    referral = referral_of(before)
    letter = referral.updates.get()
    referral.practice, referral.physician = now.practice, now
    referral.save()

    assert is_outcome(read(f"Communication/{letter.public_id}", OTHER), 404)
    assert b"Communication" not in read(f"ServiceRequest/{referral.public_id}/$everything", OTHER).content
    assert is_outcome(read(f"ServiceRequest/{referral.public_id}"), 404)


@pytest.mark.parametrize("number", [1, 3])
def test_queries_of_everything_do_not_grow(number):
    referral = referral_of(office(), visits=number, letters=number)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        bundle = read(f"ServiceRequest/{referral.public_id}/$everything").json()

    # token, contact point; rate: savepoint, insert, update, select, release; referral, visits, letters; the read
    assert (len(bundle["entry"]), len(queries)) == (5 + 2 * number, 11)


@pytest.mark.parametrize("number", [1, 3])
def test_queries_of_the_search_do_not_grow(number):
    physician = office()
    for _ in range(number):
        referral_of(physician)

    with CaptureQueriesContext(connection) as queries:
        bundle = read("ServiceRequest").json()

    assert (len(bundle["entry"]), len(queries)) == (number, 9)


# Who reads it


def test_another_offices_things_look_like_none():  # P24
    mine, others = referral_of(office()), referral_of(office(OTHER, npi="1003000126"), visits=2)
    nowhere = uuid.uuid4()

    for address in [*addresses_of(others), f"Practitioner/{others.physician.public_id}"]:
        kind, __, rest = address.partition("/")
        unknown = read("/".join([kind, str(nowhere), *rest.split("/")[1:]]))
        assert bytes_of(read(address)) == bytes_of(unknown)
        assert is_outcome(unknown, 404)
        assert read(address, OTHER).status_code == 200
    assert is_outcome(read(f"Organization/{others.practice.public_id}"), 404)
    found = read("ServiceRequest").json()["entry"]
    assert [entry["resource"]["id"] for entry in found] == [str(mine.public_id)]


def test_strangers_reads_are_not_recorded_as_reads():
    office()
    others = referral_of(office(OTHER, npi="1003000126"))

    for address in addresses_of(others):
        read(address)

    assert ReadEvent.objects.count() == 0


@pytest.mark.parametrize(
    ("source", "said", "status"),
    [
        ("office", None, 200),
        ("office", True, 200),
        ("office", False, 404),
        ("patient", None, 404),
        ("patient", True, 200),
        ("patient", False, 404),
    ],
)
def test_only_what_the_patient_allows_is_there(source, said, status):
    referral = referral_of(office(), source=source)
    request = referral.appointment_request
    request.may_contact_referrer = said
    request.save()

    assert {read(address).status_code for address in addresses_of(referral)} == {status}
    assert len(read("ServiceRequest").json().get("entry", [])) == (status == 200)


def test_a_no_holds_from_that_moment_on():
    referral = referral_of(office())
    assert read(f"Patient/{referral.public_id}").status_code == 200

    referrals.record_consent(referral.public_id, may=False, seen_version=1, by=UserFactory(group="scheduler"))

    assert is_outcome(read(f"Patient/{referral.public_id}"), 404)


def test_what_is_matched_to_no_practice_is_there_for_nobody():
    office()
    referral = ReferralFactory()

    assert is_outcome(read(f"ServiceRequest/{referral.public_id}"), 404)
    assert "entry" not in read("ServiceRequest").json()


@pytest.mark.parametrize(
    "values",
    [
        {"verified_until": None, "verified_value": ""},
        {"verified_until": datetime.datetime(2026, 11, 30, 15, 0, tzinfo=datetime.UTC)},
        {"failed_deliveries": 2},
        {"value": "+18135550199"},
        {"is_active": False},
    ],
    ids=str,
)
def test_without_a_verified_contact_point_a_token_opens_nothing(values):
    office(OTHER, npi="1003000126")  # somebody else's is verified
    referral = referral_of(office())
    ContactPoint.objects.filter(practice=referral.practice).update(**values)

    for address in [*addresses_of(referral), "ServiceRequest"]:
        assert is_outcome(read(address), 403)


def test_a_token_of_an_inactive_practice_opens_nothing():
    physician = office()
    physician.practice.is_active = False
    physician.practice.save()

    assert is_outcome(read("ServiceRequest"), 403)


# Tokens


@pytest.mark.parametrize(
    "header",
    [
        "",
        TOKEN,
        "Bearer",
        "Bearer ",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN} ",
        f"Bearer {TOKEN}=",
        f"Bearer {TOKEN[1:]}",
        f"Bearer {TOKEN}, Bearer {TOKEN}",  # two headers, as servers join them
        f"Bearer {TOKEN},Bearer {OTHER}",
        f"Bearer {'é' * 43}",
        f"Bearer {TOKEN}\0",
        f"Bearer {OTHER}",
    ],
)
def test_anything_but_one_known_token_opens_nothing(header):
    referral = referral_of(office())
    without = Client().get("/fhir/ServiceRequest")

    answer = Client().get("/fhir/ServiceRequest", headers={"authorization": header})

    assert is_outcome(answer, 401)
    assert answer["WWW-Authenticate"] == 'Bearer realm="fhir"'
    assert bytes_of(answer) == bytes_of(without)
    assert is_outcome(Client().get(f"/fhir/Patient/{referral.public_id}", headers={"authorization": header}), 401)


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer  "])
def test_the_scheme_may_be_written_in_any_case(scheme):
    office()

    answer = Client().get("/fhir/ServiceRequest", headers={"authorization": f"{scheme} {TOKEN}"})

    assert answer.status_code == 200


def test_a_token_ends_with_its_last_moment(clock):
    office()
    ends = PartnerToken.objects.get().expires_at
    ContactPoint.objects.update(verified_until=ends + MINUTE)

    clock.move_to(ends - datetime.timedelta(seconds=1), tick=False)
    before = read("ServiceRequest").status_code
    clock.move_to(ends, tick=False)

    assert (before, read("ServiceRequest").status_code) == (200, 401)


def test_a_revoked_token_opens_nothing():
    office()
    partners.revoke(PartnerToken.objects.get(), by=UserFactory(group="supervisor"))

    assert is_outcome(read("ServiceRequest"), 401)


@pytest.mark.parametrize("name", ["access_token", "token", "Authorization", "_lastUpdate", "patient"])
def test_a_token_or_an_unknown_condition_in_the_address_is_refused(name):
    referral = referral_of(office())

    for address in [*addresses_of(referral), "ServiceRequest"]:
        assert is_outcome(read(f"{address}?{name}={TOKEN}"), 400)
        assert is_outcome(Client().get(f"/fhir/{address}?{name}={TOKEN}"), 401)
    assert ReadEvent.objects.count() == 0


def test_sixty_requests_a_minute_and_then_a_pause(clock):
    office()
    office(OTHER, npi="1003000126")
    clock.move_to("2026-11-30T10:00:18-05:00", tick=False)

    answers = [read("ServiceRequest") for _ in range(partners.MOST_PER_MINUTE + 1)]

    assert [answer.status_code for answer in answers] == [200] * 60 + [429]
    assert is_outcome(answers[-1], 429)
    assert answers[-1]["Retry-After"] == "42"
    assert read("ServiceRequest", OTHER).status_code == 200
    clock.move_to("2026-11-30T10:01:00-05:00", tick=False)
    assert read("ServiceRequest").status_code == 200


def test_a_token_counts_by_itself():
    physician = office()
    PartnerTokenFactory(practice=physician.practice, secret=OTHER, name="Another system")

    for _ in range(partners.MOST_PER_MINUTE):
        read("metadata")  # open to all, so it costs nothing
        read("ServiceRequest")

    assert (read("ServiceRequest").status_code, read("ServiceRequest", OTHER).status_code) == (429, 200)


def test_a_sign_in_of_staff_opens_nothing(client):
    referral = referral_of(office())
    client.force_login(UserFactory(group="supervisor", is_superuser=True))

    assert is_outcome(client.get(f"/fhir/Patient/{referral.public_id}"), 401)


# What is left behind


def test_every_read_of_a_patient_is_recorded():  # P28
    referral = referral_of(office(), visits=1, letters=1)
    addresses = [*addresses_of(referral), "ServiceRequest"]

    for address in addresses:
        read(address)

    reads = list(ReadEvent.objects.values_list("appointment_request", "office", "by"))
    assert reads == [(referral.appointment_request_id, referral.practice_id, None)] * len(addresses)


def test_what_is_about_no_patient_is_no_read():
    physician = office()

    for address in ("metadata", f"Practitioner/{physician.public_id}", f"Organization/{physician.practice.public_id}"):
        assert read(address).status_code == 200

    assert ReadEvent.objects.count() == 0


def test_nothing_is_given_unless_the_read_is_recorded(monkeypatch):
    referral = referral_of(office())

    def fail(*args):
        raise ValueError

    monkeypatch.setattr(partners, "record_reads", fail)
    client = Client(raise_request_exception=False)
    answer = client.get(f"/fhir/Patient/{referral.public_id}", headers={"authorization": f"Bearer {TOKEN}"})

    assert is_outcome(answer, 500)
    assert b"Demo" not in answer.content


def test_answers_set_no_cookie_and_are_stored_nowhere():
    referral = referral_of(office())
    answers = [read(address) for address in [*addresses_of(referral), "metadata", f"Patient/{uuid.uuid4()}", "Foo"]]
    answers.append(Client().get("/fhir/ServiceRequest"))

    assert {answer["Cache-Control"] for answer in answers} == {"no-store"}
    assert [answer for answer in answers if answer.cookies or "Cookie" in answer.get("Vary", "")] == []
    assert [name for answer in answers for name in answer.headers if name.startswith("Access-Control")] == []


def test_no_log_carries_the_token(caplog):
    referral = referral_of(office())
    caplog.set_level(logging.DEBUG)

    for address in [*addresses_of(referral), "Foo", f"Patient/{uuid.uuid4()}", f"ServiceRequest?token={TOKEN}"]:
        read(address)
        Client(raise_request_exception=False).post(f"/fhir/{address}", headers={"authorization": f"Bearer {TOKEN}"})

    formatter = WordlessFormatter("{message}", style="{")
    lines = "\n".join(map(formatter.format, caplog.records))
    assert "/fhir/Foo" in lines  # the control
    assert TOKEN not in lines


# How it answers


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
@pytest.mark.parametrize("checks", [True, False])
def test_nothing_can_be_written(method, checks):
    referral = referral_of(office())
    client = Client(enforce_csrf_checks=checks)
    addresses = ["ServiceRequest", f"Task/{referral.public_id}", "metadata", "Foo", ""]

    answers = [
        getattr(client, method)(f"/fhir/{address}", headers={"authorization": f"Bearer {TOKEN}"})
        for address in addresses
    ]

    assert [is_outcome(answer, 405) for answer in answers] == [True] * len(addresses)
    assert {answer["Allow"] for answer in answers} == {"GET, HEAD"}


def test_head_gives_the_headers():
    referral = referral_of(office())

    answer = Client().head(f"/fhir/Task/{referral.public_id}", headers={"authorization": f"Bearer {TOKEN}"})

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["Content-Type"] == "application/fhir+json"
    assert ReadEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("*/*", 200),
        ("application/*", 200),
        ("application/json", 200),
        ("application/fhir+json", 200),
        ("application/fhir+json; fhirVersion=4.0", 200),
        ("text/html, application/fhir+json;q=0.8", 200),
        ("text/html", 406),
        ("application/fhir+xml", 406),
    ],
)
def test_the_only_format_is_json(accept, status):
    office()

    assert read("ServiceRequest", accept=accept).status_code == status
    assert read("metadata", accept=accept).status_code == status


@pytest.mark.parametrize(("name", "status"), [("json", 200), ("application/fhir%2Bjson", 200), ("xml", 406)])
def test_the_format_may_stand_in_the_address(name, status):
    office()

    assert read(f"ServiceRequest?_format={name}").status_code == status


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("Foo", 404),
        ("", 404),
        ("ServiceRequest/", 404),
        ("ServiceRequest/1", 404),
        ("Patient", 404),
        (f"Task/{uuid.uuid4()}/$everything", 404),
        (f"Patient/{str(uuid.uuid4()).upper()}", 404),
        ("Patient/%00", 400),
        ("Foo%00", 400),
        ("ServiceRequest?_lastUpdated=%00", 400),
        ("ServiceRequest?%00=1", 400),
    ],
)
def test_addresses_that_are_none_answer_in_fhir(address, status):
    office()

    assert is_outcome(read(address), status)


def test_a_database_that_is_away_answers_in_fhir(monkeypatch):
    def fail(*args):
        raise OperationalError

    monkeypatch.setattr(partners, "admit", fail)
    answer = Client(raise_request_exception=False).get(
        "/fhir/ServiceRequest", headers={"authorization": f"Bearer {TOKEN}"}
    )

    assert is_outcome(answer, 503)
    assert answer["Retry-After"] == "60"


# The search


def ids(bundle):
    return [entry["resource"]["id"] for entry in bundle.get("entry", [])]


@pytest.fixture
def three(clock):
    """Referrals of one office that came at 10:00, 10:05 and 10:10 of 30 November; the clock stands at 11:00."""
    physician, made = office(), []
    for minute in (0, 5, 10):
        clock.move_to(f"2026-11-30T10:{minute:02}:00-05:00", tick=False)
        made.append(str(referral_of(physician, letters=0).public_id))
    clock.move_to("2026-11-30T11:00:00-05:00", tick=False)
    return made


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [0, 1, 2]),
        ("_lastUpdated=2026-11-30", [0, 1, 2]),
        ("_lastUpdated=eq2026-12-01", []),
        ("_lastUpdated=2026-11-30T10:05:00-05:00", [1]),
        ("_lastUpdated=ge2026-11-30T10:05:00-05:00", [1, 2]),
        ("_lastUpdated=ge2026-11-30T15:05:00Z", [1, 2]),
        ("_lastUpdated=ge2026-11-30T15:05:00%2B00:00", [1, 2]),
        ("_lastUpdated=ge2026-11-30T15:05:00+00:00", [1, 2]),
        ("_lastUpdated=ge2026-11-30T10:05", [1, 2]),
        ("_lastUpdated=gt2026-11-30T10:05:00-05:00", [2]),
        ("_lastUpdated=gt2026-11-30T10:04:59.999999-05:00", [1, 2]),
        ("_lastUpdated=gt2026-11-30T10:04:59.9-05:00", [1, 2]),
        ("_lastUpdated=gt2026-11-30", []),
        ("_lastUpdated=le2026-11-30T10:05:00-05:00", [0, 1]),
        ("_lastUpdated=lt2026-11-30T10:05:00-05:00", [0]),
        ("_lastUpdated=lt2026-11-30", []),
        ("_lastUpdated=ge2026-11-30T10:05:00-05:00&_lastUpdated=lt2026-11-30T10:10:00-05:00", [1]),
        ("_count=1000", [0, 1, 2]),
    ],
)
def test_search_finds_what_changed_in_a_span(three, query, found):
    assert ids(read(f"ServiceRequest?{query}").json()) == [three[index] for index in found]


@pytest.mark.parametrize(
    "query",
    [
        "_lastUpdated=",
        "_lastUpdated=yesterday",
        "_lastUpdated=sa2026-11-30",
        "_lastUpdated=2026-13-01",
        "_lastUpdated=2026-11-31",
        "_lastUpdated=2026-11-30T25:00Z",
        "_lastUpdated=2026-11-30T10:00:00.1234567Z",
        "_lastUpdated=9999-12-31",
        "_lastUpdated=0001-01-01",
        "_lastUpdated=٢٠٢٦-11-30",
        "_count=0",
        "_count=-1",
        "_count=x",
        "_count=",
        "_count=99999999999999999999",
        "_after=x",
        "_after=2026-11-30T10:00:00Z",
        "_after=2026-11-30T10:00:00Z,x",
        "_summary=count",
        "_total=accurate",
        "_sort=status",
    ],
)
def test_search_refuses_what_it_does_not_understand(three, query):
    assert is_outcome(read(f"ServiceRequest?{query}"), 400)


def test_pages_lead_to_the_next_and_give_each_referral_once(three, clock):
    clock.move_to("2026-11-30T10:10:00-05:00", tick=False)
    same_time = [str(referral_of(PartnerToken.objects.get().practice.physicians.get()).public_id) for _ in range(2)]
    address, pages = "ServiceRequest?_count=2&_lastUpdated=ge2026-11-30", []

    while address:
        bundle = read(address).json()
        pages.append(ids(bundle))
        following = [link["url"] for link in bundle["link"] if link["relation"] == "next"]
        address = following[0].removeprefix("https://practice.example.org/fhir/") if following else ""

    assert pages == [three[:2], pages[1], pages[2]]
    assert sorted(pages[1] + pages[2]) == sorted([three[2], *same_time])


def test_what_changes_while_somebody_pages_is_passed_over_nowhere(three, clock):
    first = read("ServiceRequest?_count=1").json()
    following = first["link"][1]["url"].removeprefix("https://practice.example.org/fhir/")
    referrals.record_consent(uuid.UUID(three[0]), may=True, seen_version=1, by=UserFactory(group="scheduler"))

    assert ids(read(following).json()) == [three[1]]
    assert ids(read("ServiceRequest").json()) == [three[1], three[2], three[0]]


@pytest.mark.parametrize("column", ["sent_at", "confirmed_at"])
def test_a_letter_that_leaves_or_arrives_is_a_change(three, clock, column):
    physician = PartnerToken.objects.get().practice.physicians.get()
    times = {"sent_at": clock_time(1), "confirmed_at": clock_time(2), column: clock_time(59)}
    letter_of(physician.referrals.get(public_id=three[0]), **times)

    assert ids(read("ServiceRequest?_lastUpdated=ge2026-11-30T10:30:00-05:00").json()) == [three[0]]


def clock_time(minute):
    return datetime.datetime(2026, 11, 30, 15, minute, tzinfo=datetime.UTC)


def test_a_move_of_the_request_is_a_change(three):
    request = PartnerToken.objects.get().practice.referrals.get(public_id=three[1]).appointment_request
    request.status_events.create(move="cancel_visit", to_status="in_review", version=2)

    bundle = read("ServiceRequest?_lastUpdated=ge2026-11-30T10:30:00-05:00").json()

    assert ids(bundle) == [three[1]]
    assert bundle["entry"][0]["resource"]["meta"]["lastUpdated"] == "2026-11-30T11:00:00-05:00"


@pytest.mark.parametrize(("taken_back", "status"), [(False, "under-review"), (True, "received")])
def test_what_staff_can_take_back_is_not_shown_and_comes_later(three, clock, taken_back, status):
    """11:00:00 claimed; 11:00:30 perhaps undone, and the office asks; 11:01:00 over."""
    referral = PartnerToken.objects.get().practice.referrals.get(public_id=three[1])
    request, dana = referral.appointment_request, UserFactory(group="scheduler")
    type(request).objects.update(status="received")
    claimed = moves.move(request.public_id, "claim", seen_version=request.version, by=dana)
    clock.shift(30)
    if taken_back:
        moves.move(request.public_id, "undo", seen_version=claimed.version, by=dana)

    answers = [read(address) for address in addresses_of(referral)]
    assert all(is_outcome(answer, 503) for answer in answers)
    assert {answer["Retry-After"] for answer in answers} == {"30"}
    assert ids(read("ServiceRequest").json()) == [three[0], three[2]]
    assert not ReadEvent.objects.filter(appointment_request=request).exists()

    clock.shift(30)
    check(read(f"ServiceRequest/{three[1]}/$everything").json())
    assert read(f"Task/{three[1]}").json()["businessStatus"]["coding"][0]["code"] == status
    found = read("ServiceRequest?_lastUpdated=ge2026-11-30T11:00:30-05:00").json()
    assert [entry["resource"]["meta"]["lastUpdated"] for entry in found["entry"]] == ["2026-11-30T11:01:00-05:00"]


def test_a_closed_loop_is_a_change(three):
    referral = PartnerToken.objects.get().practice.referrals.get(public_id=three[1])
    referral.loop_closed_at, referral.loop_closed_how = timezone.now(), "spam"
    referral.save()

    assert ids(read("ServiceRequest?_lastUpdated=ge2026-11-30T10:30:00-05:00").json()) == [three[1]]


def test_a_search_that_finds_all_has_no_next_page(three):
    assert read("ServiceRequest?_count=3").json()["link"] == [
        {"relation": "self", "url": "https://practice.example.org/fhir/ServiceRequest?_count=3"}
    ]


def test_the_auditor_reads_which_office_opened_a_request(client):
    referral = referral_of(office())
    sign_in(client, "auditor")
    page = page_of(referral.appointment_request)
    before = client.get(page).content.decode().count("Pattern Family Medicine")

    read(f"Patient/{referral.public_id}")

    assert client.get(page).content.decode().count("Pattern Family Medicine") == before + 1


def test_a_page_is_never_longer_than_the_most(three, monkeypatch):
    monkeypatch.setattr(search, "MOST_COUNT", 2)

    assert ids(read("ServiceRequest?_count=1000").json()) == three[:2]
