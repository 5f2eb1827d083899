"""The numbers of those who asked for somebody else become findable in the requests that are there already."""

import logging

from django.db import migrations

from vault.crypto import UnreadableError, keyed_hash

logger = logging.getLogger(__name__)


def hash_phones(apps, schema_editor):
    AppointmentRequest = apps.get_model("appointments", "AppointmentRequest")
    for row in AppointmentRequest.objects.exclude(on_behalf_phone="").iterator():
        try:
            number = row.on_behalf_phone.partition(";")[0]
        except UnreadableError as error:
            logger.error("%s", error)
            continue
        AppointmentRequest.objects.filter(pk=row.pk).update(on_behalf_phone_hash=keyed_hash("phone", number))


class Migration(migrations.Migration):
    dependencies = [("appointments", "0013_find_who_asked_for_somebody")]
    operations = [migrations.RunPython(hash_phones, migrations.RunPython.noop)]
