import base64
import gc
import os
import signal

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.test.utils import override_settings, setup_databases, teardown_databases
from django.utils import translation

from appointments.letters import LettersUnavailable, library

# Playwright's own loop makes Django believe that it runs in async code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# Each test makes much and leaves little: looking for circles less often saves a fifteenth of the time.
gc.set_threshold(50_000, 20, 20)

# In the background of a shell (as in CI) Ctrl-C is ignored, and the processes that tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_sessionstart(session):
    from django.db import connection

    if os.environ.get("APOLLO_REQUIRE_POSTGRES") == "1" and connection.vendor != "postgresql":
        pytest.exit("APOLLO_REQUIRE_POSTGRES=1, but DATABASE_URL does not name a PostgreSQL database.", returncode=1)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker):
    """The database, also for tests that come to it by a fixture of a whole file, which pytest-django overlooks."""
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, serialized_aliases=())
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)


@pytest.fixture(scope="session")
def as_deployed(tmp_path_factory):
    """Settings with which static files are bundled, hashed and compressed: collected once, since that takes long."""
    storages = django_settings.STORAGES | {"staticfiles": {"BACKEND": "apollo_site.storage.BundledStorage"}}
    deployed = {"STATIC_ROOT": tmp_path_factory.mktemp("static"), "STORAGES": storages}
    with override_settings(**deployed):
        call_command("collectstatic", interactive=False, verbosity=0)
    return deployed


@pytest.fixture(autouse=True)
def in_english():
    """A request for a Spanish page leaves its language behind for the next test of the same thread."""
    translation.activate("en")


@pytest.fixture
def practice(db):
    """The practice with its one office, open Monday to Friday from 8 to 5."""
    from tests.factories import LocationFactory, PracticeFactory

    practice = PracticeFactory()
    LocationFactory(hours=True)
    return practice


@pytest.fixture(scope="session")
def pango():
    """For tests that make letters: without Pango they are skipped, or fail where APOLLO_REQUIRE_BROWSER=1."""
    try:
        library()
    except LettersUnavailable as error:
        if os.environ.get("APOLLO_REQUIRE_BROWSER") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture
def ring():
    """Makes a key ring as it stands in the environment: `ring("f2", "f1")`. Each key is its id, repeated.

    `ring(f1="other")` is another key under the same id.
    """

    def make(*ids, **others):
        named = {key_id: key_id for key_id in ids} | others
        return ",".join(
            f"{key_id}:{base64.b64encode((name.encode() * 32)[:32]).decode()}" for key_id, name in named.items()
        )

    return make


@pytest.fixture
def keys(settings, ring):
    """Sets the key rings: `keys(field=["f2", "f1"], hash=["h1"])`; the tests begin under f1 and h1."""

    def set_keys(*, field=("f1",), hash=("h1",)):
        settings.FIELD_KEYS, settings.HASH_KEYS = ring(*field), ring(*hash)

    set_keys()
    return set_keys
