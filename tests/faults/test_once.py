"""One filled form is one request, whatever happens between the browser and us (P1, P2, P4, P5, P6)."""

import http.cookiejar
import json
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from django.db import connections

from appointments.models import AppointmentRequest, RateCount, RequestDraft, StatusEvent
from appointments.services import draft as drafts
from appointments.services import request as requests
from appointments.services import spam
from appointments.views import step as step_views
from outbox.models import Message
from tests.answers import ANSWERS, WORDS, Page, answers_with, filled_draft, reference_in
from tests.factories import LocationFactory, PracticeFactory, RoutingRuleFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)
PRESS = Path(__file__).with_name("press.py")
START = "/appointments/request/"
CLICKS = 16


@pytest.fixture
def site(transactional_db, live_server):
    """The address of a running site with a practice and one person at the desk."""
    PracticeFactory()
    LocationFactory(hours=True)
    RoutingRuleFactory(everyone=True).staff.add(UserFactory())
    return live_server.url


class Browser:
    """A browser with a cookie jar that minds the path of each cookie; `at` is the page it shows."""

    def __init__(self, site):
        self.site, self.jar = site, http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def open(self, path, data=None):
        body = urlencode(data, doseq=True).encode() if data is not None else None
        try:
            answer = self.opener.open(self.site + path, body, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            self.status, self.html, self.at = answer.status, answer.read().decode(), urlsplit(answer.url).path
        self.page = Page(self.html)
        return self

    def press(self, **typed):
        """Type into the page and press its button, to the address it was opened at."""
        return self.open(self.at, {name: values for name, values in (self.page.fields | typed).items() if values})

    def begin(self):
        self.open(f"{START}?for=mild").press()
        self.id = self.at.removeprefix(START).split("/")[0]
        return self

    def fill(self, answers=ANSWERS):
        for typed in answers.values():
            self.press(**typed)
        return self

    def cookies_for(self, path):
        request = urllib.request.Request(self.site + path)
        self.jar.add_cookie_header(request)
        return request.get_header("Cookie")


def rows():
    patients = Message.objects.filter(kind="acknowledgement")
    return AppointmentRequest.objects.count(), patients.count(), StatusEvent.objects.count()


def press_at_once(browser, clicks=CLICKS):
    """Press the button of the page that `browser` shows from many processes, released together; what each saw."""
    address = urlsplit(browser.site)
    job = {
        "host": address.hostname,
        "port": address.port,
        "path": browser.at,
        "cookie": browser.cookies_for(browser.at),
        "body": urlencode(browser.page.fields, doseq=True),
    }
    processes = [
        subprocess.Popen(
            [sys.executable, str(PRESS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        for _ in range(clicks)
    ]
    for process in processes:
        process.stdin.write(json.dumps(job) + "\n")
        process.stdin.flush()
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * clicks
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    return [json.loads(process.communicate(timeout=90)[0]) for process in processes]


def meet_before_writing(monkeypatch, parties=CLICKS):
    """Let every click read the draft before the first one writes: the worst moment, and the same one in each run."""
    barrier = threading.Barrier(parties, timeout=60)
    receive = requests.receive

    def together(draft, **signs):
        barrier.wait()
        return receive(draft, **signs)

    monkeypatch.setattr(sys.modules[step_views.__module__], "receive", together)


def sixteen_clicks(site, monkeypatch):
    """What sixteen equal clicks leave: (rows, statuses, references seen)."""
    browser = Browser(site).begin().fill()
    assert browser.at.endswith("/check/")
    meet_before_writing(monkeypatch)
    seen = press_at_once(browser)
    return rows(), {one["status"] for one in seen}, {reference_in(one["html"]) for one in seen}


def test_sixteen_equal_clicks_make_one_request(site, monkeypatch):  # P1
    made, statuses, references = sixteen_clicks(site, monkeypatch)

    assert (made, statuses) == ((1, 1, 1), {303})
    assert references == {AppointmentRequest.objects.get().reference}
    counts = RateCount.objects.values_list("count", flat=True)
    assert list(counts) == [1, 1]  # network and mailbox: nobody looks like a flood for pressing often


def test_without_the_unique_key_the_same_clicks_make_many(site, monkeypatch):  # P1, negative control
    monkeypatch.setattr(requests, "idempotency_key", lambda draft: uuid.uuid4())

    made, _, _ = sixteen_clicks(site, monkeypatch)

    assert made == (CLICKS, CLICKS, CLICKS)


def test_an_answer_that_is_lost_is_not_a_lost_request(site, monkeypatch):  # P2
    monkeypatch.setattr(spam, "SENT_PER_HOUR", 30)  # this flood is not the point here
    monkeypatch.setattr(spam, "SAME_MAILBOX_PER_DAY", 30)
    address = urlsplit(site)
    for _ in range(30):
        draft, secret = filled_draft()
        browser = Browser(site)
        browser.open(START)
        token = browser.page.fields["csrfmiddlewaretoken"][0]
        browser.at = f"{START}{draft.public_id}/check/"
        body = urlencode({"csrfmiddlewaretoken": token, "draft_secret": secret})
        head = (
            f"POST {browser.at} HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n"
            f"Cookie: {browser.cookies_for(START)}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection((address.hostname, address.port), timeout=30) as line:
            line.sendall((head + body).encode())  # and gone after the last byte

        browser.open(browser.at, {"csrfmiddlewaretoken": token, "draft_secret": secret})

        received = AppointmentRequest.objects.get(idempotency_key=draft.public_id)
        assert (browser.status, reference_in(browser.html)) == (200, received.reference)
    assert rows() == (30, 30, 30)


def test_one_key_and_two_names_the_first_stands(site):  # P4
    first = Browser(site).begin().fill()
    second = Browser(site)
    second.jar = first.jar
    second.opener = first.opener
    second.open(first.at)
    first.press()
    reference = reference_in(first.html)

    second.open(f"{START}{first.id}/you/", second.page.fields | answers_with("you", first_name="Ana")["you"])

    assert "already sent" in second.html
    assert reference_in(second.html) == reference
    assert [word for word in (*WORDS, "Ana") if word in second.html.replace(first.id, "")] == []
    assert AppointmentRequest.objects.get().first_name == "Walter"


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "negative control"])
def test_one_key_and_two_names_at_once(site, monkeypatch, guarded):  # P4
    if not guarded:
        monkeypatch.setattr(requests, "idempotency_key", lambda draft: uuid.uuid4())
    draft, secret = filled_draft()
    copies = {}
    for name in ("Walter", "Ana"):
        copies[name] = drafts.find(draft.public_id, secret)
        copies[name].answers = answers_with("you", first_name=name)
    barrier, seen = threading.Barrier(2, timeout=30), {}

    def send(name):
        try:
            barrier.wait()
            seen[name] = requests.receive(copies[name]).reference
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=[name]) for name in copies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    names = {row.first_name for row in AppointmentRequest.objects.all()}
    assert len(names) == len(set(seen.values())) == (1 if guarded else 2)
    assert rows()[0] == (1 if guarded else 2)


def test_hours_later_one_click_still_sends(site, time_machine):  # P5
    time_machine.move_to("2026-11-21T09:00:00-05:00")
    browser = Browser(site).begin().fill()

    time_machine.move_to("2026-11-21T15:00:00-05:00")
    browser.press()

    assert "We have your request" in browser.html
    assert rows() == (1, 1, 1)


def test_days_later_the_form_goes_on_and_lives_on(site, time_machine):  # P5
    time_machine.move_to("2026-11-21T09:00:00-05:00")
    browser = Browser(site).begin().fill()

    time_machine.move_to("2026-11-27T09:00:00-05:00")
    browser.open(f"{START}{browser.id}/visit/").press()
    time_machine.move_to("2026-12-03T09:00:00-05:00")
    browser.open(f"{START}{browser.id}/check/").press()

    assert "We have your request" in browser.html


@pytest.mark.parametrize("step", [*ANSWERS, "check"])
def test_without_any_cookie_the_page_comes_back_and_one_click_goes_on(site, step):  # P5
    browser = Browser(site).begin().fill()
    browser.open(f"{START}{browser.id}/{step}/")
    typed = ANSWERS.get(step, {})
    browser.jar.clear()

    browser.press(**typed)

    assert browser.status == 403
    assert "Nothing is lost." in browser.html
    assert {name: browser.page.fields[name] for name in typed} == typed
    browser.press()
    assert browser.status == 200
    assert "Error:" not in browser.page.title
    if step == "check":
        assert "We have your request" in browser.html
        assert rows() == (1, 1, 1)


def test_new_keys_lose_nothing(site, settings, ring):  # P5
    browser = Browser(site).begin().fill()

    settings.SECRET_KEY = "another key for tests only, after a restart with fresh secrets, long enough for the checks"
    settings.FIELD_KEYS = f"{ring('f2')},{settings.FIELD_KEYS}"
    browser.press()

    assert "We have your request" in browser.html
    assert AppointmentRequest.objects.get().first_name == "Walter"


def test_two_tabs_never_mix(site):  # P6
    browser = Browser(site)
    tabs = {}
    for name in ("Walter", "Ana"):
        browser.begin()
        tabs[name] = (browser.id, browser.at, browser.page)
    for step in ANSWERS:
        for name in tabs:
            public_id, browser.at, browser.page = tabs[name]
            browser.press(**answers_with("you", first_name=name)[step])
            tabs[name] = (public_id, browser.at, browser.page)

    for name in ("Ana", "Walter"):
        other = {"Ana": "Walter", "Walter": "Ana"}[name]
        _, at, _ = tabs[name]
        browser.open(at)
        assert f"<dd>{name}</dd>" in browser.html
        assert f"<dd>{other}</dd>" not in browser.html
        browser.press()
        assert "We have your request" in browser.html

    stored = {str(row.idempotency_key): row.first_name for row in AppointmentRequest.objects.all()}
    assert stored == {tabs[name][0]: name for name in tabs}


def keep_without_reading_again(draft, step, typed):
    """What `drafts.keep` would be without its lock."""
    draft.answers |= {step: typed}
    draft.save(update_fields=["answers"])


@pytest.mark.parametrize(
    ("keep", "kept"), [(drafts.keep, len(ANSWERS)), (keep_without_reading_again, 1)], ids=["kept", "negative control"]
)
def test_parallel_saves_of_different_steps(site, keep, kept):  # P6
    draft, secret = drafts.begin()
    barrier = threading.Barrier(len(ANSWERS), timeout=30)

    def save(step):
        try:
            copy = drafts.find(draft.public_id, secret)
            assert copy.answers == {}
            barrier.wait()
            keep(copy, step, ANSWERS[step])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=save, args=[step]) for step in ANSWERS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(RequestDraft.objects.get().answers) == kept
