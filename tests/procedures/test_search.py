"""Search: what patients type finds the page they need, and is kept nowhere."""

import logging
import re
import tomllib

import pytest
from django.conf import settings
from django.utils.html import escape

from practice.models import Practice
from procedures import search
from procedures.models import Version
from procedures.services import publishing
from procedures.snippet import LENGTH, cut, marked
from procedures.words import STEMMERS, Stemmer
from tests.procedures import library

pytestmark = pytest.mark.django_db

FRAME = 4  # practice, its main office, that one's hours, closures
SYNONYMS = tomllib.loads((settings.BASE_DIR / "content/synonyms.toml").read_text())

# slug → kind, name, other name, teaser
PAGES = {
    "lumbar-spinal-stenosis": ("condition", "Spinal stenosis", "Lumbar spinal stenosis", "A canal is tight."),
    "sciatica": ("condition", "Sciatica", "Herniated disc", "Pain shoots down a leg."),
    "facet-joint-pain": ("condition", "Facet joint pain", "", "Small joints of the spine hurt."),
    "vertebral-compression-fracture": ("condition", "Broken spine bone", "Vertebral compression fracture", "It broke."),
    "epidural-steroid-injection": ("procedure", "Steroid shot", "Epidural steroid injection", "Near a nerve."),
    "radiofrequency-ablation": ("procedure", "Radiofrequency ablation", "Rhizotomy", "Heat quiets nerves."),
    "kyphoplasty": ("procedure", "Kyphoplasty", "", "A doctor fills the bone with cement."),
    "laminectomy": ("procedure", "Laminectomy", "Open decompression", "A surgeon takes bone away."),
    "spinal-cord-stimulation": ("procedure", "Spinal cord stimulation", "", "A device sends small pulses."),
    "facet-joint-block": ("procedure", "Facet joint block", "Medial branch block", "A test shot."),
    "sacroiliac-joint-injection": ("procedure", "Sacroiliac joint shot", "", "Low in the pelvis."),
    "physical-therapy": ("procedure", "Physical therapy", "", "Moving well again."),
    "mild": ("procedure", "MILD", "Minimally invasive lumbar decompression", "Room, and a blood thinner."),
    "opioid-pain-medicines": ("article", "Opioid pain medicines", "", "Strong tablets, or pills."),
}


@pytest.fixture
def pages(practice):
    """The library in a few words: what stands in the text of one page stands in that of all."""
    for slug, (kind, name, also, teaser) in PAGES.items():
        words = {"title": name, "short_title": name, "also_known_as": also, "teaser": teaser, "summary": "In short."}
        library.sample(slug, kind, **words)


def slugs(client, typed, address="/search/"):
    """The pages that are found, the best first."""
    hits = re.search(r'<ol class="hits".*?</ol>', client.get(address, {"q": typed}).content.decode(), re.DOTALL)
    return re.findall(r'href="[^"]*/([\w-]+)/"', hits[0]) if hits else []


# What is found


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("stenosis", "lumbar-spinal-stenosis"),
        ("STENOSIS!", "lumbar-spinal-stenosis"),
        ("stenosys", "lumbar-spinal-stenosis"),
        ("sciatca", "sciatica"),
        ("siatica", "sciatica"),
        ("kyfoplasty", "kyphoplasty"),
        ("laminectomy", "laminectomy"),
        ("laminektomie", "laminectomy"),
        ("laminectomies", "laminectomy"),
        ("pinched nerve", "lumbar-spinal-stenosis"),
        ("pinched nevre", "lumbar-spinal-stenosis"),
        ("shot in the back", "epidural-steroid-injection"),
        ("my doctor wants to give me a shot in my back", "epidural-steroid-injection"),
        ("slipped disc", "sciatica"),
        ("slipped disk", "sciatica"),
        ("burning nerves", "radiofrequency-ablation"),
        ("radio frequency", "radiofrequency-ablation"),
        ("bone cement", "kyphoplasty"),
        ("SI joint", "sacroiliac-joint-injection"),
        ("recovery after MILD", "mild"),
        ("oxycodone", "opioid-pain-medicines"),
    ],
)
def test_search_finds_first_what_the_words_mean(client, pages, typed, first):
    assert slugs(client, typed)[:1] == [first]


@pytest.mark.parametrize(
    "typed",
    ["water pills", "weather tomorrow", "flu shot", "compact disc", "asdfghjkl", "the", "of the and", "?!", "a"],
)
def test_search_finds_nothing_in_noise(client, pages, typed):
    assert slugs(client, typed) == []


@pytest.mark.parametrize(
    ("typed", "first"),
    [("estenosis", "lumbar-spinal-stenosis"), ("ciática", "sciatica"), ("cemento óseo", "kyphoplasty")],
)
def test_spanish_words_find_the_english_page_until_there_is_another(client, pages, typed, first):
    assert slugs(client, typed, "/es/search/")[:1] == [first]


@pytest.mark.parametrize("typed", ["inyección", "inyeccion", "inyecciones", "inyexion"])
def test_spanish_page_is_found_with_and_without_accents(client, practice, typed):
    library.sample("shot", short_title="Steroid shot")
    library.sample("shot", language="es", short_title="Inyección de esteroides")

    html = client.get("/es/search/", {"q": typed}).content.decode()

    assert '<a href="/es/procedures/shot/"><mark>Inyección</mark> de esteroides</a>' in html
    assert slugs(client, typed) == []


def test_every_page_of_the_library_is_found_by_its_own_name(client, pages):
    first = {slug: slugs(client, name)[:1] for slug, (_, name, _, _) in PAGES.items()}

    assert first == {slug: [slug] for slug in PAGES}


def test_every_synonym_finds_a_page(pages):
    index = search.index(samples=True, language="en")
    typed = [say for entry in SYNONYMS["synonyms"] if entry["means"] for say in entry["say"]]

    assert len(typed) > 100
    assert [say for say in typed if not index.search(say).matches] == []


def test_no_synonym_is_made_of_small_words_only():
    stemmers = [Stemmer(language) for language in STEMMERS]
    phrases = [say for entry in SYNONYMS["synonyms"] for say in (*entry["say"], *entry["means"])]

    assert [say for say in phrases for stemmer in stemmers if not stemmer.phrase(say)] == []


def test_name_counts_more_than_text(client, practice):
    library.sample("mild", short_title="MILD")
    library.sample("shot", short_title="Shot", summary="Some have MILD first. MILD is another thing. MILD again.")

    assert slugs(client, "mild") == ["mild", "shot"]


def test_page_with_little_of_what_was_typed_is_not_found(client, practice):
    library.sample("mild", short_title="MILD", teaser="For the trombone.")
    library.sample("shot", short_title="Shot", teaser="For resting.")

    assert slugs(client, "trombone elephants tomorrow") == []
    assert slugs(client, "trombone") == ["mild"]


# Only what may be read


def test_draft_and_withdrawn_pages_are_not_found(client, practice):
    library.draft("kyphoplasty", short_title="Kyphoplasty")
    version = library.sample("laminectomy", short_title="Laminectomy")
    assert slugs(client, "laminectomy") == ["laminectomy"]

    publishing.withdraw(version.article)

    assert (slugs(client, "kyphoplasty"), slugs(client, "laminectomy")) == ([], [])


def test_sample_is_not_found_while_the_switch_is_off(client, practice):
    library.sample("kyphoplasty", short_title="Kyphoplasty")
    library.approved("laminectomy", short_title="Laminectomy")
    Practice.objects.update(sample_content=False)

    assert (slugs(client, "kyphoplasty"), slugs(client, "laminectomy")) == ([], ["laminectomy"])


def test_new_words_are_found_at_once(client, practice):
    version = library.sample("mild")
    assert slugs(client, "trombone") == []

    again = publishing.new_draft(version)
    Version.objects.filter(pk=again.pk).update(teaser="About the trombone.")
    again.refresh_from_db()
    publishing.publish_sample(again)

    assert slugs(client, "trombone") == ["mild"]


def test_page_that_moved_is_found_at_its_new_address(client, practice):
    version = library.sample("mild", short_title="MILD")
    assert slugs(client, "mild") == ["mild"]

    version.article.slug = "mild-procedure"
    version.article.save()

    assert slugs(client, "mild") == ["mild-procedure"]


@pytest.mark.parametrize("count", [1, 3])
def test_search_takes_one_query_beside_the_frame(client, practice, django_assert_num_queries, count):
    for number in range(count):
        library.sample(f"mild-{number}")
    client.get("/search/?q=mild")  # makes the index

    with django_assert_num_queries(FRAME + 1) as queries:
        client.get("/search/?q=room")

    assert '"procedures_version"."document"' not in queries[-1]["sql"].split(" FROM ")[0].split(", ")


# How it is shown


def test_what_was_typed_is_marked(client, practice):
    library.sample("mild", short_title="MILD", teaser="A doctor makes room for a pinched nerve & more.")

    html = client.get("/search/", {"q": "pinched nerves"}).content.decode()

    assert "<p>A doctor makes room for a <mark>pinched nerve</mark> &amp; more.</p>" in html
    assert "<small>Procedure</small>" in html


@pytest.mark.parametrize("typed", ["<script>alert()</script>", '"><img src=x onerror=alert()>', "' onfocus='x"])
def test_what_was_typed_is_text(client, practice, typed):
    library.sample("mild", short_title="<script>alert()</script>", teaser="<img src=x onerror=alert()> onfocus")

    html = client.get("/search/", {"q": typed}).content.decode()

    assert ("<script>" in html, "<img" in html, "' onfocus" in html) == (False, False, False)
    assert f'value="{escape(typed)}"' in html


def test_misspelling_is_mended_and_said(client, pages):
    html = client.get("/search/", {"q": "my sciatca"}).content.decode()

    assert 'Did you mean <a href="/search/?q=my%20sciatica"><bdi>my sciatica</bdi></a>?' in html


def test_right_spelling_is_not_mended(client, pages):
    assert "Did you mean" not in client.get("/search/", {"q": "sciatica"}).content.decode()


def test_results_are_in_parts_of_ten(client, practice):
    for number in range(12):
        library.sample(f"mild-{number:02}", short_title=f"MILD {number:02}")

    parts = [client.get("/search/", {"q": "mild", "page": page}).content.decode() for page in ("1", "2", "99", "x")]

    counts = [len(re.findall("<small>Procedure</small>", html)) for html in parts]
    assert counts == [10, 2, 2, 10]
    assert "12 pages found" in parts[0]
    assert '<a href="?q=mild&amp;page=2">Next</a>' in parts[0]
    assert '<ol class="hits" start="11">' in parts[1]


def test_english_result_on_a_spanish_page_says_its_language(client, pages):
    html = client.get("/es/search/", {"q": "kyphoplasty"}).content.decode()

    assert '<div lang="en"><a href="/es/procedures/kyphoplasty/">' in html


def test_nothing_found_shows_the_phone_and_the_conditions(client, pages):
    html = client.get("/search/", {"q": "elephants"}).content.decode()

    main = html[html.index("<main") : html.index("</main>")]
    assert "We found no page about this" in main
    assert "tel:+18135550100" in main
    assert re.findall(r'href="/conditions/([\w-]+)/"', main) == [
        "vertebral-compression-fracture",
        "facet-joint-pain",
        "sciatica",
        "lumbar-spinal-stenosis",
    ]


@pytest.mark.parametrize("address", ["/search/", "/search/?q=", "/search/?q=+++"])
def test_empty_search_asks_and_shows_the_conditions(client, pages, address):
    html = client.get(address).content.decode()

    assert ("We found no page" in html, "Or choose a condition" in html) == (False, True)


# Danger first


@pytest.mark.parametrize(
    ("typed", "heading"),
    [
        ("numb between legs", "Call 911 now"),
        ("numbness between my legs", "Call 911 now"),
        ("I can't pee", "Call 911 now"),
        ("can’t urinate since yesterday", "Call 911 now"),
        ("chest pain", "Call 911 now"),
        ("pain in my chest", "Call 911 now"),
        ("overdose", "Call 911 now"),
        ("overdoze", "Call 911 now"),
        ("no puedo orinar", "Call 911 now"),
        ("suicide", "Call or text 988 now"),
        ("suiside", "Call or text 988 now"),
        ("i want to kill myself", "Call or text 988 now"),
        ("overdose suicide", "Call or text 988 now"),
        ("quiero morir", "Call or text 988 now"),
    ],
)
def test_danger_comes_before_everything_else(client, pages, typed, heading):
    html = client.get("/search/", {"q": typed}).content.decode()

    main = html[html.index("<main") :]
    first = re.search(r"<h2[^>]*>(.*?)</h2>", main, re.DOTALL)[1]
    assert re.sub(r"<[^>]+>", "", first).strip() == heading
    assert main.index("sign stop") < main.index("<form")


@pytest.mark.parametrize("typed", ["can't pee", "suicide"])
def test_danger_is_not_told_to_call_the_office_or_to_read(client, pages, typed):
    library.sample("distress", short_title="Suicide")

    html = client.get("/search/", {"q": typed}).content.decode()

    main = re.search(r"<main.*?</main>", html, re.DOTALL)[0]
    assert ("We found no page" in main, 'class="hits"' in main, "tel:+1" in main) == (False, False, False)
    assert 'class="bar"' not in html


@pytest.mark.parametrize("typed", ["back pain", "numb legs", "leg pain", "chest", "pee", "can I walk", "kill pain", ""])
def test_everyday_words_are_no_danger(client, pages, typed):
    html = client.get("/search/", {"q": typed}).content.decode()

    assert "sign stop" not in html


# Odd, long and hostile


@pytest.mark.parametrize(
    "typed",
    [
        "x" * 10_000,
        "stenosis " * 2_000,
        "🙂🦴",
        "مرحبا بالعالم",
        "\u202eflip\u202c",
        "\ufffd",
        "%",
        "1" * 300,
        "'",
        "a’" * 90,
        "ª²½",
    ],
)
def test_odd_words_get_a_plain_answer(client, pages, typed):
    response = client.get("/search/", {"q": typed})

    assert (response.status_code, len(response.content) < 40_000) == (200, True)
    assert "<h1>Search</h1>" in response.content.decode()


def test_null_bytes_are_refused_in_plain_words(client, pages):
    response = client.get("/search/?q=a%00b")

    assert (response.status_code, "<h1>" in response.content.decode()) == (400, True)


def test_many_words_take_no_long_time(pages, django_assert_max_num_queries):
    index = search.index(samples=True, language="en")
    words = [f"wqzx{number}" for number in range(30)]

    found = index.search(" ".join(words))

    assert found == search.Found([])


def test_page_number_too_big_to_read_is_the_first(client, pages):
    assert client.get("/search/", {"q": "stenosis", "page": "9" * 5_000}).status_code == 200


def test_search_is_only_for_reading(client, practice):
    assert client.post("/search/", {"q": "sciatica"}).status_code == 405


# Kept nowhere


def test_what_was_typed_is_kept_in_no_cache_no_cookie_and_no_index(client, pages):
    response = client.get("/search/?q=sciatica")

    assert response["Cache-Control"] == "private, no-store"
    assert response["Referrer-Policy"] == "no-referrer"
    assert response.cookies == {}
    assert '<meta name="robots" content="noindex">' in response.content.decode()


def test_search_page_itself_may_be_found(client, practice):
    Practice.objects.update(sample_content=False)

    response = client.get("/search/")

    assert ("noindex" in response.content.decode(), "Cache-Control" in response) == (False, False)


def test_what_was_typed_is_in_no_log(client, pages, caplog):
    caplog.set_level(logging.DEBUG)

    client.get("/search/?q=canaryword")
    client.post("/search/?q=canaryword")
    client.get("/search/missing/?q=canaryword")

    assert caplog.records  # the refused ones are logged, without the words
    assert "canaryword" not in caplog.text


# Cutting


STEMMER = Stemmer("en")


@pytest.mark.parametrize(
    ("text", "phrases", "pieces"),
    [
        ("One nerve.", ["nerve"], [("One ", False), ("nerve", True), (".", False)]),
        ("Nerves, nerve", ["nerve"], [("Nerves", True), (", ", False), ("nerve", True)]),
        ("spinal stenosis", ["spinal stenosis"], [("spinal stenosis", True)]),
        ("spinal, stenosis", ["spinal", "stenosis"], [("spinal", True), (", ", False), ("stenosis", True)]),
        ("Nothing", ["nerve"], [("Nothing", False)]),
        ("", ["nerve"], []),
    ],
)
def test_marked_keeps_every_letter(text, phrases, pieces):
    assert marked(text, STEMMER, [STEMMER.phrase(phrase) for phrase in phrases]) == pieces


@pytest.mark.parametrize("text", ["word " * 100 + "nerve" + " word" * 100, "nerve " * 100, "word " * 100, "x" * 900])
def test_cut_is_short_and_holds_the_word(text):
    pieces = cut(text, STEMMER, [("nerv",)])

    shown = "".join(piece for piece, _ in pieces)
    assert len(shown) <= LENGTH + 4
    assert any(is_hit for _, is_hit in pieces) is ("nerve" in text)
