from django.apps import AppConfig
from django.db.models.signals import post_save
from django.utils.translation import gettext_lazy as _


class ProceduresConfig(AppConfig):
    name = "procedures"
    verbose_name = _("Articles")

    def ready(self):
        post_save.connect(when_samples_end, sender="practice.Practice", dispatch_uid="procedures.when_samples_end")


def when_samples_end(instance, **kwargs):
    """The switch stands on the practice, which knows nothing of articles: what follows from it is done here."""
    from procedures.services.publishing import take_samples_back

    if not instance.sample_content:
        take_samples_back()
