"""Articles under attack: posts of staff made by hand, made-up addresses, texts made to keep us busy (P39, P43)."""

import io
import struct
import time

import pytest
from django.urls import NoReverseMatch, reverse
from PIL import Image

from appointments.transitions import GROUPS
from practice.models import Clinician
from procedures import gate, pictures, previews
from procedures.admin.fields import MOST_CHARACTERS
from procedures.differences import differences
from procedures.models import Article, FormerSlug, Version
from procedures.services import publishing
from tests.procedures import documents, library, people

pytestmark = pytest.mark.django_db

ADD = {"kind": "procedure", "language": "en", "related_pages-TOTAL_FORMS": 0, "related_pages-INITIAL_FORMS": 0}
NAMES_OF_ADMIN = [
    *(f"version_{name}" for name in ("changelist", "change", "delete", "history", "review", "preview", "submit")),
    *(f"version_{name}" for name in ("publish_sample", "new_draft", "translate", "withdraw")),
    *(f"article_{name}" for name in ("changelist", "add", "change", "delete", "history", "start_draft")),
    "article_change_address",
    *(f"source_{name}" for name in ("changelist", "add", "change", "delete", "history")),
    *(f"picture_{name}" for name in ("changelist", "add", "change", "delete", "history")),
    "markdown_preview",
]


def of(version, name="change"):
    return reverse(f"admin:procedures_version_{name}", args=[version.pk])


@pytest.fixture
def editor(practice):
    return people.editor()


@pytest.fixture
def staff(visitor, editor):
    """A browser in which an editor has signed in."""
    visitor.force_login(editor)
    return visitor


# Dates


@pytest.mark.parametrize(("day", "hour"), [("9999-12-31", "23:59:00"), ("0001-01-01", "00:00:00")])
@pytest.mark.parametrize("box", ["live_from", "live_until"])
def test_no_date_makes_a_signed_page_unreadable(staff, day, hour, box):
    version = library.approved()
    dates = {"live_from_0": "2026-01-01", "live_from_1": "00:00:00", f"{box}_0": day, f"{box}_1": hour}

    response = staff.post(
        of(version, "review"), {"action": "schedule"} | {f"schedule-{k}": v for k, v in dates.items()}
    )

    assert (response.status_code, staff.get("/procedures/mild/").status_code) == (200, 200)
    assert staff.get(of(version)).status_code == 200
    version.refresh_from_db()
    assert version.live_until is None


@pytest.mark.parametrize(("day", "hour"), [("9999-12-31", "23:59:00"), ("0001-01-01", "00:00:00")])
def test_no_date_locks_a_draft_away(staff, day, hour):
    version = library.draft()
    typed = people.typed(staff.get(of(version)))

    response = staff.post(of(version), typed | {"live_from_0": day, "live_from_1": hour})

    assert (response.status_code, staff.get(of(version)).status_code) == (200, 200)


# Rows and texts


def errors_of(response):
    """The boxes of an editor's page that were refused, by name."""
    forms = [response.context["adminform"].form]
    for formset in response.context["inline_admin_formsets"]:
        forms += formset.formset.initial_forms
    return {form.add_prefix(name) for form in forms for name in form.errors}


@pytest.fixture
def draft_and_signed(staff):
    return library.draft(), library.approved("other")


def forged(draft, signed):
    """What somebody with a tool could send instead of the form of a draft."""
    row = signed.risk_rows.get()
    return {
        "a row of a signed page": {"risk_rows-0-id": row.pk, "risk_rows-0-text": "Forged"},
        "a row of a signed page, deleted": {"risk_rows-0-id": row.pk, "risk_rows-0-DELETE": "on"},
        "a signed page as the parent": {"risk_rows-0-version": signed.pk, "risk_rows-0-text": "Forged"},
        "the key of a signed page": {"id": signed.pk, "pk": signed.pk},
        "too many rows at first": {"risk_rows-INITIAL_FORMS": "1000"},
        "a number of rows no column holds": {"risk_rows-TOTAL_FORMS": "9" * 20, "risk_rows-INITIAL_FORMS": "9" * 20},
        "a row that no column can number": {"risk_rows-0-id": "9" * 400},
        "a picture that no column can number": {"pictureuse_rows-0-picture": "9" * 20},
        "an order": {"risk_rows-0-order": "9" * 400},
        "people": {"outcome_rows-0-count": "9" * 40, "outcome_rows-0-total": "9" * 400},
        "days": {"step_rows-0-day": "-" + "9" * 5000},
    }


def test_a_forged_form_changes_no_other_version_and_breaks_nothing(staff, draft_and_signed):
    draft, signed = draft_and_signed
    document, row = signed.document, signed.risk_rows.values().get()

    page = staff.get(of(draft))
    for forgery, values in forged(*draft_and_signed).items():
        assert staff.post(of(draft), people.typed(page) | values).status_code in (200, 302, 400), forgery
        page = staff.get(of(draft))
        assert page.status_code == 200, forgery
        signed.refresh_from_db()
        assert (signed.document, signed.status, signed.risk_rows.values().get()) == (document, "approved", row), forgery


def test_no_box_takes_a_null_byte(staff):
    version = library.draft()
    typed = people.typed(staff.get(of(version)))
    boxes = {name: f"{value}\0" for name, value in typed.items() if isinstance(value, str) and "_FORMS" not in name}

    response = staff.post(of(version), typed | boxes)

    assert response.status_code == 200
    assert len(boxes) > 40
    assert boxes.keys() - errors_of(response) == set()


def test_a_text_of_a_megabyte_is_refused(staff):
    version = library.draft()
    typed = people.typed(staff.get(of(version)))

    response = staff.post(of(version), typed | {"section_rows-0-body": "a " * 500_000})

    assert response.status_code == 200
    assert "at most 20000 characters" in response.content.decode()
    assert version.section_rows.first().body == "About what-is-it."


@pytest.mark.parametrize("unit", ["*", "_", "[", "![](", "[a](", "[^a", "- a\n", "ask ", "Medicare ", "\\", "&#", "(a"])
def test_the_longest_text_keeps_nobody_waiting(unit):
    text = (unit * MOST_CHARACTERS)[:MOST_CHARACTERS]
    page = documents.with_section(text)
    start = time.process_time()

    gate.blocks(page, gate.Site(frozenset()))
    gate.advice(page)
    differences(documents.with_section("a " * (MOST_CHARACTERS // 2)), page)

    assert time.process_time() - start < 15  # seconds, on a slow machine; a text of a megabyte took minutes


def test_long_texts_are_compared_in_time():
    words = "word " * (MOST_CHARACTERS // 5)
    start = time.process_time()

    changed = differences(documents.with_section(words), documents.with_section(f"First {words} last"))

    assert time.process_time() - start < 5
    assert "".join(part for part, _ in changed[0].new) == f"First {words} last"


def test_treatments_without_end_keep_nobody_waiting(client, practice):
    asked = ",".join(f"a{number}" for number in range(40_000))
    start = time.process_time()

    response = client.get("/procedures/compare/", {"with": asked})

    assert (response.status_code, time.process_time() - start < 3) == (200, True)


# Addresses


def test_no_page_is_made_at_the_former_address_of_another(staff):
    version = library.approved("first")
    publishing.change_address(version.article, "second")

    response = staff.post(reverse("admin:procedures_article_add"), ADD | {"slug": "first"})

    assert "Another page has this address, or had it." in response.content.decode()
    assert staff.get("/procedures/first/")["Location"] == "/procedures/second/"


def test_no_page_is_made_at_the_address_of_another_in_another_language(staff):
    version = library.approved()

    response = staff.post(reverse("admin:procedures_article_add"), ADD | {"slug": "mild", "language": "es"})

    assert "Another page has this address, or had it." in response.content.decode()
    assert Article.objects.get() == version.article


def test_a_page_in_the_way_of_a_translation_is_named(staff):
    version = library.approved()
    Article.objects.create(slug="mild", language="es", kind="article")  # past the form

    response = staff.post(of(version, "translate"), follow=True)

    assert "There is a page in that language already" in response.content.decode()


@pytest.mark.parametrize("slug", ["", " ", "a b", "x\0", "ÿ", "/", "../admin", "//evil.example", "x" * 51, "x\n"])
def test_no_other_word_becomes_an_address(staff, slug):
    version = library.approved()
    address = reverse("admin:procedures_article_change_address", args=[version.article_id])

    assert staff.post(address, {"slug": slug}).status_code == 302
    version.article.refresh_from_db()
    assert version.article.slug in ("mild", slug.strip())
    assert not FormerSlug.objects.exclude(slug="mild").exists()


# Names


def test_an_editor_puts_no_other_name_under_signed_words(staff):
    version = library.approved()
    address = reverse("admin:practice_clinician_change", args=[version.reviewer_id])
    typed = people.typed(staff.get(address))

    staff.post(address, typed | {"first_name": "Nobel", "last_name": "Winner", "credentials": "MD, PhD", "bio": "New"})

    reviewer = Clinician.objects.get()
    assert (str(reviewer), reviewer.bio) == ("Elena Sample, MD", "New")


# Doors


def address_of(name, version):
    source, picture = library.source("trial"), 1
    pk = {"version": version.pk, "article": version.article_id, "source": source.pk, "picture": picture}
    model = name.partition("_")[0]
    try:
        return reverse(f"admin:procedures_{name}")
    except NoReverseMatch:
        return reverse(f"admin:procedures_{name}", args=[pk[model]])


READERS = {"clinician", "editor", "owner"}
PRESSES = {"submit", "publish_sample", "new_draft", "translate", "start_draft", "change_address"}


@pytest.mark.parametrize("group", GROUPS)
def test_each_group_meets_only_its_own_pages(visitor, practice, group):
    version = library.draft()
    visitor.force_login(people.member(group))

    for name in NAMES_OF_ADMIN:
        address, last = address_of(name, version), name.partition("_")[2]
        read, pressed = visitor.get(address).status_code, visitor.post(address).status_code
        if group not in READERS:
            assert {read, pressed} <= {403, 405, 302 if "picture" in name else 403}, name
        elif group != "editor" and last in PRESSES | {"add", "delete"} and "picture" not in name:
            assert pressed == 403, name
    if group != "editor":
        assert list(Version.objects.values_list("status", "number")) == [("draft", 1)]


def test_nobody_enters_without_signing_in(visitor, practice):
    version = library.draft()

    for name in NAMES_OF_ADMIN:
        for method in (visitor.get, visitor.post, visitor.head):
            answer = method(address_of(name, version))
            assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/admin/login/"), name


PUBLIC = ["/procedures/mild/", "/procedures/mild/for-me/", "/before/mild/", "/before/mild/qr.svg", "/after/mild/"]
PUBLIC += ["/procedures/", "/procedures/compare/", "/search/", "/search/?q=mild", "/robots.txt", "/sitemap.xml"]


@pytest.mark.parametrize("prefix", ["", "/es"])
def test_public_addresses_are_read_only(visitor, practice, prefix):
    library.approved()

    for path in PUBLIC:
        address = path if path.endswith((".txt", ".xml")) else prefix + path
        read, head = visitor.get(address), visitor.head(address)
        assert (read.status_code, head.status_code, head.content) == (200, 200, b""), address
        assert "unsafe" not in read["Content-Security-Policy"]
        if not path.endswith(".xml"):
            others = [visitor.generic(method, address).status_code for method in ("POST", "PUT", "DELETE", "PATCH")]
            assert others == [405] * 4, address


def test_a_link_to_a_draft_is_for_who_has_it(visitor, practice):
    version = library.draft()
    link = previews.path_of(version)
    token = link.split("/")[2]

    answers = [visitor.generic(method, link) for method in ("GET", "HEAD", "POST")]
    forged = [token[:-1], token + "x", token.upper(), token.replace(":", "."), token.split(":")[0], "." + token]
    ended = [visitor.get(f"/preview/{one}/").status_code for one in forged]

    assert [(one.status_code, "no-store" in one["Cache-Control"]) for one in answers] == [
        (200, True), (200, True), (405, True),
    ]  # fmt: skip
    assert token not in answers[0].content.decode().replace(link, "")
    assert "ETag" not in answers[0]
    assert ended == [410] * len(forged)


# Pictures


def cleaned(image):
    file = io.BytesIO()
    image.save(file, "PNG")
    file.size = file.tell()
    return pictures.clean(file)


def test_an_x_ray_of_16_bits_keeps_its_grays():
    row = b"".join(struct.pack("<H", 65535 * x // 499) for x in range(500))

    image = cleaned(Image.frombytes("I;16", (500, 4), row * 4)).image

    assert [image.getpixel((x, 0))[0] for x in (0, 125, 250, 499)] == [0, 64, 128, 255]


def test_a_picture_of_one_line_is_written(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path

    pictures.write(line := cleaned(Image.new("RGB", (6000, 1))))

    with Image.open(pictures.path(line.digest, 400, "jpg")) as image:
        assert image.size == (400, 1)
