from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from apollo_site import backup
from outbox.models import Message


class Command(BaseCommand):
    help = (
        "Fill an empty database and the folders of files from a backup. All mail that had not been sent is held until "
        "staff release it. Run it as the account that runs the site."
    )
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("dir", type=Path, metavar="DIR", help="what `backup` wrote")

    def handle(self, *, dir, **options):
        try:
            manifest = backup.restore(dir)
        except backup.BackupError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Restored as of {manifest['made_at']}. Now run migrate and seed.")
        held = Message.objects.restored().count()
        self.stdout.write(
            f"{held} messages are held: release those that did not leave after that time (Admin → Messages, Held, Try "
            "again), then start run_outbox."
        )
