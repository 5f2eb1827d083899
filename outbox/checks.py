from django.conf import settings
from django.core.checks import Error, Tags, register


@register(Tags.security, deploy=True)
def check_mail_server(app_configs, **kwargs):
    if settings.EMAIL_BACKEND != "outbox.backends.UnsetBackend":
        return []
    return [
        Error(
            "No mail server is set: every message stays in the outbox.",
            hint="Set EMAIL_URL, for example smtp+tls://user:password@mail.example.org:587",
            id="outbox.E001",
        )
    ]
