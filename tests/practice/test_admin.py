import pytest
from django.urls import reverse
from django.utils import timezone

from practice.models import Clinician, Location, Practice
from practice.services import read_card
from tests.factories import ClinicianFactory, UserFactory
from tests.procedures import people

pytestmark = pytest.mark.django_db

HOURS = {
    "opening_hours-TOTAL_FORMS": "1",
    "opening_hours-INITIAL_FORMS": "0",
    "opening_hours-0-weekday": "5",
    "opening_hours-0-opens": "09:00",
    "opening_hours-0-closes": "12:00",
}


@pytest.fixture
def owner(client):
    user = UserFactory(is_superuser=True)
    client.force_login(user)
    return user


def fields(practice, **changes):
    values = {field: getattr(practice, field) for field in ("name", "short_name", "strapline", "affiliation", "phone")}
    return values | {"reply_business_days": 1, "sample_content": "on"} | changes


def test_saving_the_practice_renews_the_card(client, owner, practice, django_capture_on_commit_callbacks):
    address = reverse("admin:practice_practice_change", args=[practice.pk])

    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(address, fields(practice, phone="(813) 555 0199"))

    assert response.status_code == 302
    assert Practice.objects.get().phone == "+18135550199"
    assert read_card()["phone_display"] == "813-555-0199"


@pytest.mark.parametrize("field", ["refill_phone", "records_phone", "billing_phone"])
@pytest.mark.parametrize(("typed", "stored"), [("(813) 555 0102", "+18135550102"), ("", "")])
def test_a_number_for_one_thing_is_stored_or_left_empty(client, owner, practice, field, typed, stored):
    client.post(reverse("admin:practice_practice_change", args=[practice.pk]), fields(practice, **{field: typed}))

    assert getattr(Practice.objects.get(), field) == stored


def test_a_phone_number_that_is_none_is_refused_in_words(client, owner, practice):
    address = reverse("admin:practice_practice_change", args=[practice.pk])

    response = client.post(address, fields(practice, phone="call us"))

    assert "Enter a phone number with 10 digits" in response.content.decode()
    assert Practice.objects.get().phone == "+18135550100"


@pytest.mark.parametrize("field", ["name", "short_name", "strapline", "affiliation"])
@pytest.mark.parametrize("typed", ["Ours\r\nBcc: x@evil.example", "Ours\nx", "Ours\x1b[31m", "Ours\u2028x"], ids=ascii)
def test_a_line_about_the_practice_is_one_line(client, owner, practice, field, typed):  # P17
    response = client.post(
        reverse("admin:practice_practice_change", args=[practice.pk]), fields(practice, **{field: typed})
    )

    assert "This must be one line without hidden signs." in response.content.decode()
    assert getattr(Practice.objects.get(), field) == getattr(practice, field)


def test_there_is_only_one_practice(client, owner, practice):
    assert client.get(reverse("admin:practice_practice_add")).status_code == 403


def test_the_first_practice_can_be_added_also_after_another_one_is_gone(client, owner, practice):
    typed = fields(practice, name="A new practice")
    Practice.objects.all().delete()

    response = client.post(reverse("admin:practice_practice_add"), typed)

    assert response.status_code == 302
    assert Practice.objects.get().name == "A new practice"


def test_nobody_deletes_the_practice(client, owner, practice):
    address = reverse("admin:practice_practice_delete", args=[practice.pk])

    assert client.post(address, {"post": "yes"}).status_code == 403
    assert Practice.objects.exists()


def test_opening_hours_stand_beside_the_location(client, owner, practice, django_capture_on_commit_callbacks):
    location = Location.objects.get()
    location.opening_hours.all().delete()
    values = {
        name: getattr(location, name) for name in ("name", "slug", "street", "city", "state", "zip_code", "phone")
    }

    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(
            reverse("admin:practice_location_change", args=[location.pk]), values | {"order": 0} | HOURS
        )

    assert response.status_code == 302
    assert location.hours_lines == ["Sat, 9 a.m. to noon"]
    assert read_card()["hours_lines"] == ["Sat, 9 a.m. to noon"]


@pytest.mark.parametrize("name", ["practice", "location", "closure", "clinician", "notice", "helplanguage"])
def test_staff_without_the_right_see_none_of_it(client, practice, name):
    client.force_login(UserFactory())

    assert client.get(reverse(f"admin:practice_{name}_changelist")).status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_list_of_clinicians_takes_as_many_queries_for_many(client, owner, practice, django_assert_num_queries, count):
    for number in range(count):
        Clinician.objects.create(
            first_name="Elena", last_name="Sample", slug=f"c{number}", credentials="MD", specialty="Pain medicine"
        )

    with django_assert_num_queries(11):
        client.get(reverse("admin:practice_clinician_changelist"))


def test_an_answer_within_no_days_is_refused_in_words(client, owner, practice):
    address = reverse("admin:practice_practice_change", args=[practice.pk])

    response = client.post(address, fields(practice, reply_business_days=0))

    assert "We answer within one business day or more." in response.content.decode()


def test_a_closure_reaches_the_error_pages(client, owner, practice, django_capture_on_commit_callbacks):
    today = timezone.localdate().isoformat()

    with django_capture_on_commit_callbacks(execute=True):
        typed = {"starts_on": today, "ends_on": today, "reason": "Closed for the storm."}
        client.post(reverse("admin:practice_closure_add"), typed)

    assert "Closed for the storm." in client.get("/nope/").content.decode()


@pytest.mark.parametrize(("group", "joined"), [("editor", False), ("owner", True)])
def test_only_who_manages_accounts_says_whose_name_an_account_signs_under(client, practice, group, joined):
    clinician, user = ClinicianFactory(), people.member(group)
    client.force_login(user)
    address = reverse("admin:practice_clinician_change", args=[clinician.pk])
    typed = people.typed(client.get(address))

    response = client.post(address, typed | {"user": user.pk})

    clinician.refresh_from_db()
    assert (response.status_code, clinician.user == user) == (302, joined)
