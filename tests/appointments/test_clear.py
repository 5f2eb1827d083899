"""On a shared computer: the form and its traces go from the screen, and a request that was sent stays."""

import uuid

import pytest
from django.test import Client

from appointments.models import AppointmentRequest, RequestDraft
from appointments.services import draft as drafts
from appointments.services import request as requests
from appointments.services.request import receive
from tests.answers import ANSWERS, WORDS, filled_draft, page_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("practice")]
START = "/appointments/request/"
CLEARED = f"{START}cleared/"
PREFIXES = ["", "/es"]


def clear_address(draft, prefix=""):
    return f"{prefix}{START}{draft.public_id}/clear/"


def open_in(client, draft, secret):
    client.cookies["apollo-draft-en"] = secret
    client.cookies["apollo-begun-en"] = drafts.ticket_of(draft)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_stopping_deletes_the_form_and_every_trace_of_it(client, prefix):
    draft, secret = filled_draft()
    open_in(client, draft, secret)

    response = client.post(clear_address(draft, prefix))

    assert (response.status_code, response["Location"]) == (303, prefix + CLEARED)
    assert response["Clear-Site-Data"] == '"cache"'
    assert "no-store" in response["Cache-Control"]
    assert RequestDraft.objects.count() == 0
    taken = {name: (morsel.value, morsel["max-age"], morsel["path"]) for name, morsel in response.cookies.items()}
    assert taken == {
        "apollo-draft-en": ("", 0, f"{START}{draft.public_id}/"),
        "apollo-draft-es": ("", 0, f"/es{START}{draft.public_id}/"),
        "apollo-begun-en": ("", 0, START),
        "apollo-begun-es": ("", 0, f"/es{START}"),
    }


def test_after_stopping_the_way_back_shows_nothing_that_was_typed(client):
    draft, secret = filled_draft()
    open_in(client, draft, secret)
    client.post(clear_address(draft))
    client.cookies["apollo-draft-en"] = secret  # as a page that the browser still shows would send it

    for step in (*ANSWERS, "check", "sent"):
        response = client.get(f"{START}{draft.public_id}/{step}/")
        assert response.status_code == 404
        assert [word for word in WORDS if word in response.content.decode()] == []
    for step in (*ANSWERS, "check"):
        posted = client.post(f"{START}{draft.public_id}/{step}/", ANSWERS.get(step, {}) | {"draft_secret": secret})
        assert posted.status_code == 404
    assert AppointmentRequest.objects.count() == 0


def test_finishing_keeps_the_request_and_opens_it_here_no_more(client):
    draft, secret = filled_draft()
    appointment_request = receive(draft)
    before = AppointmentRequest.objects.values().get()
    open_in(client, draft, secret)

    response = client.post(clear_address(draft))

    assert (response.status_code, response["Location"]) == (303, CLEARED)
    assert AppointmentRequest.objects.values().get() == before
    client.cookies["apollo-draft-en"] = secret
    html = client.get(f"{START}{draft.public_id}/sent/").content.decode()
    assert appointment_request.reference not in html


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_form_of_somebody_else_stays_with_its_offer(client, prefix):  # P6
    mine, secret = filled_draft()
    other, other_secret = filled_draft()
    client.cookies["apollo-draft-en"] = secret
    client.cookies["apollo-begun-en"] = "~".join(map(drafts.ticket_of, (mine, other)))

    response = client.post(clear_address(mine, prefix))

    assert response.cookies["apollo-begun-en"].value == drafts.ticket_of(other)
    assert drafts.find(other.public_id, other_secret).answers == ANSWERS


@pytest.mark.parametrize("method", ["get", "head", "options", "put", "delete"])
def test_no_other_method_changes_anything(client, method):  # P30
    draft, secret = filled_draft()
    open_in(client, draft, secret)
    before = RequestDraft.objects.values().get()

    response = getattr(client, method)(clear_address(draft))

    assert response.status_code in (302, 405)
    assert "Clear-Site-Data" not in response
    assert not response.cookies
    assert RequestDraft.objects.values().get() == before


def test_opening_the_address_leads_to_the_form(client):
    draft, secret = filled_draft()
    open_in(client, draft, secret)

    assert client.get(clear_address(draft), follow=True).redirect_chain[-1][0] == f"{START}{draft.public_id}/check/"


def test_without_its_proof_nothing_is_deleted_and_all_ids_look_the_same():  # P24
    draft, _ = filled_draft()
    sent, _ = filled_draft()
    receive(sent)
    _, other_secret = filled_draft()
    before = list(RequestDraft.objects.order_by("pk").values())

    def answer(public_id, secret):
        stranger = Client()
        stranger.cookies["apollo-draft-en"] = secret
        response = stranger.post(f"{START}{public_id}/clear/", {"draft_secret": secret})
        return response.status_code, response["Location"], response.content, set(response.cookies)

    ids = (draft.public_id, sent.public_id, uuid.uuid4())
    seen = [answer(public_id, secret) for public_id in ids for secret in ("", "wrong", "\xe9", other_secret)]

    assert len({str(one) for one in seen}) == 1
    assert list(RequestDraft.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_page_at_the_end_names_nobody_and_is_the_same_for_all(client, prefix):
    response = client.get(prefix + CLEARED)

    assert response.status_code == 200
    assert response.content == Client().get(prefix + CLEARED).content
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex"
    assert f"{prefix}{START}" in page_of(response).links


def test_each_page_of_a_form_can_be_cleared_by_its_own_button(client):
    draft, secret = filled_draft()
    open_in(client, draft, secret)

    for step in (*ANSWERS, "check"):
        html = client.get(f"{START}{draft.public_id}/{step}/").content.decode()
        assert f'action="{clear_address(draft)}"' in html
        assert "Stop and clear this form</button>" in html
    receive(draft)
    html = client.get(f"{START}{draft.public_id}/sent/").content.decode()
    assert f'action="{clear_address(draft)}"' in html
    assert "Finish and clear this screen</button>" in html


class TestTokenTooOld:
    @pytest.fixture
    def strict(self):
        return Client(enforce_csrf_checks=True)

    def test_the_secret_of_the_form_is_proof_enough(self, strict):  # P5
        draft, secret = filled_draft()

        response = strict.post(clear_address(draft), {"draft_secret": secret})

        assert (response.status_code, response["Location"]) == (303, CLEARED)
        assert RequestDraft.objects.count() == 0

    def test_the_cookie_alone_is_none(self, strict):
        draft, secret = filled_draft()
        open_in(strict, draft, secret)

        assert strict.post(clear_address(draft)).status_code == 403
        assert drafts.find(draft.public_id, secret).answers == ANSWERS

    @pytest.mark.parametrize("headers", [{"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}])
    def test_a_form_of_another_site_clears_nothing(self, strict, headers):  # P30
        draft, secret = filled_draft()
        open_in(strict, draft, secret)

        response = strict.post(clear_address(draft), {"draft_secret": secret}, headers=headers)

        assert response.status_code == 403
        assert "apollo-draft-en" not in response.cookies
        assert drafts.find(draft.public_id, secret).answers == ANSWERS


class TestClearedMeanwhile:
    """Another tab clears the form between the moment it was found and the moment it is written."""

    def test_a_step_is_kept_nowhere(self, client, monkeypatch):
        draft, secret = filled_draft()
        open_in(client, draft, secret)
        keep = drafts.keep

        def cleared_first(found, step, typed):
            drafts.clear(found)
            return keep(found, step, typed)

        monkeypatch.setattr(drafts, "keep", cleared_first)
        response = client.post(f"{START}{draft.public_id}/you/", ANSWERS["you"])

        assert response.status_code == 404
        assert RequestDraft.objects.count() == 0

    def test_a_request_is_not_received(self, client, monkeypatch):
        draft, secret = filled_draft()
        open_in(client, draft, secret)
        insert = requests._insert

        def cleared_first(found, values):
            drafts.clear(found)
            return insert(found, values)

        monkeypatch.setattr(requests, "_insert", cleared_first)
        response = client.post(f"{START}{draft.public_id}/check/")

        assert response.status_code == 404
        assert AppointmentRequest.objects.count() == 0
