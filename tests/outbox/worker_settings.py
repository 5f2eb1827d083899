"""Settings of a worker that a test starts as a process of its own: production, with the templates of the tests."""

from apollo_site.settings import *  # noqa: F403
from tests.outbox.conftest import TEMPLATES as OWN_TEMPLATES

TEMPLATES[0]["DIRS"] = [OWN_TEMPLATES]  # noqa: F405
