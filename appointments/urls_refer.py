"""What a physician's office meets without a link of ours."""

from django.urls import path

from appointments import views

app_name = "refer"
urlpatterns = [
    path("verify/", views.verify, name="verify"),
]
