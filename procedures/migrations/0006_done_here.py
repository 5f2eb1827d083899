
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("procedures", "0005_drafts_and_translations"),
    ]

    operations = [
        migrations.AddField(
            model_name="version",
            name="done_here",
            field=models.BooleanField(
                default=True,
                help_text="Off: we only send people to others for it, and the page does not speak of our own rooms.",
                verbose_name="we do this ourselves",
            ),
        ),
    ]
