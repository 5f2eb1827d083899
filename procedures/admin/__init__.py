"""The editors' and clinicians' side of the articles, a module per kind of row."""

from procedures.admin.article import ArticleAdmin
from procedures.admin.picture import PictureAdmin
from procedures.admin.source import SourceAdmin
from procedures.admin.version import VersionAdmin

__all__ = ["ArticleAdmin", "PictureAdmin", "SourceAdmin", "VersionAdmin"]
