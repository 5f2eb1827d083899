import io
import json
import logging
import os
import re
import subprocess
import sys
import time

import pikepdf
import pytest
from django.conf import settings
from django.template.backends.django import DjangoTemplates
from PIL import ImageFile
from pypdf import PdfReader

from appointments import letters
from appointments.letters import LettersUnavailable, letter_pdf
from appointments.update_kinds import UpdateKind
from outbox.render import RenderError

PRACTICE = {
    "name": "Sample Practice",
    "address": "3910 Sample Drive, Sun City Center, FL 33573",
    "phone_display": "813-555-0100",
    "fax_display": "813-555-0101",
}
TO = {"name": "Rosa Sample, MD", "practice": "Sample Family Medicine", "number_display": "813-555-0123"}
SECTIONS = {
    "history": "Leg pain for two years.\nBetter when sitting.",
    "findings": "A narrow canal.",
    "plan": "Physical therapy.",
    "follow_up": "In six weeks.",
    "who_does_what": "You go on with the blood thinner.",
}
CONTENT = {
    "language": "en",
    "practice": PRACTICE,
    "to": TO,
    "reference": "APM-2345-6789",
    "date": "2026-11-27",
    "patient": {"name": "Walter Brown", "date_of_birth": "1950-03-04"},
    "visit": {"starts_at": "2026-11-24T20:00:00+00:00", "place": "Sample Drive office"},
    "reason": "Not a service we offer",
    "sections": SECTIONS,
    "note": "Spinal stenosis, kyphoplasty asked for.",
    "signed_by": "Maria Demo, MD",
}
NEEDS_PANGO = pytest.mark.usefixtures("pango")


def letter(kind=UpdateKind.FINAL, **changes):
    return letter_pdf(json.loads(json.dumps(CONTENT | {"kind": kind} | changes)))


def pages(pdf):
    """The text of each page, on one line each. pypdf puts nulls into it where a font lacked a character."""
    texts = [page.extract_text().replace("\0", "") for page in PdfReader(io.BytesIO(pdf)).pages]
    return [" ".join(text.split()) for text in texts]


def behind_the_cover(pdf):
    return " ".join(pages(pdf)[1:])


# The cover sheet


@NEEDS_PANGO
def test_the_cover_says_who_writes_to_whom_and_how_many_pages():
    cover, *rest = pages(letter())

    assert cover == (
        "Sample Practice 3910 Sample Drive, Sun City Center, FL 33573 Phone 813-555-0100, fax 813-555-0101 Cover sheet "
        "To Rosa Sample, MD Sample Family Medicine Sent to 813-555-0123 From Sample Practice Date November 27, 2026 "
        f"Pages {1 + len(rest)} with this one Our reference APM-2345-6789 "
        "Did this reach you in error? Please call 813-555-0100 and destroy all pages. Please do not read, copy or pass "
        "on what comes after this page. It is private, and meant only for the person named above. "
        f"APM-2345-6789 Page 1 of {1 + len(rest)}"
    )


@NEEDS_PANGO
def test_the_cover_is_the_same_whatever_the_letter_says():
    """Nothing of the patient, of the visit or of the kind of news stands on it (P16)."""
    other = {
        "patient": {"name": "Rosa Green", "date_of_birth": "1961-01-02"},
        "visit": {"starts_at": "2027-01-04T15:00:00-05:00", "place": "Elsewhere"},
        "reason": "",
        "sections": dict.fromkeys(SECTIONS, ""),
        "note": "",
        "signed_by": "Dana Demo",
    }

    covers = [pages(letter(kind, **changes))[0] for kind in UpdateKind for changes in ({}, other)]

    assert len({re.sub(r"(Pages|of) [23]\b", "", cover) for cover in covers}) == 1


@NEEDS_PANGO
def test_what_stands_in_clear_in_the_file_says_nothing_of_the_patient():
    with pikepdf.open(io.BytesIO(letter(UpdateKind.NO_SHOW))) as pdf, pdf.open_metadata() as metadata:
        told = [*map(str, pdf.docinfo.values()), *map(str, metadata.values())]

    assert set(told) == {"Our reference APM-2345-6789", "Sample Practice", "['Sample Practice']", "1", told[1]}
    assert re.fullmatch(r"WeasyPrint [\d.]+", told[1])


# The letter


@NEEDS_PANGO
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("received", "We have received a request for this patient to be seen at our practice"),
        ("accepted", "will see this patient. No visit is booked yet."),
        ("declined", "will not see this patient at our practice."),
        ("booked", "On Tuesday, November 24, 2026, at 3 p.m., we will see this patient."),
        ("moved", "On Tuesday, November 24, 2026, at 3 p.m., we will see this patient. This is a new time"),
        ("visit-cancelled", "The visit of this patient on Tuesday, November 24, 2026, at 3 p.m., is cancelled."),
        ("no-show", "had a visit on Tuesday, November 24, 2026, at 3 p.m., and did not come."),
        ("unable-to-reach", "We tried to reach this patient and could not."),
        ("interim", "This is a first summary."),
        ("final", "This is our final letter about this referral."),
        ("cancelled", "This referral is cancelled."),
    ],
)
def test_each_kind_says_its_news_and_of_whom(kind, words):
    text = behind_the_cover(letter(kind))

    assert words in text
    assert (
        "Patient Walter Brown Born March 4, 1950 Visit Tuesday, November 24, 2026, 3 p.m. Sample Drive office" in text
    )
    assert "Reason Not a service we offer" in text
    assert "Note Spinal stenosis, kyphoplasty asked for." in text
    assert "Maria Demo, MD Sample Practice" in text


def test_every_kind_has_its_trial():
    marks = {mark.name: mark for mark in test_each_kind_says_its_news_and_of_whom.pytestmark}

    assert [kind for kind, _ in marks["parametrize"].args[1]] == UpdateKind.values


@NEEDS_PANGO
@pytest.mark.parametrize("kind", UpdateKind)
def test_what_a_clinician_found_stands_under_five_headings_in_two_kinds_only(kind):
    text = behind_the_cover(letter(kind, sections=SECTIONS | {"follow_up": ""}))

    found = (
        "History Leg pain for two years. Better when sitting. Findings A narrow canal. Plan Physical therapy. "
        "Follow-up Nothing entered. Who does what You go on with the blood thinner."
    )
    assert (found in text, "Leg pain" in text) == ((True, True) if kind in ("interim", "final") else (False, False))


@NEEDS_PANGO
@pytest.mark.parametrize(
    ("signed_on", "words"),
    [
        ("", "Draft: no clinician has signed this letter. Do not send it. Prepared by Dana Demo"),
        ("2026-11-28", "Read and signed electronically on November 28, 2026. Prepared by Dana Demo"),
    ],
)
def test_a_letter_about_a_visit_says_whether_its_clinician_has_signed(signed_on, words):
    text = behind_the_cover(letter(UpdateKind.INTERIM, signed_on=signed_on, prepared_by="Dana Demo"))

    assert f"Maria Demo, MD Sample Practice {words}" in text


@NEEDS_PANGO
def test_a_letter_without_a_visit_or_reason_or_note_says_nothing_of_them():
    content = {name: value for name, value in CONTENT.items() if name not in ("visit", "sections")}

    text = behind_the_cover(letter_pdf(content | {"kind": "received", "reason": "", "note": ""}))

    assert [word for word in ("Visit", "Reason", "Note", "None") if f"{word} " in text] == []


@NEEDS_PANGO
@pytest.mark.parametrize(
    "missing",
    ["reference", "patient", "signed_by", "to", "practice", "visit", "sections"],
)
def test_a_letter_with_a_gap_is_not_made(missing):
    kind = UpdateKind.BOOKED if missing == "visit" else UpdateKind.FINAL
    content = {name: value for name, value in (CONTENT | {"kind": kind}).items() if name != missing}

    with pytest.raises(RenderError):
        letter_pdf(content)


@NEEDS_PANGO
@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "../../500"},
        {"kind": "base"},
        {"date": "soon"},
        {"visit": {"starts_at": "2026-11-24T15:00:00", "place": "Here"}},
    ],
)
def test_what_is_no_kind_no_date_or_no_time_with_its_zone_is_refused(changes):
    with pytest.raises(ValueError, match=r"(?s).+"):
        letter_pdf(CONTENT | {"kind": "final"} | changes)


# What people write


@NEEDS_PANGO
def test_what_people_write_is_text():  # P41
    typed = '<script>alert(1)</script> {{ practice.name }} {% debug %} & <img src="file:///etc/hostname"> <b>b</b>'
    text = behind_the_cover(letter(note=typed, patient=CONTENT["patient"] | {"name": typed}))

    assert text.replace(" ", "").count(typed.replace(" ", "")) == 2  # a line may end anywhere


@NEEDS_PANGO
def test_names_in_other_scripts_are_in_the_letter():
    assert "Иван Ωмέγα Åsa Muñoz" in behind_the_cover(letter(signed_by="Иван Ωмέγα Åsa Muñoz"))


@NEEDS_PANGO
@pytest.mark.parametrize("typed", ["a" + "\u0301" * 200, "王小明", "\0", "\u202edeed\u202c", "\ufdfa" * 90, "🙂"])
def test_nothing_that_is_typed_breaks_a_letter(typed):
    pdf = letter(note=typed, patient=CONTENT["patient"] | {"name": typed})

    assert "Maria Demo, MD" in behind_the_cover(pdf)


@NEEDS_PANGO
def test_a_word_of_thousands_of_letters_is_laid_out_at_once():
    started = time.monotonic()

    letter(note="x" * 3000, patient=CONTENT["patient"] | {"name": "x" * 3000})

    assert time.monotonic() - started < 5


@NEEDS_PANGO
def test_a_long_letter_goes_on_over_pages_and_the_cover_counts_them():
    lines = "\n".join(f"This is line {number} of what was found." for number in range(120))

    cover, *rest = pages(letter(sections=SECTIONS | {"findings": lines}))

    assert len(rest) > 2
    assert f"Pages {1 + len(rest)} with this one" in cover
    assert [number for number in range(120) if f"This is line {number} of what was found." not in " ".join(rest)] == []
    assert [page.endswith(f"Page {n} of {1 + len(rest)}") for n, page in enumerate(rest, 2)] == [True] * len(rest)


@NEEDS_PANGO
def test_a_character_that_no_font_has_is_not_quoted_in_the_log(caplog):  # P35
    caplog.set_level(logging.DEBUG)

    letter(note="\U0001e8cf")

    assert caplog.messages == []
    assert not logging.getLogger("fontTools.subset").isEnabledFor(logging.ERROR)  # on machines without HarfBuzz-Subset


# The file


@NEEDS_PANGO
def test_after_a_letter_half_a_picture_is_still_none(monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)  # as WeasyPrint leaves it

    letter()

    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


@NEEDS_PANGO
def test_a_letter_can_be_read_aloud():
    with pikepdf.open(io.BytesIO(letter())) as pdf, pdf.open_metadata() as metadata:
        assert metadata["pdfuaid:part"] == "1"
        assert (pdf.Root.Lang, pdf.Root.MarkInfo.Marked, pdf.Root.ViewerPreferences.DisplayDocTitle) == (
            "en",
            True,
            True,
        )
        assert {"/H1", "/H2", "/P", "/Table", "/TH", "/TD"} <= set(tags(pdf.Root.StructTreeRoot))


def tags(node):
    if not isinstance(node, pikepdf.Dictionary):
        return
    if "/S" in node:
        yield str(node.S)
    children = node.get("/K", [])
    for child in children if isinstance(children, pikepdf.Array) else [children]:
        yield from tags(child)


@NEEDS_PANGO
@pytest.mark.parametrize("source", ["http://127.0.0.1:9/x.png", "file:///etc/hostname", "x.png"])
def test_a_letter_that_would_load_something_is_not_made(monkeypatch, tmp_path, source):
    from weasyprint.urls import FatalURLFetchingError

    folder = tmp_path / letters.FOLDER
    folder.mkdir(parents=True)
    (folder / "received.html").write_text(f'<base href="file:///"><img src="{source}">')
    engine = DjangoTemplates({"NAME": "trial", "DIRS": [tmp_path], "APP_DIRS": False, "OPTIONS": {}})
    monkeypatch.setattr(letters, "_templates", lambda: engine)

    with pytest.raises(FatalURLFetchingError):
        letter_pdf(CONTENT | {"kind": "received"})


# Without the libraries


class Broken:
    """Finds WeasyPrint as it is found where a library of the system is missing, or not at all."""

    def __init__(self, error):
        self.error = error

    def find_spec(self, name, path=None, target=None):
        if name == "weasyprint":
            raise self.error


@pytest.mark.parametrize("error", [OSError("cannot load library 'libpango-1.0-0'"), ModuleNotFoundError("weasyprint")])
def test_without_the_libraries_a_letter_says_what_to_install(monkeypatch, error):
    monkeypatch.setattr(sys, "meta_path", [Broken(error), *sys.meta_path])
    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)

    with pytest.raises(
        LettersUnavailable, match=r"^Letters need WeasyPrint and Pango\. On Debian: apt-get install libpango"
    ):
        letter()


def test_the_site_runs_without_loading_weasyprint():
    code = "import sys, django; django.setup(); import apollo_site.urls, appointments.letters, outbox.worker; "
    code += "sys.exit('weasyprint' in sys.modules)"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}

    assert subprocess.run([sys.executable, "-c", code], cwd=settings.BASE_DIR, env=environment).returncode == 0
