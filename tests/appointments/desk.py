"""Signing in as staff, as the tests of the front desk do it."""

from appointments.services.setup import make_groups
from tests.factories import UserFactory

LIST = "/admin/appointments/appointmentrequest/"


def page_of(appointment_request):
    return f"{LIST}{appointment_request.pk}/change/"


def sign_in(client, group=None, **values):
    """A member of `group`, with the rights that `seed` gives, signed in to `client`."""
    make_groups()
    user = UserFactory(group=group, **values)
    client.force_login(user)
    return user
