"""What the FHIR view can do, for machines."""

from appointments.fhir.outcomes import MEDIA_TYPE
from appointments.fhir.resources import address

READABLE = ("ServiceRequest", "Task", "Patient", "Appointment", "Communication", "Practitioner", "Organization")
CHANGED_ON = "2026-11-28"  # when anything below last changed


def capability_statement() -> dict:
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": CHANGED_ON,
        "kind": "instance",
        "implementation": {
            "description": "Referrals as their offices may read them. Nothing can be written.",
            "url": address("").rstrip("/"),
        },
        "fhirVersion": "4.3.0",
        "format": [MEDIA_TYPE],
        "rest": [
            {
                "mode": "server",
                "security": {"description": "A token of your office, in the header: Authorization: Bearer <token>."},
                "resource": [_resource(name) for name in READABLE],
            }
        ],
    }


def _resource(name):
    reading = {"type": name, "interaction": [{"code": "read"}]}
    if name != "ServiceRequest":
        return reading
    return {
        "type": name,
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "searchParam": [{"name": "_lastUpdated", "type": "date"}],
        "operation": [{"name": "everything", "definition": address("OperationDefinition/everything")}],
    }
