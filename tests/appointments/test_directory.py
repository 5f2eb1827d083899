"""The directory in the admin: practices with their physicians, the ladder, the NPI registry. Nothing is deleted."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appointments.admin import directory
from appointments.models import ContactPoint, Physician, ReadEvent, Referral, ReferringPractice
from appointments.services import registry
from tests.appointments.desk import sign_in
from tests.appointments.test_registry import RECORD
from tests.factories import ContactPointFactory, PhysicianFactory, ReferralFactory, ReferringPracticeFactory

PRACTICES = "/admin/appointments/referringpractice/"
PHYSICIANS = "/admin/appointments/physician/"
COORDINATOR = "referral coordinator"
NPIS = ("1234567893", "1003000126", "1558598797", "1881018208")


def posted(practice=None, physicians=(), **changes):
    """The form of a practice as a browser sends it; `physicians` are rows of fields, with "id" for those there."""
    values = {"name": "Pattern Family Medicine", "street": "", "city": "Ruskin", "state": "FL", "zip_code": "33570"}
    values |= {"contact_name": "", "is_active": "on"}
    there = [row for row in physicians if row.get("id")]
    values |= {"physicians-TOTAL_FORMS": len(physicians), "physicians-INITIAL_FORMS": len(there)}
    for number, row in enumerate(physicians):
        row = {"credentials": "", "npi": "", "is_active": "on", "practice": practice.pk if practice else ""} | row
        values |= {f"physicians-{number}-{name}": value for name, value in row.items()}
    return values | changes


PAULA = {"first_name": "Paula", "last_name": "Pattern", "npi": "1234567893"}


def page_of(row):
    return f"/admin/appointments/{row._meta.model_name}/{row.pk}/change/"


def text_of(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


# A practice and its physicians


@pytest.mark.parametrize("group", [COORDINATOR, "supervisor", "owner"])
def test_a_practice_is_added_with_a_physician(client, practice, group):
    sign_in(client, group)

    response = client.post(f"{PRACTICES}add/", posted(physicians=[PAULA]))

    made = ReferringPractice.objects.get()
    assert response["Location"] == page_of(made)  # where its fax comes next
    assert list(made.physicians.values_list("last_name", "npi")) == [("Pattern", "1234567893")]


def test_a_practice_is_added_from_a_referral_and_leads_back_to_it(client, practice):
    """What was typed stands in the boxes and in no address; what staff save are contact points that nobody verified."""
    wish = {"referrer_name": "Dr. Paula Pattern", "referrer_practice": "Ruskin FM", "referrer_phone": "813 555 0151"}
    typed = {f"appointment_request__{name}": text for name, text in wish.items()}
    referral = ReferralFactory(sender_npi="1234567893", sender_fax="813.555.0150", **typed)
    sign_in(client, COORDINATOR)
    way = f"{PRACTICES}add/?referral={referral.public_id}"

    html = client.get(page_of(referral)).content.decode()
    form = client.get(way).content.decode()
    saved = client.post(way, posted(physicians=[PAULA], name="Ruskin Family", phone="813 555 0151", fax="813.555.0150"))

    made = ReferringPractice.objects.get()
    assert f'href="{way}"' in html
    boxes = {"name": "Ruskin FM", "phone": "813 555 0151", "fax": "813.555.0150"}
    boxes |= {f"physicians-0-{name}": value for name, value in PAULA.items()}
    shown = {name: re.search(rf'name="{name}" value="([^"]*)"', form) for name in boxes}
    assert {name: found and found[1] for name, found in shown.items()} == boxes
    assert saved["Location"] == f"{page_of(referral)}?office={made.pk}#office"
    assert made.physicians.get().npi == "1234567893"
    points = made.contact_points.order_by("value").values_list("kind", "value", "verified_at")
    assert list(points) == [("fax", "+18135550150", None), ("phone", "+18135550151", None)]
    assert referral.appointment_request.read_events.count() == 3
    for chosen, is_suggested in ((None, True), (ReferringPracticeFactory(), True), (made, False)):
        Referral.objects.update(practice=chosen)
        shown = client.get(saved["Location"]).content.decode()
        assert ("Just added to the directory" in shown) == is_suggested


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"phone": "813-555"}, "4 digits are missing."),
        ({"fax": "813-555-0150 x3"}, "A fax machine cannot dial an extension."),
    ],
)
def test_a_number_of_a_new_practice_that_is_none_saves_nothing(client, practice, values, sentence):
    sign_in(client, COORDINATOR)

    response = client.post(f"{PRACTICES}add/", posted(**values))

    assert sentence in text_of(response)
    assert (ReferringPractice.objects.count(), ContactPoint.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("group", "named", "status"),
    [(COORDINATOR, "x", 404), (COORDINATOR, "00000000-0000-4000-8000-000000000000", 404), ("scheduler", None, 403)],
)
def test_another_referral_and_another_group_fill_in_nothing(client, practice, group, named, status):
    sign_in(client, group)
    named = named or ReferralFactory().public_id

    assert client.get(f"{PRACTICES}add/?referral={named}").status_code == status
    assert ReadEvent.objects.count() == 0  # what is refused was not read


@pytest.mark.parametrize("group", ["scheduler", "clinician", "auditor"])
def test_others_read_the_directory_and_change_nothing(client, practice, group):
    sign_in(client, group)
    physician = PhysicianFactory()

    assert [client.get(address).status_code for address in (PRACTICES, PHYSICIANS, page_of(physician))] == [200] * 3
    assert client.get(f"{PRACTICES}add/").status_code == 403
    for row in (physician, physician.practice):
        assert client.post(page_of(row), posted(name="Mine", last_name="Mine")).status_code == 403
    assert client.post(f"{PHYSICIANS}{physician.pk}/registry/", {"look_up": 1}).status_code == 403
    assert (Physician.objects.get().last_name, ReferringPractice.objects.get().name[:7]) == ("Pattern", "Pattern")


@pytest.mark.parametrize("group", ["editor", None])
def test_the_directory_is_closed_to_other_groups(client, practice, group):
    sign_in(client, group)
    physician = PhysicianFactory()

    addresses = (PRACTICES, PHYSICIANS, page_of(physician), page_of(physician.practice))
    assert {client.get(address).status_code for address in addresses} == {403}


@pytest.mark.parametrize(
    ("npi", "sentence"),
    [
        ("1234567890", "This is no NPI: ten digits, of which the last one checks the others."),
        ("123456789", "This is no NPI: ten digits, of which the last one checks the others."),
        ("1003000126", "Another physician has this NPI. One of the two is wrong."),
    ],
)
def test_a_wrong_npi_is_told_and_what_was_typed_is_kept(client, practice, npi, sentence):
    sign_in(client, COORDINATOR)
    PhysicianFactory(npi="1003000126")

    response = client.post(f"{PRACTICES}add/", posted(physicians=[PAULA | {"npi": npi}], name="New practice"))

    assert sentence in text_of(response)
    assert f'value="{npi}"' in response.content.decode()
    assert ReferringPractice.objects.count() == 1


def test_several_physicians_may_have_no_npi(client, practice):
    sign_in(client, COORDINATOR)

    client.post(f"{PRACTICES}add/", posted(physicians=[PAULA | {"npi": ""}, PAULA | {"npi": "", "last_name": "Other"}]))

    assert list(Physician.objects.values_list("npi", flat=True)) == [None, None]


def test_no_form_takes_a_verification_or_an_entry_of_the_registry(client, practice):
    sign_in(client, is_superuser=True)
    physician, fax = PhysicianFactory(), ContactPointFactory()
    until = "2030-01-01 00:00:00"
    extra = {"verified_value": fax.value, "verified_how": "call-back", "verified_until": until, "verified_at": until}
    extra |= {"registry_record": '{"number": "1234567893"}', "registry_checked_on": "2026-11-01", "version": 9}
    extra |= {f"contact_points-0-{name}": value for name, value in extra.items()}
    extra |= {"contact_points-TOTAL_FORMS": 1, "contact_points-INITIAL_FORMS": 1, "contact_points-0-id": fax.pk}
    row = PAULA | {"id": physician.pk, "last_name": "Changed"} | extra

    changed = client.post(page_of(physician.practice), posted(physician.practice, [row], **extra))
    also = client.post(page_of(physician), PAULA | {"last_name": "Again", "is_active": "on"} | extra)
    client.post(page_of(fax), {"kind": "fax", "value": "8135550199", "seen_version": 1} | extra)

    physician.refresh_from_db()
    assert (changed.status_code, also.status_code, physician.last_name) == (302, 302, "Again")
    assert (physician.registry_record, physician.registry_checked_on) == ({}, None)
    assert ContactPoint.objects.values_list("value", "verified_value", "verified_until", "version").get() == (
        fax.value,
        "",
        None,
        1,
    )


def test_nothing_of_the_directory_is_deleted(client, practice):
    sign_in(client, is_superuser=True)
    physician = PhysicianFactory()
    rows = [physician, physician.practice, ContactPointFactory(practice=physician.practice)]

    answers = [client.post(page_of(row).replace("change/", "delete/"), {"post": "yes"}).status_code for row in rows]
    client.post(
        page_of(physician.practice),
        posted(physician.practice, [PAULA | {"id": physician.pk, "DELETE": "on"}]),
    )
    for row in rows:
        client.post(
            page_of(row).rpartition("/change/")[0].rpartition("/")[0] + "/",
            {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes", "index": 0},
        )

    assert answers == [403] * 3
    assert [type(row).objects.count() for row in rows] == [1, 1, 1]


def test_the_page_of_a_practice_shows_its_ways_and_what_is_missing(client, practice):
    sign_in(client, COORDINATOR)
    physician = PhysicianFactory()
    ContactPointFactory(practice=physician.practice, verified=True)
    ContactPointFactory(practice=physician.practice, kind="phone", value="+18135550177")

    page = text_of(client.get(page_of(physician.practice)))

    assert re.search(r"Fax 813-555-0150\s+Verified\s+until", page)
    assert re.search(r"Phone 813-555-0177\s+Not verified", page)
    assert re.search(r"Paula Pattern, MD\s+Reachable\s+Look the NPI up in the registry.\s+Write down whom to ask", page)


# The lists


@pytest.mark.parametrize(
    "words", ["pattern", "family", "1234567893", "813-555-0150", "(813) 555 0150", "+1 813 555 0150", "555-0150"]
)
def test_a_practice_is_found_by_name_npi_and_number(client, practice, words):
    sign_in(client, "scheduler")
    PhysicianFactory(practice=ContactPointFactory().practice)
    ReferringPracticeFactory(name="Other")

    shown = client.get(PRACTICES, {"q": words}).content.decode().partition('id="result_list"')[2]

    assert ("Pattern Family Medicine" in shown, ">Other<" in shown) == (True, False)


def queries(client, address):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def add_one(npi):
    there = PhysicianFactory(npi=npi, practice=ReferringPracticeFactory(name=f"Practice {npi}"))
    ContactPointFactory(practice=there.practice, verified=True)
    ContactPointFactory(practice=there.practice, kind="phone", value="+18135550177")
    return there


@pytest.mark.parametrize("address", [PRACTICES, PHYSICIANS])
def test_a_list_takes_as_many_queries_for_3_as_for_1(client, practice, address):
    sign_in(client, COORDINATOR)
    add_one(NPIS[0])
    with_one = queries(client, address)
    for npi in NPIS[1:3]:
        add_one(npi)

    assert queries(client, address) == with_one


def test_a_practice_takes_as_many_queries_for_3_physicians_as_for_1(client, practice):
    sign_in(client, "auditor")  # a form of a physician that can be changed looks its practice up
    place = add_one(NPIS[0]).practice
    with_one = queries(client, page_of(place))
    for npi in NPIS[1:3]:
        PhysicianFactory(npi=npi, practice=place)

    assert queries(client, page_of(place)) == with_one


def test_the_list_of_physicians_says_how_well_we_know_each(client, practice):
    sign_in(client, "scheduler")
    add_one(NPIS[0])
    PhysicianFactory(npi=None, practice=ReferringPracticeFactory(name="Other"), last_name="Quiet")

    page = client.get(PHYSICIANS).content.decode()

    steps = re.findall(r'field-step">.*?#(\w+)"/></svg>\s*(\w+)</span>', page, re.DOTALL)
    assert sorted(steps) == [("no", "Named"), ("send", "Reachable")]
    assert "Write down the NPI. Verify a contact point of the practice." in text_of(client.get(PHYSICIANS))


# The NPI registry


def ask(client, physician, **data):
    return client.post(f"{PHYSICIANS}{physician.pk}/registry/", data)


@pytest.mark.django_db(transaction=True)
def test_the_registry_is_asked_outside_any_transaction(client, practice, monkeypatch, settings):
    settings.NPPES_URL = "https://registry.example.org/"
    asked = []
    monkeypatch.setattr(registry, "look_up", lambda npi: asked.append((npi, connection.in_atomic_block)) or RECORD)
    sign_in(client, COORDINATOR)
    physician = PhysicianFactory()

    response = ask(client, physician, look_up=1)

    physician.refresh_from_db()
    assert (response.status_code, response["Location"]) == (302, page_of(physician))
    assert (asked, physician.registry_record) == ([("1234567893", False)], RECORD)


def test_a_registry_that_is_away_is_told(client, practice, monkeypatch, settings):
    settings.NPPES_URL = "https://registry.example.org/"

    def away(npi):
        raise registry.RegistryAway

    monkeypatch.setattr(registry, "look_up", away)
    sign_in(client, COORDINATOR)

    response = ask(client, PhysicianFactory(), look_up=1)

    assert "The registry does not answer now." in text_of(response)
    assert Physician.objects.get().registry_checked_on is None


def test_without_an_address_the_registry_is_not_asked(client, practice, monkeypatch):
    monkeypatch.setattr(directory.registry, "look_up", lambda npi: pytest.fail("asked"))
    sign_in(client, COORDINATOR)
    physician = PhysicianFactory()

    ask(client, physician, look_up=1)

    page = client.get(f"{PHYSICIANS}{physician.pk}/registry/").content.decode()
    assert ("Look it up now" in page, "I looked there myself" in page) == (False, True)


def test_staff_write_down_what_they_read(client, practice):
    sign_in(client, COORDINATOR)
    physician = PhysicianFactory()

    ask(client, physician, by_hand=1, last_name="Pattern", is_active_person="on")

    physician.refresh_from_db()
    assert (physician.registry_record["by_hand"], physician.registry_checked_on) == (True, timezone.localdate())
    assert re.search(r"Name there\s+Pattern\s.*written down by hand", text_of(client.get(page_of(physician))))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"last_name": "Pattern"}, "Without this the entry proves nothing."),
        ({"last_name": "", "is_active_person": "on"}, "Write the last name as it stands there."),
        ({"last_name": "Pat\0tern", "is_active_person": "on"}, "could not be read"),
    ],
)
def test_half_of_it_is_not_written_down(client, practice, typed, sentence):
    sign_in(client, COORDINATOR)

    response = ask(client, PhysicianFactory(), by_hand=1, **typed)

    assert (response.status_code, sentence in text_of(response)) == (422, True)
    assert typed["last_name"].replace("\0", "") in response.content.decode()
    assert Physician.objects.get().registry_record == {}


def test_a_physician_without_an_npi_is_told_so(client, practice):
    sign_in(client, COORDINATOR)

    response = ask(client, PhysicianFactory(npi=None), by_hand=1, last_name="Pattern", is_active_person="on")

    assert (response.status_code, "Write down the NPI first." in text_of(response)) == (422, True)


def test_nothing_changes_by_opening_the_registry(client, practice, settings, monkeypatch):
    settings.NPPES_URL = "https://registry.example.org/"
    monkeypatch.setattr(registry, "look_up", lambda npi: pytest.fail("asked"))
    sign_in(client, COORDINATOR)

    assert client.get(f"{PHYSICIANS}{PhysicianFactory().pk}/registry/?look_up=1").status_code == 200
    assert client.get(f"{PHYSICIANS}999999/registry/").status_code == 404
