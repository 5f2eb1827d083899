from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from apollo_site import backup


class Command(BaseCommand):
    help = (
        "Write the database, patients' files and pictures to a new folder, while the site runs. No key is in it: "
        "keep the keys elsewhere, without them it cannot be read."
    )
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("dir", type=Path, metavar="DIR", help="a folder that is not there yet")

    def handle(self, *, dir, **options):
        try:
            counts = backup.make(dir)["counts"]
        except backup.BackupError as error:
            raise CommandError(str(error)) from None
        held = ", ".join(f"{count} {name}" for name, count in counts.items())
        self.stdout.write(f"{dir} holds {held}. It holds no key: keep the keys elsewhere.")
