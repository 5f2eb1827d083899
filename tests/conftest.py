import os

import pytest

# Playwright's own loop makes Django believe that it runs in async code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture
def practice(db):
    """The practice with its one office, open Monday to Friday from 8 to 5."""
    from tests.factories import LocationFactory, PracticeFactory

    practice = PracticeFactory()
    LocationFactory(hours=True)
    return practice
