import datetime

import pytest
from django.db import models

from procedures import gate
from procedures.canonical import document_hash
from procedures.document import build, draft_of
from procedures.freeze import CannotFreeze, freeze, site
from procedures.models import ROW_MODELS, Article, Picture, Related, Source, Version
from tests.procedures import library

pytestmark = pytest.mark.django_db


def row_fields():
    for model in ROW_MODELS:
        for field in model._meta.concrete_fields:
            if field.name not in ("id", "version"):
                yield pytest.param(model, field, id=f"{model.__name__}.{field.name}")


def another(field, value):
    """A value that `field` may hold and that is not `value`."""
    if field.choices:
        return next(key for key, __ in reversed(field.flatchoices) if key != value)
    if isinstance(field, models.ForeignKey):
        return field.related_model.objects.create(title="Back", credit="Ours", digest="a" * 63, width=800, height=600)
    if isinstance(field, models.BooleanField):
        return not value
    if isinstance(field, models.DateField):
        return (value or datetime.date(2020, 1, 1)) + datetime.timedelta(days=1)
    if isinstance(field, models.IntegerField):
        return (value or 0) + 1
    return f"{value}x"


def unchecked(version):
    """The document past the checks of a whole page: a changed kind may leave a section missing."""
    return build(draft_of(version))


@pytest.mark.parametrize(("model", "field"), list(row_fields()))
def test_each_field_of_each_row_changes_the_hash(model, field):
    version = library.draft()
    before = document_hash(unchecked(version))

    row = getattr(version, f"{model._meta.model_name}_rows").first()
    changed = {field.name: another(field, getattr(row, field.name))}
    if field.name == "decorative":  # a decorative picture has no text, says the database
        changed["alt"] = ""
    if field.name == "picture":  # and what is shown is a drawing or a picture
        changed["drawing"] = ""
    model.objects.filter(pk=row.pk).update(**changed)

    assert document_hash(unchecked(version)) != before


@pytest.mark.parametrize(
    "name", [field.name for field in Source._meta.concrete_fields if field.name not in ("id", "key")]
)
def test_each_field_of_a_cited_source_changes_the_hash(name):
    version = library.draft()
    before = document_hash(freeze(version))

    field = Source._meta.get_field(name)
    Source.objects.filter(key="trial").update(**{name: another(field, getattr(library.source("trial"), name))})

    assert document_hash(freeze(version)) != before


@pytest.mark.parametrize("name", [*library.WORDS, "spine", "done_here"])
def test_each_word_of_the_version_changes_the_hash(name):
    version = library.draft()
    before = document_hash(unchecked(version))

    setattr(version, name, another(Version._meta.get_field(name), getattr(version, name)))

    assert document_hash(unchecked(version)) != before


def test_the_order_of_rows_changes_the_hash():
    version = library.draft()
    before = document_hash(freeze(version))

    version.fit_rows.filter(fits=True).update(order=9)

    assert document_hash(freeze(version)) != before


def test_links_to_other_pages_change_the_hash():
    version = library.draft()
    other = Article.objects.create(slug="lumbar-spinal-stenosis", kind="condition")
    hashes = [document_hash(freeze(version))]

    version.article.conditions.add(other)
    hashes.append(document_hash(freeze(version)))
    Related.objects.create(article=version.article, page=other)
    hashes.append(document_hash(freeze(version)))

    assert len(set(hashes)) == 3


def test_the_hash_is_the_same_after_a_trip_through_the_database():
    version = library.sample()

    version.refresh_from_db()

    assert document_hash(version.document) == version.document_hash == document_hash(freeze(version))


def test_sources_are_numbered_in_the_order_of_the_page():
    version = library.draft(summary="First.[^book] Then.[^trial]")
    library.source("late")
    version.section_rows.filter(kind="cost").update(body="Money.[^late]")
    version.section_rows.filter(kind="what-is-it").update(body="Again.[^trial]")

    assert [(s["number"], s["key"]) for s in freeze(version)["sources"]] == [(1, "book"), (2, "trial"), (3, "late")]


def test_what_the_fda_said_is_numbered_before_what_medicare_pays():
    version = library.draft(summary="Plain.")
    library.source("fda"), library.source("payer")
    version.fact_rows.all().delete()
    version.fact_rows.create(kind="medicare", value="May pay[^payer]")
    version.regulator_rows.update(note="Tools.[^fda]")

    assert [s["key"] for s in freeze(version)["sources"]][:2] == ["fda", "payer"]


def problems(version):
    with pytest.raises(CannotFreeze) as caught:
        freeze(version)
    return [finding.where for finding in caught.value.findings]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda v: v.risk_rows.update(text="Bleeding.[^nobody]"), ["risks 1"]),
        (lambda v: v.section_rows.filter(kind="risks").delete(), ["sections risks"]),
        (lambda v: v.risk_rows.all().delete(), ["risks"]),
        (lambda v: v.fit_rows.filter(fits=False).delete(), ["fits"]),
        (lambda v: v.choice_rows.update(name="Waiting[^trial]"), ["choices 1 name"]),
        (lambda v: v.risk_rows.update(text="Bleeding.[^No Key]"), ["risks 1 text"]),
        (lambda v: v.section_rows.create(kind="overdose", body="Not here."), ["sections overdose"]),
        (lambda v: v.pictureuse_rows.update(section="causes"), ["pictures causes"]),
    ],
    ids=["unknown key", "no section", "no risks", "no not-fit", "citing in a name", "bad mark", "section", "picture"],
)
def test_freeze_refuses_and_says_where(change, where):
    version = library.draft()

    change(version)

    assert problems(version) == where


def test_freeze_refuses_a_ninth_line_at_a_glance():
    version = library.draft()
    kinds = ["opening", "time", "sleep", "going-home", "back-to-usual", "left-inside", "later-surgery"]
    for kind in kinds:
        version.fact_rows.create(kind=kind, value="Words[^book]")

    assert problems(version) == ["facts"]


def test_the_gate_refuses_a_picture_without_words():
    document = build(draft_of(library.draft()))
    document["pictures"][0]["alt"] = ""

    assert [finding.where for finding in gate.blocks(document, site())] == ["pictures 1"]


def test_freeze_refuses_a_link_to_a_page_that_is_not_there():
    version = library.draft()
    version.section_rows.filter(kind="cost").update(body="See [this](/conditions/sciatica/).")

    assert problems(version) == ["sections cost"]
    Article.objects.create(slug="sciatica", kind="condition")
    assert freeze(version)["slug"] == "mild"


def test_pages_are_known_under_former_addresses_too(django_assert_num_queries):
    page = Article.objects.create(slug="sciatica", kind="condition")
    page.former_slugs.create(slug="slipped-disc")

    with django_assert_num_queries(1):
        assert site().addresses == {("condition", "sciatica"), ("condition", "slipped-disc")}


def test_freeze_lists_every_problem_at_once():
    version = library.draft()
    version.section_rows.filter(kind__in=["risks", "cost"]).delete()
    version.risk_rows.all().delete()

    assert problems(version) == ["sections risks", "risks", "sections cost"]


def test_one_freeze_takes_as_many_queries_for_many_rows(django_assert_num_queries):
    version = library.draft()
    with django_assert_num_queries(len(ROW_MODELS) + 4):
        freeze(version)

    for number in range(3):
        version.fit_rows.create(order=number, fits=True, text="You can lie face down")

    with django_assert_num_queries(len(ROW_MODELS) + 4):
        freeze(version)


def test_the_hash_does_not_depend_on_the_order_of_keys():
    # PostgreSQL keeps the keys of JSON in an order of its own.
    assert document_hash({"a": 1, "b": {"c": 2, "d": 3}}) == document_hash({"b": {"d": 3, "c": 2}, "a": 1})


@pytest.mark.parametrize("name", ["title", "credit", "digest", "width", "height"])
def test_a_picture_goes_into_the_document_with_what_readers_see_of_it(name):
    version = library.draft()
    picture = Picture.objects.create(title="Back", credit="Ours", digest="a" * 63, width=800, height=600)
    version.pictureuse_rows.update(drawing="", picture=picture)
    before = document_hash(unchecked(version))

    Picture.objects.update(**{name: another(Picture._meta.get_field(name), getattr(picture, name))})

    assert (document_hash(unchecked(version)) != before) is (name != "title")  # its title is for editors
