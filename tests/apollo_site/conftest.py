import pytest
from django.test import Client

from practice.services import write_card


@pytest.fixture
def card(practice):
    """The copy on disk that error pages take the phone number from."""
    write_card()


@pytest.fixture
def visitor():
    """A browser that is shown what the site answers, errors included."""
    return Client(raise_request_exception=False)
