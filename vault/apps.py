from django.apps import AppConfig
from django.db.models.signals import post_migrate


def plant_canaries(using, **kwargs):
    from vault import canary

    canary.plant(using=using)


class VaultConfig(AppConfig):
    name = "vault"
    verbose_name = "Keys"

    def ready(self):
        from vault import checks  # noqa: F401  (registers the deploy check)

        post_migrate.connect(plant_canaries, sender=self)
