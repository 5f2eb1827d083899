from appointments.admin.export import ExportAdmin
from appointments.admin.request import AppointmentRequestAdmin
from appointments.admin.routing import RoutingRuleAdmin

__all__ = ["AppointmentRequestAdmin", "ExportAdmin", "RoutingRuleAdmin"]
