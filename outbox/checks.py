from django.conf import settings
from django.core.checks import Error, Tags, Warning, register

HINT = "Set EMAIL_URL, for example smtp+tls://user:password@mail.example.org:587"
SMTP = "django.core.mail.backends.smtp.EmailBackend"
NO_SERVER = {  # they answer "sent", and nothing reaches anybody
    f"django.core.mail.backends.{name}.EmailBackend" for name in ("console", "dummy", "filebased", "locmem")
}


@register(Tags.security, deploy=True)
def check_fax_gateway(app_configs, **kwargs):
    if not settings.FAX_GATEWAY or settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL:
        return []
    return [
        Error(
            "Letters about patients would go to the fax gateway in clear.",
            hint="Let EMAIL_URL begin with smtp+tls:// or smtp+ssl://, or unset APOLLO_FAX_GATEWAY.",
            id="outbox.E002",
        )
    ]


@register(Tags.security, deploy=True)
def check_mail_server(app_configs, **kwargs):
    backend = settings.EMAIL_BACKEND
    if backend == "outbox.backends.UnsetBackend" or (backend == SMTP and not settings.EMAIL_HOST):
        return [Error("No mail server is set: every message stays in the outbox.", hint=HINT, id="outbox.E001")]
    if backend in NO_SERVER:
        return [
            Warning(
                "EMAIL_URL names no mail server: messages count as sent and reach nobody.", hint=HINT, id="outbox.W001"
            )
        ]
    return []
