import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("procedures", "0004_count_says_what_happened"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="formerslug",
            name="one_page_per_former_slug",
        ),
        migrations.RemoveField(
            model_name="formerslug",
            name="language",
        ),
        migrations.AddField(
            model_name="version",
            name="translates",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                help_text="The version in the other language whose words these render.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="procedures.version",
            ),
        ),
        migrations.AlterField(
            model_name="formerslug",
            name="slug",
            field=models.SlugField(unique=True, verbose_name="former address"),
        ),
        migrations.AlterField(
            model_name="section",
            name="body",
            field=models.TextField(blank=True, verbose_name="text"),
        ),
    ]
