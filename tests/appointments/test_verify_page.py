"""/refer/verify/: an office types the code of our sheet. A stranger learns nothing there."""

import re

import pytest
from django.utils import timezone

from appointments.reference import new_code
from appointments.services import contact_points
from tests.appointments.test_request_views import NASTY
from tests.factories import ContactPointFactory, UserFactory

ADDRESS = "/refer/verify/"
NOT_OURS = "This code does not work. Please look at the sheet again, or call us and we send a new one."


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", answer.content.decode()))


def code_for(contact_point):
    by = UserFactory(group="referral coordinator")
    return contact_points.challenge(contact_point.public_id, seen_version=contact_point.version, by=by)[1]


@pytest.fixture
def fax(practice):
    return ContactPointFactory()


def test_the_right_code_verifies_and_the_page_shows_four_digits_only(client, fax):
    answer = client.post(ADDRESS, {"code": code_for(fax).lower()})

    fax.refresh_from_db()
    page = text_of(answer)
    assert (answer.status_code, fax.is_verified(timezone.now())) == (200, True)
    assert "Your fax number that ends in 0150 is confirmed." in page
    assert [word for word in ("Pattern", "813-555-0150", "+1813", "Ruskin") if word in page] == []


def test_a_postal_address_is_not_shown(client, practice):
    mail = ContactPointFactory(kind="mail", value="100 Sample St, Ruskin FL 33570")

    page = text_of(client.post(ADDRESS, {"code": code_for(mail)}))

    assert ("Your address is confirmed." in page, "33570" in page, "Ruskin" in page) == (True, False, False)


def test_a_code_that_is_wrong_used_or_over_has_one_answer(client, fax, time_machine):
    used, over = code_for(fax), None
    client.post(ADDRESS, {"code": used})
    fax.refresh_from_db()
    over = code_for(fax)
    fax.challenges.filter(used_at=None).update(expires_at=timezone.now())

    pages = [client.post(ADDRESS, {"code": code}) for code in (used, over, new_code(), "2222-2222-2222", "x")]

    assert {page.status_code for page in pages} == {200}
    bodies = {re.sub(r'value="[^"]*"', "", page.content.decode()) for page in pages}
    assert (len(bodies), NOT_OURS in bodies.pop()) == (1, True)


def test_what_was_typed_is_kept(client, practice):
    page = client.post(ADDRESS, {"code": "7K4M-X2QS"}).content.decode()

    assert 'value="7K4M-X2QS"' in page
    assert "Please write the code that is on our sheet." in text_of(client.post(ADDRESS, {}))


def test_after_ten_tries_a_network_has_to_wait(client, fax, time_machine):
    time_machine.move_to(timezone.now().replace(minute=0), tick=False)
    answers = [client.post(ADDRESS, {"code": "x"}).status_code for _ in range(11)]

    assert answers == [200] * 10 + [429]


def test_opening_the_page_changes_nothing_and_nobody_keeps_it(client, fax):
    code = code_for(fax)

    answer = client.get(ADDRESS, {"code": code})

    fax.refresh_from_db()
    assert (fax.is_verified(timezone.now()), fax.challenges.get().used_at) == (False, None)
    assert ("no-store" in answer["Cache-Control"], answer["X-Robots-Tag"]) == (True, "noindex")


@pytest.mark.parametrize("text", NASTY)
def test_no_input_breaks_the_page(client, practice, text):
    assert client.post(ADDRESS, {"code": text}).status_code in (200, 400)


def test_the_page_speaks_spanish(client, fax):
    assert "Confirme su fax o su dirección" in text_of(client.get("/es/refer/verify/"))
    assert "Su número de fax que termina en 0150" in text_of(client.post("/es/refer/verify/", {"code": code_for(fax)}))
