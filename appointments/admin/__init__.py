from appointments.admin.export import ExportAdmin
from appointments.admin.partner_tokens import PartnerTokenAdmin
from appointments.admin.request import AppointmentRequestAdmin
from appointments.admin.routing import RoutingRuleAdmin

__all__ = ["AppointmentRequestAdmin", "ExportAdmin", "PartnerTokenAdmin", "RoutingRuleAdmin"]
