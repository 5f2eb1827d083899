"""The letters on the page of a referral: the next step of each, what is refused and kept, and the PDF."""

import datetime
import io
import re
import uuid

import pikepdf
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pypdf import PdfReader

from appointments import letters as pdf
from appointments.admin.letters import DONE
from appointments.letter_moves import SECTIONS, TABLE
from appointments.models import ReadEvent, Referral, ReferralUpdate
from appointments.models.referral import BLOCKED, NO_PRACTICE, NOT_VERIFIED
from appointments.services import contact_points, letters, referrals
from appointments.services.moves import groups_of
from appointments.transitions import GROUPS, READERS
from outbox.models import Message
from tests.appointments.desk import sign_in
from tests.appointments.test_letter_moves import (
    change,
    letter_for,
    letter_in,
    number_changes,
    patient_says_no,
    press,
    stored,
)
from tests.factories import (
    AppointmentRequestFactory,
    ClinicianFactory,
    ContactPointFactory,
    LocationFactory,
    ReferralFactory,
    ReferralUpdateFactory,
    ReferringPracticeFactory,
    UserFactory,
)

Status = ReferralUpdate.Status
LIST = "/admin/appointments/referral/"
HOSTILE = {
    "null": "a\0b",
    "long digits": "9" * 5000,
    "too big a number": "9" * 20,
    "superscript": "\N{SUPERSCRIPT TWO}",
    "year 1": "0001-01-01T00:00",
    "year 9999": "9999-12-31T23:59",
    "surrogate": b"\xed\xa0\x80",
}


def page_of(update):
    return f"{LIST}{update.referral_id}/change/"


def pdf_of(update):
    return f"{LIST}{update.referral_id}/letters/{update.public_id}.pdf"


def typed(update, name, **values):
    """What the form of a move posts."""
    everything = {
        "contact_point": update.referral.practice and update.referral.practice.contact_points.first().pk,
        "clinician": update.clinician_id or "",
        "last_four": "0150",
        "way": "printed",
        "pages": "2",
        "arrived_at": timezone.localtime().strftime("%Y-%m-%dT%H:%M"),
        "proof": "OK 10:42",
        "failure": "busy",
        "comment": "They called.",
    }
    needs = next(move.needs for move in TABLE if move.name == name)
    fields = {field: everything[field] for field in needs} | values
    return {"letter": update.public_id, "letter_move": name, "seen_version": update.version} | fields


def post(client, update, name, **values):
    answer = client.post(page_of(update), typed(update, name, **values))
    return answer.status_code, answer.content.decode()


def buttons(client, update):
    html = client.get(page_of(update)).content.decode()
    return re.findall(r'name="letter_move" value="(\w+)"', html)


def next_button(client, update):
    html = client.get(page_of(update)).content.decode()
    return re.findall(r'<button class="press" name="(?:letter_move|way)" value="(\w+)"', html)


# Who may do what


@pytest.mark.parametrize("group", [*GROUPS, None])
@pytest.mark.parametrize("move", TABLE, ids=lambda move: move.name)
def test_each_role_sees_and_presses_what_the_table_gives_it(client, practice, group, move):
    user = sign_in(client, group)
    update = letter_for(move, by=user)

    shown = buttons(client, update) if group not in ("editor", None) else []
    status, __ = post(client, update, move.name)

    may = bool(groups_of(user) & move.by)
    assert (move.name in shown, status) == (may, 302 if may else 403)
    assert stored(update)["version"] == (2 if may else 1)


@pytest.mark.parametrize("group", [*GROUPS, None])
def test_each_role_writes_another_letter_as_the_table_gives_it(client, practice, group):
    sign_in(client, group)
    referral = ReferralFactory(matched=True)

    status = client.post(f"{LIST}{referral.pk}/change/", {"new_letter": "add", "kind": "interim"}).status_code

    may = group in ("scheduler", "referral coordinator", "clinician", "supervisor", "owner")
    assert (status, referral.updates.count()) == ((302, 1) if may else (403, 0))


@pytest.mark.parametrize(
    ("status", "step"),
    [
        ("due", ["prepare"]), ("prepared", ["approve"]), ("approved", ["printed"]), ("sending", []),
        ("sent", ["confirm"]), ("confirmed", []), ("failed", ["prepare"]), ("withdrawn", []),
    ],
)  # fmt: skip
def test_each_letter_has_one_next_step(client, practice, status, step):
    sign_in(client, "referral coordinator")

    assert next_button(client, letter_in(Status(status))) == step


@pytest.mark.parametrize(
    ("group", "is_theirs", "step"),
    [("clinician", True, ["sign"]), ("clinician", False, []), ("referral coordinator", False, [])],
)
def test_letter_to_sign_is_read_and_signed_by_the_clinician_it_names(client, practice, group, is_theirs, step):
    user = sign_in(client, group)
    update = letter_in(Status.PREPARED, kind="final")
    if is_theirs:
        change(update.clinician, user=user)

    html = client.get(page_of(update)).content.decode()

    assert next_button(client, update) == step
    assert "Prepared, to be signed" in html
    assert ("Elena Sample, MD has to read and sign this letter." in html) != is_theirs
    assert ("<dt>Findings</dt><dd>As discussed.</dd>" in html) == is_theirs
    assert 'value="approve"' not in html


@pytest.mark.parametrize("whose", ["mine", "another's", "none"])
def test_after_signing_the_next_letter_of_the_same_clinician_is_named(client, practice, whose):
    user = sign_in(client, "clinician")
    update = letter_in(Status.PREPARED, kind="final")
    change(update.clinician, user=user)
    if whose != "none":
        clinician = update.clinician if whose == "mine" else ClinicianFactory(slug="sam-sample")
        following = letter_in(Status.PREPARED, kind="final", clinician=clinician, referral__physician__npi=None)

    post(client, update, "sign")

    html = client.get(page_of(update)).content.decode()
    link = f'Your next letter to sign: <a href="{page_of(following)}">' if whose == "mine" else None
    assert (link in html) if link else ("next letter to sign" not in html)


def test_row_of_the_worklist_leads_to_the_letter_to_sign_before_those_that_have_left(client, practice):
    sign_in(client, "clinician")
    later = timezone.now() + datetime.timedelta(days=1)
    update = letter_in(Status.PREPARED, kind="final", due_at=later)
    sent = {"contact_point": update.contact_point, "due_at": timezone.now()}
    ReferralUpdateFactory(sent=True, referral=update.referral, kind="booked", **sent)

    html = client.get("/admin/appointments/appointmentrequest/?show=to-sign").content.decode()

    assert f'<a href="{page_of(update)}#letter-{update.pk}">Final letter: Prepared, to be signed, by ' in html


@pytest.mark.parametrize(("group", "is_active"), [("clinician", True), ("clinician", False), ("editor", True)])
def test_clinician_of_the_visit_is_chosen_already_if_they_can_sign(client, practice, group, is_active):
    sign_in(client, "scheduler")
    doctor = ClinicianFactory(user=UserFactory(group=group, is_active=is_active), order=1)
    update = letter_in(Status.DUE, kind="final")
    ClinicianFactory(user=UserFactory(group="clinician"), slug="sam-sample", first_name="Sam")
    visits = update.referral.appointment_request.visits
    visits.create(status="fulfilled", starts_at=timezone.now(), location=LocationFactory(), clinician=doctor)

    html = client.get(page_of(update)).content.decode()

    options = re.findall(r"<option[^>]*>[^<]*, MD</option>", html)
    chosen = [f'<option value="{doctor.pk}" selected>Elena Sample, MD</option>']
    assert [option for option in options if "Elena" in option] == (
        chosen if (group, is_active) == ("clinician", True) else []
    )


# From owed to arrived


def test_letter_goes_its_way_by_the_buttons(client, practice):
    sign_in(client, "referral coordinator")
    update = letter_in(Status.DUE, kind="declined")
    change(update.referral.appointment_request, status="closed", outcome="not-a-service-we-offer")

    for name in ("prepare", "approve", "send", "confirm"):
        update.refresh_from_db()
        assert post(client, update, name)[0] == 302

    referral = Referral.objects.get()
    assert (referral.loop_closed_how, referral.closing_update) == ("update", update)


def test_day_by_which_it_is_due_stands_on_a_letter_until_it_has_left(client, practice):
    sign_in(client, "referral coordinator")
    update = letter_in(Status.PREPARED)
    pages = []
    for status in (Status.PREPARED, Status.SENT):
        change(update, status=status, due_at=timezone.now() + datetime.timedelta(days=1), approved_at=timezone.now())
        pages.append(client.get(page_of(update)).content.decode())

    assert ['<span class="badge">Due ' in html for html in pages] == [True, False]


def test_whoever_notes_a_wrong_number_hears_what_follows(client, practice):
    sign_in(client, "referral coordinator")
    update = letter_in(Status.SENT)

    post(client, update, "fail", failure="wrong-number")

    assert "Nothing goes to this number until" in client.get(page_of(update)).content.decode()


def test_page_shows_the_number_in_groups_beside_the_last_one_that_arrived(client, practice):
    sign_in(client, "referral coordinator")
    update = letter_in(Status.PREPARED)
    first = client.get(page_of(update)).content.decode()
    there = {"referral": update.referral, "contact_point": update.contact_point}
    letters.confirm_read(ReferralUpdateFactory(sent=True, **there).public_id)
    read = client.get(page_of(update)).content.decode()
    contact_points.delivered(update.contact_point)
    same = client.get(page_of(update)).content.decode()
    change(update.contact_point, value="+18135550151")
    contact_points.delivered(update.contact_point)
    other = client.get(page_of(update)).content.decode()

    assert "Fax 813-555-0150" in first
    assert ["No letter has arrived at this office yet." in page for page in (first, read, same)] == [True, True, False]
    assert "813-555-0150 (the same)" in same
    assert "<strong>813-555-0151</strong>: not the same." in other


@pytest.mark.parametrize(("gateway", "ways"), [("", ["printed"]), ("fax.example.org", ["gateway", "printed"])])
def test_buttons_of_sending_say_what_staff_do(client, practice, settings, gateway, ways):
    settings.FAX_GATEWAY = gateway
    sign_in(client, "referral coordinator")
    update = letter_in(Status.APPROVED)

    html = client.get(page_of(update)).content.decode()

    assert re.findall(r'name="way" value="(\w+)"', html) == ways
    assert html.index("Open the PDF</a>") < html.index("I have faxed it, mailed it or handed it over</button>")
    assert (next_button(client, update), "Send it</button>" in html) == (ways[:1], False)


def by_a_person(update, by):
    press(update, "withdraw", by, comment="They know it by phone.")
    return f"Withdrawn by {by.get_full_name()}, ", ": <q>They know it by phone.</q>"


def by_newer_news(update, by):
    referrals.accept(update.referral.public_id, seen_version=1, by=by)
    return "Withdrawn by itself, ", f"because there was newer news: Referral accepted ({by.get_full_name()})."


def before_that_was_kept(update, by):
    change(update, status="withdrawn")
    return "Withdrawn by itself: it was no longer true.", ""


@pytest.mark.parametrize("withdraw", [by_a_person, by_newer_news, before_that_was_kept])
def test_withdrawn_letter_says_by_whom_or_what_and_why(client, practice, withdraw):
    user = sign_in(client, "supervisor")
    update = letter_in(Status.PREPARED, due_at=timezone.now())

    begins, ends = withdraw(update, user)

    html = client.get(page_of(update)).content.decode()
    assert re.search(f"<p>{re.escape(begins)}.*{re.escape(ends)}</p>", html)


def test_who_reads_no_words_reads_none_of_a_withdrawal(client, practice):
    update = letter_in(Status.DUE)
    by_a_person(update, UserFactory(group="referral coordinator"))
    sign_in(client, "auditor")

    html = client.get(page_of(update)).content.decode()

    assert ("Withdrawn by " in html, "They know it by phone." in html) == (True, False)


# What is refused


def test_slip_is_refused_in_words_and_stays(client, practice):
    sign_in(client, "referral coordinator")
    update = letter_in(Status.PREPARED)

    status, html = post(client, update, "approve", last_four="0151")

    assert (status, 'value="0151"' in html, stored(update)["status"]) == (422, True, "prepared")
    assert "These are not the last four of where this letter goes." in html


def test_words_of_a_letter_stay_when_a_heading_is_empty(client, practice):
    sign_in(client, "scheduler")
    update = letter_in(Status.DUE, kind="final")

    status, html = post(client, update, "prepare", history="Long <b>story</b>", findings="", plan="Rest.")

    assert (status, "Long &lt;b&gt;story&lt;/b&gt;" in html, "Rest." in html) == (422, True, True)
    assert html.count("This field is required.") == 4


def test_letter_without_a_visit_is_refused_in_words(client, practice):
    sign_in(client, "scheduler")
    update = letter_in(Status.DUE, kind="booked")

    status, html = post(client, update, "prepare", note="Mind the stairs.")

    assert (status, "There is no such visit." in html, "Mind the stairs." in html) == (409, True, True)


def test_second_person_reads_what_the_first_did(client, practice):
    sign_in(client, "referral coordinator")
    update = letter_in(Status.PREPARED)
    press(update, "approve", UserFactory(group="supervisor", first_name="Sol", last_name="Other"))

    status, html = post(client, update, "withdraw", comment="Typed for nothing.")

    assert (status, stored(update)["status"]) == (409, "approved")
    assert "<strong>Sol Other</strong>" in html
    assert "Letter approved" in html
    assert "Typed for nothing." in html
    assert 'name="seen_version" value="2"' in html


def test_what_was_typed_for_a_move_that_is_gone_is_kept_without_a_button(client, practice):
    sign_in(client, "referral coordinator")
    update = letter_in(Status.SENT)
    change(update, status="withdrawn")

    status, html = post(client, update, "confirm", proof="OK 10:42, read aloud")

    assert (status, "OK 10:42, read aloud" in html, 'value="confirm"' in html) == (409, True, False)


def test_blocked_page_has_no_button_that_lets_something_leave_and_says_why(client, practice):
    sign_in(client, "supervisor")
    update = letter_in(Status.APPROVED)
    says = patient_says_no(update)

    html = client.get(page_of(update)).content.decode()

    assert str(says) in html
    assert "Stopped: the patient has not agreed" in html
    assert "Approved</span>" not in html
    assert sorted(buttons(client, update)) == ["fail", "withdraw"]
    assert 'name="new_letter"' not in html
    assert ".pdf" not in html


@pytest.mark.parametrize("name", ["prepare", "approve", "send", "confirm"])
def test_form_made_by_hand_lets_nothing_leave_against_the_patients_word(client, practice, name):
    sign_in(client, "supervisor")
    update = letter_in({"prepare": "due", "approve": "prepared", "send": "approved", "confirm": "sent"}[name])
    patient_says_no(update)
    before = stored(update)

    status, html = post(client, update, name)

    assert (status in (409, 422), stored(update), Message.objects.count()) == (True, before, 0)
    assert str(BLOCKED) in html


def test_letter_whose_number_has_changed_has_no_button_that_sends_it(client, practice):
    sign_in(client, "supervisor")
    update = letter_in(Status.APPROVED)
    number_changes(update)

    assert sorted(buttons(client, update)) == ["fail", "withdraw"]
    assert str(NOT_VERIFIED) in client.get(page_of(update)).content.decode()


def others_fax(update):
    return ContactPointFactory(verified=True, practice=ReferringPracticeFactory(name="Other"), value="+18135550199")


def unverified_fax(update):
    return ContactPointFactory(practice=update.referral.practice, value="+18135550199")


def phone(update):
    return ContactPointFactory(verified=True, practice=update.referral.practice, kind="phone", value="+18135550199")


@pytest.mark.parametrize("made", [others_fax, unverified_fax, phone])
def test_contact_point_that_is_not_on_the_list_is_refused(client, practice, made):
    sign_in(client, "supervisor")
    update = letter_in(Status.DUE)
    ContactPointFactory(verified=True, practice=update.referral.practice, value="+18135550161")

    status, html = post(client, update, "prepare", contact_point=made(update).pk)

    assert (status, "Choose one of the list." in html, stored(update)["status"]) == (422, True, "due")


def test_page_offers_verified_numbers_and_addresses_of_this_office_only(client, practice):
    sign_in(client, "supervisor")
    update = letter_in(Status.DUE)
    for made in (others_fax, unverified_fax):
        made(update)

    html = client.get(page_of(update)).content.decode()

    options = re.findall(r"<option[^>]*>([^<]*verified until[^<]*)<", html)
    assert [option.partition(" (")[0] for option in options] == ["Fax 813-555-0150"]


def test_office_without_a_verified_number_is_said(client, practice):
    sign_in(client, "supervisor")
    update = ReferralUpdateFactory(referral=ReferralFactory(matched=True))

    html = client.get(page_of(update)).content.decode()

    assert "This office has no verified fax number or address." in html
    assert buttons(client, update) == ["withdraw"]


def test_referral_that_nobody_matched_is_said(client, practice):
    sign_in(client, "supervisor")

    html = client.get(page_of(ReferralUpdateFactory())).content.decode()

    assert str(NO_PRACTICE) in html


def test_letter_of_another_referral_is_as_none(client, practice):
    sign_in(client, "supervisor")
    update, other = letter_in(Status.PREPARED), ReferralFactory()

    there = client.post(f"{LIST}{other.pk}/change/", typed(update, "approve"))
    nowhere = client.post(f"{LIST}{other.pk}/change/", typed(update, "approve") | {"letter": uuid.uuid4()})

    assert (there.status_code, nowhere.status_code, stored(update)["version"]) == (404, 404, 1)


@pytest.mark.parametrize("extra", [{"letter": "x"}, {"letter_move": "teleport"}])
def test_what_no_page_posts_is_refused(client, practice, extra):
    sign_in(client, "supervisor")
    update = letter_in(Status.PREPARED)

    assert client.post(page_of(update), typed(update, "approve") | extra).status_code == 400


def test_fields_of_no_form_are_ignored(client, practice):  # P27
    sign_in(client, "supervisor")
    update = letter_in(Status.APPROVED)
    extra = {"status": "confirmed", "number": "+18135550199", "version": 9, "contact_point": 9, "confirmed_at": "2026"}

    post(client, update, "send", **extra)

    after = stored(update)
    assert (after["status"], after["number"], after["version"]) == ("sent", "+18135550150", 2)


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_nothing_that_staff_post_gives_an_error_page(client, practice, hostile):  # P39
    sign_in(client, "supervisor")
    statuses = {}

    for move in TABLE:
        update = letter_in(sorted(move.sources - {Status.SENDING})[0], kind="final", referral__physician__npi=None)
        data = typed(update, move.name) | dict.fromkeys([*move.fields, "seen_version"], hostile)
        statuses[move.name] = client.post(page_of(update), data).status_code
        data = typed(update, move.name) | dict.fromkeys(SECTIONS, hostile)
        statuses[f"{move.name}, headings"] = client.post(page_of(update), data).status_code
        statuses[f"{move.name}, page"] = client.get(page_of(update)).status_code
    statuses["new"] = client.post(page_of(update), {"new_letter": hostile, "kind": hostile}).status_code
    statuses["letter"] = client.post(page_of(update), {"letter_move": "send", "letter": hostile}).status_code

    assert {what: status for what, status in statuses.items() if status >= 500} == {}


def test_letter_of_a_kind_that_is_on_the_list_is_not_put_there_twice(client, practice):
    sign_in(client, "scheduler")
    update = letter_in(Status.DUE)

    answer = client.post(page_of(update), {"new_letter": "add", "kind": "received"})

    assert (answer.status_code, "There is such a letter already." in answer.content.decode()) == (409, True)


def test_page_takes_as_many_queries_for_3_letters_as_for_1(client, practice):
    sign_in(client, "supervisor")
    update = letter_in(Status.PREPARED)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(page_of(update)).status_code == 200
        return len(captured)

    queries()
    with_one = queries()
    for kind in ("booked", "final"):
        ReferralUpdateFactory(sent=True, referral=update.referral, contact_point=update.contact_point, kind=kind)

    assert queries() == with_one


# The PDF


@pytest.mark.usefixtures("pango")
def test_pdf_is_what_was_frozen_and_is_saved_not_shown(client, practice):
    user, update = sign_in(client, "referral coordinator"), letter_in(Status.PREPARED)

    answer = client.get(pdf_of(update))

    reference = update.referral.appointment_request.reference
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{reference}-received-{update.pk}.pdf"'
    assert (answer.headers["Content-Type"], "no-store" in answer.headers["Cache-Control"]) == ("application/pdf", True)
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    cover, letter = [page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages]
    assert ("Walter" in cover, "Walter" in letter, "813-555-0150" in cover) == (False, True, True)
    assert [(read.by, read.appointment_request) for read in ReadEvent.objects.all()] == [
        (user, update.referral.appointment_request)
    ]


@pytest.fixture
def quick_pdf(monkeypatch):
    pdf, content = pikepdf.new(), io.BytesIO()
    for _ in range(3):
        pdf.add_blank_page()
    pdf.save(content)
    monkeypatch.setattr("appointments.services.letter_files.letter_pdf", lambda frozen: content.getvalue())


@pytest.mark.parametrize("group", [*GROUPS, None])
def test_pdf_is_opened_by_readers_only(client, practice, quick_pdf, group):
    sign_in(client, group)

    status = client.get(pdf_of(letter_in(Status.PREPARED))).status_code

    assert status == (200 if group in READERS | {"owner"} else 403)


def test_letter_without_content_has_no_pdf(client, practice, quick_pdf):
    sign_in(client, "supervisor")

    assert client.get(pdf_of(letter_in(Status.DUE))).status_code == 404


def test_pdf_of_another_referral_is_as_none(client, practice, quick_pdf):
    sign_in(client, "supervisor")
    update, other = letter_in(Status.PREPARED), ReferralFactory()

    there = client.get(f"{LIST}{other.pk}/letters/{update.public_id}.pdf")
    nowhere = client.get(f"{LIST}{other.pk}/letters/{uuid.uuid4()}.pdf")

    assert (there.status_code, there.content) == (nowhere.status_code, nowhere.content) == (404, nowhere.content)


@pytest.mark.parametrize(
    ("status", "opened"), [("prepared", False), ("approved", False), ("sent", True), ("failed", True)]
)
def test_what_could_still_leave_is_not_printed_against_the_patients_word(client, practice, quick_pdf, status, opened):
    sign_in(client, "supervisor")
    update = letter_in(Status(status))
    says = patient_says_no(update)

    answer = client.get(pdf_of(update), follow=True)

    assert (answer.headers["Content-Type"] == "application/pdf") == opened
    assert opened or str(says) in answer.content.decode()
    assert bool(ReadEvent.objects.count()) is True


def test_server_without_pango_says_what_to_install(client, practice, monkeypatch):
    def missing(content):
        raise pdf.LettersUnavailable("Letters need WeasyPrint and Pango.")

    monkeypatch.setattr("appointments.services.letter_files.letter_pdf", missing)
    sign_in(client, "supervisor")

    html = client.get(pdf_of(letter_in(Status.PREPARED)), follow=True).content.decode()

    assert "Letters need WeasyPrint and Pango." in html


def test_pdf_counts_its_pages_changes_nothing_else_and_takes_no_post(client, practice, quick_pdf):
    sign_in(client, "supervisor")
    update = letter_in(Status.PREPARED)
    before = stored(update)
    client.get(pdf_of(update))

    assert (client.post(pdf_of(update)).status_code, stored(update)) == (405, before | {"pages": 3})


def test_form_of_arrival_knows_the_time_and_the_pages(client, practice, quick_pdf, time_machine):
    time_machine.move_to("2026-11-24T20:07Z", tick=False)
    sign_in(client, "referral coordinator")
    update = letter_in(Status.SENT)
    client.get(pdf_of(update))

    form = client.get(page_of(update)).context["letters"][0].next

    shown = {name: re.findall(r'value="([^"]*)"', str(form[name])) for name in ("arrived_at", "pages")}
    assert shown == {"arrived_at": ["2026-11-24T15:07"], "pages": ["3"]}


def test_words_of_proof_are_for_readers(client, practice):
    update = letter_in(Status.CONFIRMED)
    change_proof(update)

    shown = []
    for group in ("referral coordinator", "auditor"):
        sign_in(client, group)
        shown.append("Canary proof" in client.get(page_of(update)).content.decode())

    assert shown == [True, False]


def change_proof(update):
    update.proof = "Canary proof"
    update.save(update_fields=["proof"])


def test_late_letter_is_marked(client, practice):
    sign_in(client, "scheduler")
    update = letter_in(Status.DUE, due_at=timezone.now() - datetime.timedelta(days=1))

    assert "Late: due" in client.get(page_of(update)).content.decode()


def test_loop_of_a_finished_request_closes_on_the_page(client, practice):
    sign_in(client, "referral coordinator")
    update = letter_in(
        Status.SENT, kind="final", referral__appointment_request=AppointmentRequestFactory(completed=True)
    )

    post(client, update, "confirm")

    assert Referral.objects.get().loop_closed_how == "update"
    assert letters.UNSENT.isdisjoint({ReferralUpdate.objects.get().status})


def test_history_tells_every_event_of_letters_in_words(client, practice):
    sign_in(client, "supervisor")
    update = letter_in(Status.DUE)
    for what in DONE:
        referrals.record(update.referral, what, by=None, letter=update.pk)

    html = client.get(page_of(update)).content.decode()

    assert [what for what in DONE if what in html] == []
    assert {f"letter-{move.name}" for move in TABLE} <= DONE.keys()
