"""Coming back to a form on the same device: the start page offers it, and offers nothing to anybody else."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from appointments.models import RequestDraft
from appointments.services import draft as drafts
from appointments.services.request import receive
from appointments.views.access import MOST_BEGUN
from tests.answers import ANSWERS, WORDS, filled_draft, page_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("practice")]
START = "/appointments/request/"
STARTS = {"en": START, "es": f"/es{START}"}
OFFER = "You have begun a request on this device"


def back_with(*tickets, language="en"):
    """The start page as a browser gets it that comes back with these tickets."""
    client = Client()
    client.cookies[f"apollo-begun-{language}"] = "~".join(tickets)
    return client.get(STARTS[language])


def offered(response) -> list[str]:
    """The ids of the drafts that the page leads to, in its order."""
    links = [link for link in page_of(response).links if link.endswith("/check/")]
    return [link.removesuffix("/check/").rpartition("/")[2] for link in links]


def without_token(response) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())


@pytest.mark.parametrize("language", STARTS)
def test_beginning_leaves_a_cookie_at_both_start_pages_that_opens_nothing(client, settings, language):
    response = client.post(STARTS[language])

    draft = RequestDraft.objects.get()
    secret = response.cookies["apollo-draft-en"].value
    cookies = {code: response.cookies[f"apollo-begun-{code}"] for code in STARTS}
    assert {code: morsel["path"] for code, morsel in cookies.items()} == STARTS
    for morsel in cookies.values():
        kept = (morsel["httponly"], morsel["samesite"], morsel["max-age"], morsel["secure"], morsel["domain"])
        assert kept == (True, "Lax", settings.DRAFT_TTL_SECONDS, "", "")
        assert morsel.value.startswith(f"{draft.public_id.hex}.")
        assert secret not in morsel.value
        assert draft.secret_hash not in morsel.value
    with_ticket = Client()
    for part in cookies["en"].value.split("."):
        with_ticket.cookies["apollo-draft-en"] = part
        assert with_ticket.get(f"{START}{draft.public_id}/urgent/").status_code == 404


@pytest.mark.parametrize("language", STARTS)
def test_whoever_comes_back_is_led_to_the_first_question_without_an_answer(client, language):
    client.post(START)
    draft = RequestDraft.objects.get()
    client.post(f"{START}{draft.public_id}/urgent/", ANSWERS["urgent"])

    response = client.get(STARTS[language])

    assert OFFER in response.content.decode() or language == "es"
    [link] = [link for link in page_of(response).links if str(draft.public_id) in link]
    assert link == f"{STARTS[language]}{draft.public_id}/check/"
    assert client.get(link)["Location"] == f"{STARTS[language]}{draft.public_id}/you/"


def test_the_offer_says_when_and_nothing_of_what_was_typed(time_machine):
    time_machine.move_to("2026-11-21T15:00:00Z", tick=False)
    draft, _ = filled_draft()

    html = back_with(drafts.ticket_of(draft)).content.decode()

    assert "Begun Saturday, November\xa021, 10\xa0a.m." in html
    assert "Go on with it" in html
    assert "Begin a new one" in html
    assert "Start now" not in html
    assert [word for word in WORDS if word in html.replace(str(draft.public_id), "")] == []


def test_two_forms_in_two_tabs_are_both_offered_the_newest_first(client):
    client.post(START)
    client.post(f"/es{START}")

    newest_first = [str(draft.public_id) for draft in RequestDraft.objects.order_by("-pk")]
    assert offered(client.get(START)) == newest_first
    assert offered(client.get(f"/es{START}")) == newest_first


def test_a_step_renews_the_offer(client, settings):
    client.post(START)
    draft = RequestDraft.objects.get()
    client.cookies.pop("apollo-begun-en")
    client.cookies.pop("apollo-begun-es")

    response = client.post(f"{START}{draft.public_id}/urgent/", ANSWERS["urgent"])

    assert response.cookies["apollo-begun-en"]["max-age"] == settings.DRAFT_TTL_SECONDS
    assert offered(client.get(START)) == [str(draft.public_id)]


def test_what_is_sent_over_or_gone_is_not_offered():
    sent, _ = filled_draft()
    receive(sent)
    over, _ = filled_draft()
    RequestDraft.objects.filter(pk=over.pk).update(expires_at=timezone.now())
    gone, _ = filled_draft()
    cookies = [drafts.ticket_of(draft) for draft in (sent, over, gone)]
    drafts.clear(gone)

    assert OFFER not in back_with(*cookies).content.decode()


def test_sending_takes_the_offer_back(client):
    draft, secret = filled_draft()
    other, _ = filled_draft()
    client.cookies["apollo-begun-en"] = "~".join(map(drafts.ticket_of, (draft, other)))

    response = client.post(f"{START}{draft.public_id}/check/", {"draft_secret": secret})

    assert response["Location"].endswith("/sent/")
    assert response.cookies["apollo-begun-en"].value == drafts.ticket_of(other)


def test_an_id_without_our_mark_looks_like_one_that_never_was():  # P24
    draft, _ = filled_draft()
    mine, _ = filled_draft()
    other_mark = drafts.ticket_of(mine).partition(".")[2]
    plain = without_token(Client().get(START))

    for ticket in (
        draft.public_id.hex,
        str(draft.public_id),
        f"{draft.public_id.hex}.",
        f"{draft.public_id.hex}.{'0' * 64}",
        f"{draft.public_id.hex}.{draft.secret_hash}",
        f"{draft.public_id.hex}.{other_mark}",
    ):
        assert without_token(back_with(ticket)) == plain, ticket


@pytest.mark.parametrize(
    "value", ["", "~", "x", "\xe9", "." * 97, "f" * 97, "~".join(["0" * 32 + "." + "0" * 64] * 99)]
)
def test_a_cookie_of_nonsense_is_no_error(client, value):
    client.cookies["apollo-begun-en"] = value

    assert OFFER not in client.get(START).content.decode()
    assert client.post(START).status_code == 303


def test_the_cookie_stays_short(client):
    for _ in range(MOST_BEGUN + 2):
        response = client.post(START)

    newest = [draft.public_id.hex for draft in RequestDraft.objects.order_by("-pk")[:MOST_BEGUN]]
    kept = response.cookies["apollo-begun-en"].value.split("~")
    assert [ticket.partition(".")[0] for ticket in kept] == newest


def test_new_keys_of_the_site_keep_the_offer(client, settings):  # P5
    client.post(START)

    settings.SECRET_KEY = "another key for tests only, after a restart with fresh secrets, long enough for the checks"

    assert OFFER in client.get(START).content.decode()


def test_a_button_that_did_not_work_is_named_as_it_stands(client):
    client.post(START)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["apollo-begun-en"] = client.cookies["apollo-begun-en"].value

    html = strict.post(START).content.decode()

    assert "Please press Start now again." in html
    assert "Start now</button>" in html
    assert OFFER in html


def test_the_offer_costs_one_query(client, django_assert_num_queries):
    practice_of_every_page = 4
    for _ in range(3):
        client.post(START)

    with django_assert_num_queries(1 + practice_of_every_page):
        client.get(START)
