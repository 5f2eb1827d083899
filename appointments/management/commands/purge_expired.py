from django.core.management.base import BaseCommand

from appointments.services import draft


class Command(BaseCommand):
    help = "Delete forms that were begun and never sent, once their time is over. A dry run unless --apply is given."

    def add_arguments(self, parser):
        parser.add_argument("--apply", action="store_true", help="delete them; without this they are only counted")

    def handle(self, *, apply, **options):
        count = draft.purge(apply=apply)
        self.stdout.write(
            f"Expired forms deleted: {count}" if apply else f"Expired forms that --apply deletes: {count}"
        )
