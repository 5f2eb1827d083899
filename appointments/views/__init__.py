from appointments.views.call_us import call_us
from appointments.views.clear import clear, cleared
from appointments.views.conversation import act, patient, visit_ics
from appointments.views.csrf import csrf_failure
from appointments.views.files import patient_files, remove_file
from appointments.views.look_up import look_up
from appointments.views.office import (
    office,
    office_files,
    office_full,
    office_letter,
    office_message,
    office_read,
    office_wrong,
)
from appointments.views.sent import sent
from appointments.views.start import start
from appointments.views.status import code, end, gate
from appointments.views.step import step
from appointments.views.verify import verify

__all__ = [
    "act",
    "call_us",
    "clear",
    "cleared",
    "code",
    "csrf_failure",
    "end",
    "gate",
    "look_up",
    "office",
    "office_files",
    "office_full",
    "office_letter",
    "office_message",
    "office_read",
    "office_wrong",
    "patient",
    "patient_files",
    "remove_file",
    "sent",
    "start",
    "step",
    "verify",
    "visit_ics",
]
