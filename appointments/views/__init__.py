from appointments.views.csrf import csrf_failure
from appointments.views.sent import sent
from appointments.views.start import start
from appointments.views.step import step

__all__ = ["csrf_failure", "sent", "start", "step"]
