import io

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client

PASSWORD = "a long enough password"


@pytest.fixture
def site(db, settings, tmp_path):
    """The site as it starts: starter content, staff groups and routing rules."""
    settings.VAR_DIR = tmp_path
    call_command("seed", stdout=io.StringIO())


@pytest.fixture
def owner(db):
    """Somebody who may do everything in the admin."""
    return get_user_model().objects.create_superuser("owner", "owner@practice.example.org", PASSWORD)


@pytest.fixture
def visitor():
    """A browser that is shown what the site answers, errors included."""
    return Client(raise_request_exception=False)


@pytest.fixture
def in_the_form(visitor, site):
    """(browser, address of its first question): somebody who pressed "Start now"."""
    return visitor, visitor.post("/appointments/request/", {"for": "mild"})["Location"]
