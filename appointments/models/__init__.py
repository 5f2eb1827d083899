from appointments.models.draft import RequestDraft
from appointments.models.history import ContactAttempt, ReadEvent, StaffNote, StatusEvent
from appointments.models.request import AppointmentRequest
from appointments.models.routing import RoutingRule
from appointments.models.visit import Visit

__all__ = [
    "AppointmentRequest",
    "ContactAttempt",
    "ReadEvent",
    "RequestDraft",
    "RoutingRule",
    "StaffNote",
    "StatusEvent",
    "Visit",
]
