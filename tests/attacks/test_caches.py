"""P37: private pages are stored nowhere; public pages depend on path and language only."""

import re

PRIVATE = [
    "/appointments/request/",
    "/es/appointments/request/",
    "/appointments/request/?for=mild",
    "/appointments/request/x.css",
    "/appointments/request/00000000-0000-4000-8000-000000000000/you/",
    "/appointments/request/00000000-0000-4000-8000-000000000000/sent/",
    "/appointments/request/00000000-0000-4000-8000-000000000000/you/style.css",
    "/appointments/request/00000000-0000-4000-8000-000000000000/you/;style.css",
    "/appointments/request/00000000-0000-4000-8000-000000000000/you%2fstyle.css",
    "/appointments/request/00000000-0000-4000-8000-000000000000/you/%2e%2e/x.js",
    "/appointments/status/",
    "/appointments/status/00000000-0000-4000-8000-000000000000/",
    "/appointments/office/00000000-0000-4000-8000-000000000000/",
    "/appointments/status/00000000-0000-4000-8000-000000000000/style.css",
    "/r/x",
    "/es/r/x",
    "/r/x.css",
    "/r/",
    "/appointments",
    "/admin/",
    "/admin/login/",
    "/admin/jsi18n/",
    "/admin/appointments/appointmentrequest/",
    "/admin/appointments/appointmentrequest/style.css",
    "/admin/appointments/appointmentrequest/;x.css",
    "/admin",
    "/es/admin/",
    "/fhir",
    "/fhir/metadata",
    "/fhir/ServiceRequest",
    "/fhir/ServiceRequest/style.css",
    "/fhir/Patient/00000000-0000-4000-8000-000000000000",
    "/fhir/%00",
]


def test_private_pages_are_stored_nowhere(visitor, owner):
    stored = {path: visitor.get(path).get("Cache-Control", "") for path in PRIVATE}
    visitor.force_login(owner)
    stored |= {f"{path} signed in": visitor.get(path).get("Cache-Control", "") for path in PRIVATE}

    assert {path: header for path, header in stored.items() if "no-store" not in header} == {}


def test_private_pages_are_not_compressed(visitor, db):
    response = visitor.get("/admin/login/", headers={"accept-encoding": "gzip"})

    assert "Content-Encoding" not in response
    assert visitor.get("/urgent/", headers={"accept-encoding": "gzip"})["Content-Encoding"] == "gzip"  # the control


PUBLIC = ["/", "/procedures/mild/", "/conditions/", "/urgent/", "/privacy/", "/es/procedures/mild/", "/robots.txt"]
UNKEYED = [
    {"x-forwarded-host": "evil.example"},
    {"x-host": "evil.example"},
    {"forwarded": "host=evil.example"},
    {"x-forwarded-proto": "https"},
    {"x-forwarded-prefix": "/evil"},
    {"x-original-url": "/admin/"},
    {"x-rewrite-url": "/admin/"},
    {"x-http-method-override": "POST"},
    {"user-agent": "evil"},
    {"referer": "https://evil.example/"},
    {"origin": "https://evil.example"},
    {"accept-language": "es"},
    {"cookie": "sessionid=abcdefghijklmnop; django_language=es; csrftoken=evil"},
]


def test_public_pages_depend_on_their_address_only(site, visitor):
    plain = {path: visitor.get(path).content for path in PUBLIC}

    differ = [
        (path, headers)
        for headers in UNKEYED
        for path in PUBLIC
        if visitor.get(path, headers=headers).content != plain[path]
    ]
    differ += [
        path for path in PUBLIC if visitor.get(f"{path}?utm_source=<b>&next=//evil.example").content != plain[path]
    ]

    assert differ == []


def test_public_pages_set_no_cookie(site, visitor):
    assert [path for path in PUBLIC if visitor.get(path).cookies] == []


def test_the_host_of_the_request_stands_in_no_page(site, visitor):
    page = visitor.get("/procedures/mild/", headers={"host": "localhost"}).content.decode()

    assert re.findall(r"https?://(?:localhost|127\.0\.0\.1)", page) == []
