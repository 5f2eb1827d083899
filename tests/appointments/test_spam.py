"""What goes to quarantine and what does not, and that nobody but the sender is told of it until it is released."""

import datetime
import logging
import re

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from appointments.models import AppointmentRequest, RateCount, StatusEvent
from appointments.models.words import Priority
from appointments.services import moves, spam
from appointments.services.request import receive
from appointments.services.spam import LIMIT, RULES, Post, Signs, hits, score
from outbox.models import Message
from tests.answers import ANSWERS, WORDS, answers_with, filled_draft, page_of, reference_in
from tests.appointments.desk import LIST, sign_in
from tests.appointments.desk import page_of as page_of_request
from tests.factories import AppointmentRequestFactory, RoutingRuleFactory, UserFactory

HERE = Post("203.0.113.0/24")
BOT = Post("203.0.113.0/24", hidden="https://casino.example")
LONG_WORDS = "My legs get heavy after one block, and I have to sit down before I can go on."


def codes(signs):
    return [rule.code for rule in hits(signs)]


# The rules

STRONG = [
    (Signs(hidden="x"), ["hidden-field"]),
    (Signs(seconds=2.9), ["too-quick"]),
    (Signs(sent_this_hour=21), ["many-sent"]),
    (Signs(same_text_today=4), ["same-words"]),
    (Signs(same_mailbox_today=21), ["one-mailbox"]),
    (Signs(names=("https://casino.example",)), ["link-in-name"]),
    (Signs(names=("Walter", "buy-now.casino.xyz/win")), ["link-in-name"]),
    (Signs(texts=("see http://a.example and https://b.example, www.c.example",)), ["many-links"]),
    (Signs(texts=('<a href="https://casino.example">casino</a>',)), ["link", "markup"]),
    (Signs(texts=("[url=https://casino.example]casino[/url]",)), ["link", "markup"]),
    (Signs(names=("casino", "casino"), texts=("casino", "<b>")), ["markup", "same-fields"]),
]
WEAK = [
    (Signs(texts=("My MRI is at https://clinic.example/mri/",)), ["link"]),
    (Signs(texts=("see www.a.example", "www.b.example")), ["link"]),
    (Signs(texts=("The report says <b>stenosis</b>.",)), ["markup"]),
    (Signs(names=("None", "none"), texts=("NONE.",)), ["same-fields"]),
    (Signs(names=("None", "none"), texts=("None", "www.clinic.example")), ["link", "same-fields"]),
]
NONE = [
    Signs(),
    Signs(seconds=3),
    Signs(sent_this_hour=20),
    Signs(same_text_today=3),
    Signs(same_mailbox_today=20),
    Signs(names=("Thomas", "Thomas")),
    Signs(names=("walter.demo@example.com", "St.John", "J.R.", "O'Net")),
    Signs(texts=("", "", "", "")),
]


@pytest.fixture
def three_seconds(settings):
    settings.SPAM_MIN_SECONDS = 3


@pytest.mark.parametrize(("signs", "expected"), STRONG)
def test_a_strong_sign_or_several_weak_ones_are_enough(three_seconds, signs, expected):
    assert codes(signs) == expected
    assert score(hits(signs)) >= LIMIT


@pytest.mark.parametrize(("signs", "expected"), WEAK)
def test_one_weak_sign_is_still_a_person(three_seconds, signs, expected):
    assert codes(signs) == expected
    assert 0 < score(hits(signs)) < LIMIT


@pytest.mark.parametrize("signs", NONE)
def test_at_its_edge_no_rule_holds(three_seconds, signs):
    assert codes(signs) == []


def test_every_rule_is_tried_above():
    assert {code for _, expected in STRONG + WEAK for code in expected} == {rule.code for rule in RULES}


def test_all_signs_at_once_fit_the_column(three_seconds):
    names, texts = ("casino.com",) * 3, ("<b>www.a.example www.b.example www.c.example",)
    many = {"sent_this_hour": 500, "same_text_today": 500, "same_mailbox_today": 500}
    everything = Signs(names, texts, hidden="x", seconds=0, **many)

    assert len(hits(everything)) == len(RULES) - 1  # one link is not many
    assert score(hits(everything)) < 32_767


def test_a_hurry_can_be_allowed(settings):
    settings.SPAM_MIN_SECONDS = 0

    assert codes(Signs(seconds=0)) == []


ORDINARY = [
    (("Walter", "Probeman"), "My legs get heavy.\nAfter one block."),
    (("Ana María", "Núñez de la Cruz"), "Me duele la espalda desde hace años, más al caminar. ¿Atienden en español?"),
    (("Олена", "Ковальчук"), "Болит спина уже три месяца, отдаёт в левую ногу. Врач говорит, что нужна операция."),
    (("小明", "王"), "我的腰疼了三个月了，走路的时候特别疼。请问可以预约吗？"),
    (("محمد", "العلي"), "عندي ألم في الظهر منذ سنة وأحتاج إلى موعد"),
    (("Σοφία", "Παπαδοπούλου"), "Πονάει η μέση μου όταν περπατάω."),
    (("Nguyễn", "Thị Ánh"), "Tôi bị đau lưng."),
    (("Rosa", "O'Brien-Smith"), "Hurts 😢😢😢 all day!!! 🙏 please help ❤️"),
    (("J.R.", "St. John III"), "L4-L5, 7 mm; ESIs 2/14/2024, 9/9/2025; A1c 6.8, INR 2.5, 81 mg aspirin."),
    (("WALTER", "PROBEMAN"), "I NEED HELP WITH MY BACK. PLEASE CALL AFTER 3 PM."),
    (("Lee", "Lee"), "Neck."),
    (("Bob", "Sample"), ""),
    (("Mary", "Sample"), "Is viagra or oxycodone a problem before the injection? I take tramadol 50 mg, 4 a day."),
    (("Jo", "Sample"), "I read https://practice.example.org/procedures/mild/ and want to know if it is for me."),
    (("Pat", "Sample"), "My doctor's office is at www.sampleton.example. They have the MRI and the X-rays."),
    (("Kim", "Sample"), "Pain is 8/10 > 5/10 last year; walking < 1 block. BP 140/90."),
    (("Sam", "Sample"), "My son wrote this for me: sam.son@example.com, 813-555-0142, or fax (813) 555-0177."),
    (("Max", "Sample"), "- sitting: fine\n- standing: 5 min\n- walking: 1 block\n\n* worse at night\n1) rest\n2) ice"),
    (("Eva", "Sample"), "Ouch. " * 160),
    (("Ида", "Sample"), "Недавно упала. No English. Hablo un poco español."),
]  # fmt: skip


@pytest.mark.parametrize(("names", "reason"), ORDINARY)
def test_what_people_write_stays_below_the_limit(names, reason):
    signs = Signs(names=names, texts=(reason, "", "Medicare", "1EG4-TE5-MK73", "Dr. Ines Sampleton", "none", "none"))

    assert score(hits(signs)) < LIMIT
    assert codes(signs) == (["link"] if "https://" in reason or "www." in reason else [])


@given(
    st.text(st.characters(exclude_characters="<[", exclude_categories=["Cs"])).filter(lambda t: not spam.LINK.search(t))
)
def test_no_letter_of_any_script_counts(text):
    assert codes(Signs(texts=(text,))) == []


@given(st.text(), st.text())
def test_any_text_can_be_judged(name, text):
    assert score(hits(Signs(names=(name,), texts=(text,)))) >= 0


# Receiving


@pytest.fixture
def desk(practice):
    scheduler = UserFactory(group="scheduler")
    RoutingRuleFactory(everyone=True).staff.add(scheduler)
    return scheduler


def send(client, draft, **typed):
    """Press "Send request" on the last page as a browser does; the answer."""
    page = page_of(client.get(f"/appointments/request/{draft.public_id}/check/"))
    return client.post(f"/appointments/request/{draft.public_id}/check/", page.fields | typed)


def open_filled(client, answers=ANSWERS):
    draft, secret = filled_draft(answers)
    client.cookies["apollo-draft-en"] = secret
    return draft


def test_quarantine_looks_like_the_queue_to_the_sender_and_nobody_is_told(client, desk):
    pages = {}
    for hidden in ("", "https://casino.example"):
        draft = open_filled(client)
        response = send(client, draft, subject=[hidden])
        assert response.status_code == 303
        html = client.get(response["Location"]).content.decode()
        html = html.replace(reference_in(html), "").replace(str(draft.public_id), "")
        pages[hidden] = re.sub(r'(name="(csrfmiddlewaretoken|draft_secret)" value=")[^"]*', r"\1", html)

    received, aside = AppointmentRequest.objects.order_by("pk")
    assert (received.status, received.spam_score) == ("received", 0)
    assert (aside.status, aside.spam_score) == ("quarantined", 10)
    assert aside.respond_by == received.respond_by
    event = StatusEvent.objects.get(appointment_request=aside)
    assert (event.move, event.to_status, event.details) == ("receive", "quarantined", {"spam": ["hidden-field"]})
    assert set(Message.objects.values_list("about", flat=True)) == {received.reference}
    assert pages[""] == pages["https://casino.example"]
    assert "<strong>Received.</strong>" in pages[""]


def test_the_hidden_field_is_out_of_the_way_of_people(client, desk):
    html = client.get(f"/appointments/request/{open_filled(client).public_id}/check/").content.decode()

    field = html.partition('<p class="hide" aria-hidden="true">')[2].partition("</p>")[0]
    assert "Leave this empty</label>" in field
    assert f'name="{spam.HIDDEN_FIELD}" tabindex="-1" autocomplete="off"' in field


@pytest.mark.parametrize(("seconds", "status"), [(2, "quarantined"), (3, "received")])
@pytest.mark.django_db
def test_nobody_fills_in_a_form_in_two_seconds(client, desk, three_seconds, time_machine, seconds, status):
    time_machine.move_to(datetime.datetime(2026, 11, 30, 17, tzinfo=datetime.UTC), tick=False)
    draft = open_filled(client)
    time_machine.shift(seconds)

    send(client, draft)

    assert AppointmentRequest.objects.get().status == status


def test_the_time_is_ours_and_no_field_says_another(client, desk, three_seconds):
    send(client, open_filled(client), created_at=["2020-01-01"], seconds=["999"])

    assert AppointmentRequest.objects.get().status == "quarantined"


def test_a_weak_sign_is_kept_as_points(desk):
    received = receive(filled_draft(answers_with("visit", reason="See www.clinic.example"))[0], post=HERE)

    assert (received.status, received.spam_score, Message.objects.count()) == ("received", 4, 2)
    received.refresh_from_db()
    assert received.spam_score == 4


@pytest.mark.parametrize(("step", "name"), [("you", "first_name"), ("you", "name_pronunciation")])
def test_typed_names_are_judged(desk, step, name):
    draft, _ = filled_draft(answers_with(step, **{name: "casino.com"}))

    assert receive(draft, post=HERE).status == "quarantined"


def test_what_we_enter_ourselves_is_not_judged(desk):
    draft, _ = filled_draft(answers_with("you", first_name="casino.com"))

    assert receive(draft).status == "received"
    assert not RateCount.objects.exists()


@pytest.fixture
def one_window(time_machine):
    """No hour and no day of counts ends during the test."""
    time_machine.move_to("2026-11-30T12:00:00-05:00", tick=False)


@pytest.mark.usefixtures("one_window")
def test_more_than_a_nurse_can_type_in_an_hour(desk, monkeypatch):
    monkeypatch.setattr(spam, "SENT_PER_HOUR", 3)

    statuses = [receive(filled_draft()[0], post=HERE).status for _ in range(5)]
    elsewhere = receive(filled_draft()[0], post=Post("198.51.100.0/24")).status

    assert statuses == ["received"] * 3 + ["quarantined"] * 2
    assert elsewhere == "received"


@pytest.mark.usefixtures("one_window")
def test_the_same_words_from_everywhere(desk):
    def status_of(number, reason):
        draft, _ = filled_draft(answers_with("visit", reason=reason))
        return receive(draft, post=Post(f"203.0.{number}.0/24")).status

    varied = [status_of(number, f"  {LONG_WORDS.upper()} {number}!") for number in range(5)]
    short = [status_of(number, "My back hurts.") for number in range(5)]

    assert varied == ["received"] * 3 + ["quarantined"] * 2
    assert short == ["received"] * 5


def test_one_mailbox_from_everywhere(desk, monkeypatch):
    monkeypatch.setattr(spam, "SAME_MAILBOX_PER_DAY", 3)
    addresses = [
        "victim@example.org",
        "Victim@example.org",
        "vic.tim@example.org",
        "victim+1@example.org",
        "victim+2@example.org",
    ]

    statuses = [
        receive(filled_draft(answers_with("reach", email=email))[0], post=Post(f"203.0.{number}.0/24")).status
        for number, email in enumerate(addresses)
    ]
    without = [
        receive(filled_draft(answers_with("reach", email=""))[0], post=Post("198.51.100.0/24")).status for _ in range(5)
    ]

    assert statuses == ["received"] * 3 + ["quarantined"] * 2
    assert without == ["received"] * 5
    assert Message.objects.filter(kind="acknowledgement").count() == 3


def test_pressing_again_changes_and_counts_nothing(client, desk):
    draft, answers = open_filled(client), set()
    fields = page_of(client.get(f"/appointments/request/{draft.public_id}/check/")).fields
    for subject in ("x", "", "", "x"):
        answers.add(
            client.post(f"/appointments/request/{draft.public_id}/check/", fields | {"subject": subject})["Location"]
        )

    assert len(answers) == 1
    assert AppointmentRequest.objects.get().status == "quarantined"
    assert list(RateCount.objects.values_list("count", flat=True)) == [1, 1]  # network and mailbox


def test_counts_and_logs_hold_no_word_and_no_address(client, desk, caplog):
    caplog.set_level(logging.DEBUG)
    draft = open_filled(client, answers_with("visit", reason=LONG_WORDS))
    page = page_of(client.get(f"/appointments/request/{draft.public_id}/check/"))
    caplog.clear()
    client.post(
        f"/appointments/request/{draft.public_id}/check/",
        page.fields | {"subject": "Qwordhidden"},
        REMOTE_ADDR="203.0.113.77",
    )

    assert AppointmentRequest.objects.get().status == "quarantined"
    kept = " ".join(map(str, [*RateCount.objects.values_list(), *StatusEvent.objects.values_list("details")]))
    written = " ".join(record.getMessage() for record in caplog.records if not record.name.startswith("django.db"))
    assert RateCount.objects.count() == 3
    for text in (kept, written):
        assert [word for word in (*WORDS, "Qwordhidden", "203.0.113") if word in text] == []


# Releasing


@pytest.fixture
def aside(desk):
    return receive(filled_draft()[0], post=BOT)


def test_released_it_is_like_any_other(aside, desk):
    moved = moves.move(aside.public_id, "release", seen_version=1, by=desk)

    assert (moved.status, moved.respond_by, moved.spam_score) == ("received", aside.respond_by, 10)
    messages = {message.kind: message for message in Message.objects.all()}
    assert set(messages) == {"staff-notice", "acknowledgement"}
    like_any_other = receive(filled_draft()[0], post=HERE)
    for other in Message.objects.filter(about=like_any_other.reference):
        mine = messages[other.kind]
        assert (mine.to, mine.language) == (other.to, other.language)
        assert mine.dedupe_key == other.dedupe_key.replace(other.about, mine.about)
    assert messages["acknowledgement"].secrets["path"].startswith("/r/")


def test_rejected_it_is_closed_and_nobody_is_told(aside, desk):
    moved = moves.move(aside.public_id, "reject_spam", seen_version=1, by=desk)

    assert (moved.status, moved.outcome, Message.objects.count()) == ("closed", "spam", 0)


@pytest.mark.parametrize("name", ["release", "reject_spam"])
def test_one_click_is_enough(client, aside, name):
    sign_in(client, "scheduler")
    html = client.get(page_of_request(aside)).content.decode()
    assert "<details" not in html.partition('id="next"')[2].partition("</section>")[0]

    response = client.post(page_of_request(aside), {"move": name, "seen_version": "1"})

    assert response.status_code == 302
    aside.refresh_from_db()
    assert aside.status == {"release": "received", "reject_spam": "closed"}[name]


@pytest.mark.django_db
@pytest.mark.parametrize("group", ["scheduler", "auditor"])
def test_the_page_says_why_it_was_put_aside(client, aside, group):
    sign_in(client, group)

    html = client.get(page_of_request(aside)).content.decode()

    assert "In quarantine: nobody has been told of this request" in html
    assert "<li>A field was filled in that people do not see</li>" in html
    assert "casino.example" not in html


def test_the_page_of_any_other_request_says_nothing_of_it(client, practice):
    sign_in(client, "scheduler")

    assert "quarantine" not in client.get(page_of_request(AppointmentRequestFactory())).content.decode().lower()


def test_the_tab_shows_urgent_signs_first(client, practice):
    sign_in(client, "scheduler")
    soon = timezone.now() + datetime.timedelta(hours=1)
    older = AppointmentRequestFactory(status="quarantined", respond_by=soon)
    urgent = AppointmentRequestFactory(status="quarantined", priority=Priority.URGENT)

    html = client.get(LIST, {"show": "quarantine"}).content.decode()

    assert "Quarantine (2)" in html
    assert "Open (0)" in html
    assert html.index(urgent.reference) < html.index("Urgent</span>") < html.index(older.reference)
