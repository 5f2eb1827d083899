import tomllib

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from practice.services import write_card
from practice.starter import load_notice, load_practice
from procedures.services.starter import FOLDERS, NoOriginal, load_articles, load_sources

CONTENT = settings.BASE_DIR / "content"


def read(path) -> dict:
    return tomllib.loads(path.read_text())


def read_folder(name) -> list[dict]:
    return [read(path) for path in sorted((CONTENT / name).glob("*.toml"))]


class Command(BaseCommand):
    help = "Load starter content, staff groups and routing rules. Run it as often as you like: it never overwrites."

    def add_arguments(self, parser):
        parser.add_argument("--demo", action="store_true", help="add demo accounts and made-up requests")

    def handle(self, *, demo, **options):
        # Here, not above: reading about a procedure must not need the front desk's code.
        from appointments.services import setup

        added = load_practice(read(CONTENT / "practice.toml"))
        self._say("Practice", ", ".join(added) or "unchanged")
        notices = sum(load_notice(data) for data in read_folder("notices"))
        self._say("Notices", f"{notices} added")
        self._say("Sources", f"{sum(load_sources(data) for data in read_folder('sources'))} added")
        self._load_articles()
        setup.make_groups()
        setup.make_rules()
        self._say("Staff", "groups and routing rules are in place")
        if demo:
            try:
                setup.make_demo()
            except setup.DemoRefused as refusal:
                raise CommandError(str(refusal)) from refusal
            self._say("Demo", f"accounts and passwords are in {settings.VAR_DIR / 'demo-accounts.json'}")
        write_card()
        self._say("Done", "the phone number for error pages is on disk")

    def _load_articles(self):
        try:
            results = load_articles([data for name in FOLDERS for data in read_folder(name)])
        except NoOriginal as refusal:
            raise CommandError(str(refusal)) from refusal
        for (slug, language), result in results.items():
            self._say("Article", f"{slug} ({language}): {result}")

    def _say(self, what, result):
        self.stdout.write(f"{what}: {result}")
