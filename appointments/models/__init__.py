from appointments.models.access import AccessCode, AccessLink, AccessSession
from appointments.models.conversation import PatientQuestion, TimeOffer
from appointments.models.draft import RequestDraft
from appointments.models.export import Export, Span
from appointments.models.file import PatientFile
from appointments.models.history import ContactAttempt, Correction, ReadEvent, StaffNote, StatusEvent
from appointments.models.physician import (
    Challenge,
    ContactKind,
    ContactPoint,
    ContactPointEvent,
    PartnerToken,
    Physician,
    ReferringPractice,
)
from appointments.models.rate import RateCount
from appointments.models.referral import Incident, Referral, ReferralEvent, ReferralUpdate
from appointments.models.request import AppointmentRequest
from appointments.models.routing import RoutingRule
from appointments.models.visit import Visit

__all__ = [
    "AccessCode",
    "AccessLink",
    "AccessSession",
    "AppointmentRequest",
    "Challenge",
    "ContactAttempt",
    "ContactKind",
    "ContactPoint",
    "ContactPointEvent",
    "Correction",
    "Export",
    "Incident",
    "PartnerToken",
    "PatientFile",
    "PatientQuestion",
    "Physician",
    "RateCount",
    "ReadEvent",
    "Referral",
    "ReferralEvent",
    "ReferralUpdate",
    "ReferringPractice",
    "RequestDraft",
    "RoutingRule",
    "Span",
    "StaffNote",
    "StatusEvent",
    "TimeOffer",
    "Visit",
]
