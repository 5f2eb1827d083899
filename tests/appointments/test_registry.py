"""What the NPI registry answers, and what becomes of an answer that is none. The registry is a server of the test."""

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from appointments.models import Physician
from appointments.services import registry
from appointments.services.ladder import level
from appointments.services.rights import NoRight
from tests.factories import PhysicianFactory, UserFactory

NPI = "1234567893"
RECORD = {
    "number": NPI,
    "enumeration_type": "NPI-1",
    "basic": {"first_name": "PAULA", "last_name": "PATTERN", "credential": "MD", "status": "A"},
    "phones": ["813-555-0177"],
}


def result(**changes):
    """One result as NPPES API 2.1 gives it, with much that is not kept."""
    addresses = [
        {"address_purpose": "LOCATION", "city": "RUSKIN", "telephone_number": "813-555-0177"},
        {"address_purpose": "MAILING", "city": "RUSKIN"},
    ]
    basic = RECORD["basic"] | {"sex": "F", "enumeration_date": "2006-05-23"}
    found = {"number": NPI, "enumeration_type": "NPI-1", "basic": basic, "addresses": addresses, "taxonomies": []}
    return found | changes


def answers(*results):
    return json.dumps({"result_count": len(results), "results": list(results)}).encode()


@pytest.fixture
def serve(settings):
    """Runs a registry that answers `body`, and gives the list of paths it was asked for."""
    with contextlib.ExitStack() as running:

        def start(body, *, status=200, headers=(), drip=0, drip_headers=0):
            asked = []

            class Registry(BaseHTTPRequestHandler):
                def do_GET(self):
                    asked.append(self.path)
                    self.send_response(status)
                    for name, value in headers:
                        self.send_header(name, value)
                    with contextlib.suppress(OSError):
                        for number in range(drip_headers):
                            time.sleep(0.1)
                            self.send_header(f"X-{number}", "still here")
                            self.flush_headers()
                        self.end_headers()
                        for byte in [body] if not drip else [bytes([byte]) for byte in body]:
                            time.sleep(drip)
                            self.wfile.write(byte)

                def log_message(self, *args):
                    pass

            server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
            threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
            running.callback(server.server_close)
            running.callback(server.shutdown)
            settings.NPPES_URL = f"http://127.0.0.1:{server.server_port}/api/"
            return asked

        yield start


def test_the_entry_is_kept_as_far_as_it_is_needed(serve):
    asked = serve(answers(result()))

    assert registry.look_up(NPI) == RECORD
    assert asked == [f"/api/?version=2.1&number={NPI}"]


def test_a_number_that_the_registry_does_not_know_is_none(serve):
    serve(answers())

    assert registry.look_up(NPI) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        b'{"Errors": [{"description": "no"}]}',
        b'{"results": 3}',
        b"[" * 100_000,
        b"\xff\xfe",
        answers(result(), result()),
        answers(result(number="1003000126")),  # somebody else
        answers(result(basic=None)),
        answers(result(basic={"last_name": ["PATTERN"]})),
        answers(result(addresses=[None])),
        answers({"number": NPI}),
        b" " * 1_100_000 + answers(result()),
    ],
    ids=lambda body: repr(body[:30]),
)
def test_nonsense_is_no_answer(serve, body):
    serve(body)

    with pytest.raises(registry.RegistryAway):
        registry.look_up(NPI)


@pytest.mark.parametrize("status", [301, 302, 404, 500, 503])
def test_an_error_is_no_answer_and_nobody_is_sent_elsewhere(serve, status):
    elsewhere = serve(answers(result()))
    address = f"http://127.0.0.1:{registry.settings.NPPES_URL.split(':')[2]}"
    serve(answers(result()), status=status, headers=[("Location", address)])

    with pytest.raises(registry.RegistryAway):
        registry.look_up(NPI)
    assert elsewhere == []


@pytest.mark.parametrize(
    ("body", "drips"),
    [(b"{", {"drip": 2}), (b" " * 100, {"drip": 0.1}), (b"{}", {"drip_headers": 50})],
    ids=["hangs", "drips", "drips headers"],
)
def test_a_registry_that_takes_too_long_is_away(serve, monkeypatch, body, drips):
    monkeypatch.setattr(registry, "SECONDS", 0.3)
    serve(body, **drips)
    begun = time.monotonic()

    with pytest.raises(registry.RegistryAway):
        registry.look_up(NPI)
    assert time.monotonic() - begun < 1.5


def test_a_registry_that_cannot_be_reached_is_away(settings):
    settings.NPPES_URL = "http://127.0.0.1:1/api/"

    with pytest.raises(registry.RegistryAway) as away:
        registry.look_up(NPI)
    assert str(away.value) == ""


# What is kept of a physician


@pytest.fixture
def coordinator(db):
    return UserFactory(group="referral coordinator")


def test_what_was_found_is_kept_with_its_day(serve, coordinator):
    serve(answers(result()))

    physician = registry.check(PhysicianFactory().public_id, by=coordinator)

    assert (physician.registry_record, physician.registry_checked_on) == (RECORD, timezone.localdate())
    assert level(physician, timezone.now()) == "exists"


def test_another_person_is_kept_and_does_not_exist_as_ours(serve, coordinator):
    serve(answers(result(basic=RECORD["basic"] | {"last_name": "OTHER"})))

    physician = registry.check(PhysicianFactory().public_id, by=coordinator)

    assert (physician.registry_record["basic"]["last_name"], level(physician, timezone.now())) == ("OTHER", "named")


def test_a_number_that_is_unknown_takes_the_place_of_an_older_entry(serve, coordinator):
    serve(answers())

    physician = registry.check(PhysicianFactory(registry_record=RECORD).public_id, by=coordinator)

    assert (physician.registry_record, level(physician, timezone.now())) == ({"number": NPI}, "named")


def test_without_an_answer_what_was_known_stays(serve, coordinator):
    serve(b"", status=500)
    physician = PhysicianFactory(registry_record=RECORD)

    with pytest.raises(registry.RegistryAway):
        registry.check(physician.public_id, by=coordinator)

    physician.refresh_from_db()
    assert (physician.registry_record, physician.registry_checked_on) == (RECORD, None)


def test_an_answer_is_not_kept_for_a_number_that_was_changed_meanwhile(coordinator, monkeypatch):
    physician = PhysicianFactory()

    def changing(npi):
        Physician.objects.update(npi="1003000126")
        return RECORD

    monkeypatch.setattr(registry, "look_up", changing)

    assert registry.check(physician.public_id, by=coordinator).registry_record == {}


def test_staff_attach_what_they_read_themselves(coordinator):
    physician = registry.attach_by_hand(PhysicianFactory().public_id, last_name="Pattern", by=coordinator)

    assert (physician.registry_record["by_hand"], level(physician, timezone.now())) == (True, "exists")


def check(physician, by):
    registry.check(physician.public_id, by=by)


def attach(physician, by):
    registry.attach_by_hand(physician.public_id, last_name="Pattern", by=by)


@pytest.mark.parametrize("act", [check, attach])
def test_without_a_right_or_a_number_nothing_is_looked_up(act, coordinator, monkeypatch):
    monkeypatch.setattr(registry, "look_up", lambda npi: pytest.fail("looked up"))

    with pytest.raises(NoRight):
        act(PhysicianFactory(), UserFactory(group="scheduler"))
    with pytest.raises(ValidationError, match="Write down the NPI first"):
        act(PhysicianFactory(npi=None), coordinator)

    assert set(Physician.objects.values_list("registry_checked_on", flat=True)) == {None}
