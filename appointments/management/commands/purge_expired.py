from django.core.management.base import BaseCommand

from appointments.services import access, draft, files, rates

PURGES = {
    "forms": draft.purge,
    "counts": rates.purge,
    "links": access.purge,
    "leftovers of files": files.purge,
}


class Command(BaseCommand):
    help = (
        "Delete forms that were begun and never sent, counts of how often something was done, and links to patients' "
        "pages with their codes and sessions, once their time is over, and what a killed process left behind of "
        "patients' files. A dry run unless --apply is given. Says which files are missing."
    )

    def add_arguments(self, parser):
        parser.add_argument("--apply", action="store_true", help="delete them; without this they are only counted")

    def handle(self, *, apply, **options):
        for what, purge in PURGES.items():
            count = purge(apply=apply)
            self.stdout.write(
                f"Expired {what} deleted: {count}" if apply else f"Expired {what} that --apply deletes: {count}"
            )
        for public_id in files.missing():
            self.stderr.write(f"The content of file {public_id} is missing: look for it in a backup of APOLLO_FILES.")
