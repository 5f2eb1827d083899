"""P45: every answer, whoever makes it, carries the headers that the MDN HTTP Observatory gives points for.

Source of the points: developer.mozilla.org/en-US/observatory/docs/tests_and_scoring ("Tests and score modifiers"), as
read in November 2026. 100 to begin with; penalties first; bonuses only if 90 or more are left.
"""

import pytest
from django.db import OperationalError
from django.test import Client

from apollo_site import errors

ADDRESSES = [
    "/",
    "/es/",
    "/urgent/",
    "/procedures/",
    "/procedures/mild/",
    "/appointments/request/",
    "/appointments/status/",
    "/r/x",
    "/admin/",
    "/admin/login/",
    "/healthz",
    "/readyz",
    "/robots.txt",
    "/sitemap.xml",
    "/static/css/apollo.css",
    "/static/missing.css",
    "/missing/",
    "/?q=%00",
    "/about",
    "/blog/mild",
    "/fhir/metadata",
    "/fhir/ServiceRequest",
    "/fhir/missing",
    "/fhir/?x=%00",
]
PRIVATE_REFERRERS = {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}
SIX_MONTHS = 15_768_000


@pytest.fixture
def https(settings, tmp_path):
    """The site as in production, behind HTTPS, with collected static files."""
    settings.SECURE_SSL_REDIRECT = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    settings.STATIC_ROOT = tmp_path / "static"
    (settings.STATIC_ROOT / "css").mkdir(parents=True)
    (settings.STATIC_ROOT / "css/apollo.css").write_text("body { margin: 0 }")


def policy_of(response):
    header = response.get("Content-Security-Policy", "")
    parts = [part.split() for part in header.split(";") if part.strip()]
    return {name: sources for name, *sources in parts}


def modifiers(response):
    """(penalties, bonuses) by the name of the test."""
    policy = policy_of(response)
    sources = [source for values in policy.values() for source in values]
    unsafe = [source for source in sources if "unsafe" in source or source in ("data:", "http:", "https:", "*")]
    strictest = policy.get("default-src") == ["'none'"] and policy.get("form-action") in (["'self'"], ["'none'"])
    transport = response.get("Strict-Transport-Security", "max-age=0")
    cookies = [cookie for cookie in response.cookies.values() if cookie.value]  # not those that are taken back
    guarded = [
        cookie["secure"] and cookie["httponly"] and cookie["samesite"] in ("Lax", "Strict") for cookie in cookies
    ]
    framing = policy.get("frame-ancestors") == ["'none'"]
    tests = {
        "csp": -25 if not policy else -20 if unsafe else 10 if strictest else 5,
        "cookies": 0 if not cookies else 5 if all(guarded) else -40,
        "cors": -50 if "Access-Control-Allow-Credentials" in response else 0,
        "corp": 10 if response.get("Cross-Origin-Resource-Policy") in ("same-origin", "same-site") else 0,
        "referrer": 5 if response.get("Referrer-Policy") in PRIVATE_REFERRERS else -5,
        "hsts": 0 if int(transport.split(";")[0].split("=")[1]) >= SIX_MONTHS else -20,
        "nosniff": 0 if response.get("X-Content-Type-Options") == "nosniff" else -5,
        "frames": 5 if framing else 0 if response.get("X-Frame-Options") in ("DENY", "SAMEORIGIN") else -20,
    }
    return [points for points in tests.values() if points < 0], [points for points in tests.values() if points > 0]


def score(response):
    penalties, bonuses = modifiers(response)
    left = 100 + sum(penalties)
    return left + sum(bonuses) if left >= 90 else left


def weak(response, referrer="same-origin"):
    """What is missing of our own, beyond the points."""
    policy = policy_of(response)
    wanted = {
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": referrer,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    missing = [name for name, value in wanted.items() if response.get(name) != value]
    missing += ["Permissions-Policy"] if "camera=()" not in response.get("Permissions-Policy", "") else []
    missing += [name for name, sources in policy.items() if not set(sources) <= {"'self'", "'none'"}]
    missing += ["Access-Control-Allow-Origin"] if "Access-Control-Allow-Origin" in response else []
    return missing


def test_every_answer_has_the_headers(https, site, visitor):
    answers = {address: visitor.get(address, secure=True) for address in ADDRESSES}
    for answer in answers.values():
        answer.close()  # a static file

    assert {address: score(answer) for address, answer in answers.items() if score(answer) < 100} == {}
    of_link = answers.pop("/r/x")
    assert weak(of_link, referrer="strict-origin") == []
    assert {address: weak(answer) for address, answer in answers.items() if weak(answer)} == {}
    assert {answer.status_code for answer in answers.values()} == {200, 301, 302, 400, 401, 404, 503}


def test_the_admin_has_them_behind_the_door_too(https, desk_addresses, visitor, owner):
    visitor.force_login(owner)
    answers = {address: visitor.get(address, secure=True) for address in desk_addresses}

    assert [answer.status_code for answer in answers.values()].count(200) > 60
    found = {address: (score(answer), weak(answer)) for address, answer in answers.items()}
    assert {address: result for address, result in found.items() if result[0] < 100 or result[1]} == {}
    stored = [address for address, answer in answers.items() if "no-store" not in answer.get("Cache-Control", "")]
    assert stored == []  # P37


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({"secure": False}, 301),
        ({"secure": True, "HTTP_HOST": "evil.example"}, 400),
        ({"secure": False, "HTTP_HOST": "evil.example"}, 400),
        ({"secure": True, "CONTENT_LENGTH": "nonsense"}, 400),
        ({"secure": True, "CONTENT_LENGTH": "99999999"}, 413),
        ({"secure": True, "REQUEST_METHOD": "POST"}, 403),
        ({"secure": True, "REQUEST_METHOD": "OPTIONS"}, 405),
    ],
    ids=str,
)
def test_refusals_have_them(https, db, how, status):
    response = Client(raise_request_exception=False, enforce_csrf_checks=True).get("/appointments/request/", **how)

    assert response.status_code == status
    assert weak(response) == []
    assert score(response) >= (100 if how["secure"] else 80)  # HSTS is not taken from plain HTTP


@pytest.mark.parametrize(("error", "status"), [(OperationalError, 503), (ValueError, 500)])
@pytest.mark.parametrize(
    "where",
    ["practice.context.current_practice", "django.middleware.security.SecurityMiddleware.process_request"],
    ids=["in the page", "before it"],
)
def test_errors_have_them(https, db, visitor, monkeypatch, error, status, where):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(where, fail)
    response = visitor.get("/urgent/", secure=True)

    assert response.status_code == status
    assert (score(response) >= 100, weak(response)) == (True, [])


def test_the_page_of_last_resort_has_them(https, db, visitor, monkeypatch):
    monkeypatch.setattr(errors, "render_to_string", lambda *args, **kwargs: 1 / 0)
    response = visitor.get("/missing/", secure=True)

    assert (score(response) >= 100, weak(response)) == (True, [])


def test_a_bare_answer_would_not_pass():  # the control
    from django.http import HttpResponse

    assert score(HttpResponse()) < 50
