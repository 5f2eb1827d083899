from django.core.management.base import BaseCommand

from appointments.services import draft, rates

PURGES = {"forms": draft.purge, "counts": rates.purge}


class Command(BaseCommand):
    help = (
        "Delete forms that were begun and never sent, and counts of how often something was done, once their time is "
        "over. A dry run unless --apply is given."
    )

    def add_arguments(self, parser):
        parser.add_argument("--apply", action="store_true", help="delete them; without this they are only counted")

    def handle(self, *, apply, **options):
        for what, purge in PURGES.items():
            count = purge(apply=apply)
            self.stdout.write(
                f"Expired {what} deleted: {count}" if apply else f"Expired {what} that --apply deletes: {count}"
            )
