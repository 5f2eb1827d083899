"""Letters that may have reached somebody else: who is told, who closes, and what the pages show."""

import datetime
import re

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from appointments.models import ContactPoint, Incident, ReferralEvent
from appointments.services import incidents, moves
from appointments.transitions import GROUPS
from outbox.models import Message
from outbox.render import render
from tests.appointments.desk import sign_in
from tests.factories import IncidentFactory, ReferralUpdateFactory, UserFactory

LIST = "/admin/appointments/incident/"


@pytest.fixture
def supervisor(practice):
    return UserFactory(group="supervisor")


def reported(**values):
    return IncidentFactory(opened_by=UserFactory(group="referral coordinator"), **values)


def page_of(incident):
    return f"{LIST}{incident.pk}/change/"


def test_opening_tells_each_supervisor_once_and_nothing_about_the_patient(supervisor):  # P16
    update = ReferralUpdateFactory(sent=True, kind="no-show", referral__appointment_request__first_name="Canaryname")
    other, by = UserFactory(group="supervisor"), UserFactory(group="referral coordinator")

    incident = incidents.open_for(update, by=by)

    mails = [render(message) for message in Message.objects.order_by("pk")]
    assert sorted(mail.to[0] for mail in mails) == sorted([supervisor.email, other.email])
    assert page_of(incident) in mails[0].body
    told = f"{mails[0].subject} {mails[0].body}"
    assert [word for word in ("Canaryname", "Demo", "0150", "Pattern", "no-show", "letter") if word in told] == []


def test_closing_keeps_what_the_supervisor_found(supervisor):
    incident = reported()

    incidents.close(incident.public_id, assessment=" A bakery. They burned it. ", by=supervisor)

    incident = Incident.objects.get()
    assert (incident.assessment, incident.closed_by, incident.closed_at is not None) == (
        "A bakery. They burned it.", supervisor, True
    )  # fmt: skip
    assert [event.what for event in ReferralEvent.objects.all()] == ["incident-closed"]


def test_closing_needs_an_assessment(supervisor):
    incident = reported()

    with pytest.raises(ValidationError):
        incidents.close(incident.public_id, assessment="  ", by=supervisor)


def test_closing_twice_keeps_the_first_assessment(supervisor):
    incident = reported()
    incidents.close(incident.public_id, assessment="First.", by=supervisor)

    with pytest.raises(incidents.ClosedAlready):
        incidents.close(incident.public_id, assessment="Second.", by=supervisor)

    assert Incident.objects.get().assessment == "First."


@pytest.mark.parametrize("group", [*GROUPS, None])
def test_supervisors_close(practice, group):
    incident, by = reported(), UserFactory(group=group)

    if group in ("supervisor", "owner"):
        assert incidents.close(incident.public_id, assessment="Found.", by=by).closed_by == by
    else:
        with pytest.raises(moves.NoRight):
            incidents.close(incident.public_id, assessment="Found.", by=by)


# The pages


def test_list_shows_the_open_ones(client, practice):
    sign_in(client, "supervisor")
    incident = reported()
    reference = incident.update.referral.appointment_request.reference

    html = client.get(f"{LIST}?state=open").content.decode()

    assert reference in html
    assert "813-555-0150" in html
    assert reference not in client.get(f"{LIST}?state=closed").content.decode()


def test_empty_list_says_so(client, practice):
    sign_in(client, "supervisor")

    assert "No letter has been reported as misdirected." in client.get(LIST).content.decode()


def test_supervisor_closes_it_on_its_page(client, practice):
    user, incident = sign_in(client, "supervisor"), reported()

    answer = client.post(page_of(incident), {"close": "it", "assessment": "A bakery."}, follow=True)

    assert "Your assessment is kept, and this is closed." in answer.content.decode()
    assert Incident.objects.get().closed_by == user


def test_page_without_an_assessment_says_what_is_missing(client, practice):
    sign_in(client, "supervisor")

    answer = client.post(page_of(reported()), {"close": "it", "assessment": ""})

    assert (answer.status_code, "This field is required." in answer.content.decode()) == (422, True)


def test_second_supervisor_keeps_what_they_typed(client, practice):
    sign_in(client, "supervisor")
    incident = reported()
    incidents.close(incident.public_id, assessment="First.", by=UserFactory(group="supervisor"))

    answer = client.post(page_of(incident), {"close": "it", "assessment": "Second."})

    html = answer.content.decode()
    assert (answer.status_code, "Somebody has closed this already." in html, "Second." in html) == (409, True, True)


@pytest.mark.parametrize("is_page", [True, False], ids=["page", "letter"])
def test_page_leads_a_supervisor_from_what_happened_to_the_assessment(client, practice, is_page):
    incident = reported(page=True) if is_page else reported(update__pages=3)
    row = incident.referral.appointment_request
    row.referral_events.create(what="shown-in-full", details={"practice": incident.contact_point.practice_id})
    row.referral_events.create(what="shown-in-full", details={"practice": incident.contact_point.practice_id + 1})
    Incident.objects.update(opened_at=timezone.now())
    ContactPoint.objects.update(value="+18135550160")  # put right since
    sign_in(client, "supervisor")

    html = client.get(page_of(incident)).content.decode()

    assert ("secure page" in html, "3 pages" in html) == (is_page, not is_page)
    assert "Ring whoever has it: Fax 813-555-0150." in html
    assert html.count("The office looked at the full name") == 1
    for way in (f"contactpoint/{incident.contact_point_id}", f"referral/{incident.referral_id}"):
        assert f'href="/admin/appointments/{way}/change/"' in html
    steps = ["Ring whoever", "destroy it", "who read it", "privacy contact", "Put the number right", "right office"]
    steps += ["Write it down", "s. 501.171", "<textarea"]
    assert sorted(steps, key=html.index) == steps


@pytest.mark.parametrize("group", [*GROUPS, None])
def test_pages_are_open_to_supervisors_and_to_be_read_by_auditors(client, practice, group):
    sign_in(client, group)
    incident = reported()

    statuses = [client.get(LIST).status_code, client.get(page_of(incident)).status_code]
    pressed = client.post(page_of(incident), {"close": "it", "assessment": "A bakery."}).status_code

    if group in ("supervisor", "owner"):
        assert (statuses, pressed) == ([200, 200], 302)
    elif group == "auditor":
        assert (statuses, pressed) == ([200, 200], 403)
    else:
        assert (statuses, pressed) == ([403, 403], 403)
    assert Incident.objects.filter(closed_at=None).exists() == (group not in ("supervisor", "owner"))


def test_auditor_does_not_read_the_assessment(client, supervisor):
    incident = reported()
    incidents.close(incident.public_id, assessment="Canary words.", by=supervisor)
    sign_in(client, "auditor")

    assert "Canary" not in client.get(page_of(incident)).content.decode()


def test_list_takes_as_many_queries_for_3_as_for_1(client, practice):
    sign_in(client, "supervisor")

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(LIST).status_code == 200
        return len(captured)

    reported(update__referral__physician__npi="1234567893")
    with_one = queries()
    reported(update__referral__physician__npi="1003000126")
    reported(page=True)

    assert queries() == with_one


def test_letters_gone_astray_are_those_that_left_since_the_number_was_verified_and_are_no_incident_yet(practice):
    update = ReferralUpdateFactory(sent=True)
    fax = update.contact_point
    there = {"referral": update.referral, "contact_point": fax, "number": fax.value}
    IncidentFactory(update=ReferralUpdateFactory(sent=True, kind="booked", **there))
    before = fax.verified_at - datetime.timedelta(days=1)
    ReferralUpdateFactory(sent=True, kind="moved", **there | {"approved_at": before})
    ReferralUpdateFactory(prepared=True, kind="final", **there)

    assert incidents.sent_to(fax, fax.value) == [update]


@pytest.mark.parametrize("by", ["Robin Demo", None])
def test_page_says_who_reported_it(client, practice, by):
    sign_in(client, "supervisor")
    user = by and UserFactory(group="referral coordinator", first_name="Robin", last_name="Demo")

    html = client.get(page_of(IncidentFactory(opened_by=user))).content.decode()

    assert re.search(r"<dt>Reported</dt><dd>[^<]*, (.*?)</dd>", html)[1].endswith(by or "the office")
