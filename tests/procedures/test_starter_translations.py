import re
import tomllib

import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from practice.markdown import cited_keys
from practice.models import Practice
from procedures.models import Article, Version
from procedures.services import publishing, starter
from tests.factories import UserFactory

CONTENT = settings.BASE_DIR / "content"
SPANISH = sorted(path.relative_to(CONTENT / "es") for path in (CONTENT / "es").rglob("*.toml"))
IDS = [path.stem for path in SPANISH]
LINKS = ("conditions", "related")
# Fields of text that are no words for readers.
SAME = {"kind", "slug", "status", "number", "phase", "frequency", "section", "drawing"}
BEHIND = (
    "The English page has changed since this one was translated. In doubt, the English page holds. "
    "Call us: we can explain it to you."
)


def read(path):
    return tomllib.loads((CONTENT / path).read_text())


EDITS = {
    "saved": lambda version: Version.objects.filter(pk=version.pk).update(seeded_hash=""),  # as the admin does
    "withdrawn": lambda version: publishing.withdraw(version.article),
    "draft": lambda version: publishing.new_draft(version, UserFactory()),
}


# The files


def kept(row):
    """What a translation keeps of a row: everything but words, and of those the sources, numbers and links."""
    texts = {name: value for name, value in row.items() if isinstance(value, str) and name not in SAME}
    every = "\n".join(texts.values())
    return {
        **{name: value for name, value in row.items() if name not in texts},
        "texts": sorted(texts),
        "cited": {name: cited_keys(text) for name, text in texts.items()},
        "numbers": sorted(re.findall(r"\d+(?:[.,]\d+)*", re.sub(r"\[\^[^\]]+\]|\]\([^)]*\)", "", every))),
        "links": re.findall(r"\]\(([^)]*)\)", every),
        "items": every.count("\n- "),
        "bold": every.count("**"),
    }


@pytest.mark.parametrize("path", SPANISH, ids=IDS)
def test_translation_keeps_the_rows_sources_numbers_and_links(path):
    english, spanish = read(path), read("es" / path)

    assert sorted(spanish) == sorted(english)
    tables = [name for name, value in english.items() if isinstance(value, list) and value and name not in LINKS]
    assert {name: [kept(row) for row in spanish[name]] for name in tables} == {
        name: [kept(row) for row in english[name]] for name in tables
    }
    assert {name: spanish[name] for name in LINKS} == {name: english[name] for name in LINKS}
    assert (spanish.pop("language"), english.pop("language")) == ("es", "en")
    assert kept(of_page(spanish)) == kept(of_page(english))


def of_page(data):
    """The texts and switches of the page itself."""
    return {name: value for name, value in data.items() if not isinstance(value, list)}


@pytest.mark.parametrize("path", SPANISH, ids=IDS)
def test_nothing_is_left_in_english(path):
    english, spanish = read(path), read("es" / path)

    left = {text for text in sentences(spanish) & sentences(english) if len(text.split()) > 4}

    assert left == set()


def sentences(value):
    if isinstance(value, str):
        return set(re.split(r"(?<=[.!?])\s+|\n+", value))
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set().union(*(sentences(part) for part in inner))


# Loading


@pytest.fixture
def mild(practice):
    """The files of MILD by language, on a site that has what they cite and link to."""
    for path in (CONTENT / "sources").glob("*.toml"):
        starter.load_sources(tomllib.loads(path.read_text()))
    mild = {"en": read("procedures/mild.toml"), "es": read("es/procedures/mild.toml")}
    for path in (
        *CONTENT.glob("conditions/*.toml"),
        *CONTENT.glob("procedures/*.toml"),
        *CONTENT.glob("articles/*.toml"),
    ):
        if path.stem != "mild":
            Article.objects.create(kind=path.parent.name.removesuffix("s"), slug=path.stem)
    return mild


def load(files, *languages, **words):
    """Load both files; in those of `languages` with these `words`. Language → what was done."""
    changed = [data | words if data["language"] in languages else data for data in files.values()]
    return {language: result for (_slug, language), result in starter.load_articles(changed).items()}


def versions(language):
    return list(Version.objects.filter(article__language=language, article__slug="mild").order_by("number"))


def page(client, address="/es/procedures/mild/"):
    return client.get(address).content.decode()


def says_that_it_is_behind(client, language="es"):
    """Whether the page of MILD says so, in the reader's language."""
    html = page(client, "/es/procedures/mild/" if language == "es" else "/procedures/mild/")
    with translation.override(language):
        return gettext(BEHIND) in html


def test_translation_is_the_pair_of_the_english_page(mild):
    results = load(mild)

    [english], [spanish] = versions("en"), versions("es")
    assert results == {"en": "added", "es": "added"}
    assert (spanish.status, spanish.translates) == ("sample", english)
    assert (spanish.article.translation_of, english.article.translation_of) == (english.article, None)
    assert spanish.document["conditions"] == english.document["conditions"] == ["lumbar-spinal-stenosis"]
    assert spanish.document["related"] == english.document["related"]


def test_english_is_loaded_first_whatever_the_order(mild):
    results = starter.load_articles([mild["es"], mild["en"]])

    assert results == {("mild", "en"): "added", ("mild", "es"): "added"}
    assert [version.translates for version in versions("es")] == versions("en")


def test_loading_both_again_changes_nothing(mild):
    load(mild)
    before = list(Version.objects.order_by("pk").values())

    assert load(mild) == {"en": "unchanged", "es": "unchanged"}
    assert list(Version.objects.order_by("pk").values()) == before


def test_translation_without_its_english_page_is_refused_by_name(mild):
    with pytest.raises(starter.NoOriginal, match=r"“mild” \(es\) is a translation, and there is no English page"):
        starter.load_articles([mild["es"]])

    assert (Article.objects.filter(slug="mild").count(), Version.objects.count()) == (0, 0)


def test_pages_name_each_other(client, mild):
    load(mild)

    addresses = [f"https://practice.example.org{path}/procedures/mild/" for path in ("", "/es", "")]
    for address in ("/procedures/mild/", "/es/procedures/mild/"):
        found = re.findall(r'<link rel="alternate" hreflang="([^"]+)" href="([^"]+)">', page(client, address))
        assert found == list(zip(("en", "es", "x-default"), addresses, strict=True))


def test_links_in_a_translation_lead_to_spanish_addresses(client, mild):
    load(mild)

    assert 'href="/es/conditions/sciatica/"' in page(client)


def test_spanish_page_says_that_the_english_one_has_moved_on(client, mild):
    load(mild)
    before = says_that_it_is_behind(client)

    results = load(mild, "en", title="Other English words")

    assert results == {"en": "renewed", "es": "unchanged"}
    assert [version.translates.number for version in versions("es")] == [1]
    after = says_that_it_is_behind(client), says_that_it_is_behind(client, "en")
    assert (before, *after) == (False, True, False)


def test_new_translation_follows_the_new_english_words(client, mild):
    load(mild)

    results = load(mild, "en", "es", title="Other words")

    assert results == {"en": "renewed", "es": "renewed"}
    assert [version.translates.number for version in versions("es")] == [1, 2]
    assert not says_that_it_is_behind(client)


def test_new_spanish_words_alone_follow_the_english_ones_of_today(client, mild):
    load(mild)

    assert load(mild, "es", title="Otras palabras") == {"en": "unchanged", "es": "renewed"}
    assert [version.translates.number for version in versions("es")] == [1, 1]
    assert not says_that_it_is_behind(client)


def test_drafts_are_pairs_too(mild):
    Practice.objects.update(sample_content=False)

    load(mild)

    [english], [spanish] = versions("en"), versions("es")
    assert (english.status, spanish.status, spanish.translates) == ("draft", "draft", english)


def test_translation_of_a_draft_that_was_replaced_says_so_once_it_is_shown(client, mild):
    Practice.objects.update(sample_content=False)
    load(mild)
    load(mild, "en", title="Other English words")
    Practice.objects.update(sample_content=True)

    load(mild, "en", title="Other English words")

    assert [version.status for version in versions("es")] == ["sample"]
    assert says_that_it_is_behind(client)


@pytest.mark.parametrize("change", ["saved", "withdrawn", "draft"])
def test_what_an_editor_changed_in_a_translation_is_left_alone(mild, change):
    load(mild)
    [spanish] = versions("es")
    EDITS[change](spanish)
    before = list(Version.objects.order_by("pk").values())

    assert load(mild, "es", title="Otras palabras") == {"en": "unchanged", "es": "unchanged"}
    assert list(Version.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("change", ["saved", "withdrawn"])
def test_no_translation_is_added_to_english_words_that_are_an_editors(mild, change):
    starter.load_articles([mild["en"]])
    [english] = versions("en")
    EDITS[change](english)

    assert load(mild) == {"en": "unchanged", "es": "left out"}
    assert not Article.objects.filter(language="es").exists()


def test_translation_beside_an_editors_english_draft_says_later_that_it_is_behind(client, mild):
    starter.load_articles([mild["en"]])
    draft = publishing.new_draft(versions("en")[0], UserFactory())

    assert load(mild) == {"en": "unchanged", "es": "added"}
    assert not says_that_it_is_behind(client)
    publishing.publish_sample(draft)
    assert says_that_it_is_behind(client)
