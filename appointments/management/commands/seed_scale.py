from django.core.management.base import BaseCommand, CommandError

from appointments.services import scale
from practice.models import Location


class Command(BaseCommand):
    help = "Add made-up requests in bulk, to measure how the desk's lists fare. Needs APOLLO_DEBUG=1 and `seed`."

    def add_arguments(self, parser):
        parser.add_argument("count", type=int, metavar="N", help="how many")

    def handle(self, *, count, **options):
        try:
            scale.make(count)
        except scale.ScaleRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        except Location.DoesNotExist:
            raise CommandError("There is no office to come to: run `seed` first.") from None
        self.stdout.write(f"Requests added: {count}")
