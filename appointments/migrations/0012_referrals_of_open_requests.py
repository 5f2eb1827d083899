"""Requests that were open before there were referrals get theirs, where a doctor was named."""

import uuid

from django.db import migrations
from django.db.models import Q

STATUS = {"scheduled": "booked", "received": "received", "quarantined": "received"}


def begin(apps, schema_editor):
    AppointmentRequest = apps.get_model("appointments", "AppointmentRequest")
    Referral = apps.get_model("appointments", "Referral")
    is_open = Q(status__in=["received", "quarantined", "in_review", "waiting", "offered", "scheduled"])
    named = ~Q(referrer_name="") | ~Q(referrer_practice="")
    rows = AppointmentRequest.objects.filter(is_open & named, referral=None).values_list("pk", "status")
    for pk, status in rows.iterator():
        Referral.objects.create(
            public_id=uuid.uuid4(),
            appointment_request_id=pk,
            source="patient",
            status=STATUS.get(status, "under-review"),
        )


class Migration(migrations.Migration):
    dependencies = [("appointments", "0011_referring_physicians")]
    operations = [migrations.RunPython(begin, migrations.RunPython.noop)]
