"""Nobody deletes a request or its history, superusers included."""

from django.db.models.signals import pre_delete

from appointments.models.history import AppendOnly, AppendOnlyError
from appointments.models.referral import Incident, Referral, ReferralUpdate
from appointments.models.request import AppointmentRequest


def kept_models() -> list[type]:
    return [AppointmentRequest, Referral, ReferralUpdate, Incident, *AppendOnly.__subclasses__()]


def refuse_deleting():
    """By the signal, because every way leads past it: a row, a queryset, any manager, a cascade, the admin."""
    for model in kept_models():
        pre_delete.connect(_refuse, sender=model)


def _refuse(**kwargs):
    raise AppendOnlyError
