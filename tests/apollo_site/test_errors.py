"""Every failure ends on a page of ours, with the phone number, and says what became of what was sent (P8, P39, P50)."""

import json
import re
from html import unescape

import pytest
from django.conf import settings
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
)
from django.db import DataError, InterfaceError, InternalError, OperationalError
from django.http import Http404, HttpResponse, UnreadablePostError
from django.test import Client, RequestFactory
from django.urls import path

from apollo_site import errors
from apollo_site import urls as site_urls
from apollo_site.wsgi import application
from practice import services

PHONE = "813-555-0100"
FORM = "/appointments/request/"
RAISES = {
    "locked": OperationalError("database is locked"),
    "away": InterfaceError("connection already closed"),
    "read-only": InternalError("cannot execute INSERT in a read-only transaction"),
    "bug": DataError("bad value"),
    "forbidden": PermissionDenied(),
    "missing": Http404(),
    "bad": BadRequest("no"),
    "suspicious": SuspiciousOperation("no"),
    "big": RequestDataTooBig("no"),
    "many": TooManyFieldsSent("no"),
    "cut": UnreadablePostError("no"),
}


def fail(request, how, **kwargs):
    raise RAISES[how]


def echo(request, **kwargs):
    return HttpResponse(json.dumps(request.POST))


def write_session(request):
    request.session["seen"] = True
    return HttpResponse()


urlpatterns = [
    path("session/", write_session),
    path("fail/<slug:how>/", fail),
    path("appointments/request/fail/<slug:how>/", fail),
    path("admin/fail/<slug:how>/", fail),
    path("admin/echo/", echo),
    *site_urls.urlpatterns,
]
handler400, handler403 = site_urls.handler400, site_urls.handler403
handler404, handler500 = site_urls.handler404, site_urls.handler500


@pytest.fixture
def broken_views(settings):
    settings.ROOT_URLCONF = __name__


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ("locked", 503),
        ("away", 503),
        ("read-only", 503),
        ("bug", 500),
        ("forbidden", 403),
        ("missing", 404),
        ("bad", 400),
        ("suspicious", 400),
        ("big", 413),
        ("many", 400),
        ("cut", 400),
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_error_has_a_page_with_the_phone_number(broken_views, card, visitor, how, status, method):
    response = getattr(visitor, method)(f"/fail/{how}/")

    assert (response.status_code, response["Cache-Control"]) == (status, "no-store")
    page = response.content.decode()
    assert PHONE in page
    assert 'href="tel:911"' in page
    assert "<h1>" in page
    assert "css/apollo.css" in page  # in the look of the site


@pytest.mark.parametrize("status", [400, 403, 404, 410, 413, 500, 503])
def test_error_pages_need_no_database(card, django_assert_num_queries, status):
    with django_assert_num_queries(0):
        response = errors.page(RequestFactory().get("/"), status)

    assert (response.status_code, PHONE in response.content.decode()) == (status, True)


@pytest.mark.parametrize("status", [400, 403, 404, 410, 413, 500, 503])
def test_error_pages_need_no_template_engine(card, monkeypatch, status):  # P50
    monkeypatch.setattr(errors, "render_to_string", lambda *args, **kwargs: 1 / 0)

    response = errors.page(RequestFactory().get("/"), status)

    assert response.status_code == status
    assert f'<a href="tel:+18135550100">{PHONE}</a>' in response.content.decode()


@pytest.mark.parametrize("text", [None, "", "{", "[]", "null", '{"phone_uri": 5}'])
def test_a_missing_or_broken_card_does_not_matter(visitor, monkeypatch, tmp_path, text):
    monkeypatch.setattr(services, "card_path", lambda: tmp_path / "card.json")
    if text is not None:
        (tmp_path / "card.json").write_text(text)

    page = errors.page(RequestFactory().get("/"), 500).content.decode()

    assert 'href="tel:911"' in page
    assert 'href=""' not in page
    assert 'href="tel:911"' in errors.last_resort(services.read_card())


def test_the_card_is_escaped(monkeypatch, tmp_path):
    monkeypatch.setattr(services, "card_path", lambda: tmp_path / "card.json")
    script = "<script>alert(1)</script>"
    (tmp_path / "card.json").write_text(
        json.dumps(
            {"name": script, "phone_display": script, "phone_uri": f'"{script}', "hours_lines": {"en": [script]}}
        )
    )

    assert script not in errors.page(RequestFactory().get("/"), 500).content.decode()
    assert script not in errors.last_resort(services.read_card())


def hidden(response):
    """The (name, value) pairs and the address that the page would send."""
    page = response.content.decode()
    pairs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
    action = re.search(r'<form method="post" action="([^"]*)">', page)
    return [(unescape(name), unescape(value)) for name, value in pairs], action and unescape(action[1])


TYPED = {
    "csrfmiddlewaretoken": "token-of-the-form",
    "first_name": 'Rosa "R" <b>Peña</b> & Söhne',
    "days": ["mon", "tue"],
    "reason": "First line.\r\nSecond line.",
    "empty": "",
}


def test_what_was_typed_in_the_public_form_is_kept_and_sent_by_one_press(broken_views, card, visitor):  # P5, P8
    address = f"{FORM}fail/locked/?back=1"
    response = visitor.post(address, TYPED)

    page = response.content.decode()
    pairs, action = hidden(response)
    assert response.status_code == 503
    assert "We have not received this" in page
    assert "Try again" in page
    assert "<b>Peña" not in page
    assert action == address
    assert pairs == [
        (name, value) for name, values in TYPED.items() for value in ([values] if isinstance(values, str) else values)
    ]


def test_the_kept_answers_work_when_the_database_is_back(broken_views, card, visitor, settings):
    pairs, _ = hidden(visitor.post(f"{FORM}fail/locked/", TYPED))
    again = {}
    for name, value in pairs:
        again.setdefault(name, []).append(value)

    response = visitor.post("/admin/echo/", again)

    assert json.loads(response.content) == {**TYPED, "days": "tue"}  # json shows the last of several


@pytest.mark.parametrize("how", ["locked", "away", "read-only"])
def test_a_get_keeps_nothing_and_says_less(broken_views, card, visitor, how):
    page = visitor.get(f"{FORM}fail/{how}/?first_name=Rosa").content.decode()

    assert "We cannot reach our records" in page
    assert "<form" not in page
    assert "Rosa" not in page


def test_only_the_public_form_is_sent_again_and_others_are_told_that_it_was_not_saved(broken_views, card, visitor):
    page = visitor.post("/admin/fail/locked/", TYPED).content.decode()

    assert "We have not received this" in page
    assert "<form" not in page
    assert "Rosa" not in page


def test_a_letter_too_long_to_send_twice_is_left_out(broken_views, card, visitor):
    page = visitor.post(f"{FORM}fail/locked/", {"reason": "x" * 200_000}).content.decode()

    assert ("We have not received this" in page, "<form" in page) == (True, False)


def test_files_are_left_out(broken_views, card, visitor, tmp_path):
    upload = tmp_path / "scan.txt"
    upload.write_text("file-content")
    with upload.open() as file:
        pairs, _ = hidden(visitor.post(f"{FORM}fail/locked/", {"first_name": "Rosa", "scan": file}))

    assert pairs == [("first_name", "Rosa")]


@pytest.mark.parametrize(
    "where",
    [
        "django.contrib.sessions.middleware.SessionMiddleware.process_request",
        "django.contrib.sessions.middleware.SessionMiddleware.process_response",
        "django.middleware.locale.LocaleMiddleware.process_request",
        "django.contrib.auth.middleware.AuthenticationMiddleware.process_request",
        "django.contrib.messages.middleware.MessageMiddleware.process_request",
        "practice.context.current_practice",
    ],
)
def test_a_database_that_fails_outside_the_view_gives_the_same_page(card, visitor, monkeypatch, where):
    def away(*args, **kwargs):
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(where, away)
    response = visitor.get("/urgent/")

    assert response.status_code == 503
    assert PHONE in response.content.decode()


def test_a_session_that_cannot_be_saved_is_a_database_away(broken_views, card, visitor, monkeypatch, admin_user):
    def locked(self, *args, **kwargs):
        raise OperationalError("database is locked")

    visitor.force_login(admin_user)
    monkeypatch.setattr("django.contrib.sessions.models.Session.save", locked)

    assert visitor.get("/session/").status_code == 503


def test_an_unknown_bug_is_not_called_a_database_away(card, visitor, monkeypatch):
    monkeypatch.setattr("practice.context.current_practice", lambda: 1 / 0)

    assert visitor.get("/urgent/").status_code == 500


# What no view could read (P39)


@pytest.mark.parametrize(
    ("extra", "status"),
    [
        ({"CONTENT_LENGTH": "many"}, 400),
        ({"CONTENT_LENGTH": "-1"}, 400),
        ({"CONTENT_LENGTH": "²"}, 400),
        ({"CONTENT_LENGTH": "1" * 5000}, 413),
        ({"CONTENT_LENGTH": str(12 * 1024 * 1024 + 1)}, 413),
        ({"CONTENT_LENGTH": ""}, 200),
        ({"QUERY_STRING": "q=%00"}, 400),
        ({"QUERY_STRING": "q=\0"}, 400),
        ({"PATH_INFO": "/urgent/\0"}, 400),
        ({"HTTP_COOKIE": "sessionid=abcdefgh\0ijkl"}, 400),
        ({"HTTP_HOST": "evil.example"}, 400),
        ({"HTTP_HOST": "evil.example:port"}, 400),
        ({"QUERY_STRING": "q=%ED%A0%80"}, 200),
        ({"QUERY_STRING": "q=%FF&%E0=%"}, 200),
        ({"CONTENT_TYPE": "text/plain; charset=hex"}, 200),
        ({"CONTENT_TYPE": "text/plain; charset=idna"}, 200),
        ({"CONTENT_TYPE": "text/plain; charset=klingon"}, 200),
    ],
)
def test_an_unreadable_request_is_never_a_500(card, visitor, extra, status):
    extra = {"PATH_INFO": "/urgent/"} | extra

    assert visitor.generic("GET", "/", **extra).status_code == status


@pytest.mark.parametrize(
    ("address", "megabytes", "said"),
    [
        ("/refer/", 33, "The files are too large together"),
        ("/admin/appointments/appointmentrequest/refer/", 33, "The files are too large together"),
        ("/admin/appointments/appointmentrequest/refer/", 31, ""),
        ("/admin/appointments/appointmentrequest/add/", 31, "not files or long letters"),
    ],
)
def test_who_sends_too_many_files_is_told_so(card, visitor, address, megabytes, said):
    answer = visitor.generic("GET", address, CONTENT_LENGTH=str(megabytes * 2**20))

    assert answer.status_code == (413 if said else 302)
    assert said in answer.content.decode()


MULTIPART = "multipart/form-data; boundary=XX"


@pytest.mark.parametrize("address", [FORM, "/admin/login/"])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"a=b", "multipart/form-data"),
        (b"a=b", "multipart/form-data; boundary="),
        (b"a=b", "multipart/form-data; boundary=\x80"),
        (b"--XX\r\nContent-Disposition: form-data; name=a", MULTIPART),
        (b"--XX\r\n\r\n\r\n--XX--", MULTIPART),
        (
            b'--XX\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--XX--',
            MULTIPART,
        ),
        (b"a=%ED%A0%80&b=%00&c=%", "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"a=b", "application/x-www-form-urlencoded; charset=utf-16"),
        (b"a=b", "application/x-www-form-urlencoded; charset=hex"),
        (b"&".join(b"f%d=x" % number for number in range(1001)), "application/x-www-form-urlencoded"),
        (b"a=" + b"x" * 5_000_000, "application/x-www-form-urlencoded"),
        (b"{", "application/json"),
    ],
    ids=lambda value: value[:40].decode("latin-1").strip() if isinstance(value, bytes) else value,
)
def test_an_unreadable_body_is_never_a_500(card, address, body, content_type):
    # With a cookie and a token of its own, so that Django reads the body.
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    client.cookies["csrftoken"] = "a" * 32

    response = client.generic("POST", address, body, content_type=content_type, headers={"x-csrftoken": "a" * 32})

    assert response.status_code < 500
    if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        assert response.status_code == 413


@pytest.mark.parametrize(
    "content_type", ["text/plain; charset*=bogus''x", "multipart/form-data; boundary*=bogus''x", "a; charset=\0"]
)
def test_a_content_type_at_which_django_itself_fails_is_a_400(card, content_type):
    environ = RequestFactory().get("/urgent/").environ | {"CONTENT_TYPE": content_type}
    statuses = []

    b"".join(application(environ, lambda status, headers: statuses.append(status)))

    assert statuses == ["400 Bad Request"]


# CSRF (P5)


@pytest.fixture
def checked():
    return Client(enforce_csrf_checks=True, raise_request_exception=False)


def test_staff_can_copy_what_they_typed(broken_views, card, checked):
    typed = {"note": "Called <b>twice</b>.\nShe hears badly.", "password": "hunter2", "new_password1": "hunter3"}
    typed |= {"otp": "123456", "csrfmiddlewaretoken": "old-token", "_save": "Save", "empty": ""}

    response = checked.post("/admin/echo/", typed)

    page = response.content.decode()
    assert response.status_code == 403
    assert "Called &lt;b&gt;twice&lt;/b&gt;.\nShe hears badly." in page
    assert [word for word in ("hunter", "123456", "old-token", "Save<") if word in page] == []
    assert "<form" not in page
    assert PHONE in page


FROM_ELSEWHERE = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://["},
    {"referer": "https://evil.example/testserver/"},
    {"referer": "http://["},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site", "origin": "http://testserver"},
]


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
def test_words_of_another_site_never_stand_in_our_pages(broken_views, card, checked, headers):
    response = checked.post("/admin/echo/", {"note": "Call 1-900-EVIL"}, headers=headers)

    assert response.status_code == 403
    assert "EVIL" not in response.content.decode()


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
def test_another_site_leads_nobody_into_the_public_form(card, checked, headers):
    response = checked.post(FORM, {"for": "mild"}, headers=headers)

    assert response.status_code == 403
    assert "csrfmiddlewaretoken" not in response.content.decode()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://testserver", "sec-fetch-site": "same-origin"},
        {"referer": "http://testserver/admin/"},
        {"sec-fetch-site": "none"},  # the person reloads the page
    ],
)
def test_words_from_our_own_page_come_back(broken_views, card, checked, headers):
    response = checked.post("/admin/echo/", {"note": "She hears badly."}, headers=headers)

    assert "She hears badly." in response.content.decode()


def test_a_csrf_failure_elsewhere_is_the_plain_page(broken_views, card, checked):
    response = checked.post("/fail/bug/", {"note": "typed"})

    assert response.status_code == 403
    assert "Please send that once more" in response.content.decode()
    assert "typed" not in response.content.decode()


def test_a_csrf_failure_of_the_public_form_is_answered_by_the_form(card, checked):
    response = checked.post(FORM, {"for": "mild"})

    assert response.status_code == 403
    assert 'name="csrfmiddlewaretoken"' in response.content.decode()
