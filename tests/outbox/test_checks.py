import pytest
from django.core.exceptions import ImproperlyConfigured

from apollo_site.settings import mail_settings
from outbox.checks import check_fax_gateway, check_mail_server

SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.mark.parametrize(
    ("backend", "host", "found"),
    [
        ("outbox.backends.UnsetBackend", "", ["outbox.E001"]),
        (SMTP, None, ["outbox.E001"]),
        (SMTP, "", ["outbox.E001"]),
        ("django.core.mail.backends.filebased.EmailBackend", None, ["outbox.W001"]),
        ("django.core.mail.backends.dummy.EmailBackend", None, ["outbox.W001"]),
        (SMTP, "mail.example.org", []),
    ],
)
def test_the_deploy_check_wants_a_mail_server(settings, backend, host, found):  # P46
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = backend, host

    assert [problem.id for problem in check_mail_server(None)] == found


@pytest.mark.parametrize(
    ("gateway", "url", "found"),
    [
        ("fax.example.org", "smtp://mail.example.org", ["outbox.E002"]),
        ("fax.example.org", "filemail:///srv/mail", ["outbox.E002"]),
        ("fax.example.org", "smtp+tls://mail.example.org:587", []),
        ("fax.example.org", "smtp+ssl://mail.example.org:465", []),
        ("", "smtp://mail.example.org", []),
    ],
)
def test_the_deploy_check_wants_tls_on_the_way_to_a_fax_gateway(settings, gateway, url, found):
    settings.FAX_GATEWAY = gateway
    for name, value in mail_settings(url).items():
        setattr(settings, name, value)

    assert [problem.id for problem in check_fax_gateway(None)] == found


@pytest.mark.parametrize("url", ["foo://canary@host", "mail.example.org", "smtp://canary@host:port", "smtp://[canary"])
def test_an_address_that_is_none_is_refused_with_a_sentence_that_does_not_quote_it(url):  # P46
    with pytest.raises(ImproperlyConfigured, match=r"^Set EMAIL_URL: the mail server, for example smtp") as caught:
        mail_settings(url)

    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "smtp+tls://desk:p%40ss@mail.example.org:587",
            {
                "EMAIL_BACKEND": SMTP,
                "EMAIL_HOST": "mail.example.org",
                "EMAIL_PORT": 587,
                "EMAIL_HOST_USER": "desk",
                "EMAIL_HOST_PASSWORD": "p@ss",
                "EMAIL_USE_TLS": True,
            },
        ),
        ("smtp+ssl://mail.example.org:465", {"EMAIL_BACKEND": SMTP, "EMAIL_USE_SSL": True, "EMAIL_PORT": 465}),
        ("smtp://127.0.0.1:2525", {"EMAIL_BACKEND": SMTP, "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": 2525}),
        ("filemail:///srv/mail", {"EMAIL_FILE_PATH": "/srv/mail"}),
        ("filemail:////srv/mail", {"EMAIL_FILE_PATH": "/srv/mail"}),
    ],
)
def test_an_address_of_a_mail_server_means_what_it_says(url, expected):
    settings = mail_settings(url)

    assert {name: settings[name] for name in expected} == expected
