"""The pages about us: offices, teaching, how we write, notices."""

import datetime
import io
import json
import re

import pytest
import time_machine
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command

from apollo_site.management.commands.seed import CONTENT, read, read_folder
from practice.models import Closure, HelpLanguage, Location, Notice, Practice
from practice.starter import load_notice, load_practice
from tests.factories import ClinicianFactory, LocationFactory

pytestmark = pytest.mark.django_db

FRAME = 4  # practice, its main office, that one's hours, closures
FRIDAY_NOON = datetime.datetime(2026, 11, 20, 17, 0, tzinfo=datetime.UTC)
SCRIPT = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.DOTALL)


def text(response):
    """The words of the page, tags and data left out."""
    return " ".join(re.sub(r"<[^>]+>", " ", SCRIPT.sub("", response.content.decode())).split())


def add_notice(slug="privacy-practices", **fields):
    defaults = {"title": "Your records", "summary": "Short.", "body": "Long.", "effective_on": "2026-11-20"}
    return Notice.objects.create(slug=slug, **defaults | fields)


@pytest.fixture
def starter():
    """The practice and the notices as `seed` loads them, without the articles."""
    load_practice(read(CONTENT / "practice.toml"))
    for data in read_folder("notices"):
        load_notice(data)


# Outside opening hours

CLOSED = "We are closed now. We open Monday at 8 a.m. In an emergency call 911."


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("/", CLOSED),
        ("/urgent/", CLOSED),
        ("/appointments/request/", CLOSED),
        ("/es/urgent/", "Ahora estamos cerrados. Abrimos el lunes a las 8 a.\xa0m. En una emergencia llame al 911 ."),
    ],
)
def test_pages_say_beside_the_phone_that_nobody_answers_now(client, practice, address, says):
    with time_machine.travel(FRIDAY_NOON + datetime.timedelta(hours=5)):  # closing time
        closed = header_of(client.get(address))
    with time_machine.travel(FRIDAY_NOON):
        is_open = header_of(client.get(address))

    assert says.replace(" .", ".") in closed
    assert says[:10] not in is_open


def header_of(response):
    header = response.content.decode().partition("</header>")[0].partition('<div class="reach">')[2]
    return " ".join(re.sub(r"<[^>]+>", "", header).replace("\n", " ").split(" "))


@time_machine.travel(FRIDAY_NOON + datetime.timedelta(hours=5))
def test_the_start_of_the_form_says_it_beside_its_own_number(client, practice):
    page = client.get("/appointments/request/").content.decode()

    assert "We are closed now." in page.partition("<main")[2].partition("Not for emergencies")[0]


# Offices


@time_machine.travel(FRIDAY_NOON)
def test_location_tells_how_to_come_and_when(client, practice):
    Practice.objects.update(after_hours="A nurse calls you back.")
    Location.objects.update(
        fax="+18135550101", parking="In front.", access="No steps.", directions="Take the first right."
    )

    page = text(client.get("/locations/main-office/"))

    for words in (
        "100 Sample Plaza Sun City Center, FL 33573",
        "Phone 813-555-0100",
        "Fax 813-555-0101",
        "Open Mon to Fri, 8 a.m. to 5 p.m.",
        "When closed A nurse calls you back.",
        "Take the first right.",
        "Parking In front.",
        "No steps.",
        "Thursday, November 26, 2026: Thanksgiving Day",
    ):
        assert words in page


@time_machine.travel(FRIDAY_NOON)
def test_location_lists_its_own_closures_that_are_not_over(client, practice):
    other = LocationFactory(slug="other", order=9)
    for reason, location, day in (
        ("Over.", None, "2026-11-19"),
        ("Everywhere, far ahead.", None, "2027-03-01"),
        ("Here.", Location.objects.get(slug="main-office"), "2027-02-01"),
        ("Elsewhere.", other, "2027-02-01"),
    ):
        Closure.objects.create(location=location, starts_on=day, ends_on=day, reason=reason)

    page = text(client.get("/locations/main-office/"))

    assert [reason for reason in ("Over.", "Everywhere", "Here.", "Elsewhere.") if reason in page] == [
        "Everywhere",
        "Here.",
    ]


@pytest.mark.parametrize(("map_alt", "drawn"), [("A road & a <door>.", True), ("", False)])
def test_location_shows_its_map_once_it_is_told_in_words(client, practice, map_alt, drawn):
    Location.objects.update(slug="sun-city-center", map_alt=map_alt)

    html = client.get("/locations/sun-city-center/").content.decode()

    assert ('role="img" aria-label="A road &amp; a &lt;door&gt;."' in html) is drawn
    assert ("img/maps/sun-city-center.svg#map" in html) is drawn


def test_location_stands_without_a_map_that_nobody_has_drawn(client, practice, settings, tmp_path):
    Location.objects.update(map_alt="A map.")
    settings.STATIC_ROOT = tmp_path  # the strict storage of production, with nothing collected
    storage = {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}

    settings.STORAGES = settings.STORAGES | {"staticfiles": storage}
    assert Location.objects.get().map_url == ""


@pytest.mark.parametrize(
    "path", sorted((settings.BASE_DIR / "static/img/maps").glob("*.svg")), ids=lambda path: path.stem
)
def test_map_has_the_group_that_the_page_asks_for(path):
    drawing = path.read_text()

    assert ('<g id="map">' in drawing, 'viewBox="0 0 480 320"' in drawing) == (True, True)
    assert not re.search(r"<style|<script|style=|#[0-9a-fA-F]{3,6}\b", drawing)  # colours are the tokens of the page


@time_machine.travel(FRIDAY_NOON)
def test_location_tells_machines_its_hours_and_closures(client, practice):
    Closure.objects.create(starts_on="2027-02-01", ends_on="2027-02-02", reason="A course.")

    html = client.get("/locations/main-office/").content.decode()
    office, clinic, way = json.loads(SCRIPT.search(html)[1])["@graph"]

    assert (office["@type"], office["name"], office["telephone"]) == ("MedicalClinic", "Main office", "813-555-0100")
    assert office["parentOrganization"] == {"@id": clinic["@id"]}
    assert office["openingHoursSpecification"] == [
        {"@type": "OpeningHoursSpecification", "dayOfWeek": day, "opens": "08:00", "closes": "17:00"}
        for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
    ]
    closed = [(row["validFrom"], row["validThrough"]) for row in office["specialOpeningHoursSpecification"]]
    assert closed[:2] == [("2027-02-01", "2027-02-02"), ("2026-11-26", "2026-11-26")]
    assert {(row["opens"], row["closes"]) for row in office["specialOpeningHoursSpecification"]} == {("00:00", "00:00")}
    assert [item["name"] for item in way["itemListElement"]] == ["Home", "About us", "Main office"]


def test_name_of_an_office_cannot_end_the_data(client, practice):
    Location.objects.update(name="</script><script>alert(1)</script>")

    html = client.get("/locations/main-office/").content.decode()

    assert re.findall(r"<script[^>]*>", html) == ['<script type="application/ld+json">']
    assert json.loads(SCRIPT.search(html)[1])["@graph"][0]["name"] == "</script><script>alert(1)</script>"


@pytest.mark.parametrize("count", [1, 3])
def test_location_takes_three_queries_beside_the_frame(client, practice, django_assert_num_queries, count):
    for number in range(count):
        LocationFactory(slug=f"office-{number}", hours=True, order=number + 1)
        Closure.objects.create(starts_on="2098-01-01", ends_on="2098-01-02", reason="A course.")

    with django_assert_num_queries(FRAME + 3):
        client.get("/locations/main-office/")


# About us


@pytest.mark.parametrize("count", [1, 3])
def test_about_takes_three_queries_beside_the_frame(client, practice, django_assert_num_queries, count):
    for number in range(count):
        LocationFactory(slug=f"office-{number}", hours=True, order=number + 1)
        ClinicianFactory(slug=f"clinician-{number}")

    with django_assert_num_queries(FRAME + 3):
        html = client.get("/about/").content.decode()

    assert html.count('<a href="/clinicians/clinician-') == html.count('<a href="/locations/office-') == count


@pytest.mark.parametrize(("affiliation", "status"), [("Fellows of Sample University train here.", 200), ("", 404)])
def test_teaching_is_told_only_where_fellows_train(client, practice, affiliation, status):
    Practice.objects.update(affiliation=affiliation)

    assert client.get("/about/teaching/").status_code == status
    assert ('"/about/teaching/"' in client.get("/about/").content.decode()) is (status == 200)
    assert ("/about/teaching/" in client.get("/sitemap.xml").content.decode()) is (status == 200)


def test_teaching_says_that_one_may_say_no_and_whom_to_tell(client, practice):
    Practice.objects.update(affiliation="Fellows of Sample University train here.")

    page = text(client.get("/about/teaching/"))

    assert "You may say no to a fellow, and you will still get your care." in page
    assert "Before your visit: call 813-555-0100" in page


@pytest.mark.parametrize("samples", [True, False])
def test_how_we_write_says_whether_samples_are_shown(client, practice, samples):
    Practice.objects.update(sample_content=samples)

    assert ("This site is on trial right now" in text(client.get("/about/how-we-write/"))) is samples


@pytest.mark.parametrize("address", ["/about/how-we-write/", "/about/teaching/"])
def test_a_page_of_words_takes_no_query_beside_the_frame(client, practice, django_assert_num_queries, address):
    Practice.objects.update(affiliation="Fellows of Sample University train here.")

    with django_assert_num_queries(FRAME):
        client.get(address)


# Notices


def test_notice_says_since_when_it_is_in_force(client, practice):
    add_notice()

    page = text(client.get("/notices/privacy-practices/"))

    assert "In force since November 20, 2026." in page
    assert "https://practice.example.org/notices/privacy-practices/" in page  # on paper
    assert "sample wording" not in page


def test_sample_notice_says_that_a_lawyer_must_replace_it(client, practice):
    add_notice(is_sample=True)

    assert "This is sample wording. The practice’s lawyer must check it" in text(
        client.get("/notices/privacy-practices/")
    )


@pytest.mark.parametrize(
    ("slug", "address"),
    [
        ("privacy", "/privacy/"),
        ("accessibility", "/accessibility/"),
        ("costs", "/costs/"),
        ("patient-rights", "/notices/patient-rights/"),
    ],
)
def test_notice_has_one_address(client, practice, slug, address):
    add_notice(slug)

    response = client.get(f"/notices/{slug}/", follow=True)

    assert response.redirect_chain == ([] if address.startswith("/notices/") else [(address, 301)])
    assert f'<link rel="canonical" href="https://practice.example.org{address}">' in response.content.decode()
    assert f'<a href="{address}">Your records</a>' in client.get("/notices/").content.decode()


def test_notice_is_in_the_language_of_the_reader_or_else_in_english_and_says_so(client, practice):
    add_notice(title="Your records")
    add_notice(title="Sus registros", language="es")
    add_notice("costs", title="What it costs")

    assert "Sus registros" in text(client.get("/es/notices/privacy-practices/"))
    assert "Sus registros" not in text(client.get("/notices/privacy-practices/"))
    fallback = client.get("/es/costs/").content.decode()
    assert '<h1 lang="en">What it costs</h1>' in fallback
    cards = re.search(r'<ul class="cards">.*?</ul>', client.get("/es/notices/").content.decode(), re.DOTALL)[0]
    assert re.findall(r'<li( lang="en")?><a href="([^"]*)">', cards) == [
        ("", "/es/notices/privacy-practices/"),
        (' lang="en"', "/es/costs/"),
    ]


def test_notice_that_is_not_there_is_404(client, practice):
    assert client.get("/notices/none/").status_code == 404


def test_language_help_lists_each_language_in_its_own_name(client, practice):
    add_notice(Notice.LANGUAGES_SLUG, is_sample=True)
    add_notice()
    HelpLanguage.objects.create(code="es", own_name="Español", english_name="Spanish", text="Ayuda & <más>")
    HelpLanguage.objects.create(code="ar", own_name="العربية", english_name="Arabic", is_right_to_left=True)

    html = client.get("/notices/language-assistance/").content.decode()

    assert '<span lang="es">Español</span>' in html
    assert '<p lang="es">Ayuda &amp; &lt;más&gt;</p>' in html
    assert '<span lang="ar" dir="rtl">العربية</span>' in html
    assert html.count("The translation by HHS goes here.") == 1
    assert "العربية" not in client.get("/notices/privacy-practices/").content.decode().split("<footer")[0]


@pytest.mark.parametrize("count", [1, 3])
def test_notices_take_one_query_beside_the_frame(client, practice, django_assert_num_queries, count):
    for number in range(count):
        add_notice(f"notice-{number}")

    with django_assert_num_queries(FRAME + 1):
        assert client.get("/notices/").content.decode().count("In force since") == count
    with django_assert_num_queries(FRAME + 1):
        client.get("/notices/notice-0/")


@pytest.mark.parametrize("count", [1, 3])
def test_language_help_takes_two_queries_beside_the_frame(client, practice, django_assert_num_queries, count):
    add_notice(Notice.LANGUAGES_SLUG)
    for number in range(count):
        HelpLanguage.objects.create(code=f"x-{number}", own_name="Own", english_name=f"Language {number}")

    with django_assert_num_queries(FRAME + 2):
        client.get("/notices/language-assistance/")


# The starter content


def test_home_links_the_notices_that_law_wants_there_and_each_link_leads_to_its_page(client, starter):
    html = client.get("/").content.decode()

    links = dict(re.findall(r'<a href="(/(?:notices|costs|privacy|accessibility)/[^"]*)">([^<]+)</a>', html))
    assert links == {
        "/costs/": "Costs",
        "/notices/privacy-practices/": "HIPAA privacy notice",
        "/notices/nondiscrimination/": "Nondiscrimination",
        "/notices/language-assistance/": "Language help",
        "/privacy/": "Website privacy",
        "/accessibility/": "Accessibility",
        "/notices/": "All notices",
    }
    assert {client.get(address).status_code for address in links} == {200}


def test_every_starter_notice_is_a_sample_that_names_what_it_rests_on(starter):
    notices = Notice.objects.all()

    assert [notice.slug for notice in notices if not notice.is_sample] == []
    assert [notice.slug for notice in notices if "## What this rests on" not in notice.body] == ["privacy"]


def test_links_within_starter_notices_lead_somewhere(client):
    call_command("seed", stdout=io.StringIO())

    links = {link for notice in Notice.objects.all() for link in re.findall(r"\]\((/[^)#]*)", notice.body)}

    assert "/notices/good-faith-estimate/" in links
    assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)


def test_starter_languages_are_fifteen_and_no_program_has_translated_for_them(starter):
    assert (HelpLanguage.objects.count(), set(HelpLanguage.objects.values_list("text", flat=True))) == (15, {""})


def test_starter_office_has_the_map_that_it_tells_of(client, starter):
    place = Location.objects.get()

    assert place.map_alt
    assert finders.find(f"img/maps/{place.slug}.svg")


def test_costs_say_the_condition_of_medicare_with_source_and_date(client, starter):
    html = client.get("/costs/").content.decode()

    assert "Medicare pays for MILD only in a study that Medicare has approved." in " ".join(html.split())
    assert "NCDId=358" in html
    assert "Checked on November 20, 2026." in " ".join(html.split())
