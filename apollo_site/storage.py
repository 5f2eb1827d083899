import re
from pathlib import PurePosixPath

from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

SHEETS = ("css/apollo.css", "css/form.css", "css/tools.css", "css/paper.css", "css/desk.css")
# Imports into one layer that follow each other.
IMPORTS = re.compile(
    r'(?:^@import "[^"]+" layer\((?P<layer>[\w.]+)\);\n)(?:^@import "[^"]+" layer\((?P=layer)\);\n)*', re.M
)
FILE = re.compile(r'"([^"]+)"')
# A space before a colon may stand for a descendant, one after it never does.
AROUND_MARKS = re.compile(r" *([{};,]) *|(?<=:) |^ | $")
COMMENT_OR_SPACE = re.compile(r"/\*.*?\*/|\s+", re.DOTALL)


class BundledStorage(CompressedManifestStaticFilesStorage):
    """Joins each sheet's `@import "file" layer(name);` lines into one file, so that a page needs one style request."""

    def post_process(self, paths, dry_run=False, **options):
        if not dry_run:
            for sheet in SHEETS:
                if sheet in paths:
                    self._write(sheet, bundle(sheet, paths))
                    paths[sheet] = (self, sheet)  # Django hashes the file that `paths` names, so that must be ours
        yield from super().post_process(paths, dry_run, **options)

    def _write(self, name, text):
        self.delete(name)
        self._save(name, ContentFile(text.encode()))


def bundle(sheet: str, paths: dict) -> str:
    """The text of `sheet` with its imports put in; `paths` maps names to (storage, path), as collectstatic gives it.

    Reads the sources, never the collected copies: those may be the bundle of an earlier run.
    """

    def read(name):
        storage, path = paths[name]
        with storage.open(path) as file:
            return file.read().decode()

    def inline(match):
        parts = "\n".join(read(str(PurePosixPath(sheet).parent / file)) for file in FILE.findall(match[0]))
        return f"@layer {match['layer']} {{ {parts} }}"

    text = COMMENT_OR_SPACE.sub(" ", IMPORTS.sub(inline, read(sheet)))
    return AROUND_MARKS.sub(lambda match: match[1] or "", text)
