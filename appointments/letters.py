"""Letters to a referring physician's office as PDF: a cover sheet free of health data, then the letter.

What a letter says is frozen by its caller as plain data, so that the letter that was approved, the one that left and
the one that is kept are the same.
"""

import datetime
from functools import lru_cache

from django.conf import settings
from django.template.backends.django import DjangoTemplates
from django.utils import timezone, translation

from appointments.update_kinds import UpdateKind
from outbox.render import MissingValue

FOLDER = "appointments/letters"
INSTALL = "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-liberation fonts-dejavu-core"


class LettersUnavailable(Exception):
    """The libraries that lay out a PDF are not on this machine; the text says what to install."""


def letter_pdf(content: dict) -> bytes:
    """The PDF of a letter: its cover sheet, on which nothing of the patient stands, and the letter behind it.

    `content` has texts only, as JSON keeps them: `kind` (an UpdateKind), `language`, `practice` {name, address,
    phone_display, fax_display}, `to` {name, practice, number_display}, `reference`, `date` (ISO), `patient` {name,
    date_of_birth (ISO)}, `visit` {starts_at (ISO with zone), place} or none, `reason` (of a coded one) or "",
    `note` or "", `signed_by`; for interim and final `sections` {history, findings, plan, follow_up, who_does_what},
    `prepared_by` and `signed_on` (ISO) or "": none as long as nobody signed.

    Raises LettersUnavailable, RenderError or KeyError for a value that the letter needs and has not, ValueError for a
    kind that is none, a date that is none, or a time without its zone.
    """
    return _pdf(UpdateKind(content["kind"]).value, content)


def _pdf(name, content):
    weasyprint = library()
    with translation.override(content["language"]):
        html = _templates().get_template(f"{FOLDER}/{name}.html").render(_with_dates(content))
    document = weasyprint.HTML(string=html, url_fetcher=_refuse)
    sheet = weasyprint.CSS(filename=settings.BASE_DIR / "templates" / FOLDER / "letters.css", url_fetcher=_refuse)
    return document.write_pdf(stylesheets=[sheet], pdf_variant="pdf/ua-1")


def library():
    """WeasyPrint, loaded when the first letter is made: everything else works without the libraries it needs."""
    try:
        import weasyprint
        from PIL import ImageFile

        ImageFile.LOAD_TRUNCATED_IMAGES = False  # WeasyPrint sets it for everybody, and half a picture would be taken
    except (ImportError, OSError):  # OSError: the package is there, and Pango is not
        raise LettersUnavailable(f"Letters need WeasyPrint and Pango. On Debian: {INSTALL}") from None
    return weasyprint


def _refuse(url):
    """A letter holds all it needs: what it would load, from the network or from this machine, comes from a mistake."""
    from weasyprint.urls import FatalURLFetchingError  # any other error would leave a gap

    raise FatalURLFetchingError("A letter loads nothing.")


@lru_cache(maxsize=1)
def _templates():
    """Escapes what people typed, and makes no letter with a gap."""
    options = {"string_if_invalid": MissingValue("%s")}
    folders = [settings.BASE_DIR / "templates"]
    return DjangoTemplates({"NAME": "letters", "DIRS": folders, "APP_DIRS": False, "OPTIONS": options})


def _with_dates(content):
    """`content` with its dates and times as such, for the templates to write out."""
    dated = content | {"date": datetime.date.fromisoformat(content["date"])}
    if signed_on := content.get("signed_on"):
        dated["signed_on"] = datetime.date.fromisoformat(signed_on)
    if patient := content.get("patient"):
        born = datetime.date.fromisoformat(patient["date_of_birth"])
        dated["patient"] = patient | {"date_of_birth": born}
    if visit := content.get("visit"):
        dated["visit"] = visit | {"starts_at": timezone.localtime(datetime.datetime.fromisoformat(visit["starts_at"]))}
    return dated
