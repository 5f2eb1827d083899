"""Who asks in Spanish is answered in Spanish: on every page of a request, after every mistake, and in every mail."""

import datetime
import re
from types import SimpleNamespace

import icalendar
import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from django.utils.translation import _trans, get_language, override, trans_real

from apollo_site import catalogue
from appointments.forms import FORMS
from appointments.forms.file import SENTENCES
from appointments.models import (
    AccessCode,
    AccessLink,
    AccessSession,
    AppointmentRequest,
    PatientFile,
    PatientQuestion,
)
from appointments.models.words import FileKind
from appointments.services import access, moves
from appointments.services import draft as drafts
from appointments.services.request import receive
from appointments.status_words import sentence, title
from appointments.transitions import Outcome, Status
from outbox.models import Message
from outbox.render import render
from tests.answers import ANSWERS, answers_with, filled_draft, page_of
from tests.appointments.access_steps import ask, enter, open_page, request_with_link, row_of, wrong_code
from tests.factories import ClinicianFactory, LocationFactory, UserFactory
from tests.languages import Texts, left_over
from tests.patient_files import document, locked_document, upload

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("practice", "no_word_is_missing")]
FORM = "/es/appointments/request/"
LOOK_UP = "/es/appointments/status/"
DAY = datetime.timedelta(days=1)
QUESTION = "¿Qué anticoagulante toma?"
WORDS = "Solo los viernes, por favor"
STATES = [
    *({"status": status} for status in Status if status not in (Status.WAITING, Status.CLOSED)),
    *({"status": "waiting", "waiting_on": on, "next_action_at": timezone.now() + DAY} for on in ("patient", "payer")),
    {"respond_by": timezone.now() - DAY},
    *({"status": "closed", "outcome": outcome} for outcome in Outcome),
]


@pytest.fixture
def no_word_is_missing(monkeypatch):
    """Says at the end of the test what a Spanish page asked for and no catalogue has."""
    missing, look_up = set(), trans_real.gettext

    def watched(text):
        if get_language() == "es" and text and text not in trans_real.translation("es")._catalog:
            missing.add(str(text))
        return look_up(text)

    monkeypatch.setattr(_trans, "gettext", watched)
    yield
    assert missing == set()


def not_spanish(response):
    """What of a page is in another language, or is said to be, or is no good sentence; its title too."""
    page = Texts(response.content.decode())
    named = re.search(r'<html lang="(\w+)"', response.content.decode())[1]
    return wrong_in([("es", page.title), *page.found]) + [("named", named)] * (named != "es")


def wrong_in(found):
    return left_over(found) + [text for _, text in found if ".." in text]  # a time ends in "p. m."


def wrong_lines(mail):
    return wrong_in([("es", line) for line in f"{mail.subject}\n{mail.body}".split("\n")])


def text_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def requested(**values):
    return request_with_link(**{"language": "es"} | values)


def moved(name, **values):
    """A request that staff moved, with all that comes of it."""
    by = UserFactory(group="scheduler")
    return moves.move(requested()[0].public_id, name, seen_version=1, by=by, **values)


def asked():
    return moved("ask", question=QUESTION, next_action_at=timezone.now() + DAY)


def offered():
    times = {f"offer_{day}": timezone.now() + day * DAY for day in (1, 2)}
    return moved("offer", **times, location=LocationFactory(), clinician=ClinicianFactory())


def booked():
    return moved("schedule", starts_at=timezone.now() + 2 * DAY, location=LocationFactory())


def page_for(client, appointment_request):
    """The address of the patient's page, opened by a code."""
    return open_page(client, access.new_link(appointment_request))


def send(client, page, action, appointment_request, **values):
    return client.post(f"{page}{action}/", {"seen_version": appointment_request.version} | values)


# The gate


@pytest.mark.parametrize(
    "state", STATES, ids=lambda state: state.get("outcome") or state.get("waiting_on") or state.get("status", "late")
)
def test_the_gate_and_the_page_say_each_state(client, state):
    appointment_request, link = requested(**state)

    gate = client.get(link)
    page = client.get(page_for(client, appointment_request))

    with override("es"):
        line = f"Estado: {title(appointment_request)}. {sentence(appointment_request)}"
    assert line in text_of(gate)
    assert (not_spanish(gate), not_spanish(page)) == ([], [])


def test_every_code_that_does_not_open_is_told(client):
    _, link = requested()
    sent = ask(client, link)
    shown = [client.get(link), sent, ask(client, link)]
    shown += [enter(client, link, code) for code in (" ", "1234", "x" * 200, wrong_code())]
    AccessCode.objects.update(expires_at=timezone.now())
    shown.append(enter(client, link))

    assert [not_spanish(page) for page in shown] == [[]] * len(shown)
    said = [
        "No enviamos otro código.",
        "Un código tiene 8 números",
        "Le quedan 4 intentos.",
        "Este código ya no sirve.",
    ]
    assert [text in " ".join(map(text_of, shown)) for text in said] == [True] * 4


def test_five_wrong_codes_end_the_link(client):
    _, link = requested()
    ask(client, link)

    pages = [enter(client, link, wrong_code()) for _ in range(5)]

    assert "Le queda 1 intento." in text_of(pages[3])
    assert "Este enlace terminó" in text_of(pages[4])
    assert [not_spanish(page) for page in pages] == [[]] * 5


def test_a_link_that_has_ended_leads_to_a_spanish_one(client):
    _, link = requested()
    AccessLink.objects.update(expires_at=timezone.now())

    pages = [client.get(link), client.post(link, {"send-link": "1"})]

    mail = render(Message.objects.get(kind="access-link"))
    assert [not_spanish(page) for page in pages] == [[], []]
    assert wrong_lines(mail) == []
    new = re.search(r"/es/r/[\w-]{43}", mail.body)[0]
    assert row_of(new).is_valid(timezone.now())


def test_without_an_address_the_gate_leads_to_the_phone(client):
    _, link = requested(email="")

    assert not_spanish(client.get(link)) == []


# The page, its session and its end


def test_the_way_from_the_link_to_the_end_stays_in_spanish(client):
    _, link = requested()
    page = open_page(client, link)

    ended = client.post(f"{page}end/")
    stranger = client.get(page)

    assert (link[:6], page[:24]) == ("/es/r/", "/es/appointments/status/")
    assert [not_spanish(response) for response in (ended, stranger)] == [[], []]


def test_a_session_that_is_over_asks_for_a_code_and_shows_what_was_typed(client):
    appointment_request = asked()
    page = page_for(client, appointment_request)
    AccessSession.objects.update(expires_at=timezone.now())

    gate = client.get(page)
    late = send(client, page, "answer", appointment_request, answer=WORDS)
    code = client.post(f"{page}code/", {"code": wrong_code(), "typed": WORDS})

    assert [response.status_code for response in (gate, late, code)] == [200, 403, 200]
    assert WORDS in text_of(late)
    assert [not_spanish(response) for response in (gate, late, code)] == [[]] * 3
    assert set(re.findall(r'action="(/[^"]*status[^"]*)"', late.content.decode())) == {f"{page}code/"}


@pytest.mark.parametrize(
    ("make", "action", "typed", "done"),
    [
        (offered, "choose", {}, "pick_time"),
        (offered, "choose", {"offer": "none", "other_times": WORDS}, "refuse_times"),
        (asked, "answer", {}, "answer"),
        (booked, "drop-visit", {"drop_words": WORDS}, "drop_visit"),
        (booked, "withdraw", {"withdraw_words": WORDS}, "withdraw"),
    ],
)
def test_each_action_is_answered(client, make, action, typed, done):
    appointment_request = make()
    page = page_for(client, appointment_request)
    if done == "pick_time":
        typed = {"offer": appointment_request.time_offers.first().public_id}
    if done == "answer":
        typed = {f"answer_{PatientQuestion.objects.get().public_id}": "Warfarina"}
    before = client.get(page)

    answer = send(client, page, action, appointment_request, **typed)

    assert (answer.status_code, answer["Location"]) == (303, f"{page}?done={done}")
    assert (not_spanish(before), not_spanish(client.get(answer["Location"]))) == ([], [])


@pytest.mark.parametrize(
    ("make", "action", "typed"),
    [
        (offered, "choose", {"other_times": WORDS}),
        (offered, "choose", {"offer": "none", "other_times": "x" * 1001}),
        (asked, "answer", {}),
        (booked, "drop-visit", {"drop_words": "x\x07"}),
        (booked, "withdraw", {"withdraw_words": "x\N{RIGHT-TO-LEFT OVERRIDE}"}),
    ],
)
def test_each_action_explains_its_errors_and_that_it_came_too_late(client, make, action, typed):
    appointment_request = make()
    page = page_for(client, appointment_request)

    wrong = send(client, page, action, appointment_request, **typed)
    send(client, page, "withdraw", appointment_request)
    late = send(client, page, action, appointment_request, **typed)

    assert (wrong.status_code, late.status_code) == (422, 409)
    assert (not_spanish(wrong), not_spanish(late)) == ([], [])


def test_offers_that_have_passed_leave_the_phone(client):
    appointment_request = offered()
    page = page_for(client, appointment_request)
    appointment_request.time_offers.update(starts_at=timezone.now() - DAY)

    assert not_spanish(client.get(page)) == []


def test_the_calendar_entry_is_spanish(client):
    appointment_request = booked()
    address = f"{page_for(client, appointment_request)}visits/{appointment_request.visits.get().ics_uid}.ics"

    (event,) = icalendar.Calendar.from_ical(client.get(address).content).walk("VEVENT")

    assert (event["SUMMARY"], event["DESCRIPTION"]) == ("Cita", "¿Tiene preguntas? Por favor llame al 813-555-0100.")


# The files


@pytest.fixture
def page_with_files(client, settings, tmp_path):
    settings.FILES_ROOT = tmp_path / "files"
    appointment_request, link = requested()
    for kind in FileKind:
        PatientFile.objects.create(appointment_request=appointment_request, name="columna", kind=kind, size_bytes=2500)
    return open_page(client, link)


def test_the_files_are_shown_taken_and_removed(client, page_with_files):
    taken = client.post(f"{page_with_files}files/", {"file": upload(document(), "columna.pdf")})
    full, refused = (
        client.post(f"{page_with_files}files/", {"file": upload(document(), "x.pdf")}, follow=True) for _ in range(2)
    )
    file = PatientFile.objects.last()
    removed = client.post(f"{page_with_files}files/{file.public_id}/remove/")

    assert [answer["Location"] for answer in (taken, removed)] == [
        f"{page_with_files}?file={told}#files" for told in ("kept", "removed")
    ]
    pages = [full, refused, *(client.get(answer["Location"]) for answer in (taken, removed))]
    assert [not_spanish(page) for page in pages] == [[]] * 4
    assert ("Foto (JPEG)" in text_of(full), str(refused.status_code)) == (True, "409")


@pytest.mark.parametrize(
    "content", [None, b"", b"x" * (settings.MAX_FILE_BYTES + 1), b"x", document()[:-200], locked_document()]
)
def test_each_file_that_is_refused_is_explained(client, page_with_files, content):
    answer = client.post(f"{page_with_files}files/", {} if content is None else {"file": upload(content)})

    assert (answer.status_code, not_spanish(answer)) == (422, [])


def test_every_sentence_about_files_is_spanish():
    with override("es"):
        assert left_over([("es", str(said)) for said in SENTENCES.values()]) == []


# Looking up


def test_looking_up_speaks_spanish_whatever_is_typed(client):
    appointment_request, _ = requested(email="")
    right = {"date_of_birth_month": "marzo", "date_of_birth_day": "4", "date_of_birth_year": "1950"}
    reference = appointment_request.reference

    empty, nonsense, unknown, found, *many = (
        client.post(LOOK_UP, typed)
        for typed in (
            {},
            {"typed_reference": "\x00", "date_of_birth_month": "abc", "date_of_birth_day": "40"},
            right | {"typed_reference": reference, "date_of_birth_year": "1951"},
            *[right | {"typed_reference": reference}] * 5,
        )
    )

    pages = [client.get(LOOK_UP), empty, nonsense, unknown, found, many[-1]]
    assert [page.status_code for page in pages] == [200] * 5 + [429]
    assert "Estado: Recibida. Tenemos su solicitud." in text_of(found)
    assert [not_spanish(page) for page in pages] == [[]] * 6


# The form: beginning, calling, clearing, coming back


def opened(client, answers=ANSWERS):
    with override("es"):
        draft, secret = filled_draft(answers)
    client.cookies["apollo-draft-es"] = secret
    client.cookies["apollo-begun-es"] = drafts.ticket_of(draft)
    return SimpleNamespace(draft=draft, secret={"draft_secret": secret}, home=f"{FORM}{draft.public_id}/")


WRONG = {
    "urgent": [{"signs": "no", "which_signs": "fever"}, {"signs": "perhaps"}],
    "you": [
        {"for_whom": "someone-else", "first_name": "...", "date_of_birth_month": "13", "zip_code": "3357"},
        {"for_whom": "myself", "on_behalf_name": "Ana", "first_name": "x" * 101, "date_of_birth_year": "48"},
        {"date_of_birth_month": "2", "date_of_birth_day": "30", "date_of_birth_year": "1950"},
    ],
    "reach": [
        {"phone": "813", "email": "walter", "reach_by": "email", "needs": "interpreter"},
        {"phone": "013-555-01420", "interpreter_language": "criollo", "best_time": "never"},
    ],
    "visit": [
        {"topic": "accident", "all_year": "no"},
        {"reason": "x" * 1001, "all_year": "yes", "in_florida_from_year": "2026", "earliest_on_year": "1999"},
        {"reason": "x\x00", "accident_on_month": "mayo", "accident_on_day": "x"},
    ],
    "referrer": [{"referrer_name": "Dra. Ejemplo"}, {"referrer_name": "x\u202e", "payer_kind": "gold"}],
}


@pytest.mark.parametrize("step", FORMS)
def test_every_step_explains_its_errors(client, step):
    form = opened(client)

    pages = [client.post(f"{form.home}{step}/", form.secret | typed, follow=True) for typed in WRONG[step]]

    assert [not_spanish(page) for page in pages] == [[]] * len(pages)


def test_a_page_that_is_too_old_is_shown_again(client):
    strict = Client(enforce_csrf_checks=True)
    form = opened(strict)

    pages = [strict.post(f"{form.home}{step}/", form.secret | {"signs": "no"}) for step in ("urgent", "check")]
    pages += [strict.post(FORM), strict.post(LOOK_UP)]

    assert [page.status_code for page in pages] == [403] * 4
    assert [not_spanish(page) for page in pages] == [[]] * 4


@pytest.mark.parametrize("topic", ["refill", "records", "bill"])
def test_what_is_no_appointment_leads_to_the_phone(client, topic):
    form = opened(client, answers_with("visit", topic=topic) | {"urgent": {"signs": ["yes"]}})

    answer = client.post(f"{form.home}visit/", form.secret | answers_with("visit", topic=topic)["visit"])

    assert answer["Location"] == f"{form.home}call-us/"
    assert not_spanish(client.get(answer["Location"])) == []


@pytest.mark.parametrize("is_sent", [False, True])
def test_clearing_the_screen_says_so(client, is_sent):
    form = opened(client)
    if is_sent:
        receive(form.draft)
        assert not_spanish(client.get(f"{form.home}sent/")) == []

    cleared = client.post(f"{form.home}clear/", form.secret, follow=True)

    assert cleared.redirect_chain == [(f"{FORM}cleared/", 303)]
    assert not_spanish(cleared) == []


def test_who_comes_back_goes_on_and_strangers_are_told(client):
    form = opened(client)

    start = client.get(FORM)
    stranger = Client().get(f"{form.home}check/")

    assert f"{form.home}check/" in page_of(start).links
    assert "Empezada el" in text_of(start)
    assert (not_spanish(start), not_spanish(stranger)) == ([], [])


def test_a_request_is_in_the_language_of_the_page_that_was_sent(client):
    draft, secret = filled_draft()
    client.cookies["apollo-draft-es"] = secret
    home = f"{FORM}{draft.public_id}/"
    fields = page_of(client.get(f"{home}check/")).fields

    sent = client.post(f"{home}check/", {name: fields[name] for name in ("draft_secret", "seen")}, follow=True)

    assert sent.redirect_chain == [(f"{home}sent/", 303)]
    assert (draft.language, AppointmentRequest.objects.get().language) == ("en", "es")
    assert Message.objects.get(kind="acknowledgement").secrets["path"][:6] == "/es/r/"


# The mails


def mails_to_patients():
    """(kind, mail) of each, that of a booked visit with and without its time."""
    at = timezone.now().isoformat()
    shared = {"reference": "APM-2345-6789", "phone_display": "813-555-0100", "from_name": "Consultorio"}
    values = shared | {"respond_by": at, "code_ends_at": at, "place": "100 Sample Plaza", "path": "/es/r/x"}
    for name in catalogue.public_files():
        kind = re.fullmatch(r"templates/outbox/([\w-]+)\.txt", name)
        without_time = [] if "visit-reminder" in name else [{}]
        for visit in [*without_time, {"visit_at": at}] if kind else ():
            message = Message(kind=kind[1], to="walter@example.org", language="es", context=values | visit)
            message.secrets = {"code": "1234 5678"}
            yield kind[1], render(message)


def test_every_mail_to_a_patient_is_spanish():
    mails = list(mails_to_patients())

    assert len(mails) == 21
    assert [(kind, left) for kind, mail in mails if (left := wrong_lines(mail))] == []
    assert [kind for kind, mail in mails if not re.match(r"Hola:\n\n[A-ZÉ]", mail.body)] == []


@pytest.mark.parametrize("make", [asked, offered, booked])
def test_what_staff_do_is_told_with_a_spanish_link(make):
    make()

    message = Message.objects.exclude(kind="access-code").get()
    mail = render(message)
    assert (wrong_lines(mail), message.secrets["path"][:6]) == ([], "/es/r/")
    assert f"{message.secrets['path']}\n" in mail.body
