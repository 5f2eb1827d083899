from django.apps import apps
from django.core.management.base import BaseCommand, CommandError

from vault import canary
from vault.fields import encrypted_fields
from vault.rotation import OUTSIDE, rotate


class Command(BaseCommand):
    help = "Re-encrypt and re-hash everything with the newest keys; may be stopped and started again at any time."

    def handle(self, **options):
        canary.plant()
        if set(canary.newest()) & set(canary.misfits()):
            raise CommandError("The newest key is not the one this database was written with. Nothing was changed.")
        unreadable_in_all = 0
        for model in apps.get_models():
            if encrypted_fields(model):
                rewritten, unreadable = rotate(model)
                unreadable_in_all += unreadable
                self.stdout.write(f"{model._meta.label}: {rewritten} rows rewritten, {unreadable} unreadable")
        for name, rotate_outside in OUTSIDE.items():
            rewritten, unreadable = rotate_outside()
            unreadable_in_all += unreadable
            self.stdout.write(f"{name}: {rewritten} rewritten, {unreadable} unreadable")
        if unreadable_in_all:
            raise CommandError(
                "Unreadable rows or files were left as they are. Keep the old keys and look for the cause."
            )
        canary.forget_old_keys()
        self.stdout.write("Everything is under the newest keys. The older ones may be removed from the settings.")
