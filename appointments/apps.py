from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AppointmentsConfig(AppConfig):
    name = "appointments"
    verbose_name = _("Appointments")

    def ready(self):
        from appointments.models import kept
        from appointments.services import files
        from vault.rotation import OUTSIDE

        kept.refuse_deleting()
        OUTSIDE["Patients' files"] = files.rotate
