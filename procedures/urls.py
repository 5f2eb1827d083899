from django.urls import path

from procedures.anatomy import ArticleKind
from procedures.views import article, compare, lists, preview, search, sheets
from procedures.views.clinician import clinician

app_name = "procedures"

urlpatterns = [
    path("clinicians/<slug:slug>/", clinician, name="clinician"),
    path("conditions/", lists.article_list, {"kind": ArticleKind.CONDITION}, name="condition-list"),
    path("conditions/<slug:slug>/", article.detail, {"kind": ArticleKind.CONDITION}, name="condition"),
    path("procedures/", lists.article_list, {"kind": ArticleKind.PROCEDURE}, name="procedure-list"),
    path("procedures/compare/", compare.compare, name="compare"),
    path("procedures/<slug:slug>/", article.detail, {"kind": ArticleKind.PROCEDURE}, name="procedure"),
    path("procedures/<slug:slug>/for-me/", sheets.sheet, {"name": "for-me"}, name="for-me"),
    path("before/<slug:slug>/", sheets.sheet, {"name": "before"}, name="before"),
    path("before/<slug:slug>/qr.svg", sheets.qr, {"name": "before"}, name="before-qr"),
    path("after/<slug:slug>/", sheets.sheet, {"name": "after"}, name="after"),
    path("after/<slug:slug>/qr.svg", sheets.qr, {"name": "after"}, name="after-qr"),
    path("articles/", lists.article_list, {"kind": ArticleKind.ARTICLE}, name="article-list"),
    path("articles/<slug:slug>/", article.detail, {"kind": ArticleKind.ARTICLE}, name="article"),
    path("search/", search.search, name="search"),
    path("preview/<str:token>/", preview.preview, name="preview"),
]
