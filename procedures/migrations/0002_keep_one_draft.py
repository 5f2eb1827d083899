from django.db import migrations
from django.db.models import Exists, OuterRef


def keep_one_draft(apps, schema_editor):
    """A page could have several drafts; the newest goes on, the others are there to be read."""
    Version = apps.get_model("procedures", "Version")
    drafts = Version.objects.filter(status="draft")
    newer = drafts.filter(article=OuterRef("article"), number__gt=OuterRef("number"))
    drafts.filter(pk__in=list(drafts.filter(Exists(newer)).values_list("pk", flat=True))).update(status="withdrawn")


class Migration(migrations.Migration):
    dependencies = [("procedures", "0001_initial")]
    operations = [migrations.RunPython(keep_one_draft, migrations.RunPython.noop)]
