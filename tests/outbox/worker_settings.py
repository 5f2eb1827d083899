"""Settings of a worker that a test starts as a process: production, with the templates of the tests beside its own."""

from apollo_site.settings import *  # noqa: F403
from tests.outbox.conftest import TEMPLATES as OWN_TEMPLATES

TEMPLATES[0]["DIRS"].insert(0, OWN_TEMPLATES)  # noqa: F405
