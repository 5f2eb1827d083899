import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("practice", "0003_people_places_and_notices"),
        ("procedures", "0002_keep_one_draft"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FormerSlug",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(unique=True, verbose_name="former address")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="until")),
            ],
            options={
                "ordering": ["slug"],
            },
        ),
        migrations.CreateModel(
            name="Picture",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "title",
                    models.CharField(help_text="For editors only.", max_length=120, unique=True, verbose_name="title"),
                ),
                (
                    "credit",
                    models.CharField(
                        help_text="Who made it, and under which licence.", max_length=160, verbose_name="credit"
                    ),
                ),
                ("digest", models.CharField(editable=False, max_length=64, unique=True, verbose_name="digest")),
                ("width", models.PositiveIntegerField(editable=False, verbose_name="width in pixels")),
                ("height", models.PositiveIntegerField(editable=False, verbose_name="height in pixels")),
                ("uploaded_at", models.DateTimeField(auto_now_add=True, verbose_name="uploaded")),
            ],
            options={
                "ordering": ["title"],
            },
        ),
        migrations.CreateModel(
            name="VersionEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("created", "Started"),
                            ("edited", "Edited"),
                            ("submitted", "Sent for review"),
                            ("sent-back", "Sent back"),
                            ("signed", "Signed"),
                            ("scheduled", "Dates changed"),
                            ("sample", "Shown as a sample"),
                            ("withdrawn", "Taken back"),
                        ],
                        max_length=10,
                        verbose_name="what",
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True, verbose_name="when")),
                ("note", models.TextField(blank=True, verbose_name="note")),
            ],
            options={
                "ordering": ["-at", "-pk"],
            },
        ),
        migrations.AlterModelOptions(
            name="version",
            options={
                "ordering": ["article", "-number"],
                "permissions": [("sign_version", "Can sign the words of a page")],
            },
        ),
        migrations.RemoveConstraint(
            model_name="version",
            name="approved_version_has_a_reviewer",
        ),
        migrations.RemoveConstraint(
            model_name="version",
            name="sample_version_claims_no_review",
        ),
        migrations.AddField(
            model_name="outcome",
            name="did_not_happen",
            field=models.CharField(
                blank=True, help_text="“did not have open surgery”.", max_length=120, verbose_name="and to the others"
            ),
        ),
        migrations.AddField(
            model_name="outcome",
            name="happened",
            field=models.CharField(
                blank=True,
                help_text="Goes on after “About 1 in 10 people”: “had open surgery later”.",
                max_length=120,
                verbose_name="what happened to them",
            ),
        ),
        migrations.RenameField(model_name="pictureuse", old_name="picture", new_name="drawing"),
        migrations.AlterField(
            model_name="pictureuse",
            name="drawing",
            field=models.CharField(
                blank=True,
                choices=[("canal-normal", "Normal spinal canal"), ("canal-narrowed", "Narrowed spinal canal")],
                max_length=20,
                verbose_name="drawing",
            ),
        ),
        migrations.AddField(
            model_name="version",
            name="done_here",
            field=models.BooleanField(
                default=True,
                help_text="Off: we only send people to others for it, and the page does not speak of our own rooms.",
                verbose_name="we do this ourselves",
            ),
        ),
        migrations.AddField(
            model_name="version",
            name="signed_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
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
            model_name="fact",
            name="kind",
            field=models.CharField(
                choices=[
                    ("what-it-is", "What it is"),
                    ("for", "For"),
                    ("opening", "Opening"),
                    ("time", "Time"),
                    ("sleep", "Sleep?"),
                    ("going-home", "Going home"),
                    ("back-to-usual", "Back to usual"),
                    ("left-inside", "Left inside"),
                    ("later-surgery", "Surgery later?"),
                    ("studies", "What studies found"),
                    ("main-risk", "Main risk"),
                    ("repeat", "How often"),
                    ("medicare", "Medicare"),
                    ("who-gets-it", "Who gets it"),
                    ("main-sign", "Main sign"),
                    ("how-found", "How it is found"),
                    ("first-step", "First step"),
                    ("what-they-are", "What they are"),
                    ("do-they-help", "Do they help?"),
                    ("never", "Never"),
                ],
                max_length=20,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="section",
            name="body",
            field=models.TextField(blank=True, verbose_name="text"),
        ),
        migrations.AlterField(
            model_name="version",
            name="live_from",
            field=models.DateTimeField(
                blank=True,
                help_text="Empty: as soon as it is signed.",
                null=True,
                verbose_name="live from",
            ),
        ),
        migrations.AlterField(
            model_name="version",
            name="live_until",
            field=models.DateTimeField(
                blank=True,
                help_text="Empty: until it is taken back.",
                null=True,
                verbose_name="live until",
            ),
        ),
        migrations.AlterField(
            model_name="version",
            name="reviewer",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reviewed_versions",
                to="practice.clinician",
            ),
        ),
        migrations.AddConstraint(
            model_name="article",
            constraint=models.UniqueConstraint(
                condition=models.Q(("translation_of__isnull", False)),
                fields=("translation_of", "language"),
                name="one_translation_per_language",
            ),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["draft", "in-review"])),
                fields=("article",),
                name="one_draft_per_article",
            ),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["in-review", "sample", "approved"]), _negated=True),
                    models.Q(("document__isnull", False), models.Q(("document_hash", ""), _negated=True)),
                    _connector="OR",
                ),
                name="what_is_read_is_frozen",
            ),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "approved"), _negated=True),
                    models.Q(
                        ("live_from__isnull", False),
                        ("next_review__gt", models.F("reviewed_on")),
                        ("next_review__isnull", False),
                        ("reviewed_on__isnull", False),
                        ("reviewer__isnull", False),
                        ("signed_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="approved_version_has_a_reviewer",
            ),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["approved", "withdrawn"]),
                    models.Q(
                        ("next_review__isnull", True),
                        ("reviewed_on__isnull", True),
                        ("reviewer__isnull", True),
                        ("signed_by__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="only_a_signed_version_has_a_reviewer",
            ),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("signed_by__isnull", True),
                    ("author__isnull", True),
                    models.Q(("signed_by", models.F("author")), _negated=True),
                    _connector="OR",
                ),
                name="the_author_does_not_sign",
            ),
        ),
        migrations.AddField(
            model_name="formerslug",
            name="article",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="former_slugs", to="procedures.article"
            ),
        ),
        migrations.AddField(
            model_name="picture",
            name="uploaded_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="pictureuse",
            name="picture",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="uses",
                to="procedures.picture",
                verbose_name="picture",
            ),
        ),
        migrations.AddConstraint(
            model_name="pictureuse",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("picture__isnull", True), models.Q(("drawing", ""), _negated=True)),
                    models.Q(("drawing", ""), ("picture__isnull", False)),
                    _connector="OR",
                ),
                name="a_drawing_or_a_picture",
                violation_error_message="Choose a drawing or a picture, one of them.",
            ),
        ),
        migrations.AddField(
            model_name="versionevent",
            name="by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.AddField(
            model_name="versionevent",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="events", to="procedures.version"
            ),
        ),
    ]
