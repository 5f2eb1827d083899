"""Rows for tests. People, numbers and addresses are made up."""

import datetime

import factory
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils import timezone
from factory.django import DjangoModelFactory

from appointments.models import (
    AppointmentRequest,
    ContactPoint,
    Incident,
    PartnerToken,
    Physician,
    Referral,
    ReferralUpdate,
    ReferringPractice,
    RoutingRule,
)
from appointments.services.secret import hashed
from appointments.update_kinds import AFTER_VISIT
from practice.models import Clinician, Location, OpeningHours, Practice


class PracticeFactory(DjangoModelFactory):
    class Meta:
        model = Practice
        django_get_or_create = ("pk",)

    pk = 1
    name = "Sample Pain Practice"
    short_name = "Sample office"
    phone = "+18135550100"


class LocationFactory(DjangoModelFactory):
    class Meta:
        model = Location
        django_get_or_create = ("slug",)
        skip_postgeneration_save = True

    name = "Main office"
    slug = "main-office"
    street = "100 Sample Plaza"
    city = "Sun City Center"
    zip_code = "33573"
    phone = "+18135550100"

    @factory.post_generation
    def hours(self, create, extracted, **kwargs):
        if create and extracted:
            for weekday in range(5):
                OpeningHours.objects.get_or_create(
                    location=self, weekday=weekday, defaults={"opens": datetime.time(8), "closes": datetime.time(17)}
                )


class ClinicianFactory(DjangoModelFactory):
    class Meta:
        model = Clinician
        django_get_or_create = ("slug",)

    first_name = "Elena"
    last_name = "Sample"
    slug = "elena-sample"
    credentials = "MD"
    specialty = "Pain medicine"


class UserFactory(DjangoModelFactory):
    """A member of staff; `group="scheduler"` puts them in that group."""

    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"staff{n}")
    first_name = "Dana"
    last_name = "Demo"
    email = factory.LazyAttribute(lambda user: f"{user.username}@practice.example.org")
    is_staff = True

    @factory.post_generation
    def group(self, create, extracted, **kwargs):
        if create and extracted:
            self.groups.add(Group.objects.get_or_create(name=extracted)[0])


class RoutingRuleFactory(DjangoModelFactory):
    class Meta:
        model = RoutingRule

    name = "A rule"

    class Params:
        everyone = factory.Trait(name="Everyone", is_everyone=True, order=1000)


class AppointmentRequestFactory(DjangoModelFactory):
    class Meta:
        model = AppointmentRequest

    first_name = "Walter"
    last_name = "Demo"
    date_of_birth = datetime.date(1950, 3, 4)
    phone = "+18135550142"
    phone_as_typed = "(813) 555-0142"
    zip_code = "33573"
    reason = "My legs get heavy after one block."
    submitted_at = factory.LazyFunction(timezone.now)
    respond_by = factory.LazyFunction(lambda: timezone.now() + datetime.timedelta(days=1))

    class Params:
        claimed = factory.Trait(status="in_review")
        waiting = factory.Trait(
            status="waiting",
            waiting_on="patient",
            next_action_at=factory.LazyFunction(lambda: timezone.now() + datetime.timedelta(days=2)),
        )
        scheduled = factory.Trait(status="scheduled")
        completed = factory.Trait(status="completed")
        closed = factory.Trait(status="closed", outcome="patient-withdrew")


class ReferringPracticeFactory(DjangoModelFactory):
    class Meta:
        model = ReferringPractice

    name = "Pattern Family Medicine"
    street = "200 Pattern Way"
    city = "Ruskin"
    zip_code = "33570"


class PhysicianFactory(DjangoModelFactory):
    class Meta:
        model = Physician

    practice = factory.SubFactory(ReferringPracticeFactory)
    first_name = "Paula"
    last_name = "Pattern"
    credentials = "MD"
    npi = "1234567893"


class ContactPointFactory(DjangoModelFactory):
    """A fax that nobody verified; `verified=True` is one that was called back today."""

    class Meta:
        model = ContactPoint

    practice = factory.SubFactory(ReferringPracticeFactory)
    kind = "fax"
    value = "+18135550150"

    class Params:
        verified = factory.Trait(
            verified_value=factory.SelfAttribute("value"),
            verified_how="call-back",
            verified_at=factory.LazyFunction(timezone.now),
            verified_until=factory.LazyFunction(lambda: timezone.now() + datetime.timedelta(days=365)),
        )


class ReferralFactory(DjangoModelFactory):
    """Sent by an office that nobody has matched yet; `matched=True` has a physician of a practice."""

    class Meta:
        model = Referral

    appointment_request = factory.SubFactory(
        AppointmentRequestFactory, referrer_name="Dr. Paula Pattern", referrer_practice="Pattern Family Medicine"
    )
    source = "office"

    class Params:
        named = factory.Trait(source="patient")
        matched = factory.Trait(
            physician=factory.SubFactory(PhysicianFactory), practice=factory.SelfAttribute("physician.practice")
        )


class ReferralUpdateFactory(DjangoModelFactory):
    """A letter that is owed; the others go, or went, to a verified fax of the referral's practice."""

    class Meta:
        model = ReferralUpdate

    referral = factory.SubFactory(ReferralFactory)
    kind = "received"

    class Params:
        prepared = factory.Trait(
            referral=factory.SubFactory(ReferralFactory, matched=True),
            status="prepared",
            contact_point=factory.SubFactory(
                ContactPointFactory, verified=True, practice=factory.SelfAttribute("..referral.practice")
            ),
            number=factory.SelfAttribute("contact_point.value"),
            content=factory.LazyAttribute(lambda update: letter_content(update.kind)),
            clinician=factory.LazyAttribute(lambda update: ClinicianFactory() if update.kind in AFTER_VISIT else None),
        )
        approved = factory.Trait(
            prepared=True,
            status="approved",
            signed_by=factory.LazyAttribute(lambda update: UserFactory() if update.clinician else None),
            signed_at=factory.LazyAttribute(lambda update: timezone.now() if update.clinician else None),
            approved_at=factory.LazyFunction(timezone.now),
        )
        sent = factory.Trait(approved=True, status="sent", way="printed", sent_at=factory.LazyFunction(timezone.now))
        confirmed = factory.Trait(
            sent=True,
            status="confirmed",
            pages=2,
            proof="OK 10:42",
            confirmed_at=factory.LazyFunction(timezone.now),
        )


class IncidentFactory(DjangoModelFactory):
    """A letter that was sent, and reached somebody else; `page=True`: it was the office's secure page."""

    class Meta:
        model = Incident

    class Params:
        page = factory.Trait(
            update=None,
            contact_point=factory.SubFactory(ContactPointFactory),
            referral=factory.SubFactory(ReferralFactory),
            number=factory.SelfAttribute("contact_point.value"),
        )

    update = factory.SubFactory(ReferralUpdateFactory, sent=True)
    referral = factory.SelfAttribute("update.referral")
    contact_point = factory.SelfAttribute("update.contact_point")
    number = factory.SelfAttribute("update.number")


def letter_content(kind):
    """What services.letter_content freezes, with other words."""
    sections = dict.fromkeys(["history", "findings", "plan", "follow_up", "who_does_what"], "As discussed.")
    of_visit = {"sections": sections, "signed_by": "Elena Sample, MD", "signed_on": "", "prepared_by": "Dana Demo"}
    return {
        "kind": kind,
        "language": "en",
        "practice": {
            "name": "Sample Pain Practice",
            "address": "100 Sample Plaza",
            "phone_display": "813-555-0100",
            "fax_display": "",
        },
        "to": {"name": "Paula Pattern, MD", "practice": "Pattern Family Medicine", "number_display": "813-555-0150"},
        "reference": "APM-2345-6789",
        "date": "2026-11-27",
        "patient": {"name": "Walter Demo", "date_of_birth": "1950-03-04"},
        "visit": {"starts_at": "2026-11-24T20:00:00+00:00", "place": "Main office"},
        "reason": "",
        "note": "",
        "signed_by": "Dana Demo",
        **(of_visit if kind in AFTER_VISIT else {}),
    }


class PartnerTokenFactory(DjangoModelFactory):
    """A token that is valid for a month; `secret` is what the office sends."""

    class Meta:
        model = PartnerToken

    practice = factory.SubFactory(ReferringPracticeFactory)
    name = "EHR, main office"
    token_hash = factory.LazyAttribute(lambda token: hashed(token.secret))
    by = factory.SubFactory(UserFactory)
    expires_at = factory.LazyFunction(lambda: timezone.now() + datetime.timedelta(days=30))

    class Params:
        secret = "a" * 43
