"""Secure links and the look-up against scanners, guessers and strangers (P24, P25, P26)."""

import io
import logging
import re
import statistics
import threading
import time
import uuid

import pytest
from django.apps import apps
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from apollo_site.logs import WordlessFormatter
from appointments.models import AccessCode, AccessLink, AccessSession, AppointmentRequest, StaffNote
from appointments.reference import new_reference
from appointments.services import access, access_mail, held
from appointments.services.secret import new_secret
from outbox.models import Message
from outbox.worker import Worker
from tests.appointments.access_steps import ask, enter, mailed_code, open_page, request_with_link, row_of, wrong_code
from tests.appointments.test_look_up import look
from tests.factories import AppointmentRequestFactory
from tests.mail import Sink, use

pytestmark = pytest.mark.django_db(transaction=True)
SCANS = 50
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')


@pytest.fixture(autouse=True)
def clock(practice, time_machine):
    time_machine.move_to("2026-11-30T12:00:00-05:00")


def bytes_of(answer):
    """Status, headers and body, without what is new in every form."""
    headers = {name: value for name, value in answer.items() if name not in ("Content-Length", "Expires")}
    return answer.status_code, headers, TOKEN.sub("", answer.content.decode())


def everything_but_mails():
    """All rows of patients' tables, as text."""
    models = [model for model in apps.get_app_config("appointments").get_models() if model is not AccessCode]
    return {model.__name__: list(model.objects.order_by("pk").values_list()) for model in models}


# Scanners


@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_a_link_changes_nothing(method):  # P26
    _, link = request_with_link()
    before = everything_but_mails()

    for _ in range(SCANS):
        assert getattr(Client(), method)(link).status_code == 200

    assert everything_but_mails() == before
    assert (AccessCode.objects.count(), Message.objects.count()) == (0, 0)


def test_pressing_the_button_mails_one_code_and_changes_nothing_else():  # P26
    _, link = request_with_link()
    before = everything_but_mails()

    for _ in range(SCANS):
        ask(Client(), link)

    assert everything_but_mails() == before
    assert list(Message.objects.values_list("kind", flat=True)) == ["access-code"]


def test_pressing_every_button_with_every_value_opens_nothing():  # P26
    _, link = request_with_link()
    for data in ({}, {"send-link": "1"}, {"code": ""}, {"code": "x"}, {"send-code": "1", "typed": "x"}):
        Client().post(link, data)

    assert (row_of(link).tries, AccessSession.objects.count(), Message.objects.count()) == (0, 0, 1)


def test_a_scanner_comes_first_and_the_person_still_gets_in():  # P26
    _, link = request_with_link()
    scanner, person = Client(), Client()
    for _ in range(SCANS):
        scanner.get(link)
        ask(scanner, link)

    person.get(link)
    answer = enter(person, link)

    assert person.get(answer["Location"]).status_code == 200
    assert scanner.get(answer["Location"]).status_code == 404


# Strangers see one answer


def test_unknown_ended_and_revoked_links_look_the_same():  # P24
    _, ended = request_with_link()
    _, revoked = request_with_link(email="other@example.org")
    AccessLink.objects.filter(pk=row_of(ended).pk).update(expires_at=timezone.now())
    AccessLink.objects.filter(pk=row_of(revoked).pk).update(revoked_at=timezone.now())
    links = [f"/r/{new_secret()}", "/r/x", ended, revoked]

    for data in (None, {"send-link": "1"}, {"send-code": "1"}, {"code": "12345678"}, {"send-link": "1"}):
        answers = [Client().post(link, data) if data else Client().get(link) for link in links]
        assert len({str(bytes_of(answer)) for answer in answers}) == 1
    assert sorted(message.to for message in Message.objects.all()) == ["other@example.org", "walter@example.org"]


def test_another_persons_page_is_one_that_does_not_exist():  # P24
    stranger, owner = Client(), Client()
    address = open_page(owner, request_with_link()[1])
    open_page(stranger, request_with_link(email="other@example.org")[1])
    unknown = f"/appointments/status/{uuid.uuid4()}/"

    for method, tail in (("get", ""), ("post", ""), ("get", "code/"), ("post", "code/"), ("post", "end/")):
        there, nowhere = (getattr(stranger, method)(f"{home}{tail}") for home in (address, unknown))
        assert bytes_of(there) == bytes_of(nowhere)
        assert there.status_code == 404
    assert owner.get(address).status_code == 200


@pytest.mark.parametrize("secret", ["", "x", new_secret()])
def test_a_wrong_cookie_opens_nothing(secret):  # P24
    address = open_page(Client(), request_with_link()[1])
    client = Client()
    client.cookies["apollo-status-en"] = secret

    assert client.get(address).status_code == 404


# Codes


def test_a_code_of_another_request_is_wrong():
    _, mine = request_with_link()
    _, other = request_with_link(email="other@example.org")
    ask(Client(), mine)
    ask(Client(), other)

    assert enter(Client(), mine).status_code == 200
    assert (row_of(mine).tries, AccessSession.objects.count()) == (1, 0)


def together(*calls):
    """Run `calls` in threads, released at once; what they gave, in any order."""
    barrier, answers = threading.Barrier(len(calls)), []

    def run(call):
        barrier.wait()
        try:
            answers.append(call())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(calls)
    return answers


def guess_at_once(monkeypatch, link, count=20):
    """How many of `count` wrong codes at once were looked at."""
    looked = []
    plain = access.code_hashes

    def counted(*args):
        looked.append(args)
        time.sleep(0.02)
        return plain(*args)

    monkeypatch.setattr(access, "code_hashes", counted)
    wrong = wrong_code()
    together(*[lambda: enter(Client(), link, wrong)] * count)
    return len(looked)


def test_of_many_guesses_at_once_five_are_looked_at(monkeypatch):
    _, link = request_with_link()
    ask(Client(), link)

    assert guess_at_once(monkeypatch, link) == access.MOST_TRIES

    assert row_of(link).revoked_at
    assert StaffNote.objects.count() == 1
    assert enter(Client(), link).status_code == 404


def test_reading_before_writing_would_look_at_more(monkeypatch):  # the control
    def read_then_write(link, at):
        tries = AccessLink.objects.get(pk=link.pk).tries
        time.sleep(0.05)
        AccessLink.objects.filter(pk=link.pk).update(tries=tries + 1)
        return tries < access.MOST_TRIES

    _, link = request_with_link()
    ask(Client(), link)
    monkeypatch.setattr(access, "claim_try", read_then_write)

    assert guess_at_once(monkeypatch, link) > access.MOST_TRIES


def test_of_many_who_enter_the_right_code_at_once_one_gets_in():
    _, link = request_with_link()
    ask(Client(), link)
    code = mailed_code()

    answers = together(*[lambda: enter(Client(), link, code).status_code] * 5)

    assert sorted(answers) == [200, 200, 200, 200, 303]
    assert AccessSession.objects.count() == 1


@pytest.mark.parametrize(("button", "kind"), [("send-code", "access-code"), ("send-link", "access-link")])
def test_of_many_presses_at_once_one_mails(button, kind):
    _, link = request_with_link()
    if button == "send-link":
        AccessLink.objects.update(revoked_at=timezone.now())

    together(*[lambda: Client().post(link, {button: "1"})] * 12)

    assert list(Message.objects.values_list("kind", flat=True)) == [kind]


def test_without_the_lock_more_would_leave(monkeypatch):  # the control
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one transaction write at a time, whatever the code says")

    def unlocked(pk):
        found = AppointmentRequest.objects.get(pk=pk)
        time.sleep(0.1)
        return found

    slow = access_mail.count_since
    monkeypatch.setattr(held, "request", unlocked)
    monkeypatch.setattr(access_mail, "count_since", lambda *args, **named: (slow(*args, **named), time.sleep(0.1))[0])
    _, link = request_with_link()

    together(*[lambda: ask(Client(), link)] * 6)

    assert Message.objects.count() > 1


# Tokens and codes stand nowhere


@pytest.fixture
def written():
    """What the site's handlers write, as text."""
    stream = io.StringIO()
    handlers = {handler for name in (None, "django", "django.server") for handler in logging.getLogger(name).handlers}
    ours = [handler for handler in handlers if isinstance(handler.formatter, WordlessFormatter)]
    streams = [handler.setStream(stream) for handler in ours]
    yield stream
    for handler, before in zip(ours, streams, strict=True):
        handler.setStream(before)


def rows_of_all_tables():
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - the database's own names
            yield from (str(row) for row in cursor.fetchall())


def test_no_token_and_no_code_stands_in_database_log_or_location(written, settings):  # P26
    _, link = request_with_link()
    ended = request_with_link(email="other@example.org")[1]
    AccessLink.objects.filter(pk=row_of(ended).pk).update(expires_at=timezone.now())
    client = Client(raise_request_exception=False)

    answers = [client.get(link), ask(client, link), client.post(ended, {"send-link": "1"}), client.get(f"{link}/x")]
    code = mailed_code()
    answers += [enter(client, link, wrong_code()), enter(client, link, code), client.get(f"/es{link}")]
    with Sink().on() as sink:
        use(settings, sink.port)
        Worker().run_once()

    mailed = "".join(mail.get_payload(decode=True).decode() for _, mail in sink.mails)
    fresh = re.search(r"/r/([\w-]+)", mailed)[1]
    cookies = [cookie.value for name, cookie in client.cookies.items() if name.startswith("apollo-status")]
    secrets = [address.rpartition("/")[2] for address in (link, ended, fresh)] + [code, code.replace(" ", "")] + cookies
    stored, logged = "\n".join(rows_of_all_tables()), written.getvalue()
    assert [secret for secret in secrets if secret in stored] == []
    assert [secret for secret in secrets if secret in logged] == []
    assert [secret for secret in secrets for answer in answers if secret in answer.get("Location", "")] == []
    assert sink.recipients == ["walter@example.org", "other@example.org"]


@pytest.mark.parametrize("status", [404, 405, 403, 500])
def test_errors_log_no_token(written, monkeypatch, status):  # P26, P35
    token = new_secret()
    client = Client(raise_request_exception=False, enforce_csrf_checks=status == 403)
    if status == 500:
        monkeypatch.setattr("appointments.services.access.find_link", lambda token: 1 / 0)
    method = {405: client.put, 403: client.post}.get(status, client.get)

    answer = method(f"/r/{token}")
    logging.getLogger("django.server").info('"%s" %s %s', f"GET /es/r/{token}?x HTTP/1.1", "200", "12")
    client.get(f"/r/{token[:20]} {token[20:]}")

    assert (answer.status_code, answer["Referrer-Policy"]) == (status, "strict-origin")
    assert "/r/…" in written.getvalue()
    assert [part for part in (token, token[:15], token[22:]) if part in written.getvalue()] == []
    assert status == 404 or token not in answer.content.decode()


@pytest.mark.parametrize(
    ("proof", "status"),
    [
        ({"origin": "https://testserver"}, 200),
        ({"referer": "https://testserver/"}, 200),  # an old browser, and all that our policy lets it say
        ({"origin": "null"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"referer": "https://evil.example/"}, 403),
        ({}, 403),
    ],
)
def test_the_gate_takes_a_form_that_says_no_more_than_our_host(proof, status):  # P30
    _, link = request_with_link()
    client = Client(enforce_csrf_checks=True)
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', client.get(link, secure=True).content.decode())[1]

    answer = client.post(link, {"csrfmiddlewaretoken": token, "send-code": "1"}, secure=True, headers=proof)

    assert answer.status_code == status
    assert Message.objects.count() == (status == 200)


def test_a_plain_formatter_would_write_it():  # the control
    record = logging.getLogger("x").makeRecord("x", 30, "x", 1, "Not Found: %s", ("/r/secret",), None)

    assert "secret" in logging.Formatter().format(record)
    assert "secret" not in WordlessFormatter().format(record)


def test_a_token_has_256_bits():  # P26
    tokens = {request_with_link()[1].rpartition("/")[2] for _ in range(20)}

    assert {len(token) for token in tokens} == {43}
    assert len(tokens) == 20


# References cannot be enumerated


def test_a_wrong_date_and_an_unknown_reference_are_one_answer():  # P25
    reference = AppointmentRequestFactory().reference
    answers = [
        str(bytes_of(look(Client(), typed, "3 5 1950"))).replace(typed, "")
        for typed in (reference, new_reference(), "APM-2222-2223", "APM-OOOO-0000", "QQQQ")
    ]

    assert len(set(answers)) == 1


def test_they_take_equal_work(django_assert_num_queries):  # P25
    reference = AppointmentRequestFactory().reference
    for typed in (reference, new_reference(), "nonsense"):
        with django_assert_num_queries(15):
            look(Client(), typed, "3 5 1950")


def test_they_take_equal_time(monkeypatch):  # P25
    monkeypatch.setattr("appointments.services.look_up.BLOCK_LIMIT", 10**6)
    real = [AppointmentRequestFactory().reference for _ in range(20)]
    seconds = {"real": [], "made up": []}
    for turn in range(100):
        for kind, reference in (("real", real[turn % 20]), ("made up", new_reference())):
            started = time.perf_counter()
            look(Client(), reference, "3 5 1950")
            seconds[kind].append(time.perf_counter() - started)

    medians = {kind: statistics.median(times) for kind, times in seconds.items()}
    assert abs(medians["real"] - medians["made up"]) < 0.02


def test_too_many_tries_look_the_same_whether_the_reference_is_real(time_machine):  # P25
    time_machine.move_to("2026-11-30T12:00:00-05:00", tick=False)  # not over the hour, where a new window begins
    real = AppointmentRequestFactory().reference
    answers = []
    for reference in (real, new_reference()):
        for block in range(5):
            look(Client(), reference, "3 5 1950", REMOTE_ADDR=f"203.0.{block}.1")
        answers += [look(Client(), reference, born, REMOTE_ADDR="198.51.100.1") for born in ("3 4 1950", "3 5 1950")]

    assert {answer.status_code for answer in answers} == {429}
    same_date = [str(bytes_of(answer)).replace(real, "") for answer in answers[::2]]
    assert len({re.sub(r"APM-\w{4}-\w{4}", "", page) for page in same_date}) == 1
