from django.urls import path

from practice import views

app_name = "practice"

urlpatterns = [
    path("about/", views.about, name="about"),
    path("urgent/", views.urgent, name="urgent"),
    path("privacy/", views.notice, {"slug": "privacy"}, name="privacy"),
    path("accessibility/", views.notice, {"slug": "accessibility"}, name="accessibility"),
]
