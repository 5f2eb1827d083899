import django.contrib.admin.apps
from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import pre_migrate


def let_migrations_take_their_time(using, **kwargs):
    """A statement of a page is cut after a while (P8); an index on a large table needs longer than that."""
    if connections[using].vendor == "postgresql":
        with connections[using].cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")


class ApolloAdminConfig(django.contrib.admin.apps.AdminConfig):
    default_site = "apollo_site.site.StaffSite"


class ApolloSiteConfig(AppConfig):
    name = "apollo_site"

    def ready(self):
        from apollo_site import checks  # noqa: F401  (registers the deploy checks)

        pre_migrate.connect(let_migrations_take_their_time, sender=self)
