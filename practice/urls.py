from django.urls import path

from practice import views

app_name = "practice"

urlpatterns = [
    path("about/", views.about, name="about"),
    path("about/how-we-write/", views.how_we_write, name="how-we-write"),
    path("about/teaching/", views.teaching, name="teaching"),
    path("locations/<slug:slug>/", views.location, name="location"),
    path("urgent/", views.urgent, name="urgent"),
    path("costs/", views.notice, {"slug": "costs"}, name="costs"),
    path("privacy/", views.notice, {"slug": "privacy"}, name="privacy"),
    path("accessibility/", views.notice, {"slug": "accessibility"}, name="accessibility"),
    path("notices/", views.notice_list, name="notices"),
    path("notices/<slug:slug>/", views.notice, name="notice"),
]
