import django.contrib.admin.apps
from django.apps import AppConfig


class ApolloAdminConfig(django.contrib.admin.apps.AdminConfig):
    default_site = "apollo_site.admin.StaffSite"


class ApolloSiteConfig(AppConfig):
    name = "apollo_site"

    def ready(self):
        from apollo_site import checks  # noqa: F401  (registers the deploy checks)
