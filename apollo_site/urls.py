from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path, re_path

from apollo_site import health, in_order, views
from appointments.admin.phone_list import phone_list
from appointments.views import gate

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/in-order/", admin.site.admin_view(in_order.page), name="in-order"),
    path("admin/phone-list/", admin.site.admin_view(phone_list), name="phone-list"),
    path("admin/", admin.site.urls),
    path("", include("procedures.urls_plain")),
    path("fhir/", include("appointments.fhir.urls")),
]
urlpatterns += i18n_patterns(
    path("", views.home, name="home"),
    path("", include("practice.urls")),
    path("", include("procedures.urls")),
    path("appointments/", include("appointments.urls")),
    path("refer/", include("appointments.urls_refer")),
    re_path(r"^r/(?P<token>[-A-Za-z0-9_ ]+)$", gate, name="secure-link"),  # spaces: one for paper is typed in groups
    prefix_default_language=False,
)

handler400 = "apollo_site.errors.bad_request"
handler403 = "apollo_site.errors.forbidden"
handler404 = "apollo_site.errors.not_found"
handler500 = "apollo_site.errors.server_error"
