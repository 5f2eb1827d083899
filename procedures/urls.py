from django.urls import path

from procedures import views
from procedures.anatomy import ArticleKind

app_name = "procedures"

urlpatterns = [
    path("conditions/", views.article_list, {"kind": ArticleKind.CONDITION}, name="condition-list"),
    path("conditions/<slug:slug>/", views.detail, {"kind": ArticleKind.CONDITION}, name="condition"),
    path("procedures/", views.article_list, {"kind": ArticleKind.PROCEDURE}, name="procedure-list"),
    path("procedures/<slug:slug>/", views.detail, {"kind": ArticleKind.PROCEDURE}, name="procedure"),
    path("articles/", views.article_list, {"kind": ArticleKind.ARTICLE}, name="article-list"),
    path("articles/<slug:slug>/", views.detail, {"kind": ArticleKind.ARTICLE}, name="article"),
]
