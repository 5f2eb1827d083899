import datetime
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from appointments import steps
from appointments.forms.text import readable
from appointments.models import AppointmentRequest, RequestDraft
from appointments.models.words import Priority
from appointments.services import draft as drafts
from appointments.services.request import receive
from outbox.models import Message
from tests.answers import ANSWERS, WORDS, answers_with, filled_draft, page_of, reference_in
from tests.factories import RoutingRuleFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("practice")]
START = "/appointments/request/"


def begin(client, slug="mild"):
    """A form begun as a visitor does; the draft."""
    page = page_of(client.get(f"{START}?for={slug}"))
    client.post(START, {name: values for name, values in page.fields.items() if values})
    return RequestDraft.objects.latest("pk")


def address(draft, step):
    return f"{START}{draft.public_id}/{step}/"


def answer(client, draft, step, answers=ANSWERS, query="", **more):
    """Post `answers` of `step` with the hidden fields of its page."""
    hidden = page_of(client.get(address(draft, step))).fields
    secret = {"draft_secret": hidden["draft_secret"]} if "draft_secret" in hidden else {}
    return client.post(address(draft, step) + query, answers.get(step, {}) | secret | more)


def fill(client, answers=ANSWERS):
    draft = begin(client)
    for step in answers:
        answer(client, draft, step, answers)
    return draft


def send(client, draft):
    page = page_of(client.get(address(draft, "check")))
    return client.post(address(draft, "check"), {name: page.fields[name] for name in ("draft_secret", "seen")})


def open_filled(client, answers=ANSWERS):
    """A draft filled without the pages, and its cookie in `client`."""
    draft, secret = filled_draft(answers)
    client.cookies["apollo-draft-en"] = secret
    return draft, secret


def test_the_start_page_says_what_this_is_and_is_not(client):
    html = client.get(START).content.decode()

    for said in (
        "Not for emergencies",
        'href="tel:911"',
        "You want something else?",
        "Not an appointment yet",
        "about five minutes",
        "What we ask",
        "Call <b>813-555-0100</b>",
        "Start now",
    ):
        assert said in html


@pytest.mark.parametrize("slug", ["mild", "sacroiliac-joint-injection"])
def test_the_page_it_began_from_is_remembered_by_slug(client, slug):
    assert begin(client, slug).source_slug == slug


@pytest.mark.parametrize("slug", ["%00", "a%20b", "%3Cscript%3E", "%C3%A9", "a" * 51, "%F0%9F%99%82"])
def test_nothing_but_a_slug_is_remembered(client, slug):
    response = client.get(f"{START}?for={slug}")

    assert "for" not in page_of(response).fields
    assert begin(client, slug).source_slug == ""


def test_a_get_begins_nothing(client):  # P30
    client.get(f"{START}?for=mild")

    assert RequestDraft.objects.count() == 0


def test_starting_leads_to_the_emergency_step_with_a_cookie_of_its_own(client, settings):
    response = client.post(START, {"for": "mild"})

    draft = RequestDraft.objects.get()
    assert (response.status_code, response["Location"]) == (303, address(draft, "urgent"))
    cookies = {name: morsel for name, morsel in response.cookies.items() if name.startswith("apollo-draft")}
    assert {morsel["path"] for morsel in cookies.values()} == {
        f"/appointments/request/{draft.public_id}/",
        f"/es/appointments/request/{draft.public_id}/",
    }
    for morsel in cookies.values():
        kept = (morsel["httponly"], morsel["samesite"], morsel["max-age"], morsel["secure"], morsel["domain"])
        assert kept == (True, "Lax", settings.DRAFT_TTL_SECONDS, "", "")
    assert str(RequestDraft.objects.values_list("secret_hash")[0][0]) not in str(response.cookies)


def test_the_cookie_is_secure_where_the_site_is(client, settings):
    settings.SESSION_COOKIE_SECURE = True

    response = client.post(START)

    assert [m["secure"] for name, m in response.cookies.items() if name.startswith("apollo-draft")] == [True, True]


def test_the_way_from_start_to_sent(client):
    draft = begin(client)
    assert [
        answer(client, draft, step)["Location"].removeprefix(address(draft, "x").removesuffix("x/")) for step in ANSWERS
    ] == ["you/", "reach/", "visit/", "referrer/", "check/"]

    response = send(client, draft)

    assert (response.status_code, response["Location"]) == (303, f"{START}{draft.public_id}/sent/")
    received = AppointmentRequest.objects.get()
    html = client.get(response["Location"]).content.decode()
    assert reference_in(html) == received.reference
    assert (received.first_name, received.source_slug, received.idempotency_key) == ("Walter", "mild", draft.public_id)


def test_the_way_in_spanish_addresses(client):
    client.post("/es/appointments/request/", {"for": "mild"})
    draft = RequestDraft.objects.get()
    for step in ANSWERS:
        client.post(f"/es{address(draft, step)}", ANSWERS[step])

    response = client.post(f"/es{address(draft, 'check')}")

    assert response["Location"] == f"/es{START}{draft.public_id}/sent/"
    assert AppointmentRequest.objects.get().language == "es"


def test_emergency_words_come_before_the_first_question(client):
    html = client.get(address(begin(client), "urgent")).content.decode()

    assert html.index('href="tel:911"') < html.index("Do you have any of these signs now?")
    assert html.index("bowel") < html.index("Do you have any of these signs now?")


@pytest.mark.parametrize(
    ("signs", "which", "is_danger"),
    [("yes", None, True), ("no", None, False), (None, None, False), ("yes", "fever", True), ("no", "fever", True)],
)
def test_a_danger_sign_shows_911_on_every_page_after_it_and_no_dead_end(client, signs, which, is_danger):
    answers = answers_with("urgent", signs=signs, which_signs=which)
    draft, _ = open_filled(client, answers)

    def is_warned(path):
        return 'Call <a href="tel:911">911</a> now' in client.get(path).content.decode()

    for step in ("you", "reach", "visit", "referrer", "check"):
        assert is_warned(address(draft, step)) == is_danger
    sent = send(client, draft)["Location"]
    assert sent.endswith("/sent/")
    assert is_warned(sent) == is_danger


def test_a_rule_that_makes_requests_urgent_shows_no_patient_an_emergency(client):
    RoutingRuleFactory(priority=Priority.URGENT)
    draft, _ = open_filled(client)

    sent = send(client, draft)["Location"]

    assert 'Call <a href="tel:911">911</a> now' not in client.get(sent).content.decode()
    assert AppointmentRequest.objects.get().is_urgent


@pytest.mark.parametrize("step", [*ANSWERS, "check"])
def test_each_step_says_where_it_stands(client, step):
    draft, _ = open_filled(client)
    number = steps.NAMES.index(step) + 1

    html = client.get(address(draft, step)).content.decode()

    assert f"Step {number} of 6." in html
    assert "Your answers are kept for 7 days on this phone or computer." in html
    assert ("Send request" if step == "check" else "Continue") in html
    if number > 1:
        assert f"Back to step {number - 1}" in html
        assert address(draft, steps.NAMES[number - 2]) in page_of(client.get(address(draft, step))).links


@pytest.mark.parametrize("step", [*ANSWERS, "check"])
def test_pages_of_a_draft_are_stored_and_listed_by_nobody(client, step):  # P37
    draft, _ = open_filled(client)

    response = client.get(address(draft, step))

    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex"
    assert "Content-Encoding" not in client.get(address(draft, step), headers={"Accept-Encoding": "gzip"})


def test_bad_input_comes_back_with_every_value_and_a_summary_on_top(client):
    draft = begin(client)
    answer(client, draft, "urgent")

    typed = {"first_name": "Zoë <b>", "last_name": "", "date_of_birth_month": "2", "date_of_birth_day": "30"}
    posted = answer(client, draft, "you", answers_with("you", date_of_birth_year="1948", zip_code="x", **typed))
    response = client.get(posted["Location"])

    # So that coming Back to it later never asks whether to send the form again.
    assert (posted.status_code, posted["Location"]) == (303, address(draft, "you"))
    html, page = response.content.decode(), page_of(response)
    assert response.status_code == 200
    assert page.title.startswith("Error: About you")
    assert html.index("<h1>") < html.index('class="summary" role="alert" tabindex="-1" autofocus') < html.index("<form")
    assert "Please fix 3 things" in html
    for link in ("#id_last_name", "#id_date_of_birth_0", "#id_zip_code"):
        assert link in page.links
        assert f'id="{link[1:]}"' in html
    values = {name: page.fields[name] for name in ("first_name", "last_name", "date_of_birth_day", "zip_code")}
    assert values == {"first_name": ["Zoë <b>"], "last_name": [""], "date_of_birth_day": ["30"], "zip_code": ["x"]}
    assert 'aria-describedby="id_zip_code_helptext id_zip_code_error"' in html
    assert 'id="id_zip_code_error"' in html


def test_bad_input_survives_a_reload(client):
    draft = begin(client)
    answer(client, draft, "urgent")
    answer(client, draft, "you", answers_with("you", zip_code="33"))

    response = client.get(address(draft, "you"))

    assert page_of(response).fields["zip_code"] == ["33"]
    assert page_of(response).title.startswith("Error:")


def test_an_unanswered_step_shows_no_errors(client):
    draft = begin(client)
    answer(client, draft, "urgent")

    response = client.get(address(draft, "you"))

    assert "Please fix" not in response.content.decode()
    assert page_of(response).fields["for_whom"] == ["myself"]


def test_jumping_ahead_leads_to_the_first_unanswered_step_and_keeps_what_was_typed(client):
    draft = begin(client)
    answer(client, draft, "urgent")

    assert client.get(address(draft, "check"))["Location"] == address(draft, "you")
    assert client.get(f"{START}{draft.public_id}/sent/")["Location"] == address(draft, "you")
    jumped = client.post(address(draft, "reach"), ANSWERS["reach"])
    assert (jumped.status_code, jumped["Location"]) == (303, address(draft, "you"))
    assert client.post(address(draft, "check"))["Location"] == address(draft, "you")
    assert AppointmentRequest.objects.count() == 0

    answer(client, draft, "you")
    assert page_of(client.get(address(draft, "reach"))).fields["phone"] == ["(813) 555-0142 x12"]


def test_the_answers_are_shown_before_they_are_sent(client):
    draft, _ = open_filled(client)

    html = client.get(address(draft, "check")).content.decode()

    for words in ("Walter", "Probeman", "March 14, 1948", "813-555-0142 ext. 12", "Tuesday, Thursday", "Medicare"):
        assert words in html
    assert "My legs get heavy.\nAfter one block." in html


def test_what_a_patient_typed_is_text_on_the_last_page(client):  # P41
    payload = "<script>alert(1)</script>{{ 7|add:7 }}"
    draft, _ = open_filled(client, answers_with("visit", reason=payload))

    html = client.get(address(draft, "check")).content.decode()

    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7|add:7 }}" in html


def test_change_links_come_back_to_the_answers(client):
    draft, _ = open_filled(client)
    links = [link for link in page_of(client.get(address(draft, "check"))).links if "?back" in link]
    assert f"{address(draft, 'reach')}?back#id_phone" in links
    assert f"{address(draft, 'you')}?back#id_date_of_birth_0" in links
    for link in links:
        path, _, anchor = link.partition("#")
        assert f'id="{anchor}"' in client.get(path).content.decode()

    response = answer(client, draft, "reach", answers_with("reach", phone="813-555-0199"), query="?back")

    assert response["Location"] == address(draft, "check")
    assert "813-555-0199" in client.get(response["Location"]).content.decode()


def test_a_change_that_is_wrong_stays_on_its_way_back(client):
    draft, _ = open_filled(client)

    wrong = answer(client, draft, "reach", answers_with("reach", phone="813"), query="?back")

    assert wrong["Location"] == f"{address(draft, 'reach')}?back"
    assert f'action="{wrong["Location"]}"' in client.get(wrong["Location"]).content.decode()


def test_what_is_sent_is_what_was_checked(client):  # P6
    draft, _ = open_filled(client)
    old_page = page_of(client.get(address(draft, "check"))).fields
    answer(client, draft, "you", answers_with("you", first_name="Ana"))

    response = client.post(address(draft, "check"), {name: old_page[name] for name in ("draft_secret", "seen")})

    html = response.content.decode()
    assert response.status_code == 200
    assert "Your answers were changed since this page was opened" in html
    assert page_of(response).title.startswith("Error:")
    assert "Ana" in html
    assert AppointmentRequest.objects.count() == 0
    assert send(client, draft)["Location"].endswith("/sent/")


def test_a_second_press_ends_on_the_same_page(client):  # P1
    draft, _ = open_filled(client)
    first = send(client, draft)

    again = client.post(address(draft, "check"))

    assert (again.status_code, again["Location"]) == (303, first["Location"])
    assert (AppointmentRequest.objects.count(), Message.objects.filter(kind="acknowledgement").count()) == (1, 1)


@pytest.mark.parametrize("step", [*ANSWERS, "check"])
def test_back_after_sending_says_already_sent_and_changes_nothing(client, step):  # P6
    draft, _ = open_filled(client)
    send(client, draft)
    sent = f"{START}{draft.public_id}/sent/"

    back = client.get(address(draft, step), follow=True)
    assert back.redirect_chain == [(f"{sent}?already", 302)]
    assert "This request was already sent. Nothing was changed." in back.content.decode()

    changed = client.post(address(draft, step), answers_with("you", first_name="Ana").get(step, {}))
    assert changed.status_code == 303
    assert changed["Location"].startswith(sent)
    assert AppointmentRequest.objects.get().first_name == "Walter"
    assert RequestDraft.objects.get().answers == {}


def test_the_sent_page(client, time_machine):
    time_machine.move_to("2026-11-21T15:00:00Z", tick=False)
    draft, _ = open_filled(client)
    send(client, draft)

    response = client.get(f"{START}{draft.public_id}/sent/")

    html = response.content.decode()
    for said in (
        "<h1>We have your request</h1>",
        "<b>We will call you by Monday, November\xa023, 5\xa0p.m.</b>",
        "This is not an appointment yet.",
        "What happens next",
        "we leave only our name and number",
        "What to bring",
        "Call <b>813-555-0100</b>",
        "Getting worse?",
        'href="tel:911"',
    ):
        assert said in html
    assert [word for word in WORDS if word in html.replace(str(draft.public_id), "")] == []
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex"


def test_the_sent_page_promises_what_was_wished(client):
    draft, _ = open_filled(client, answers_with("reach", reach_by="email", voicemail=None))
    send(client, draft)

    html = client.get(f"{START}{draft.public_id}/sent/").content.decode()

    assert "We will write to you by" in html
    assert "call you" not in html


def test_addresses_carry_nothing_personal(client):  # P35
    draft = fill(client)
    addresses = [address(draft, step) for step in steps.NAMES]
    links = [link for one in addresses for link in page_of(client.get(one)).links]
    location = send(client, draft)["Location"]

    for one in [*addresses, *links, location]:
        assert [word for word in (*WORDS, draft.secret_hash) if word in one.replace(str(draft.public_id), "")] == []


def test_every_stranger_sees_the_same(client):  # P24
    draft, _ = filled_draft()
    sent, _ = filled_draft()
    receive(sent)
    expired, secret_of_expired = filled_draft()
    RequestDraft.objects.filter(pk=expired.pk).update(expires_at="2020-01-01T00:00Z")
    _, secret_of_another = filled_draft()

    def visits(public_id, secret):
        stranger = Client()
        if secret:
            stranger.cookies["apollo-draft-en"] = secret
        for step in (*steps.NAMES, "sent"):
            yield stranger.get(f"{START}{public_id}/{step}/")
        for step in steps.NAMES:
            yield stranger.post(f"{START}{public_id}/{step}/", ANSWERS.get(step, {}) | {"draft_secret": secret})

    ids = (draft.public_id, sent.public_id, expired.public_id, uuid.uuid4())
    seen = [
        (response.status_code, response.content)
        for public_id in ids
        for secret in ("", "wrong", "\xe9", secret_of_another)
        for response in visits(public_id, secret)
    ]
    seen += [(response.status_code, response.content) for response in visits(expired.public_id, secret_of_expired)]

    assert len(set(seen)) == 1
    status, html = seen[0]
    assert status == 404
    assert "started on another phone or computer" in html.decode()
    assert "813-555-0100" in html.decode()
    assert "APM-" not in html.decode()
    assert RequestDraft.objects.get(pk=draft.pk).answers == ANSWERS


def test_the_secret_in_the_form_is_enough_to_post_and_renews_the_cookie(client):
    draft, secret = filled_draft()

    response = client.post(address(draft, "urgent"), {"signs": "yes", "draft_secret": secret})

    assert response["Location"] == address(draft, "you")
    assert response.cookies["apollo-draft-en"].value == secret
    assert client.get(address(draft, "you")).status_code == 200


def test_pressing_send_again_without_a_cookie_leads_to_the_reference(client, practice):  # P2
    draft, secret = filled_draft()
    press = {"draft_secret": secret}
    Client().post(address(draft, "check"), press)

    response = client.post(address(draft, "check"), press, follow=True)

    assert reference_in(response.content.decode()) == AppointmentRequest.objects.get().reference


def test_the_secret_in_an_address_opens_nothing(client):
    draft, secret = filled_draft()

    assert client.get(f"{address(draft, 'you')}?draft_secret={secret}").status_code == 404


def test_a_head_request_changes_nothing(client):  # P26
    draft, _ = open_filled(client)
    before = RequestDraft.objects.values().get()

    assert [client.head(address(draft, step)).status_code for step in steps.NAMES] == [200] * 6
    assert client.head(START).status_code == 200
    assert RequestDraft.objects.values().get() == before


def test_other_methods_are_refused(client):
    draft, _ = open_filled(client)

    assert client.put(address(draft, "you")).status_code == 405
    assert client.delete(f"{START}{draft.public_id}/sent/").status_code == 405


@pytest.mark.parametrize("path", ["x/you/", "you/", "00000000-0000-0000-0000-000000000000/nothing/"])
def test_an_address_that_is_none_is_not_found(client, path):
    assert client.get(START + path).status_code == 404


def test_only_fields_of_the_form_are_taken(client):  # P27
    draft = begin(client)
    extra = {
        "status": "closed",
        "priority": "1",
        "reference": "APM-2222-2222",
        "version": "9",
        "respond_by": "2020-01-01",
        "idempotency_key": str(uuid.uuid4()),
        "public_id": str(uuid.uuid4()),
        "assignee": "1",
        "spam_score": "9",
        "outcome": "spam",
        "channel": "fax",
        "source_slug": "other",
    }
    for step in ANSWERS:
        answer(client, draft, step, **extra)
    page = page_of(client.get(address(draft, "check"))).fields
    client.post(address(draft, "check"), {"draft_secret": page["draft_secret"], "seen": page["seen"]} | extra)

    received = AppointmentRequest.objects.get()
    assert (received.status, received.priority, received.version, received.channel) == ("received", 3, 1, "web")
    assert (received.reference != "APM-2222-2222", received.idempotency_key) == (True, draft.public_id)
    assert (received.assignee, received.spam_score, received.outcome, received.source_slug) == (None, 0, "", "mild")


def test_each_page_costs_its_queries(client, django_assert_num_queries):
    draft, _ = open_filled(client)
    practice_of_every_page = 4

    with django_assert_num_queries(practice_of_every_page):
        client.get(START)
    for step in steps.NAMES:
        with django_assert_num_queries(1 + practice_of_every_page):
            client.get(address(draft, step))
    # The draft twice (found, then locked), the write, and the transaction round it.
    with django_assert_num_queries(5):
        client.post(address(draft, "you"), ANSWERS["you"])
    send(client, draft)
    with django_assert_num_queries(1 + practice_of_every_page):
        client.get(f"{START}{draft.public_id}/sent/")


NASTY = {
    "nul": "a\x00b",
    "crlf": "a\r\nSet-Cookie: x=1",
    "controls": "".join(map(chr, range(32))),
    "escape": "\x1b[31m",
    "bidi": "\u202ereversed",
    "pile": "Z" + "\u0336" * 400,
    "surrogate": "\ud800",
    "replacement": "\ufffd",
    "noncharacter": "\uffff\U0010ffff",
    "emoji": "👩\u200d👩\u200d👧",
    "rtl": "محمد",
    "megabyte": "a" * 1_000_000,
    "markup": "<script>alert(1)</script>",
    "template": "{{ settings.SECRET_KEY }}{% now 'Y' %}",
    "format": "%s%(x)s{0}{x}",
    "sql": "'; DROP TABLE appointments_requestdraft; --",
    "formula": "=1+1",
    "digits": "9" * 400,
    "negative": "-1",
    "arabic digits": "١٢",
    "superscript": "²",
    "float": "1e999",
    "empty": "",
    "spaces": " \t\u3000 ",
}


@pytest.mark.parametrize("value", NASTY.values(), ids=NASTY)
@pytest.mark.parametrize("step", ANSWERS)
def test_no_input_gives_an_error_page(client, step, value):  # P39
    draft, secret = open_filled(client)
    names = [name for name in page_of(client.get(address(draft, step))).fields if name != "csrfmiddlewaretoken"]
    names.remove("draft_secret")
    # As multipart in a charset that can spell anything, a lone surrogate too.
    body = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name in [*names, names[0]]
    )
    body = body.encode("utf-8", "surrogatepass") + b"--b--\r\n"

    typed = dict.fromkeys(names, value.replace("\ud800", "")) | {"draft_secret": secret}

    posted = client.post(address(draft, step), typed)
    raw = client.generic("POST", address(draft, step), body, content_type="multipart/form-data; boundary=b")

    # A megabyte in every field at once is more than the site takes.
    assert {posted.status_code, raw.status_code} <= {200, 303} | ({413} if len(value) > 100_000 else set())
    for one in (step, "check"):
        assert client.get(address(draft, one)).status_code in (200, 302)


@pytest.mark.parametrize("charset", ["utf-7", "unicode_escape", "utf-16", "idna", "base64", "nonsense", "\xff"])
def test_no_charset_gives_an_error_page(client, charset):  # P39
    draft, _ = open_filled(client)
    body = (
        rb"--b" + b'\r\nContent-Disposition: form-data; name="first_name"\r\n\r\n' + rb"+2AA-\ud800" + b"\r\n--b--\r\n"
    )

    for content_type in ("multipart/form-data; boundary=b", "application/x-www-form-urlencoded"):
        posted = client.generic("POST", address(draft, "you"), body, content_type=f"{content_type}; charset={charset}")
        assert posted.status_code < 500
        assert client.get(address(draft, "you")).status_code == 200


@pytest.mark.parametrize("step", ANSWERS)
def test_every_field_takes_every_nasty_value_into_a_request_or_refuses_it(step):  # P39
    stored = 0
    for name in ANSWERS[step]:
        for value in NASTY.values():
            draft, _ = drafts.begin()
            draft.answers = answers_with(step, **{name: readable(value)})
            if steps.first_unanswered(draft) is None:
                received = receive(draft)
                AppointmentRequest.objects.get(pk=received.pk).full_clean(exclude=["days", "needs"])
                stored += 1
    assert stored >= len(ANSWERS[step]) - 1  # an empty value is taken nearly everywhere


def test_a_form_with_a_thousand_and_one_fields_is_refused(client):  # P39
    draft, _ = open_filled(client)

    response = client.post(address(draft, "you"), {f"x{n}": "1" for n in range(1001)})

    assert response.status_code == 400


class TestTokenTooOld:
    """Django's own proof of the form is gone, as after a night or with cleared cookies (P5)."""

    @pytest.fixture
    def strict(self):
        return Client(enforce_csrf_checks=True)

    @pytest.mark.parametrize("step", ANSWERS)
    def test_the_step_comes_back_with_every_value_and_one_press_goes_on(self, strict, step):
        draft, secret = filled_draft(ANSWERS | {step: {}})
        typed = ANSWERS[step] | {"draft_secret": secret}

        response = strict.post(address(draft, step), typed | {"csrfmiddlewaretoken": "a" * 64})

        page, html = page_of(response), response.content.decode()
        assert response.status_code == 403
        assert "This page was open for a long time. Nothing is lost. Please press Continue again." in html
        assert page.title.startswith("Error:")
        assert {name: page.fields[name] for name in ANSWERS[step]} == ANSWERS[step]
        assert response.cookies["apollo-draft-en"].value == secret
        assert "no-store" in response["Cache-Control"]
        again = strict.post(address(draft, step), page.fields)
        assert (again.status_code, again["Location"]) == (303, address(draft, steps.next_step(step)))

    def test_the_last_page_comes_back_and_one_press_sends(self, strict):
        draft, secret = filled_draft()

        response = strict.post(address(draft, "check"), {"draft_secret": secret})

        assert response.status_code == 403
        assert "Nothing is lost. Please press Send request again." in response.content.decode()
        assert AppointmentRequest.objects.count() == 0
        again = strict.post(address(draft, "check"), page_of(response).fields)
        assert again["Location"] == f"{START}{draft.public_id}/sent/"
        assert AppointmentRequest.objects.count() == 1

    def test_a_sent_form_leads_to_its_request(self, strict):
        draft, secret = filled_draft()
        receive(draft)

        response = strict.post(address(draft, "check"), {"draft_secret": secret})

        assert (response.status_code, response["Location"]) == (303, f"{START}{draft.public_id}/sent/")

    def test_the_start_page_comes_back_with_a_fresh_token(self, strict):
        response = strict.post(START, {"for": "mild"})

        assert response.status_code == 403
        assert "Please press Start now again." in response.content.decode()
        again = strict.post(START, page_of(response).fields)
        assert again.status_code == 303
        assert RequestDraft.objects.get().source_slug == "mild"

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://elsewhere.example"},
            {"Origin": "null"},
            {"Referer": "https://elsewhere.example/x"},
        ],
    )
    def test_a_form_of_another_site_gets_nothing(self, strict, headers):  # P30
        draft, secret = filled_draft()

        response = strict.post(address(draft, "you"), {"first_name": "Ana", "draft_secret": secret}, headers=headers)

        assert response.status_code == 403
        assert RequestDraft.objects.get().answers == ANSWERS
        assert [name for name in response.cookies if name.startswith("apollo-draft")] == []
        assert [word for word in WORDS if word in response.content.decode()] == []

    def test_the_cookie_alone_is_no_proof(self, strict):
        draft, secret = filled_draft()
        strict.cookies["apollo-draft-en"] = secret

        response = strict.post(address(draft, "you"), {"first_name": "Ana"})

        assert response.status_code == 403
        assert RequestDraft.objects.get().answers == ANSWERS
        assert [word for word in WORDS if word in response.content.decode()] == []

    @pytest.mark.parametrize("path", ["", "you/", "/admin/login/", "/no-such-page/"])
    def test_it_is_for_our_own_steps_only(self, strict, path):
        draft, _ = filled_draft()
        target = path if path.startswith("/") else f"{START}{uuid.uuid4()}/{path}"

        response = strict.post(target, {"draft_secret": "x"})

        assert response.status_code in (403, 404)
        assert "apollo-draft-en" not in response.cookies
        assert RequestDraft.objects.get().pk == draft.pk


def test_links_in_the_form_use_url_names():
    assert reverse("appointments:start") == START


def test_the_last_page_says_when_nobody_answers_the_phone(client, practice, time_machine):
    time_machine.move_to(datetime.datetime(2026, 11, 21, 17, tzinfo=datetime.UTC))  # a Saturday
    draft, _secret = open_filled(client)

    page = client.get(send(client, draft)["Location"]).content.decode()

    assert "We are closed now. We open Monday at 8 a.m." in page.partition("<main")[2]
