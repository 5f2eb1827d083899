"""The staff's own clock beside the promise, and a priority between urgent and routine, which rules can give."""

from django.db import migrations, models
from django.db.models import Case, F, When

PRIORITIES = [(1, "Urgent"), (2, "Soon"), (3, "Routine")]
ROUTINE_BEFORE, SOON, ROUTINE = 2, 2, 3


def start_clocks(apps, schema_editor):
    """Until now the promise was the clock, and 2 meant routine.

    One statement: PostgreSQL alters no table of which a row was changed twice in the same transaction.
    """
    requests = apps.get_model("appointments", "AppointmentRequest").objects.using(schema_editor.connection.alias)
    kept = models.PositiveSmallIntegerField()
    priority = Case(When(priority=ROUTINE_BEFORE, then=ROUTINE), default="priority", output_field=kept)
    requests.update(due_at=F("respond_by"), priority=priority)


def forget_soon(apps, schema_editor):
    requests = apps.get_model("appointments", "AppointmentRequest").objects.using(schema_editor.connection.alias)
    requests.filter(priority__in=[SOON, ROUTINE]).update(priority=ROUTINE_BEFORE)


class Migration(migrations.Migration):
    dependencies = [
        ("appointments", "0008_corrections_and_calls_again"),
    ]

    operations = [
        migrations.AddField(
            model_name="routingrule",
            name="priority",
            field=models.PositiveSmallIntegerField(
                choices=PRIORITIES,
                default=3,
                help_text=(
                    "Urgent: answered within 1 business hour. Soon: within 4. Routine: by the time that the patient "
                    "was told. A request with urgent signs is urgent in any case."
                ),
                verbose_name="priority",
            ),
        ),
        migrations.AlterField(
            model_name="appointmentrequest",
            name="priority",
            field=models.PositiveSmallIntegerField(
                choices=PRIORITIES, default=3, editable=False, verbose_name="priority"
            ),
        ),
        migrations.AddField(
            model_name="appointmentrequest",
            name="due_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="due"),
        ),
        migrations.RunPython(start_clocks, forget_soon),
        migrations.AlterField(
            model_name="appointmentrequest",
            name="due_at",
            field=models.DateTimeField(editable=False, verbose_name="due"),
        ),
        migrations.RemoveIndex(
            model_name="appointmentrequest",
            name="request_queue",
        ),
        migrations.AddIndex(
            model_name="appointmentrequest",
            index=models.Index(fields=["status", "priority", "deadline_at", "due_at"], name="request_queue"),
        ),
    ]
