from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AppointmentsConfig(AppConfig):
    name = "appointments"
    verbose_name = _("Appointments")

    def ready(self):
        from appointments.services import files
        from vault.rotation import OUTSIDE

        OUTSIDE["Patients' files"] = files.rotate
