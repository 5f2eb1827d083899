import os

from django.conf import settings
from django.core.checks import Tags, Warning, register

LOOPBACK = {"localhost", "127.0.0.1", "[::1]", ".localhost", "testserver"}


@register(Tags.security, deploy=True)
def check_plain_http(app_configs, **kwargs):
    if settings.HTTPS or not set(settings.ALLOWED_HOSTS) - LOOPBACK:
        return []
    return [
        Warning(
            "Pages and cookies travel in clear, and hosts other than this machine are served.",
            hint="Unset APOLLO_INSECURE_HTTP, or set APOLLO_HOSTS to localhost.",
            id="apollo_site.W001",
        )
    ]


@register(Tags.security, deploy=True)
def check_hosts(app_configs, **kwargs):
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        Warning(
            "The site answers to any host name, also to one that somebody else has made up.",
            hint="Name the hosts in APOLLO_HOSTS.",
            id="apollo_site.W002",
        )
    ]


@register(Tags.security, deploy=True)
def check_public_url(app_configs, **kwargs):
    if not settings.HTTPS or settings.PUBLIC_URL.startswith("https://"):
        return []
    return [
        Warning(
            "Links in mails begin with http://, but the site is served by HTTPS only.",
            hint="Set APOLLO_PUBLIC_URL to an address that begins with https://",
            id="apollo_site.W003",
        )
    ]


@register(Tags.files, deploy=True)
def check_media(app_configs, **kwargs):
    folder = settings.MEDIA_ROOT
    # The folder itself may be made with the first picture.
    there = next(part for part in (folder, *folder.absolute().parents) if part.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return []
    return [
        Warning(
            "Pictures cannot be uploaded: their folder cannot be written to.",
            hint="Let APOLLO_MEDIA name a folder that belongs to the account of the web server.",
            id="apollo_site.W004",
        )
    ]
