import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from outbox.models import Message
from tests.factories import UserFactory
from tests.outbox.factories import MessageFactory

pytestmark = pytest.mark.django_db
LIST = "admin:outbox_message_changelist"
State = Message.State


def staff(*permissions):
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="outbox", codename__in=permissions))
    return user


@pytest.fixture
def reader(client):
    client.force_login(staff("view_message"))
    return client


@pytest.fixture
def sender(client):
    client.force_login(staff("view_message", "change_message"))
    return client


def try_again(client, *messages):
    data = {"action": "try_again", "_selected_action": [message.pk for message in messages]}
    return client.post(reverse(LIST), data, follow=True)


def test_the_list_shows_how_messages_fare_and_nobodys_address(reader):
    MessageFactory(to="walter@canary.example.org", state=State.FAILED_PERMANENT, last_error="SMTPDataError 554")

    page = reader.get(reverse(LIST)).content.decode()

    assert [word for word in ("APM-2345-6789", "Failed for good", "SMTPDataError 554") if word not in page] == []
    assert "walter" not in page
    assert "canary" not in page


def test_the_list_filters_by_state(reader):
    MessageFactory(state=State.SENT, about="APM-SENT")
    MessageFactory(state=State.NEEDS_HUMAN, about="APM-STUCK")

    page = reader.get(reverse(LIST), {"state__exact": "needs-human"}).content.decode()

    assert ("APM-SENT" in page, "APM-STUCK" in page) == (False, True)


@pytest.mark.parametrize(
    "query",
    [
        {"context__path__startswith": "/a"},
        {"context__path__regex": "("},
        {"to__contains": "a"},
        {"dedupe_key__startswith": "APM"},
        {"public_id": "1"},
        {"lease__isnull": "1"},
        {"state__regex": "("},
    ],
    ids=str,
)
def test_what_the_list_does_not_show_cannot_be_asked_for_either(reader, query):
    MessageFactory(context={"path": "/a/secret/"})

    assert reader.get(reverse(LIST), query).status_code == 400


def queries_of_the_list(client):
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse(LIST))
    return len(queries)


def test_the_list_asks_the_database_as_often_for_three_rows_as_for_one(reader):
    MessageFactory()
    with_one = queries_of_the_list(reader)
    MessageFactory.create_batch(2)

    assert queries_of_the_list(reader) == with_one <= 12


def test_the_page_of_a_message_masks_the_recipient_and_hides_the_values(reader):
    message = MessageFactory(to="walter@example.org", context={"path": "/r/canary"})

    page = reader.get(reverse("admin:outbox_message_change", args=[message.pk])).content.decode()

    assert "w…@example.org" in page
    assert "walter" not in page
    assert "canary" not in page


def test_the_page_of_an_unreadable_message_says_so(reader):
    first, second = MessageFactory(), MessageFactory()
    Message.objects.filter(pk=first.pk).update(to=Message._meta.get_field("to").seal(second, "walter@example.org"))

    page = reader.get(reverse("admin:outbox_message_change", args=[first.pk])).content.decode()

    assert "cannot be read with the keys in use" in page


def test_try_again_releases_what_has_failed_and_leaves_the_rest(sender):
    stuck, sent = MessageFactory(state=State.NEEDS_HUMAN, attempts=10), MessageFactory(state=State.SENT)

    page = try_again(sender, stuck, sent).content.decode()

    states = dict(Message.objects.values_list("pk", "state"))
    assert states == {stuck.pk: State.QUEUED, sent.pk: State.SENT}
    assert "1 message will be tried again." in page
    assert "1 message was left as it is" in page


def test_try_again_needs_a_permission(reader):
    stuck = MessageFactory(state=State.NEEDS_HUMAN)

    try_again(reader, stuck)

    stuck.refresh_from_db()
    assert stuck.state == State.NEEDS_HUMAN


def test_nobody_adds_changes_or_deletes(admin_client):
    MessageFactory(pk=1, kind="plain")
    before = list(Message.objects.values())
    pages = [("add", []), ("change", [1]), ("delete", [1])]

    statuses = [
        admin_client.post(reverse(f"admin:outbox_message_{page}", args=args), {"kind": "x"}).status_code
        for page, args in pages
    ]
    admin_client.post(reverse(LIST), {"action": "delete_selected", "_selected_action": ["1"], "post": "yes"})

    assert statuses == [403, 403, 403]
    assert list(Message.objects.values()) == before


def test_the_outbox_is_not_for_everybody(client):
    client.force_login(UserFactory())

    assert client.get(reverse(LIST)).status_code == 403
