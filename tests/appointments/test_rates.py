import datetime
from io import StringIO
from wsgiref.util import setup_testing_defaults

import pytest
from django.core.management import call_command
from django.test import RequestFactory
from waitress.proxy_headers import proxy_headers_middleware

from appointments.models import RateCount
from appointments.services import rates
from appointments.services.rates import address_block, count

NOON = datetime.datetime(2026, 11, 30, 17, tzinfo=datetime.UTC)
HOUR = 3600


def later(**passed):
    return NOON + datetime.timedelta(**passed)


def block_of(address, **headers):
    return address_block(RequestFactory().get("/", REMOTE_ADDR=address, **headers))


@pytest.mark.django_db
def test_each_time_counts_and_each_person_and_deed_apart():
    assert [count("code", "ana", seconds=HOUR, at=NOON) for _ in range(3)] == [1, 2, 3]
    assert count("code", "walter", seconds=HOUR, at=NOON) == 1
    assert count("look-up", "ana", seconds=HOUR, at=NOON) == 1


@pytest.mark.django_db
def test_the_next_window_begins_at_one():
    assert [count("code", "ana", seconds=HOUR, at=later(minutes=minutes)) for minutes in (0, 59, 60)] == [1, 2, 1]


@pytest.mark.django_db
@pytest.mark.parametrize("seconds", [0, -1, 24 * HOUR + 1])
def test_a_window_that_purging_would_cut_short_is_refused(seconds):
    with pytest.raises(ValueError, match="cannot be counted"):
        count("code", "ana", seconds=seconds)


@pytest.mark.django_db
def test_the_row_says_what_was_done_and_not_by_whom():
    count("post", "203.0.113.0/24", seconds=HOUR)
    count("text", "My legs get heavy after one block.", seconds=HOUR)

    stored = " ".join(map(str, RateCount.objects.values_list()))

    assert "post:h1." in stored
    assert [word for word in ("203.0", "legs", "heavy") if word in stored] == []


@pytest.mark.django_db
def test_equal_values_of_two_deeds_have_nothing_in_common():
    assert rates.key_of("post", "ana").partition(":")[2] != rates.key_of("code", "ana").partition(":")[2]


@pytest.mark.django_db
def test_counting_takes_three_queries(django_assert_num_queries):
    count("code", "ana", seconds=HOUR)
    with django_assert_num_queries(5):  # and the transaction's begin and end
        count("code", "ana", seconds=HOUR)


@pytest.mark.django_db
def test_purging_takes_only_counts_that_are_over(time_machine):
    count("code", "ana", seconds=24 * HOUR, at=NOON)
    count("code", "ana", seconds=HOUR, at=later(hours=20))
    time_machine.move_to(later(hours=19), tick=False)  # the long window, which began at midnight, is over

    said = StringIO()
    call_command("purge_expired", stdout=said)
    assert "Expired counts that --apply deletes: 1\n" in said.getvalue()
    assert RateCount.objects.count() == 2

    call_command("purge_expired", "--apply", stdout=StringIO())

    assert RateCount.objects.get().window_start == later(hours=20)


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/64"),
        ("[2001:db8::1]", "2001:db8::/64"),
        ("", ""),
        ("unknown", ""),
        ("203.0.113.777", ""),
        ("1" * 5000, ""),
        ("\x00", ""),
    ],
)
def test_an_address_stands_for_its_block(address, block):
    assert block_of(address) == block


def test_only_a_trusted_proxy_says_where_somebody_came_from(settings):
    forwarded = {"HTTP_X_FORWARDED_FOR": "198.51.100.9, 203.0.113.77"}
    assert block_of("127.0.0.1", **forwarded) == "127.0.0.0/24"

    settings.TRUST_PROXY = True

    assert block_of("127.0.0.1", **forwarded) == "203.0.113.0/24"
    assert block_of("127.0.0.1", HTTP_X_FORWARDED_FOR="2001:db8::5") == "2001:db8::/64"
    assert block_of("127.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.77, nonsense") == ""
    assert block_of("203.0.113.77") == "203.0.113.0/24"


def test_behind_waitress_as_the_readme_starts_it(settings, rf):
    settings.TRUST_PROXY = True
    seen = []

    def application(environ, start_response):
        request = rf.get("/")
        request.META = environ
        seen.append(address_block(request))
        return []

    started = {"trusted_proxy": "127.0.0.1", "trusted_proxy_headers": {"x-forwarded-proto", "x-forwarded-for"}}
    waitress = proxy_headers_middleware(application, **started)
    for address, forwarded in [("127.0.0.1", "198.51.100.9, 203.0.113.77"), ("192.0.2.1", "203.0.113.77")]:
        environ = {"REMOTE_ADDR": address, "HTTP_X_FORWARDED_FOR": forwarded}
        setup_testing_defaults(environ)
        waitress(environ, None)

    # Somebody who comes past the proxy is not believed.
    assert seen == ["203.0.113.0/24", "192.0.2.0/24"]
