import re
from html import unescape

import pytest
import segno

from practice.models import Practice
from practice.services import write_card
from procedures.document import build, draft_of
from procedures.models import FormerSlug
from procedures.services import publishing
from tests.procedures import library

pytestmark = pytest.mark.django_db

FRAME = 4  # practice, its main office, that one's hours, closures
SHEETS = ["/before/mild/", "/after/mild/"]
PAGES = [*SHEETS, "/procedures/mild/for-me/", "/before/mild/qr.svg", "/after/mild/qr.svg"]


@pytest.fixture
def mild(practice):
    return library.sample("mild")


def words(html):
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", html).split()))


def main(response):
    html = response.content.decode()
    return words(html[html.index("<main") : html.index("</main>")])


def days(response):
    """(title, when) of each step."""
    return re.findall(r"<h3>([^<]*)</h3><p class=\"when\">([^<]*?) <", response.content.decode())


# Before


def test_before_tells_the_days_in_words(client, practice):
    version = library.draft()
    version.step_rows.create(order=9, phase="before", day=-1, title="The evening before", text="Eat lightly.")
    publishing.publish_sample(version)

    response = client.get("/before/mild/")

    assert days(response) == [("Two weeks before", "14 days before"), ("The evening before", "1 day before")]
    assert "Tell us your medicines." in main(response)
    assert "Walk a little." not in main(response)


def test_before_warns_of_stopping_medicines_and_says_what_to_bring_and_whom_to_call(client, mild):
    page = main(client.get("/before/mild/"))

    assert "Medicines: do not stop one by yourself This holds for blood thinners above all." in page
    assert "The doctor who prescribed the medicine and the doctor who treats you decide together." in page
    assert "Bring with you" in page
    assert "Call 813-555-0100" in page
    assert "About getting-ready." in page


# After


def test_after_tells_the_days_in_words(client, practice):
    version = library.draft()
    version.step_rows.create(order=9, phase="after", day=7, title="A week later", text="Ask us.")
    publishing.publish_sample(version)

    response = client.get("/after/mild/")

    assert days(response) == [("The days after", "1 day after"), ("A week later", "7 days after")]
    assert "Tell us your medicines." not in main(response)


def test_after_begins_with_the_signs_then_whom_to_call(client, mild):
    page = main(client.get("/after/mild/"))

    places = [page.index(words) for words in ("About going-home.", "Whom to call", "Day by day", "The days after")]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("after_hours", "said"),
    [
        ("A nurse on duty calls you back.", "A nurse on duty calls you back."),
        ("", "Call your own doctor or go to urgent care."),
    ],
)
def test_after_says_whom_to_call_in_hours_and_out_of_hours(client, mild, after_hours, said):
    Practice.objects.update(after_hours=after_hours)

    page = main(client.get("/after/mild/"))

    assert "While we are open: Mon to Fri, 8 a.m. to 5 p.m." in page
    assert f"While we are closed: {said} If it gets worse, call 911 ." in page


def test_sheets_of_a_treatment_that_others_do_lead_to_those(client, practice):
    library.sample(done_here=False)

    before, after = main(client.get("/before/mild/")), main(client.get("/after/mild/"))

    assert "We do not do this treatment. Ask the team that does." in before
    assert "Call the team that treated you, day and night, at the number on their sheet:" in after
    assert "While we are open" not in after


# Both


@pytest.mark.parametrize("address", SHEETS)
def test_sheet_has_the_emergency_signs_its_version_and_its_address(client, mild, address):
    page = main(client.get(address))

    assert "Emergency: call 911" in page
    assert re.search(rf"Version 1, shown since \w+ \d+, \d{{4}}\..* https://practice\.example\.org{address}", page)
    assert "Not yet checked by a clinician." in page


@pytest.mark.parametrize("address", SHEETS)
def test_sheet_cites_only_what_it_shows(client, practice, address):
    version = library.draft()
    for phase in ("before", "after"):
        version.step_rows.create(order=9, phase=phase, day=3, title="Later", text="Rest.[^book]")
    publishing.publish_sample(version)

    html = client.get(address).content.decode()

    assert re.findall(r'<li id="(s\d+)">[^<]*<a [^>]*>(.*?)</a>', html) == [("s1", "Title of book")]
    assert '<sup><a href="#s1">1</a></sup>' in html


def test_sheet_of_a_signed_page_names_who_checked_it(client, practice):
    library.approved()

    for address in SHEETS:
        assert "Checked by Elena Sample, MD, on" in main(client.get(address))


def test_article_leads_to_both_sheets(client, mild):
    html = client.get("/procedures/mild/").content.decode()

    ready = html[html.index('<h2 id="getting-ready">') : html.index('<h2 id="on-the-day">')]
    home = html[html.index('<h2 id="going-home">') : html.index('<h2 id="cost">')]
    assert re.findall(r'href="(/before/[^"]*|/after/[^"]*)"', ready) == ["/before/mild/"]
    assert re.findall(r'href="(/before/[^"]*|/after/[^"]*)"', home) == ["/after/mild/"]


def test_spanish_address_shows_the_english_sheet_and_says_so(client, mild):
    html = client.get("/es/after/mild/").content.decode()

    assert "Esta página todavía no está en español." in html
    assert '<div class="flow" lang="en">' in html


# The QR code


@pytest.mark.parametrize("prefix", ["", "/es"])
@pytest.mark.parametrize("address", SHEETS)
def test_qr_code_holds_the_public_address_of_its_sheet(client, mild, address, prefix):
    response = client.get(f"{prefix}{address}qr.svg")

    wanted = segno.make_qr(f"https://practice.example.org{prefix}{address}", error="m")
    path = re.search(r'<path[^>]* stroke="#000"[^>]* d="([^"]+)"', response.content.decode())[1]
    assert path in wanted.svg_inline(border=4)
    assert (response["Content-Type"], response["Cache-Control"]) == ("image/svg+xml", "public, max-age=86400")


@pytest.mark.parametrize("address", SHEETS)
def test_sheet_shows_its_qr_code(client, mild, address):
    assert re.search(rf'<img src="{address}qr.svg"[^>]* alt="[^"]+"', client.get(address).content.decode())


# Pages that are not there


@pytest.mark.parametrize("address", PAGES)
def test_sheet_of_an_unknown_procedure_is_404(client, practice, address):
    library.draft("mild")
    library.sample("stenosis", "condition")

    assert client.get(address).status_code == 404
    assert client.get(address.replace("mild", "stenosis")).status_code == 404


@pytest.mark.parametrize("address", PAGES)
def test_sheet_without_rows_is_404(client, practice, address):
    version = library.draft()
    version.step_rows.all().delete()
    version.fit_rows.all().delete()
    publishing.show_as_sample(version, build(draft_of(version)))

    assert client.get("/procedures/mild/").status_code == 200
    assert client.get(address).status_code == 404
    assert address not in client.get("/procedures/mild/").content.decode()


@pytest.mark.parametrize("address", PAGES)
def test_sheet_of_a_withdrawn_page_is_410_with_the_phone(client, mild, address):
    publishing.withdraw(mild.article)
    write_card()

    response = client.get(address)

    assert (response.status_code, "813-555-0100" in response.content.decode()) == (410, True)


@pytest.mark.parametrize("address", PAGES)
def test_sheet_of_a_page_that_moved_leads_on(client, mild, address):
    FormerSlug.objects.create(slug="old-mild", article=mild.article)

    response = client.get(address.replace("mild", "old-mild"))

    assert (response.status_code, response["Location"]) == (301, address)


@pytest.mark.parametrize("address", PAGES)
def test_sheets_are_only_for_reading(client, mild, address):
    assert client.post(address).status_code == 405


# Queries and the sitemap


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("address", SHEETS)
def test_sheet_takes_two_queries_beside_the_frame(client, practice, django_assert_num_queries, address, count):
    version = library.draft()
    for number in range(count):
        version.step_rows.create(order=number, phase="before", day=-number, title="Day", text="Rest.[^book]")
        version.step_rows.create(order=number, phase="after", day=number, title="Day", text="Rest.[^book]")
    publishing.publish_sample(version)

    with django_assert_num_queries(FRAME + 2):
        client.get(address)


def test_sitemap_lists_the_sheets_that_there_are(client, mild):
    bare = library.draft("bare")
    bare.step_rows.filter(phase="after").delete()
    publishing.show_as_sample(bare, build(draft_of(bare)))

    locations = re.findall(r"<loc>https://practice.example.org(.*?)</loc>", client.get("/sitemap.xml").content.decode())

    sheets = [path for path in locations if re.match(r"/(before|after)/|.*/for-me/$", path)]
    assert sorted(sheets) == [
        "/after/mild/",
        "/before/bare/",
        "/before/mild/",
        "/procedures/bare/for-me/",
        "/procedures/mild/for-me/",
    ]
    assert {client.get(path).status_code for path in sheets} == {200}
