"""Letters about a visit name the clinician who signs them before they are approved."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def prepare_again(apps, schema_editor):
    """What nobody signed and has not left is owed once more, with its words: preparing it names the clinician."""
    letters = apps.get_model("appointments", "ReferralUpdate").objects
    unsigned = letters.filter(kind__in=["final", "interim"], status__in=["prepared", "approved", "sending"])
    unsigned.update(status="due", version=models.F("version") + 1)


class Migration(migrations.Migration):
    dependencies = [
        ("appointments", "0018_keep_addresses_that_offices_give"),
        ("practice", "0004_numbers_of_desks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="referralupdate",
            name="clinician",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="practice.clinician",
                verbose_name="clinician",
            ),
        ),
        migrations.AddField(
            model_name="referralupdate",
            name="signed_at",
            field=models.DateTimeField(null=True, verbose_name="signed"),
        ),
        migrations.AddField(
            model_name="referralupdate",
            name="signed_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.RunPython(prepare_again, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="referralupdate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("kind__in", ["final", "interim"]), ("status__in", ["approved", "sending"]), _negated=True
                    ),
                    models.Q(("clinician__isnull", False), ("signed_at__isnull", False), ("signed_by__isnull", False)),
                    _connector="OR",
                ),
                name="letter_about_a_visit_is_signed",
            ),
        ),
    ]
