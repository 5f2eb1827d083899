import uuid
from datetime import timedelta

import factory
from factory.django import DjangoModelFactory

from outbox.clock import database_now
from outbox.models import Message


def in_seconds(seconds):
    return factory.LazyFunction(lambda: database_now() + timedelta(seconds=seconds))


class MessageFactory(DjangoModelFactory):
    """A message that is due since a minute; its template lies in tests/outbox/templates."""

    class Meta:
        model = Message

    kind = "plain"
    to = factory.Sequence(lambda n: f"person{n}@example.org")
    about = "APM-2345-6789"
    context = {"reference": "APM-2345-6789", "path": "/appointments/status/"}
    dedupe_key = factory.Sequence(lambda n: f"test:{n}")
    next_attempt_at = in_seconds(-60)

    class Params:
        later = factory.Trait(next_attempt_at=in_seconds(300))
        sending = factory.Trait(state="sending", attempts=1, lease=factory.LazyFunction(uuid.uuid4))
        held_by_a_worker = factory.Trait(sending=True, leased_until=in_seconds(50))
        abandoned = factory.Trait(sending=True, leased_until=in_seconds(-1))
