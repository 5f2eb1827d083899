"""A file of practices: what each line would do, and then just that; seen first, all or nothing, and verified never."""

import csv
import datetime
import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from appointments.models import ContactPoint, ContactPointEvent, Physician, ReferringPractice
from appointments.services import directory_csv
from appointments.services.rights import NoRight
from tests.appointments.desk import sign_in
from tests.appointments.test_directory import text_of
from tests.factories import ContactPointFactory, PhysicianFactory, ReferringPracticeFactory, UserFactory

pytestmark = pytest.mark.django_db
IMPORT = "/admin/appointments/referringpractice/import/"
PAULA = {
    "practice": "Pattern Family Medicine",
    "zip": "33570",
    "first_name": "Paula",
    "last_name": "Pattern",
    "npi": "1234567893",
    "fax": "813-555-0150",
}
MORE = {
    "street": "1 Sample St",
    "city": "Ruskin",
    "state": "fl",
    "credentials": "MD",
    "phone": "(813) 555-0177",
    "email": "Office@Example.org",
    "direct": "pattern@direct.example.org",
}


def file_of(*rows, columns=directory_csv.COLUMNS, delimiter=","):
    written = io.StringIO()
    writer = csv.DictWriter(written, columns, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def looked(*rows):
    return [(row.what.value, list(row.notes)) for row in directory_csv.look(file_of(*rows))]


def taken(*rows):
    text = file_of(*rows)
    by = UserFactory(group="referral coordinator")
    results = directory_csv.take_in(text, seen=directory_csv.signature(directory_csv.look(text)), by=by)
    return [row.what.value for row in results]


def everything():
    """Each practice with its physicians and contact points, as they are stored."""
    return [
        (
            practice.name,
            practice.zip_code,
            sorted(practice.physicians.values_list("first_name", "last_name", "npi")),
            sorted(practice.contact_points.values_list("kind", "value", "verified_value")),
        )
        for practice in ReferringPractice.objects.order_by("name", "pk")
    ]


# What is there afterwards


def test_a_line_adds_a_practice_a_physician_and_its_contact_points_unverified():
    assert taken(PAULA | MORE) == ["new"]

    practice = ReferringPractice.objects.get()
    assert (practice.street, practice.city, practice.state) == ("1 Sample St", "Ruskin", "FL")
    assert everything() == [
        (
            "Pattern Family Medicine",
            "33570",
            [("Paula", "Pattern", "1234567893")],
            [
                ("direct", "pattern@direct.example.org", ""),
                ("email", "office@example.org", ""),
                ("fax", "+18135550150", ""),
                ("phone", "+18135550177", ""),
            ],
        )
    ]
    assert list(ContactPointEvent.objects.values_list("what", flat=True)) == ["added"] * 4


def test_taking_it_in_once_more_changes_nothing():
    rows = [PAULA | MORE, PAULA | {"first_name": "Rita", "npi": ""}, {"practice": "Other", "phone": "8135550188"}]
    taken(*rows)
    before = everything()

    assert (taken(*rows), everything() == before) == (["same"] * 3, True)
    assert ContactPointEvent.objects.count() == 5


def test_two_lines_of_a_practice_are_one_practice():
    assert taken(PAULA, PAULA | {"first_name": "Rita", "npi": "1003000126"}) == ["new", "changes"]
    assert [(name, len(people)) for name, __, people, __ in everything()] == [("Pattern Family Medicine", 2)]


def test_a_verified_number_stays_verified():
    fax = ContactPointFactory(verified=True)

    taken(PAULA)

    assert ContactPoint.objects.get() == fax
    assert ContactPoint.objects.get().verified_value == "+18135550150"


# What a line is matched by


@pytest.mark.parametrize(
    ("row", "result"),
    [
        (PAULA, ("same", [])),
        (PAULA | {"practice": "PATTERN family medicine", "zip": "33570-1234"}, ("changes", ["ZIP code changes"])),
        (PAULA | {"zip": "33573"}, ("changes", ["ZIP code changes"])),  # by the NPI
        (PAULA | {"first_name": "Pauline"}, ("changes", ["first name changes"])),
        (PAULA | {"npi": "", "zip": "33573", "fax": "8135550150"}, ("changes", ["ZIP code changes"])),  # by the fax
        (PAULA | {"npi": "", "fax": "8135550151"}, ("changes", ["new fax"])),  # by name and ZIP code
        (PAULA | {"npi": "1003000126"}, ("changes", ["new physician"])),  # of the same name
        ({"practice": "Pattern Family Medicine", "zip": "33570"}, ("same", [])),
        ({"practice": "Pattern Family Medicine", "zip": "33573"}, ("new", [])),
        (
            PAULA | {"practice": "Other"},
            ("error", ["The NPI or a number stands in the directory under another name: Pattern Family Medicine."]),
        ),
        (
            PAULA | {"last_name": "Other"},
            ("error", ["The NPI or a number stands in the directory under another name: Paula Pattern, MD."]),
        ),
        (
            {"practice": "Other", "fax": "8135550150"},
            ("error", ["The NPI or a number stands in the directory under another name: Pattern Family Medicine."]),
        ),
    ],
)
def test_a_line_is_matched_by_npi_then_name_and_zip_then_number(row, result):
    PhysicianFactory(practice=ContactPointFactory().practice)

    assert looked(row) == [result]


def test_an_npi_is_added_to_a_physician_who_had_none():
    physician = PhysicianFactory(npi=None)

    assert taken(PAULA) == ["changes"]

    physician.refresh_from_db()
    assert (physician.npi, Physician.objects.count()) == ("1234567893", 1)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"practice": ""}, "practice: The name of the practice is missing."),
        ({"npi": "1234567890"}, "npi: This is no NPI: ten digits, of which the last one checks the others."),
        ({"fax": "813"}, "fax: 7 digits are missing. A phone number has 10 digits, like 813‑555‑0142."),
        ({"fax": "813-555-0150 x1"}, "fax: A fax machine cannot dial an extension. Please leave it out."),
        ({"email": "x"}, "email: This does not look like an e-mail address. It should look like name@example.com."),
        ({"zip": "3357"}, "zip: A ZIP code has 5 digits, like 33573."),
        ({"state": "ßß"}, "state: A state has two letters."),  # four in capitals
        ({"state": "Florida"}, "state: This has 7 characters. Please use 2 at most."),
        ({"first_name": ""}, "A physician needs a first and a last name."),
        ({"first_name": "", "last_name": ""}, "A physician needs a first and a last name."),
        (
            {"practice": "a\0b"},
            "practice: Something in this answer could not be read, and we took it out. Please check it.",
        ),
        (
            {"street": "a\u202eb"},
            "street: There is a hidden sign in this text that changes the reading direction. Please type it again.",
        ),
    ],
)
def test_a_line_with_a_mistake_is_left_out_with_its_reason(changes, reason):
    assert looked(PAULA | changes) == [("error", [reason])]

    assert taken(PAULA | changes, {"practice": "Other"}) == ["error", "new"]
    assert [name for name, *__ in everything()] == ["Other"]


def test_a_line_in_error_leaves_nothing_behind_for_the_next():
    assert looked(PAULA | {"email": "x"}, PAULA) == [
        ("error", ["email: This does not look like an e-mail address. It should look like name@example.com."]),
        ("new", ["new physician", "new fax"]),
    ]


def test_lines_are_counted_as_in_the_file():
    text = file_of(PAULA | {"street": "1 Sample St\nSuite 2"}, PAULA | {"npi": "1"}).replace("\r\n", "\r\n\r\n")

    assert [(row.line, row.what) for row in directory_csv.look(text)] == [(4, "error"), (6, "error")]


# Shapes of files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_commas_semicolons_and_the_mark_of_excel_are_read(encoding, delimiter):
    columns = ["Practice ", "FAX"]
    text = file_of({"Practice ": "Müller; Söhne, MD", "FAX": "8135550150"}, columns=columns, delimiter=delimiter)

    [row] = directory_csv.look(directory_csv.text_of(text.encode(encoding)))

    assert (row.practice, row.what, row.notes) == ("Müller; Söhne, MD", "new", ("new fax",))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "The first line must name the columns"),
        (b"\n\n", "The first line must name the columns"),
        (b"name,fax\nx,y", "Unknown: name."),
        (b"practice,practice\nx,y", "each once"),
        (b"practice,,\nx", "Unknown: “ ”, “ ”."),
        (b"practice\n", "There is no line below the heading."),
        (b"practice\n\n , \n", "There is no line below the heading."),
        ("practice\nMüller".encode("latin-1"), "The file is not in UTF-8."),
        (b"\xff\xfep\0r\0", "The file is not in UTF-8."),
        (b"practice\n" + b"x" * 200_000, "The file is not a table that can be read."),
        (b"practice\n" + b"x\n" * 5_001, "more than 5,000 lines"),
        (b"practice\n" + b"x" * 2_000_000, "larger than 2 MB"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_file_that_cannot_be_read_is_told(content, says):
    with pytest.raises(directory_csv.FileError) as refused:
        directory_csv.look(directory_csv.text_of(content))

    assert says in refused.value.says


def test_a_line_with_too_many_cells_is_left_out():
    [row] = directory_csv.look("practice,fax\nOther,8135550150,x")

    assert (row.what, row.notes) == ("error", ("There are more cells than columns.",))


@pytest.mark.parametrize("many", [1, 300])
def test_looking_takes_as_many_queries_for_many_lines(many, django_assert_num_queries):
    text = file_of(*({"practice": f"Practice {number}", "fax": f"813555{number:04}"} for number in range(many)))

    with django_assert_num_queries(3):
        assert len(directory_csv.look(text)) == many


# Seen first


def test_nobody_else_takes_a_file_in():
    text = file_of(PAULA)

    with pytest.raises(NoRight):
        directory_csv.take_in(
            text, seen=directory_csv.signature(directory_csv.look(text)), by=UserFactory(group="scheduler")
        )
    assert everything() == []


def test_what_was_not_seen_is_not_done():
    text = file_of(PAULA)
    seen = directory_csv.signature(directory_csv.look(text))
    ReferringPracticeFactory()  # meanwhile

    with pytest.raises(directory_csv.LooksDifferent) as told:
        directory_csv.take_in(text, seen=seen, by=UserFactory(group="supervisor"))

    assert [row.what for row in told.value.results] == ["changes"]
    assert (Physician.objects.count(), ContactPoint.objects.count()) == (0, 0)


def test_somebody_who_wrote_the_same_at_this_moment_is_told_of(monkeypatch):
    text = file_of(PAULA)
    seen = directory_csv.signature(directory_csv.look(text))
    save = directory_csv._Plan.save

    def late(plan, by):
        PhysicianFactory(practice=ReferringPracticeFactory(name="Quick"))
        save(plan, by)

    monkeypatch.setattr(directory_csv._Plan, "save", late)

    with pytest.raises(directory_csv.LooksDifferent):
        directory_csv.take_in(text, seen=seen, by=UserFactory(group="supervisor"))
    assert everything() == []


# In the admin


def upload(client, text):
    return client.post(
        IMPORT, {"file": SimpleUploadedFile("x.csv", text if isinstance(text, bytes) else text.encode())}
    )


def signed_in(response):
    return re.search(r'name="signed" value="([^"]+)"', response.content.decode())[1]


@pytest.fixture
def coordinator(client, practice):
    return sign_in(client, "referral coordinator")


def test_what_is_wrong_with_a_line_is_parted_by_more_than_a_comma(client, coordinator):
    page = text_of(upload(client, file_of(PAULA | {"zip": "3357", "fax": "813-555"})))

    assert len(re.findall(r"zip: [^·.]+\. · fax: [^·.]+\.", page)) == 2  # above the table and in it


def test_a_file_is_looked_at_and_then_taken_in(client, coordinator):
    preview = upload(client, file_of(PAULA, PAULA | {"npi": "1"}, {"practice": "=HYPERLINK(1)<script>"}))

    page = text_of(preview)
    assert "2 new, 0 with changes, 0 as before, 1 to be left out. Nothing is saved yet." in page
    assert "Line 3 (Pattern Family Medicine): npi: This is no NPI" in page.replace(" )", ")").replace(" :", ":")
    assert ("Import these, leave out the rest" in page, everything()) == (True, [])
    assert "<script>" not in preview.content.decode().partition('id="content-main"')[2]

    done = client.post(IMPORT, {"signed": signed_in(preview)}, follow=True)

    assert "Taken in: 2 new, 0 with changes, 0 as before. 1 left out." in text_of(done)
    assert [name for name, *__ in everything()] == ["=HYPERLINK(1)<script>", "Pattern Family Medicine"]


def test_nothing_of_the_file_stands_in_the_session(client, coordinator):
    upload(client, file_of(PAULA))

    assert "Pattern" not in str(dict(client.session))


def test_a_second_press_changes_nothing_and_says_so(client, coordinator):
    signed = signed_in(upload(client, file_of(PAULA)))

    answers = [client.post(IMPORT, {"signed": signed}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 409]
    assert "Somebody changed the directory meanwhile, and nothing was saved." in text_of(answers[1])
    assert len(everything()) == 1


def test_a_changed_or_foreign_preview_is_refused(client, coordinator):
    signed = signed_in(upload(client, file_of(PAULA)))

    assert client.post(IMPORT, {"signed": signed[:-1] + "x"}).status_code == 400
    assert client.post(IMPORT, {"signed": "\0"}).status_code == 400
    sign_in(client, "supervisor")
    assert client.post(IMPORT, {"signed": signed}).status_code == 400
    assert everything() == []


def test_after_an_hour_the_file_is_chosen_again(client, coordinator, time_machine):
    signed = signed_in(upload(client, file_of(PAULA)))
    time_machine.move_to(timezone.now() + datetime.timedelta(seconds=3602))

    response = client.post(IMPORT, {"signed": signed})

    assert (response.status_code, "An hour has passed." in text_of(response), everything()) == (422, True, [])


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "Choose a file."),
        ({"file": "x"}, "Choose a file."),
        ({"file": b""}, "The first line must name the columns"),
    ],
)
def test_without_a_file_one_is_asked_for(client, coordinator, data, sentence):
    response = upload(client, data["file"]) if data.get("file") == b"" else client.post(IMPORT, data)

    assert (response.status_code, sentence in text_of(response)) == (422, True)


def test_the_template_is_a_file_that_the_reader_knows(client, coordinator):
    template = client.get(f"{IMPORT}template.csv").content

    text = directory_csv.text_of(template) + "Other" + "," * (len(directory_csv.COLUMNS) - 1)
    assert [row.what for row in directory_csv.look(text)] == ["new"]


@pytest.mark.parametrize("group", ["scheduler", "clinician", "editor", "auditor", None])
def test_the_import_is_closed_to_other_groups(client, practice, group):
    sign_in(client, group)

    assert {client.get(address).status_code for address in (IMPORT, f"{IMPORT}template.csv")} == {403}
    assert upload(client, file_of(PAULA)).status_code == 403


def test_the_largest_file_fits_through_the_pages(client, coordinator):
    rows = ({"practice": f"Practice {number}", "street": f"{number} Sample Street " * 9} for number in range(5000))

    preview = upload(client, file_of(*rows))
    done = client.post(IMPORT, {"signed": signed_in(preview)})

    assert (preview.status_code, done.status_code, ReferringPractice.objects.count()) == (200, 302, 5000)
