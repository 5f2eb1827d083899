"""All settings, fed by the environment. Unset means production; the README lists every variable."""

from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from apollo_site.databases import ENGINES, with_safe_options

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
VAR_DIR.mkdir(mode=0o700, exist_ok=True)

env = environ.Env()


def required(name: str, how: str) -> str:
    """The text of variable `name`; without it nothing starts, and the error says `how` to set it."""
    value = env.str(name, default="").strip()
    if not value:
        raise ImproperlyConfigured(f"Set {name}: {how}")
    return value


def seconds(name: str, default: int) -> int:
    text = env.str(name, default="") or str(default)
    if not text.isdecimal():
        raise ImproperlyConfigured(f"Set {name}: seconds, for example {default}")
    return int(text)


def database_settings() -> dict:
    """The entry of DATABASES that DATABASE_URL stands for; an error never quotes it, because it holds a password."""
    url = env.str("DATABASE_URL", default="").strip() or f"sqlite:///{VAR_DIR / 'db.sqlite3'}"
    try:
        database = env.db_url_config(url) if url.startswith(("sqlite://", "postgres")) else {}
    except ValueError:  # a port that is no number
        database = {}
    if database.get("ENGINE") not in ENGINES:
        raise ImproperlyConfigured(
            "Set DATABASE_URL: sqlite:////a/file.sqlite3 or postgres://user:password@db.example.org:5432/apollo"
        )
    return with_safe_options(database)


def mail_settings(url: str) -> dict:
    """The EMAIL_… settings that `url` stands for; the error never quotes it, because it holds a password."""
    try:
        mail = env.email_url_config(url)
    except (ImproperlyConfigured, ValueError):  # an unknown scheme, or a port that is no number
        raise ImproperlyConfigured(
            "Set EMAIL_URL: the mail server, for example smtp+tls://user:password@mail.example.org:587 "
            "(or smtp+ssl://, or smtp://; filemail:///a/folder writes mails as files)"
        ) from None
    # The parser cuts the first slash off: filemail:///a/folder would lie wherever we happen to be started.
    return mail | {"EMAIL_FILE_PATH": f"/{mail['EMAIL_FILE_PATH'].lstrip('/')}"}


KEY_HOW = (
    "comma-separated id:key pairs, the newest first, each key 32 random bytes in base64, for example the output of "
    "python3 -c \"import base64, os; print('k1:' + base64.b64encode(os.urandom(32)).decode())\""
)

# The environment

DEBUG = env.bool("APOLLO_DEBUG", default=False)
SECRET_KEY = required(
    "APOLLO_SECRET_KEY",
    'a long random text, for example the output of python3 -c "import secrets; print(secrets.token_urlsafe(64))"',
)
FIELD_KEYS = required("APOLLO_FIELD_KEYS", KEY_HOW)
HASH_KEYS = required("APOLLO_HASH_KEYS", KEY_HOW)
HOSTS_HOW = "the comma-separated host names this site answers to, for example www.example.org"
ALLOWED_HOSTS = [host.strip() for host in required("APOLLO_HOSTS", HOSTS_HOW).split(",") if host.strip()]
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured(f"Set APOLLO_HOSTS: {HOSTS_HOW}")
PUBLIC_URL_HOW = "the address in links of mails, for example https://www.example.org"
PUBLIC_URL = required("APOLLO_PUBLIC_URL", PUBLIC_URL_HOW).rstrip("/")
if not PUBLIC_URL.startswith(("https://", "http://")):
    raise ImproperlyConfigured(f"Set APOLLO_PUBLIC_URL: {PUBLIC_URL_HOW}")
DEFAULT_FROM_EMAIL = required("APOLLO_FROM_EMAIL", "the address that mails come from")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

DRAFT_TTL_SECONDS = seconds("APOLLO_DRAFT_TTL", default=7 * 24 * 3600)
ACCESS_CODE_TTL_SECONDS = seconds("APOLLO_ACCESS_CODE_TTL", default=600)
UNDO_SECONDS = seconds("APOLLO_UNDO_SECONDS", default=60)
SPAM_MIN_SECONDS = seconds("APOLLO_SPAM_MIN_SECONDS", default=3)
# A small office has nobody at 3 a.m., nor on a Sunday: together more than 48 hours.
BACKOFF = "60,300,900,3600,7200,14400,28800,43200,86400"
try:
    OUTBOX_BACKOFF_SECONDS = [int(text) for text in env.str("APOLLO_OUTBOX_BACKOFF", default=BACKOFF).split(",")]
except ValueError:
    raise ImproperlyConfigured(f"Set APOLLO_OUTBOX_BACKOFF: seconds, comma-separated, for example {BACKOFF}") from None

# Where the NPI registry answers. Unset: staff look there by hand.
NPPES_URL = env.str("APOLLO_NPPES_URL", default="").strip()
if NPPES_URL and not NPPES_URL.startswith("https://"):
    raise ImproperlyConfigured("Set APOLLO_NPPES_URL: an address that begins with https://")

# Parts

INSTALLED_APPS = [
    "apollo_site.apps.ApolloAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",  # FORM_RENDERER looks for the forms' own templates in installed apps
    "crispy_forms",
    "csp",
    "vault",
    "outbox",
    "practice",
    "procedures",
    "appointments",
    "apollo_site.apps.ApolloSiteConfig",
]

MIDDLEWARE = [
    "apollo_site.middleware.HeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "apollo_site.middleware.CompressPublicPagesMiddleware",
    "apollo_site.middleware.HonestErrorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

ROOT_URLCONF = "apollo_site.urls"
WSGI_APPLICATION = "apollo_site.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "practice.context.practice",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = ["apollo"]
CRISPY_TEMPLATE_PACK = "apollo"

# Data

DATABASES = {"default": database_settings() | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}}
DATABASES["default"]["TEST"] = (
    # A file, never :memory:, so that two connections can meet in a test.
    {"NAME": VAR_DIR / "test.sqlite3"} if DATABASES["default"]["ENGINE"].endswith("sqlite3") else {}
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Mail leaves through the outbox only. Without a server every send fails, and says so, and nothing counts as sent.
EMAIL_TIMEOUT = 10
if mail_server := env.str("EMAIL_URL", default="").strip():
    vars().update(mail_settings(mail_server))
else:
    EMAIL_BACKEND = "outbox.backends.UnsetBackend"
# The domain of a service that faxes what is mailed to <number>@<domain>. It sees letters about patients.
FAX_GATEWAY = env.str("APOLLO_FAX_GATEWAY", default="").strip()

# What the worker calls every minute: each does what is due by the clock, once, however often it is called.
WORKER_CHORES = [
    "appointments.services.clock.run",
    "appointments.services.remind.remind",
    "appointments.services.letter_reminders.remind",
    "appointments.services.letters.catch_up",
    "apollo_site.in_order.mail_owners",
]

# Words and time

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "America/New_York"
USE_TZ = True

# Files

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
WHITENOISE_ALLOW_ALL_ORIGINS = False
# Uploaded pictures of articles, served by a view of ours. Several machines share the folder.
MEDIA_ROOT = Path(env.str("APOLLO_MEDIA", default="").strip() or VAR_DIR / "media")
# What patients sent, encrypted. Never under MEDIA_ROOT: no address leads here. Several machines share the folder.
FILES_ROOT = Path(env.str("APOLLO_FILES", default="").strip() or VAR_DIR / "files")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "apollo_site.storage.BundledStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024  # a megabyte of any script in one box: percent signs make it three
MAX_FILE_MEGABYTES = 10  # a patient's file or an editor's picture; pages say this number
MAX_FILE_BYTES = MAX_FILE_MEGABYTES * 1024 * 1024
MAX_BODY_BYTES = 12 * 1024 * 1024
# Read to the end, so that the page can say that a file is too big; what is too much of it is not kept.
MAX_FILE_BODY_BYTES = 32 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["apollo_site.uploads.MemoryUploadHandler"]

# Guards

HTTPS = not env.bool("APOLLO_INSECURE_HTTP", default=DEBUG)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0  # one year
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
TRUST_PROXY = env.bool("APOLLO_TRUST_PROXY", default=False)
if TRUST_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"  # no-referrer would break Django's origin check of forms
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "apollo_site.errors.csrf_failure"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

AUTH_PASSWORD_VALIDATORS = [
    # NIST SP 800-63B-4: length, not composition.
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 15}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]

# Logs carry primary keys and names of errors, never what a patient typed: no request bodies, no error mails.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "apollo_site.logs.WordlessFormatter",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        name: {"handlers": ["console"], "level": "INFO", "propagate": False}
        for name in ("django", "django.server")  # the second is runserver's, with a handler of Django's own otherwise
    }
    # They make letters, and quote from a name the characters that no font has.
    | {name: {"level": "CRITICAL"} for name in ("weasyprint", "fontTools")},
}
