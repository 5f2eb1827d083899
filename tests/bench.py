"""How long pages take, as ratios within one run: no second measured here means anything on another machine.

`make bench` fills a database of its own with made-up requests, in two steps, and asks for each page after each of them.
"""

import statistics
import sys
import time

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client

from appointments.models import AppointmentRequest
from appointments.services import scale

ROUNDS = 15
FEW, MANY = 1_000, 20_000
UNIT = "/healthz"  # what an answer costs that asks the database nothing
QUEUE = "/admin/appointments/appointmentrequest/"
PAGES = (
    "/",
    "/procedures/mild/",
    "/search/?q=stenosis",
    "/procedures/compare/?with=mild,laminectomy",
    "/appointments/request/",
    QUEUE,
    f"{QUEUE}?show=call-backs",
    f"{QUEUE}?show=finished",
    f"{QUEUE}numbers/?weeks=4",
    "/admin/in-order/",
)


def main():
    call_command("seed", verbosity=0)
    staff = get_user_model().objects.create_superuser("bench", "bench@example.org", None)
    client = Client(headers={"host": "localhost"})
    client.force_login(staff)
    few = fill_and_measure(client, FEW)
    many = fill_and_measure(client, MANY)
    sys.stdout.write(table(few, many))


def fill_and_measure(client, count) -> dict[str, float]:
    """Each page with `count` requests in the database → how many times as long as UNIT it takes."""
    scale.add(count - AppointmentRequest.objects.count())
    unit = median_seconds(client, UNIT)
    return {page: median_seconds(client, page) / unit for page in PAGES}


def median_seconds(client, page) -> float:
    took = []
    for _round in range(ROUNDS + 1):
        began = time.perf_counter()
        answer = client.get(page)
        took.append(time.perf_counter() - began)
        if answer.status_code != 200:
            raise RuntimeError(f"{page} answers {answer.status_code}")
    return statistics.median(took[1:])  # the first one fills caches


def table(few, many) -> str:
    head = f"{'page':58}{FEW:>10,}{MANY:>10,}    growth\n"
    lines = (f"{page:58}{few[page]:>10.1f}{many[page]:>10.1f}{many[page] / few[page]:>10.2f}\n" for page in few)
    return f"Times as long as {UNIT}, with so many requests:\n{head}{''.join(lines)}"
