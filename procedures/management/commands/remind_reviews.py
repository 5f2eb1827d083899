from django.core.management.base import BaseCommand

from procedures.services import reviews


class Command(BaseCommand):
    help = "Write to the editors about pages due to be checked again, and about pages changed since they were signed."

    def handle(self, **options):
        due, changed = reviews.remind(), reviews.warn()
        self.stdout.write(
            f"Due within {max(reviews.AHEAD_DAYS)} days: {len(due)}. Changed since signed: {len(changed)}."
        )
