"""What watches over the desk, in a browser: mail that fails, the phone list, everything in order, rules on trial."""

import datetime

import time_machine
from django.utils import timezone

from appointments.services.setup import make_groups
from outbox.models import Heartbeat
from tests.browser.conftest import PASSWORD, look_at
from tests.factories import AppointmentRequestFactory, RoutingRuleFactory, UserFactory
from tests.outbox.factories import MessageFactory


def test_pages_that_watch_are_readable_on_every_screen(visitor, bare_site):
    make_groups()
    owner = UserFactory(username="owen", group="owner")
    owner.set_password(PASSWORD)
    owner.save()
    with time_machine.travel(timezone.now() - datetime.timedelta(hours=1)):
        for name, kind in (("Rosa", "acknowledgement"), ("Harold", "times-offered")):
            appointment_request = AppointmentRequestFactory(first_name=name, language="es", voicemail="name-only")
            MessageFactory(kind=kind, state="failed-temporary", about=appointment_request.reference)
    Heartbeat.objects.create(worker="one", seen_at=timezone.now())
    RoutingRuleFactory(name="Accidents", topic="accident").staff.add(UserFactory(is_active=False))
    RoutingRuleFactory(name="Spanish accidents", topic="accident", language="es", order=20).staff.add(UserFactory())

    visitor.goto(f"{bare_site}/admin/login/?next=/admin/in-order/")
    visitor.get_by_label("Username").fill("owen")
    visitor.get_by_label("Password").fill(PASSWORD)
    visitor.get_by_role("button", name="Log in").click()
    look_at(visitor, "in-order")

    visitor.get_by_role("link", name="Phone list: whom to call").click()
    visitor.get_by_text("Rosa Demo").wait_for()
    look_at(visitor, "phone-list")

    visitor.goto(f"{bare_site}/admin/appointments/routingrule/")
    visitor.get_by_label("Topic").select_option("follow-up")
    visitor.get_by_role("button", name="Try it").click()
    visitor.get_by_text("Why no earlier rule took it").wait_for()
    look_at(visitor, "rules")
