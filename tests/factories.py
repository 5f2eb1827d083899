"""Rows for tests. People, numbers and addresses are made up."""

import datetime

import factory
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.utils import timezone
from factory.django import DjangoModelFactory

from appointments.models import AppointmentRequest, RoutingRule
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
