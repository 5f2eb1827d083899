from django.db import migrations


def say_what_happened(apps, schema_editor):
    """Counts from before had no words of their own beside them."""
    Outcome = apps.get_model("procedures", "Outcome")
    counted = Outcome.objects.filter(count__isnull=False)
    counted.filter(happened="").update(happened="are counted here")
    counted.filter(did_not_happen="").update(did_not_happen="are not")


class Migration(migrations.Migration):
    dependencies = [("procedures", "0003_sign_off")]
    operations = [migrations.RunPython(say_what_happened, migrations.RunPython.noop)]
