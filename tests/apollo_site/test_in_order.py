"""The page that says whether everything is in order, and the same as a mail each morning."""

import datetime
import re
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apollo_site import in_order
from appointments.models import ReferringPractice
from appointments.services.setup import make_groups
from outbox.models import Heartbeat, Message
from outbox.render import render
from procedures.models import Version
from tests.appointments.desk import sign_in
from tests.factories import (
    AppointmentRequestFactory,
    ContactPointFactory,
    IncidentFactory,
    ReferralFactory,
    ReferralUpdateFactory,
    RoutingRuleFactory,
    UserFactory,
)
from tests.outbox.factories import MessageFactory
from tests.procedures import library
from vault.models import Backup

pytestmark = pytest.mark.django_db
PAGE = "/admin/in-order/"
MINUTE = datetime.timedelta(minutes=1)
DAY = datetime.timedelta(days=1)
OVER = {"appointment_request__status": "completed"}


@pytest.fixture
def good(practice):
    """A worker that beat just now, a rule with somebody to tell, and nothing that waits."""
    make_groups()
    Heartbeat.objects.create(worker="one", seen_at=timezone.now())
    Backup.objects.create(made_at=timezone.now())
    RoutingRuleFactory(everyone=True).staff.add(UserFactory())


def bad(html):
    """What each row with an octagon says."""
    rows = html.split("<li>")[1:]
    return [re.search(r"<strong>(.*?)</strong>", row)[1] for row in rows if "Look at this" in row]


def shown(client):
    response = client.get(PAGE)
    assert (response.status_code, "no-store" in response["Cache-Control"]) == (200, True)
    return response.content.decode()


def test_page_says_that_all_is_in_order(client, good):
    sign_in(client, "owner")

    html = shown(client)

    assert "<h1>Everything is in order</h1>" in html
    assert (bad(html), html.count("#yes")) == ([], 13)


def worker_is_gone():
    Heartbeat.objects.update(seen_at=timezone.now() - 10 * MINUTE)
    return "The worker that sends mail last ran: 10\xa0minutes ago.", "/admin/outbox/message/?state__exact=queued"


def worker_never_ran():
    Heartbeat.objects.all().delete()
    return "The worker that sends mail last ran: never.", "/admin/outbox/message/?state__exact=queued"


def mail_waits():
    MessageFactory(next_attempt_at=timezone.now() - 20 * MINUTE)
    return "The oldest mail has waited for: 20\xa0minutes.", "/admin/outbox/message/?state__exact=queued"


def mail_fails():
    MessageFactory(state="failed-temporary", next_attempt_at=timezone.now() + DAY)
    Message.objects.update(created_at=timezone.now() - 20 * MINUTE)
    return "no mail has left.", "/admin/outbox/message/?state__exact=failed-temporary"


def patient_is_not_told():
    appointment_request = AppointmentRequestFactory(claimed=True)
    MessageFactory(kind="acknowledgement", about=appointment_request.reference, state="failed-permanent")
    return "1 patient was not told by mail.", "/admin/phone-list/"


def request_is_late():
    AppointmentRequestFactory(respond_by=timezone.now() - DAY, submitted_at=timezone.now() - 20 * DAY)
    return "1 such request is late.", "/admin/appointments/appointmentrequest/?show=new"


def page_is_due():
    library.approved()
    today = timezone.localdate()
    Version.objects.update(reviewed_on=today - 400 * DAY, next_review=today - DAY)
    return "1 page is overdue for its check.", "/admin/procedures/version/?due=0"


def rule_tells_nobody():
    RoutingRuleFactory(name="Nina", topic="accident").staff.add(UserFactory(is_active=False))
    return "1 routing rule tells nobody.", "/admin/appointments/routingrule/"


def letter_went_astray():
    IncidentFactory()
    return "1 misdirected letter waits for a supervisor.", "/admin/appointments/incident/?state=open"


def referral_is_put_aside():
    """Spam looks like any other to whoever sent it: should it be an office after all, it has a promise in writing."""
    ReferralFactory(appointment_request__status="quarantined", appointment_request__channel="referral")
    AppointmentRequestFactory(status="quarantined")  # of a patient: whoever put it there may look when they like
    return (
        "1 referral of an office lies in quarantine.",
        "/admin/appointments/appointmentrequest/?show=quarantine&amp;channel=referral",
    )


def letter_is_late():
    late = {"due_at": timezone.now() - MINUTE, "referral__appointment_request__claimed": True}
    ReferralUpdateFactory(status="failed", failure="busy", **late)  # one that was tried is late as well
    return "1 letter to a referring office is late.", "/admin/appointments/referral/"


def letter_is_outstanding():
    ReferralFactory(matched=True, physician__npi=None, letter_due_at=timezone.now() - MINUTE, **OVER)
    return (
        "1 visit is over, and the referring office has no letter for certain.",
        "/admin/appointments/appointmentrequest/?show=letters",
    )


def nobody_can_answer():
    ReferralFactory(**OVER)
    return (
        "1 referring office waits for an answer that nobody can give.",
        "/admin/appointments/referral/?letters=unanswerable",
    )


def contact_point_expires():
    fax = ContactPointFactory(verified=True, verified_until=timezone.now() + 29 * DAY)
    ReferralFactory(practice=fax.practice, appointment_request__claimed=True)
    return (
        "1 fax or address of a referring office is about to expire.",
        "/admin/appointments/contactpoint/?verification=soon",
    )


@pytest.mark.parametrize(
    "breaks",
    [
        worker_is_gone,
        worker_never_ran,
        mail_waits,
        mail_fails,
        patient_is_not_told,
        request_is_late,
        page_is_due,
        rule_tells_nobody,
        letter_went_astray,
        referral_is_put_aside,
        letter_is_late,
        letter_is_outstanding,
        nobody_can_answer,
        contact_point_expires,
    ],
)
def test_page_says_what_is_wrong_and_where_it_is_mended(client, good, breaks):
    sign_in(client, "owner")
    sentence, address = breaks()

    html = shown(client)

    [found] = bad(html)
    assert sentence in found
    assert f'href="{address}"' in html
    assert "<h1>1 thing to look at</h1>" in html
    assert client.get(unescape(address)).status_code == 200


@pytest.mark.parametrize(
    ("hours", "sentence", "is_good"),
    [
        ([], "No backup has been made.", False),
        ([27, 50], "The last backup was made 1\xa0day ago.", False),
        ([3, 27], "The last backup was made 3\xa0hours ago.", True),
        ([25], "The last backup was made 1\xa0day ago.", True),
    ],
)
def test_page_says_when_the_last_backup_was_made(client, good, hours, sentence, is_good):
    sign_in(client, "owner")
    Backup.objects.all().delete()
    for number in hours:
        Backup.objects.create(made_at=timezone.now() - datetime.timedelta(hours=number))

    html = shown(client)

    assert bad(html) == ([] if is_good else [sentence])
    assert f"<strong>{sentence}</strong>" in html
    assert 'href=""' not in html


def test_contact_points_that_nobody_needs_soon_are_in_order(client, good):
    sign_in(client, "owner")
    soon, later = timezone.now() + 29 * DAY, timezone.now() + 31 * DAY
    for until, is_used in ((soon, False), (later, True), (timezone.now() - DAY, True)):
        fax = ContactPointFactory(verified=True, verified_until=until)
        if is_used:
            ReferralFactory(practice=fax.practice, appointment_request__claimed=True)

    assert bad(shown(client)) == []


def test_a_contact_point_of_two_referrals_is_counted_once(client, good):
    sign_in(client, "owner")
    contact_point_expires()
    ReferralFactory(practice=ReferringPractice.objects.get(), appointment_request__claimed=True)

    assert bad(shown(client)) == ["1 fax or address of a referring office is about to expire."]


def test_supervisor_sees_no_link_to_what_is_closed_to_them(client, good):
    sign_in(client, "supervisor")

    html = shown(client)

    assert "/admin/procedures/version/" not in html
    assert 'href="/admin/phone-list/"' in html


@pytest.mark.parametrize("group", ["scheduler", "referral coordinator", "clinician", "editor", "auditor", None])
def test_page_is_closed_to_other_groups(client, good, group):
    sign_in(client, group)

    assert client.get(PAGE).status_code == 403
    assert PAGE not in client.get("/admin/").content.decode()


@pytest.mark.parametrize("group", ["owner", "supervisor"])
def test_the_first_page_of_staff_leads_there(client, good, group):
    sign_in(client, group)

    assert f'href="{PAGE}"' in client.get("/admin/").content.decode()


def test_page_takes_as_many_queries_for_3_as_for_1(client, good):
    sign_in(client, "owner")

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(PAGE).status_code == 200
        return len(captured)

    def add():
        patient_is_not_told()
        request_is_late()
        referral_is_put_aside(), letter_is_late(), letter_is_outstanding(), nobody_can_answer()
        RoutingRuleFactory(group=Group.objects.get(name="auditor"))
        contact_point_expires()

    add()
    with_one = queries()
    add()
    add()

    assert queries() == with_one


# The mail

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def owner(good):
    return UserFactory(group="owner")


def reports_at(time_machine, moment):
    time_machine.move_to(datetime.datetime.fromisoformat(moment).replace(tzinfo=NEW_YORK), tick=False)
    in_order.mail_owners()
    return Message.objects.filter(kind="owner-report")


@pytest.mark.parametrize("day", ["2026-11-18", "2026-11-22", "2027-03-14", "2027-11-07"])  # both changes of the clock
def test_owners_get_one_mail_a_day_from_7_on(owner, time_machine, day):
    assert not reports_at(time_machine, f"{day}T06:59")
    assert [message.to for message in reports_at(time_machine, f"{day}T07:00")] == [owner.email]
    assert reports_at(time_machine, f"{day}T23:59").count() == 1


def test_a_morning_without_a_worker_is_made_up_for(owner, time_machine):
    assert reports_at(time_machine, "2026-11-18T15:00").count() == 1
    assert reports_at(time_machine, "2026-11-19T07:00").count() == 2


def test_only_owners_who_can_be_told_get_it(owner, time_machine):
    UserFactory(group="supervisor")
    UserFactory(group="owner", is_active=False)
    UserFactory(group="owner", email="")

    assert [message.to for message in reports_at(time_machine, "2026-11-18T08:00")] == [owner.email]


def test_mail_says_the_same_as_the_page_and_names_nobody(owner, time_machine):  # P16
    RoutingRuleFactory(name="Canaryrule", topic="accident").staff.add(UserFactory(is_active=False))
    appointment_request = AppointmentRequestFactory(first_name="Canaryname", reason="Canarywords", claimed=True)
    MessageFactory(kind="acknowledgement", about=appointment_request.reference, state="needs-human")

    mail = render(reports_at(time_machine, "2026-11-18T08:00").get())

    assert mail.subject == "2 things to look at on the website"
    assert "- LOOK: 1 routing rule tells nobody. Each rule should name somebody" in mail.body
    assert "- LOOK: 1 patient was not told by mail." in mail.body
    assert "- Good: The worker that sends mail last ran:" in mail.body
    assert "https://practice.example.org/admin/in-order/" in mail.body
    assert [word for word in ("Canary", "Dana", "Demo", appointment_request.reference) if word in mail.body] == []


def test_mail_says_when_all_is_in_order(owner, time_machine):
    mail = render(reports_at(time_machine, "2026-11-18T08:00").get())

    assert (mail.subject, mail.body.count("- Good: ")) == ("The website: everything is in order", 13)
