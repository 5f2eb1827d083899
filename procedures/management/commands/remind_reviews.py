from django.core.management.base import BaseCommand, CommandError

from procedures.services import reviews


class Command(BaseCommand):
    help = "Tell the editors of pages that are due to be checked again, and find pages changed since they were signed."

    def handle(self, **options):
        self.stdout.write(f"Due within {max(reviews.AHEAD_DAYS)} days: {len(reviews.remind())}")
        changed = reviews.changed_since_signed()
        for version in changed:
            self.stderr.write(f"{version}: its words are not those that were signed, so no name stands under them.")
        if changed:
            raise CommandError("Somebody changed signed pages past the site. Make new drafts, and have them signed.")
