"""P46: what is missing or malformed stops the start with one sentence; with everything set, Django finds nothing."""

import base64
import os
import shutil
import stat
import subprocess
import sys

import pytest
from django.conf import settings

KEY = base64.b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.b64encode(bytes(range(1, 33))).decode()
PRODUCTION = {
    "APOLLO_SECRET_KEY": "a-long-and-random-text-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz",
    "APOLLO_FIELD_KEYS": f"f1:{KEY}",
    "APOLLO_HASH_KEYS": f"h1:{OTHER_KEY}",
    "APOLLO_HOSTS": "www.example.org",
    "APOLLO_PUBLIC_URL": "https://www.example.org",
    "APOLLO_FROM_EMAIL": "office@example.org",
    "EMAIL_URL": "smtp+tls://user:password@mail.example.org:587",
}
INHERITED = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYTHONPATH") if name in os.environ}


@pytest.fixture(scope="module")
def manage(tmp_path_factory):
    """Runs manage.py as in production, with a database of its own."""
    database = {"DATABASE_URL": f"sqlite:///{tmp_path_factory.mktemp('production')}/db.sqlite3"}

    def run(*arguments, **changes):
        environment = INHERITED | database | PRODUCTION | changes
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env={name: value for name, value in environment.items() if value is not None},
            capture_output=True,
            text=True,
        )

    return run


def words_of(result):
    return result.stdout + result.stderr


@pytest.mark.parametrize("name", [name for name in PRODUCTION if name != "EMAIL_URL"])
def test_a_missing_variable_is_named_in_one_sentence(manage, name):
    result = manage("check", **{name: None})

    assert result.returncode == 1
    assert result.stderr.startswith(f"Set {name}: ")
    assert len(result.stderr.strip().splitlines()) == 1


def test_the_web_server_does_not_start_either():
    environment = INHERITED | PRODUCTION | {"APOLLO_FIELD_KEYS": ""}
    result = subprocess.run(
        [sys.executable, "-c", "import apollo_site.wsgi"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert result.returncode == 1
    assert "ImproperlyConfigured: Set APOLLO_FIELD_KEYS: " in result.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("APOLLO_SECRET_KEY", "   ", "Set APOLLO_SECRET_KEY: "),
        ("APOLLO_FIELD_KEYS", f"f1:{KEY[:-8]}", "APOLLO_FIELD_KEYS must hold"),
        ("APOLLO_FIELD_KEYS", f"{KEY}", "APOLLO_FIELD_KEYS must hold"),
        ("APOLLO_HASH_KEYS", f"h1:{KEY},h1:{OTHER_KEY}", "APOLLO_HASH_KEYS must hold"),
        ("APOLLO_HOSTS", " , ", "Set APOLLO_HOSTS: "),
        ("APOLLO_PUBLIC_URL", "www.example.org", "Set APOLLO_PUBLIC_URL: "),
        ("EMAIL_URL", "mail.example.org", "Set EMAIL_URL: "),
        ("DATABASE_URL", "mysql://root@localhost/apollo", "Set DATABASE_URL: "),
        ("DATABASE_URL", "nonsense", "Set DATABASE_URL: "),
        ("APOLLO_DRAFT_TTL", "a week", "Set APOLLO_DRAFT_TTL: "),
    ],
)
def test_a_malformed_variable_is_named_and_not_shown(manage, name, value, sentence):
    result = manage("check", **{name: value})

    assert result.returncode == 1
    assert result.stderr.startswith(sentence)
    assert len(result.stderr.strip().splitlines()) == 1
    assert KEY[:20] not in result.stderr


@pytest.fixture(scope="module")
def migrated(manage):
    result = manage("migrate", "--verbosity", "0")
    assert result.returncode == 0, words_of(result)
    return manage


def deploy_check(manage, **changes):
    return manage("check", "--deploy", "--fail-level", "WARNING", **changes)


def test_the_deploy_check_is_silent_in_production(migrated):
    result = deploy_check(migrated)

    assert (result.returncode, words_of(result)) == (0, "System check identified no issues (0 silenced).\n")


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"EMAIL_URL": None}, "outbox.E001"),
        ({"APOLLO_SECRET_KEY": "too short"}, "security.W009"),
        ({"APOLLO_SECRET_KEY": "django-insecure-" + "abcdefgh" * 8}, "security.W009"),
        ({"APOLLO_DEBUG": "1"}, "security.W018"),
        ({"APOLLO_INSECURE_HTTP": "1"}, "apollo_site.W001"),
        ({"APOLLO_HOSTS": "*"}, "apollo_site.W002"),
        ({"APOLLO_PUBLIC_URL": "http://www.example.org"}, "apollo_site.W003"),
        ({"APOLLO_FIELD_KEYS": f"f1:{OTHER_KEY}"}, "vault.E001"),
        ({"APOLLO_HASH_KEYS": f"h2:{KEY}"}, "vault.E001"),
        ({"APOLLO_HASH_KEYS": f"h1:{KEY}"}, "vault.E004"),
        ({"DATABASE_URL": "sqlite:////nowhere/db.sqlite3"}, "vault.E002"),
    ],
)
def test_the_deploy_check_finds(migrated, changes, found):
    result = deploy_check(migrated, **changes)

    assert result.returncode == 1
    assert found in words_of(result)


def test_plain_http_on_this_machine_alone_is_no_finding_of_ours(migrated):
    changes = {"APOLLO_INSECURE_HTTP": "1", "APOLLO_HOSTS": "localhost,127.0.0.1,[::1]"}

    assert "apollo_site." not in words_of(deploy_check(migrated, **changes))


def test_the_folder_of_the_database_is_made_for_its_owner_alone(tmp_path):
    """Sign-ins and password hashes lie in the database file, whose own mode is left to the system."""
    shutil.copytree(settings.BASE_DIR / "apollo_site", tmp_path / "apollo_site")
    result = subprocess.run(
        [sys.executable, "-c", "import os; os.umask(0o022); import apollo_site.settings"],
        cwd=tmp_path,
        env=INHERITED | PRODUCTION,
        capture_output=True,
        text=True,
    )

    assert result.returncode == 0, result.stderr
    assert stat.filemode((tmp_path / "var").stat().st_mode) == "drwx------"


def test_hosts_may_be_written_with_spaces(manage):
    result = manage(
        "shell",
        "-v",
        "0",
        "-c",
        "from django.conf import settings; print(settings.ALLOWED_HOSTS)",
        APOLLO_HOSTS="a, b,",
    )

    assert result.stdout.strip() == "['a', 'b']"
