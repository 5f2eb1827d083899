from appointments.admin.contact_point import ContactPointAdmin
from appointments.admin.directory import PhysicianAdmin, ReferringPracticeAdmin
from appointments.admin.export import ExportAdmin
from appointments.admin.incidents import IncidentAdmin
from appointments.admin.partner_tokens import PartnerTokenAdmin
from appointments.admin.referral import ReferralAdmin
from appointments.admin.request import AppointmentRequestAdmin
from appointments.admin.routing import RoutingRuleAdmin

__all__ = [
    "AppointmentRequestAdmin",
    "ContactPointAdmin",
    "ExportAdmin",
    "IncidentAdmin",
    "PartnerTokenAdmin",
    "PhysicianAdmin",
    "ReferralAdmin",
    "ReferringPracticeAdmin",
    "RoutingRuleAdmin",
]
