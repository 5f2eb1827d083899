"""The Spanish words of the public site are all there, and each page says truly which language its words are in."""

import gettext
import re
import string

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import translation
from django.utils.translation import get_language, ngettext

from apollo_site import catalogue
from appointments.models import RequestDraft
from appointments.templatetags.promise import promise
from outbox.models import Message
from outbox.render import render
from tests.answers import ANSWERS, answers_with, filled_draft, page_of
from tests.languages import Texts, left_over, texts

FORM = "/es/appointments/request/"


def words(message) -> tuple:
    return catalogue.as_tuple(message)


@pytest.fixture
def site(db, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    call_command("seed", verbosity=0)


# The catalogue


def test_every_public_text_has_its_spanish_words():
    public = {(message.id, message.context) for message in catalogue.collected() if message.id}
    spanish = {
        (message.id, message.context)
        for message in catalogue.translated()
        if message.id and all(words(message.string)) and not message.fuzzy
    }

    assert (sorted(map(str, public - spanish)), sorted(map(str, spanish - public))) == ([], []), "run make messages"


def test_the_compiled_catalogue_is_the_one_that_is_read():
    expected = {}
    for message in catalogue.translated():
        key = "\x04".join(filter(None, [message.context, words(message.id)[0]]))
        if isinstance(message.id, tuple):
            expected |= {(key, number): one for number, one in enumerate(message.string)}
        elif key:
            expected[key] = message.string

    with catalogue.PO.with_suffix(".mo").open("rb") as file:
        compiled = {key: text for key, text in gettext.GNUTranslations(file)._catalog.items() if key}

    assert compiled == expected, "run make messages"


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("templates/new.html", '{% translate "A" %}{% translate "B" context "c" %}', [("A", None), ("B", "c")]),
        ("templates/new.html", '<p>\n  {{ day|date:_("F j") }}\n</p>', [("F j", None)]),
        ("templates/new.html", "{% blocktranslate with n=x %}A {{ n }}{% endblocktranslate %}", [("A %(n)s", None)]),
        (
            "templates/new.html",
            "{% blocktranslate count n=x %}one{% plural %}{{ n }}{% endblocktranslate %}",
            [(("one", "%(n)s"), None)],
        ),
        ("practice/new.py", 'x = _("A")\ny = ngettext("B", "C", 2)', [("A", None), (("B", "C"), None)]),
        ("practice/new.py", 'x = pgettext_lazy("c", "A")', [("A", "c")]),
        (
            "procedures/models/rows.py",
            'class A(Model):\n  a = F(_("a"))\n  class B(TextChoices):\n    C = "c", _("C")',
            [("C", None)],
        ),
    ],
)
def test_a_new_text_is_found(name, text, found):
    assert list(catalogue.messages(name, text)) == found


def test_a_new_file_is_public_until_it_is_named_as_one_for_staff():
    names = ["templates/practice/new.html", "practice/new.py", "templates/admin/new.html", "practice/models.py"]

    assert [catalogue.is_public(name) for name in names] == [True, True, False, False]


def test_every_file_named_as_one_for_staff_is_there():
    assert [name for name in catalogue.STAFF if not (catalogue.ROOT / name).exists()] == []


def test_translations_keep_values_and_markup():
    def kept(text):
        fields = {field for _text, field, *_rest in string.Formatter().parse(text) if field is not None}
        return set(re.findall(r"%\(\w+\)s", text)), sorted(re.findall(r"<[^>]+>", text)), fields

    differing = [
        message.id
        for message in catalogue.translated()
        if message.id and [*map(kept, words(message.string))] != [*map(kept, words(message.id))]
    ]

    assert differing == []


def test_spanish_plurals_and_dates():
    with translation.override("es"):
        missing = [ngettext("One digit is missing.", "%(count)s digits are missing.", n) % {"count": n} for n in (1, 2)]
        when = promise("2026-11-23T22:00:00+00:00").replace("\N{NO-BREAK SPACE}", " ")

    assert (missing, when) == (["Falta un número.", "Faltan 2 números."], "lunes 23 de noviembre, 5 p. m.")


# The pages


def addresses(client):
    """Every public page, and some that are made by what somebody typed or by a mistake."""
    found = re.findall(r"<loc>https://practice\.example\.org([^<]+)</loc>", client.get("/sitemap.xml").content.decode())
    queries = ["?q=nervio", "?q=stenosis", "?q=suicidio", "?q=chest+pain", "?q=zzzzzz"]
    compared = ["", "?with=mild,laminectomy", "?with=mild", "?with=mild,physical-therapy,laminectomy"]
    sheets = [f"/{kind}/mild/" for kind in ("before", "after")] + ["/procedures/mild/for-me/", "/before/laminectomy/"]
    more = ["/missing/", "/appointments/request/", *sheets]
    more += [f"/search/{query}" for query in queries] + [f"/procedures/compare/{query}" for query in compared]
    return list(dict.fromkeys(found + more))


def test_every_public_page_says_which_language_its_words_are_in(client, site):
    pages = [f"/es{address}" for address in addresses(client) if not address.startswith("/es/")]
    assert len(pages) > 40

    found = {page: left_over(texts(client.get(page))) for page in pages}

    assert {page: left for page, left in found.items() if left} == {}


def test_a_word_in_the_wrong_language_is_found():
    html = (
        '<html lang="es"><body><p>Search</p><p>Take the pill</p><p lang="en">Tome la pastilla que dura</p><br><b>Sí</b>'
    )

    assert left_over(Texts(html).found) == [
        ("es", "Search"),
        ("es", "Take the pill"),
        ("en", "Tome la pastilla que dura"),
    ]


@pytest.mark.parametrize("answers", [ANSWERS, {step: {} for step in ANSWERS}], ids=["right", "empty"])
def test_the_request_form_speaks_spanish(client, site, answers):
    client.post(FORM)
    home = f"{FORM}{RequestDraft.objects.get().public_id}/"
    found = []

    for step in answers:
        with_answers = filled_draft({name: typed for name, typed in ANSWERS.items() if name != step})
        draft, secret = with_answers
        client.cookies["apollo-draft-es"] = secret
        home = f"{FORM}{draft.public_id}/"
        client.post(f"{home}{step}/", answers[step] | {"draft_secret": secret})
        found += texts(client.get(f"{home}{step}/"))
    found += texts(client.get(f"{home}check/"))

    assert len(found) > 200
    typed = {text for step in ANSWERS.values() for values in step.values() for text in values}
    assert [(language, text) for language, text in left_over(found) if text not in typed] == []


def test_a_spanish_request_is_answered_in_spanish(client, site):
    with translation.override("es"):
        draft, secret = filled_draft()
    client.cookies["apollo-draft-es"] = secret
    check = f"{FORM}{draft.public_id}/check/"
    fields = page_of(client.get(check)).fields

    client.post(check, {name: fields[name] for name in ("draft_secret", "seen")})
    mail = render(Message.objects.get(kind="acknowledgement"))

    assert left_over(texts(client.get(check, follow=True))) == []
    assert left_over([("es", line) for line in f"{mail.subject}\n{mail.body}".split("\n")]) == []
    assert mail.subject.startswith("Su solicitud APM-")


def test_an_error_page_speaks_the_language_of_its_address(client, db):
    def language(address):
        return re.search(r'<html lang="(\w+)">', client.get(address).content.decode())[1]

    # Refused before anything has asked for the language: what the last reader spoke must not count.
    assert [language(address) for address in ("/es/?q=%00", "/?q=%00", "/es/missing/", "/missing/")] == [
        "es",
        "en",
        "es",
        "en",
    ]
    assert get_language() == "en"


# The way from one language to the other


def switch(response):
    """(language, address) of the link in the header that leads to this page in the other language."""
    header = response.content.decode().partition("</header>")[0]
    return [tuple(reversed(found)) for found in re.findall(r'<a href="([^"]+)" lang="\w+" hreflang="(\w+)">', header)]


def test_the_header_leads_to_the_same_page_in_the_other_language_and_back(client, site):
    for address in ("", "urgent/", "procedures/mild/", "after/mild/", "search/?q=nerve", "procedures/compare/?with=x"):
        path = address.partition("?")[0]

        assert switch(client.get(f"/{address}")) == [("es", f"/es/{path}")]
        assert switch(client.get(f"/es/{address}")) == [("en", f"/{path}")]


def test_the_header_leads_to_the_same_step_and_its_answers(client, site):
    client.post("/appointments/request/", {"for": "mild"})
    step = f"/appointments/request/{RequestDraft.objects.get().public_id}/urgent/"
    client.post(step, {"signs": ["no"]})

    [(_language, there)] = switch(client.get(f"{step}?back"))
    spanish = client.get(there)

    assert (there, page_of(spanish).fields["signs"]) == (f"/es{step}", ["no"])
    assert switch(spanish) == [("en", step)]


def test_a_date_stays_right_in_the_other_language(client, site):
    draft, secret = filled_draft(answers_with("you", date_of_birth_month="marzo"))
    client.cookies["apollo-draft-en"] = client.cookies["apollo-draft-es"] = secret
    check = f"/appointments/request/{draft.public_id}/check/"

    pages = [client.get(address).content.decode() for address in (check, f"/es{check}")]

    assert ["March 14, 1948" in pages[0], "14 de marzo de 1948" in pages[1]] == [True, True]


def test_a_stranger_learns_nothing_from_the_other_language(client, site):
    client.post("/appointments/request/")
    step = f"/appointments/request/{RequestDraft.objects.get().public_id}/urgent/"

    assert Client().get(f"/es{step}").status_code == 404
