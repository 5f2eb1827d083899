"""The words of the public site in other languages: `make messages` collects, merges and compiles them.

Only what visitors and patients read is translated; staff work in English. Babel does it all, so GNU gettext is not
needed. Only developers and tests use this, never the site.
"""

import ast
import io
import re
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
PO = ROOT / "locale/es/LC_MESSAGES/django.po"
APPS = ("apollo_site", "appointments", "outbox", "practice", "procedures")
# What only staff reads, or the office of a physician, as the beginning of a path below the root. A new file is public
# until it is named here.
STAFF = (
    "templates/admin/",
    "templates/appointments/letters/",
    "templates/outbox/incident-opened.txt",
    "templates/outbox/letter-late.txt",
    "templates/outbox/owner-report.txt",
    "templates/outbox/page-changed.txt",
    "templates/outbox/page-to-sign.txt",
    "templates/outbox/review-due.txt",
    "templates/outbox/staff-escalation.txt",
    "templates/outbox/staff-notice.txt",
    "templates/outbox/staff-office.txt",
    "templates/outbox/staff-reminder.txt",
    "templates/outbox/staff-update.txt",
    "apollo_site/admin.py",
    "apollo_site/checks.py",
    "apollo_site/in_order.py",
    "apollo_site/site.py",
    "appointments/admin/",
    "appointments/letter_moves.py",
    "appointments/services/",
    "appointments/telling.py",
    "appointments/transitions.py",
    "appointments/letter_moves.py",
    "appointments/telling.py",
    "outbox/",
    "practice/admin.py",
    "practice/models.py",
    "procedures/admin/",
    "procedures/differences.py",
    "procedures/gate/",
    "procedures/pictures.py",
    "procedures/readability.py",
    "procedures/services/",
    "procedures/templatetags/pages_to_mind.py",
)
STAFF_FILE = re.compile(r"(.+/)?(apps\.py|migrations/.+|management/.+)")
# In models, the names of fields and the help are for staff; the names of these choices stand on public pages.
MODELS = re.compile(r".+/models/.+")
PUBLIC_CHOICES = {
    "appointments/models/words.py",
    "procedures/models/rows.py",
    "procedures/models/source.py",
}
# Django's own words, where its Spanish is not ours: a Spanish "p. m." has a space.
DJANGO = ("a.m.", "p.m.")
KEYWORDS = {
    name: spec
    for base, spec in {
        "_": None,
        "gettext": None,
        "gettext_noop": None,
        "ngettext": (1, 2),
        "pgettext": ((1, "c"), 2),
        "npgettext": ((1, "c"), 2, 3),
    }.items()
    for name in (base, f"{base}_lazy")
}


def public_files() -> list[str]:
    """Every module and template whose words visitors may read, as paths below the root, in order."""
    found = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
    found += [path for path in (ROOT / "templates").rglob("*") if path.is_file()]
    names = sorted(path.relative_to(ROOT).as_posix() for path in found)
    return [name for name in names if is_public(name)]


def is_public(name: str) -> bool:
    if MODELS.fullmatch(name):
        return name in PUBLIC_CHOICES
    return not name.startswith(STAFF) and not STAFF_FILE.fullmatch(name)


def messages(name: str, text: str):
    """(message, context or None) of each translatable text of a file; the message is a pair where it has a plural."""
    lines = None
    if not name.endswith(".py"):
        # What stands for HTML there is indented as the HTML was, and Python would stumble over that.
        text = "\n".join(line.lstrip() for line in templatize(text, origin=name).split("\n"))
    elif MODELS.fullmatch(name):
        lines = lines_of_choices(text)
    for line, message, _comments, context in extract("python", io.BytesIO(text.encode()), KEYWORDS):
        if lines is None or line in lines:
            yield message, context


def lines_of_choices(source: str) -> set[int]:
    classes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    choices = [one for one in classes if any("Choices" in ast.unparse(base) for base in one.bases)]
    return {line for one in choices for line in range(one.lineno, one.end_lineno + 1)}


def collected() -> Catalog:
    """What there is to translate, each with the files where it stands."""
    catalogue = Catalog(domain="django", project="Apollo", copyright_holder="the maintainers", fuzzy=False)
    for message in DJANGO:
        catalogue.add(message, locations=[("django", None)])
    for name in public_files():
        for message, context in messages(name, (ROOT / name).read_text()):
            catalogue.add(message, locations=[(name, None)], context=context)
    return catalogue


def translated() -> Catalog:
    with PO.open("rb") as file:
        return read_po(file, locale="es", domain="django")


def compiled(catalogue: Catalog) -> bytes:
    mo = io.BytesIO()
    write_mo(mo, catalogue)
    return mo.getvalue()


def refresh():
    """Bring the catalogue up to date with the site: new texts wait for their words, texts that are gone go."""
    catalogue = translated()
    catalogue.update(collected(), no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    with PO.open("wb") as file:
        write_po(file, catalogue, width=120, sort_by_file=False, omit_header=False)
    PO.with_suffix(".mo").write_bytes(compiled(catalogue))
    waiting = [message.id for message in catalogue if message.id and not all(as_tuple(message.string))]
    for message in waiting:
        print("Not translated yet:", as_tuple(message)[0] if isinstance(message, tuple) else message)
    print(f"{len(catalogue)} texts, {len(waiting)} without Spanish words: {PO.relative_to(ROOT)}")


def as_tuple(words) -> tuple:
    return words if isinstance(words, tuple) else (words,)


if __name__ == "__main__":
    refresh()
