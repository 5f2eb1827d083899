from django.apps import AppConfig
from django.db.models.signals import post_migrate


def plant_canaries(using, **kwargs):
    from vault import canary

    canary.plant(using=using)


class VaultConfig(AppConfig):
    name = "vault"
    verbose_name = "Keys"

    def ready(self):
        from vault import checks, keys  # noqa: F401  (registers the checks)

        # A malformed key is found when we start, not when somebody sends a request.
        keys.field_keys()
        keys.hash_keys()
        post_migrate.connect(plant_canaries, sender=self)
