import io

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, get_resolver, reverse
from django.utils import timezone

from appointments.models import AppointmentRequest, Export, Visit
from tests.factories import AppointmentRequestFactory, LocationFactory, ReferralFactory, ReferralUpdateFactory

PASSWORD = "a long enough password"


@pytest.fixture
def site(db, settings, tmp_path):
    """The site as it starts: starter content, staff groups and routing rules."""
    settings.VAR_DIR = tmp_path
    call_command("seed", stdout=io.StringIO())


@pytest.fixture
def owner(db):
    """Somebody who may do everything in the admin."""
    return get_user_model().objects.create_superuser("owner", "owner@practice.example.org", PASSWORD)


@pytest.fixture
def visitor():
    """A browser that is shown what the site answers, errors included."""
    return Client(raise_request_exception=False)


@pytest.fixture
def in_the_form(visitor, site):
    """(browser, address of its first question): somebody who pressed "Start now"."""
    return visitor, visitor.post("/appointments/request/", {"for": "mild"})["Location"]


def patterns(resolver, namespaces=()):
    """(view name, names of its arguments, model of its admin or None) of every address of the site."""
    for part in resolver.url_patterns:
        if isinstance(part, URLPattern):
            if part.name:
                yield ":".join([*namespaces, part.name]), part.pattern
        else:
            yield from patterns(part, (*namespaces, part.namespace) if part.namespace else namespaces)


def row_of(view_name):
    """The key of a row of the model that this page of the admin is about, 1 if there is none."""
    name = view_name.partition(":")[2]
    for model in apps.get_models():
        if name.startswith(f"{model._meta.app_label}_{model._meta.model_name}_"):
            row = model._base_manager.first()
            return row.pk if row else 1
    return 1


@pytest.fixture
def addresses(site, owner):
    """Every address of the site, with arguments that exist."""
    request = AppointmentRequestFactory()
    referral = ReferralFactory(appointment_request=request)
    visit = Visit.objects.create(appointment_request=request, starts_at=timezone.now(), location=LocationFactory())
    file = request.patient_files.create(name="report.pdf", kind="pdf")
    Export.objects.create(by=owner, tab="all", row_count=1, reason="A count")
    LogEntry.objects.all().delete()
    values = {
        "public_id": request.public_id,
        "ics_uid": visit.ics_uid,
        "step": "you",
        "slug": "mild",
        "app_label": "appointments",
        "content_type_id": ContentType.objects.get_for_model(AppointmentRequest).pk,
        "url": "nowhere",
        "id": 1,
        "pk": request.pk,
        "file_id": file.public_id,
        "action": "withdraw",
        "letter_id": ReferralUpdateFactory(referral=referral).public_id,
        "digest": "0" * 64,
        "width": 640,
        "extension": "webp",
    }
    found, wanted = {}, set()
    for view_name, pattern in patterns(get_resolver()):
        wanted.add(view_name)
        names = list(pattern.converters) or list(pattern.regex.groupindex)
        for slug in ("mild", "lumbar-spinal-stenosis", "opioid-pain-medicines"):
            arguments = {name: values.get(name, row_of(view_name)) for name in names} | (
                {"slug": slug} if "slug" in names else {}
            )
            try:
                found[reverse(view_name, kwargs=arguments)] = view_name
            except NoReverseMatch:
                continue
    assert wanted - set(found.values()) == set()  # a new argument needs a value above
    return sorted(found)


@pytest.fixture
def desk_addresses(addresses):
    """Those of them behind the staff's door that leave their reader signed in."""
    return [address for address in addresses if address.startswith("/admin/") and not address.endswith("/logout/")]
