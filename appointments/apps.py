from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AppointmentsConfig(AppConfig):
    name = "appointments"
    verbose_name = _("Appointments")

    def ready(self):
        from appointments.models import kept
        from appointments.services import access_mail, fax_gateway, files, letters, remind
        from outbox.services import AFTER, ATTACHMENTS, STILL_TRUE
        from vault.rotation import OUTSIDE

        kept.refuse_deleting()
        OUTSIDE["Patients' files"] = files.rotate
        STILL_TRUE[remind.KIND] = remind.is_still_true
        STILL_TRUE.update(dict.fromkeys(access_mail.OF_OFFICES, access_mail.is_still_true))
        STILL_TRUE[fax_gateway.KIND] = fax_gateway.is_still_true
        ATTACHMENTS[fax_gateway.KIND] = fax_gateway.attachment
        AFTER[fax_gateway.KIND] = letters.after_fax
