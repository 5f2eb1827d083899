from django.db import migrations, models
from django.db.models import PROTECT, OuterRef, Subquery


def fill(apps, schema_editor):
    """What an incident had from its letter. Backwards there is nothing to do: the letter still has it."""
    letters = apps.get_model("appointments", "ReferralUpdate").objects.filter(pk=OuterRef("update"))
    columns = ("referral", "contact_point", "number")
    apps.get_model("appointments", "Incident").objects.update(
        **{column: Subquery(letters.values(column)) for column in columns}
    )


class Migration(migrations.Migration):
    dependencies = [
        ("appointments", "0019_sign_letters_about_a_visit"),
    ]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="referral",
            field=models.ForeignKey(null=True, on_delete=PROTECT, related_name="incidents", to="appointments.referral"),
        ),
        migrations.AddField(
            model_name="incident",
            name="contact_point",
            field=models.ForeignKey(null=True, on_delete=PROTECT, related_name="+", to="appointments.contactpoint"),
        ),
        migrations.AddField(
            model_name="incident",
            name="number",
            field=models.CharField(blank=True, default="", max_length=300),
            preserve_default=False,
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="incident",
            name="referral",
            field=models.ForeignKey(on_delete=PROTECT, related_name="incidents", to="appointments.referral"),
        ),
        migrations.AlterField(
            model_name="incident",
            name="update",
            field=models.ForeignKey(
                null=True, on_delete=PROTECT, related_name="incidents", to="appointments.referralupdate"
            ),
        ),
    ]
