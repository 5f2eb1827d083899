import tomllib
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from practice.services import current_practice
from procedures import gate
from procedures.document import build
from procedures.freeze import site
from procedures.models import Article, Source, Version
from procedures.previews import document_for
from procedures.services import register, reviews, starter

CONTENT = settings.BASE_DIR / "content"
FOLDERS = starter.FOLDERS
ROW = "{:<48} {:>6} {:>9} {:>8}  {:<28} {:>5} {:>6}"


@dataclass
class Page:
    """A page to check; without a document its file is broken, and `blocks` says how."""

    name: str
    document: dict | None
    blocks: list[gate.Finding]
    advice: list[gate.Finding]


class Command(BaseCommand):
    help = (
        "Say what keeps articles from readers and what could be better: every version that readers see, that is in "
        "review or that is being written. Ends with 1 if one cannot be shown, or changed after it was signed."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--content", action="store_true", help="check the files under content/ instead; nothing is saved"
        )

    def handle(self, *, content, **options):
        pages = pages_of_files() if content else pages_of_database()
        for page in pages:
            self._say_findings(page)
        self._say_table(pages)
        changed = [] if content else self._say_reviews()
        blocks = sum(len(page.blocks) for page in pages)
        advice = sum(len(page.advice) for page in pages)
        self.stdout.write(f"{len(pages)} pages. To mend: {blocks}. Advice: {advice}.")
        if blocks or changed:
            raise CommandError("Some articles cannot be shown as they are. The lines above say where and why.")

    def _say_findings(self, page):
        if page.blocks or page.advice:
            self.stdout.write(f"\n{page.name}")
        for mark, findings in (("MEND ", page.blocks), ("look ", page.advice)):
            for finding in findings:
                self.stdout.write(f"  {mark} {finding}")

    def _say_table(self, pages):
        self.stdout.write("")
        self.stdout.write(ROW.format("page", "words", "sentences", "over 25", "reading", "mend", "advice"))
        for page in pages:
            counts = (len(page.blocks), len(page.advice))
            if page.document is None:
                self.stdout.write(ROW.format(page.name, "", "", "", "cannot be read", *counts))
                continue
            reading = gate.reading(page.document)
            long = len(gate.long_sentences(page.document))
            self.stdout.write(ROW.format(page.name, reading.words, reading.sentences, long, reading.grade, *counts))
        self.stdout.write("")

    def _say_reviews(self):
        """Say what time or somebody has done to pages since they were signed; the changed ones."""
        changed = reviews.changed_since_signed()
        for version in changed:
            self.stdout.write(f"{version}: changed since it was signed. No name stands under it; have it signed again.")
        for version in reviews.due():
            self.stdout.write(f"{version}: was to be checked again by {version.next_review}.")
        expired = list(Source.objects.filter(expires_on__lte=timezone.localdate()))
        uses = register.live_uses(expired)
        for source in expired:
            pages = ", ".join(str(version) for version in uses.get(source.key, [])) or "no page that readers see"
            self.stdout.write(f"Source {source.key}: was to be read again by {source.expires_on}. Used by: {pages}.")
        return changed


def pages_of_database() -> list[Page]:
    live = Version.objects.current(samples=current_practice().sample_content)
    being_written = Version.objects.filter(status__in=[Version.Status.DRAFT, Version.Status.IN_REVIEW])
    there = site()
    return [
        _page(f"{version}, {version.get_status_display().lower()}", document_for(version), there)
        for version in (*live, *being_written.select_related("article"))
    ]


def pages_of_files() -> list[Page]:
    """The files under content/ as they would be on a site that has all of them, and what this database has."""
    with transaction.atomic():
        files = [_read(path) for folder in FOLDERS for path in sorted((CONTENT / folder).glob("*.toml"))]
        for path in sorted((CONTENT / "sources").glob("*.toml")):
            starter.load_sources(_read(path))
        articles = [_article(data) for data in files]
        there = site()
        pages = [_page_of_file(data, article, there) for data, article in zip(files, articles, strict=True)]
        transaction.set_rollback(True)
    return pages


def _page_of_file(data, article, there):
    name = f"{article}, file"
    try:
        return _page(name, build(starter.starter_draft(data, article)), there)
    except ValidationError as error:
        return Page(name, None, [gate.Finding("file", message) for message in _messages(error)], [])


def _messages(error):
    fields = error.message_dict.items() if hasattr(error, "error_dict") else [("", error.messages)]
    return [f"{field}: {message}".lstrip(": ") for field, messages in fields for message in messages]


def _page(name, document, there):
    return Page(name, document, gate.blocks(document, there), gate.advice(document))


def _article(data):
    names = {"slug": data["slug"], "language": data["language"]}
    return Article.objects.get_or_create(**names, defaults={"kind": data["kind"]})[0]


def _read(path):
    return tomllib.loads(path.read_text())
