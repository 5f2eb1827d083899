import signal

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from outbox.worker import Worker
from vault import canary


class Command(BaseCommand):
    help = "Send the messages in the outbox. Several may run at once, also on several machines. SIGTERM ends it gently."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="Send what is due now, then end.")

    def handle(self, *, once, **options):
        check_keys()
        worker = Worker()
        for number in (signal.SIGTERM, signal.SIGINT):
            if signal.getsignal(number) != signal.SIG_IGN:  # who started us may want to be the one who hears Ctrl-C
                signal.signal(number, worker.stop)
        if once:
            worker.run_once()
        else:
            worker.run()


def check_keys():
    """End with a sentence if the keys are not those of this database: no message could be read."""
    try:
        problems = canary.problems()
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from None
    except DatabaseError:
        raise CommandError(
            "The database does not answer or is not migrated. Check DATABASE_URL and run migrate."
        ) from None
    if problems:
        raise CommandError(" ".join(problems))
