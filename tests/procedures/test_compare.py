import re
from html import unescape

import pytest

from practice.models import Practice
from procedures.document import build, draft_of
from procedures.models import Source
from procedures.services import publishing
from tests.procedures import library

pytestmark = pytest.mark.django_db

FRAME = 4  # practice, its main office, that one's hours, closures
ALL = ("mild", "shot", "therapy", "surgery", "heat")


@pytest.fixture
def stenosis(practice):
    return treatment("stenosis", kind="condition", facts={"what-it-is": "You wait.[^book]", "studies": "It varies."})


def treatment(slug, *, conditions=(), facts=None, kind="procedure"):
    """A sample page with those facts, as one that was frozen when the gate let more through; `conditions`: versions."""
    version = library.draft(slug, kind, short_title=slug.title(), title=f"All about {slug}")
    version.article.conditions.set(condition.article for condition in conditions)
    version.fact_rows.all().delete()
    for order, (fact, value) in enumerate((facts or {"what-it-is": f"What {slug} is.[^trial]"}).items()):
        version.fact_rows.create(kind=fact, value=value, order=order)
    publishing.show_as_sample(version, build(draft_of(version)))
    return version


def words(html):
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", html).split()))


def cells(response, line):
    """The words of the row that begins with `line`."""
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</th>(.*?)</tr>", response.content.decode(), re.DOTALL)
    [row] = [row for label, row in rows if label == line]
    return [words(cell) for cell in re.findall(r"<td [^>]*>(.*?)</td>", row, re.DOTALL)]


def shown(response):
    """The names of the columns; [] without a table."""
    return [words(name) for name in re.findall(r'<th scope="col">(.*?)</th>', response.content.decode())][1:]


def told(response):
    """What the page says was wrong."""
    return re.findall(r'<a href="#id_with_0">(.*?)</a>', unescape(response.content.decode()))


# The table


def test_table_has_a_column_per_treatment_and_one_for_doing_nothing(client, stenosis):
    treatment("mild", conditions=[stenosis])
    treatment("shot", conditions=[stenosis])

    response = client.get("/procedures/compare/?with=shot,mild")

    assert shown(response) == ["Doing nothing for now", "Shot", "Mild"]
    assert cells(response, "What it is") == ["You wait. 1", "What shot is. 2", "What mild is. 2"]
    assert cells(response, "Its page") == ["All about stenosis", "All about shot", "All about mild"]


def test_table_has_every_compared_line_in_order(client, stenosis):
    treatment("mild", conditions=[stenosis])
    treatment("shot", conditions=[stenosis])

    html = client.get("/procedures/compare/?with=shot,mild").content.decode()

    assert [words(label) for label in re.findall(r'<th scope="row">(.*?)</th>', html)] == [
        "Its page",
        "What it is",
        "For",
        "Opening",
        "Time",
        "Sleep?",
        "Going home",
        "Back to usual",
        "Left inside",
        "Surgery later?",
        "What studies found",
        "Main risk",
        "How often",
        "Medicare",
        "Who checked it",
    ]


def test_cell_without_a_fact_or_without_a_source_is_not_known(client, stenosis):
    treatment("mild", conditions=[stenosis], facts={"time": "An hour.", "main-risk": "Bleeding.[^trial]"})
    treatment("shot", conditions=[stenosis])

    response = client.get("/procedures/compare/?with=mild,shot")

    assert cells(response, "Surgery later?") == ["Not known"] * 3
    assert cells(response, "What studies found") == ["Not known"] * 3  # the condition's fact names no source
    assert cells(response, "Main risk") == ["Not known", "Bleeding. 2", "Not known"]


def test_sources_of_all_pages_are_numbered_once_in_the_order_of_reading(client, stenosis):
    treatment("mild", conditions=[stenosis], facts={"for": "A.[^trial]", "time": "B.[^book]"})
    treatment("shot", conditions=[stenosis], facts={"for": "C.[^book][^trial]"})

    response = client.get("/procedures/compare/?with=mild,shot")

    html = response.content.decode()
    assert cells(response, "For") == ["Does not apply", "A. 2", "C. 1 2"]
    assert re.findall(r'<li id="(s\d)">[^<]*<a [^>]*>(.*?)</a>', html) == [
        ("s1", "Title of book"),
        ("s2", "Title of trial"),
    ]
    assert "[^" not in html


def test_source_is_shown_as_the_register_has_it_today(client, practice):
    library.source("trial", checked_on="2026-01-01", expires_on="2026-11-01")
    treatment("mild")
    treatment("shot")
    address = "/procedures/compare/?with=mild,shot"
    assert "Checked Jan 1, 2026. Due to be checked again." in words(client.get(address).content.decode())

    Source.objects.filter(key="trial").update(checked_on="2027-02-03", expires_on="2099-01-01")

    page = words(client.get(address).content.decode())
    assert ("Checked Feb 3, 2027." in page, "Due to be checked" in page) == (True, False)


def test_source_that_was_checked_last_is_shown_when_the_register_has_lost_it(client, stenosis):
    treatment("mild", conditions=[stenosis])
    Source.objects.filter(key="trial").update(checked_on="2027-02-03")
    treatment("shot", conditions=[stenosis])
    Source.objects.all().delete()

    for order in ("mild,shot", "shot,mild"):
        assert "Checked Feb 3, 2027." in words(client.get(f"/procedures/compare/?with={order}").content.decode())


def test_every_column_says_whether_it_was_checked(client, practice):
    library.approved("mild")
    library.approved("shot")

    response = client.get("/procedures/compare/?with=mild,shot")

    nothing, mild, shot = cells(response, "Who checked it")
    assert nothing == "Not known"
    assert mild.startswith("Checked by Elena Sample, MD, on")
    assert shot.startswith("Checked by Elena Sample, MD, on")


def test_sample_says_that_nobody_has_checked_it(client, stenosis):
    treatment("mild", conditions=[stenosis])
    treatment("shot", conditions=[stenosis])

    checked = cells(client.get("/procedures/compare/?with=mild,shot"), "Who checked it")

    assert checked == ["Written by Starter content. Not yet checked by a clinician."] * 3


# Doing nothing for now


def test_doing_nothing_has_no_opening_and_takes_no_time_unless_its_page_says_so(client, stenosis):
    sciatica = treatment("sciatica", kind="condition", facts={"repeat": "See us each year.[^book]"})
    treatment("mild", conditions=[sciatica])
    treatment("shot", conditions=[sciatica])

    response = client.get("/procedures/compare/?with=mild,shot")

    assert cells(response, "Opening") == ["Does not apply", "Not known", "Not known"]
    assert cells(response, "How often") == ["See us each year. 2", "Not known", "Not known"]


def test_doing_nothing_is_not_known_where_no_condition_is_shared(client, stenosis):
    treatment("mild", conditions=[stenosis])
    treatment("shot")

    response = client.get("/procedures/compare/?with=mild,shot")

    assert cells(response, "What it is")[0] == "Not known"
    assert "not for the same condition" in words(response.content.decode())


def test_reader_chooses_where_several_conditions_are_shared(client, stenosis):
    sciatica = treatment("sciatica", kind="condition", facts={"what-it-is": "You rest.[^book]"})
    treatment("mild", conditions=[stenosis, sciatica])
    treatment("shot", conditions=[stenosis, sciatica])

    first = client.get("/procedures/compare/?with=mild,shot")
    [other] = re.findall(r'<a href="(/procedures/compare/\?[^"]*condition=[^"]*)">(.*?)</a>', first.content.decode())
    second = client.get(unescape(other[0]))

    assert other[1] == "Stenosis"
    assert (cells(first, "What it is")[0], cells(second, "What it is")[0]) == ("You rest. 1", "You wait. 1")


def test_doing_nothing_of_an_unknown_condition_is_that_of_the_first(client, stenosis):
    treatment("mild", conditions=[stenosis])
    treatment("shot", conditions=[stenosis])

    response = client.get("/procedures/compare/?with=mild,shot&condition=none")

    assert cells(response, "What it is")[0] == "You wait. 1"


# Choosing


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ("with=", "Please choose two to four treatments."),
        ("with=,", "Please choose two to four treatments."),
        ("with=mild", "You chose only Mild. Please choose one more, or up to three more."),
        ("with=" + ",".join(ALL), "You chose 5 treatments. Please choose four at most."),
        ("with=mild,mild", "You chose Mild more than once. Please choose each treatment once."),
        ("with=mild,none", "We have no page about “none” now. Please choose from the list."),
        ("with=mild,draft", "We have no page about “draft” now. Please choose from the list."),
        ("with=mild,stenosis", "We have no page about “stenosis” now. Please choose from the list."),
        ("with=mild,%3Cb%3E", "We have no page about “<b>” now. Please choose from the list."),
    ],
)
def test_choice_that_cannot_be_compared_is_told_in_plain_words(client, stenosis, chosen, said):
    for slug in ALL:
        treatment(slug)
    library.draft("draft")

    response = client.get(f"/procedures/compare/?{chosen}")

    assert (response.status_code, shown(response), told(response)) == (200, [], [said])
    assert "<title>Error:" in response.content.decode()


def test_wrong_choice_keeps_what_was_ticked(client, practice):
    for slug in ALL:
        treatment(slug)

    html = client.get("/procedures/compare/?with=shot").content.decode()

    assert re.findall(r'<input type="checkbox" name="with" value="(\w+)"[^>]* checked', html) == ["shot"]


def test_what_a_visitor_typed_is_text(client, practice):
    html = client.get("/procedures/compare/?with=<script>alert(1)</script>").content.decode()

    assert "<script>alert" not in html


@pytest.mark.parametrize(
    "address", ["?with=mild,shot", "?with=mild&with=shot", "?with=mild%2Cshot", "?with=mild, shot"]
)
def test_links_and_boxes_lead_to_the_same_table(client, practice, address):
    treatment("mild")
    treatment("shot")

    response = client.get(f"/procedures/compare/{address}")

    assert shown(response) == ["Doing nothing for now", "Mild", "Shot"]
    assert (
        '<link rel="canonical" href="https://practice.example.org/procedures/compare/?with=mild,shot">'
        in response.content.decode()
    )


def test_page_without_a_choice_asks_for_one_and_finds_no_fault(client, practice):
    treatment("mild")

    response = client.get("/procedures/compare/")

    assert (response.status_code, shown(response), told(response)) == (200, [], [])
    assert "Choose two to four treatments" in words(response.content.decode())


def test_page_before_the_first_treatment_stands(client, practice):
    assert client.get("/procedures/compare/?with=mild,shot").status_code == 200


def test_sample_cannot_be_compared_while_the_switch_is_off(client, practice):
    treatment("mild")
    treatment("shot")
    Practice.objects.update(sample_content=False)

    assert shown(client.get("/procedures/compare/?with=mild,shot")) == []


def test_compare_is_only_for_reading(client, practice):
    assert client.post("/procedures/compare/").status_code == 405


# Ways to it


def link_in(html):
    return re.findall(r'href="/procedures/compare/(?:\?with=([\w,-]+))?"', html)


def test_procedure_compares_itself_with_the_choices_that_have_a_page(client, practice):
    for slug in ALL[1:]:
        treatment(slug)
    library.draft("unfinished")
    version = library.draft("mild")
    for order, slug in enumerate(("unfinished", "shot", "therapy", "surgery", "heat"), start=2):
        version.choice_rows.create(
            order=order, name=slug, slug=slug, what_it_is="a", what_studies_found="b", keep_in_mind="c"
        )
    publishing.publish_sample(version)

    assert link_in(client.get("/procedures/mild/").content.decode()) == ["mild,shot,therapy,surgery"]


def test_condition_compares_its_choices(client, practice):
    for slug in ("shot", "therapy"):
        treatment(slug)
    version = library.draft("stenosis", "condition")
    for order, slug in enumerate(("shot", "therapy"), start=2):
        version.choice_rows.create(
            order=order, name=slug, slug=slug, what_it_is="a", what_studies_found="b", keep_in_mind="c"
        )
    publishing.publish_sample(version)

    assert link_in(client.get("/conditions/stenosis/").content.decode()) == ["shot,therapy"]


def test_page_with_nothing_to_compare_has_no_link(client, practice):
    library.sample("mild")

    assert link_in(client.get("/procedures/mild/").content.decode()) == []


def test_list_of_procedures_leads_to_the_table(client, practice):
    library.sample("mild")

    assert link_in(client.get("/procedures/").content.decode()) == [""]
    assert link_in(client.get("/conditions/").content.decode()) == []


# Queries and languages


@pytest.mark.parametrize("count", [2, 4])
def test_table_takes_four_queries_beside_the_frame(client, stenosis, django_assert_num_queries, count):
    for slug in ALL:
        treatment(slug, conditions=[stenosis])

    with django_assert_num_queries(FRAME + 4):
        client.get(f"/procedures/compare/?with={','.join(ALL[:count])}")


@pytest.mark.parametrize("count", [1, 3])
def test_choice_takes_one_query_beside_the_frame(client, practice, django_assert_num_queries, count):
    for slug in ALL[:count]:
        treatment(slug)

    with django_assert_num_queries(FRAME + 1):
        client.get("/procedures/compare/")


def test_english_words_on_a_spanish_page_are_marked(client, stenosis):
    treatment("mild", conditions=[stenosis])
    treatment("shot", conditions=[stenosis])
    spanish = library.draft("mild", language="es", short_title="MILD", title="Más espacio")
    spanish.fact_rows.create(kind="what-it-is", value="Un tubo.[^trial]", order=9)
    publishing.publish_sample(spanish)

    html = client.get("/es/procedures/compare/?with=mild,shot").content.decode()

    assert '<div lang="en">What shot is.' in html
    assert "<div>Un tubo." in html


def test_an_address_with_a_former_slug_leads_to_the_table_of_today(client, stenosis):
    mild = treatment("mild", conditions=[stenosis])
    treatment("shot", conditions=[stenosis])
    publishing.change_address(mild.article, "mild-procedure")

    response = client.get("/procedures/compare/", {"with": "mild,shot"})

    assert (response.status_code, response["Location"]) == (301, "/procedures/compare/?with=mild-procedure,shot")


def test_doing_nothing_stays_when_its_condition_has_moved(client, stenosis):
    treatment("mild", conditions=[stenosis])
    treatment("shot", conditions=[stenosis])
    publishing.change_address(stenosis.article, "narrow-canal")

    response = client.get("/procedures/compare/?with=mild,shot")

    assert cells(response, "What it is")[0].startswith("You wait.")
