from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("procedures", "0004_say_what_happened")]
    operations = [
        migrations.AddConstraint(
            model_name="outcome",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("count__isnull", True), ("did_not_happen", ""), ("happened", "")),
                    models.Q(
                        ("count__isnull", False),
                        models.Q(("happened", ""), _negated=True),
                        models.Q(("did_not_happen", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="count_says_what_happened",
                violation_error_message="Say in words what happened to them, and to the others.",
            ),
        ),
    ]
