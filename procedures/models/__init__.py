"""What we publish. Rows are the draft; the frozen document of a Version is what a reader sees (see `document`)."""

from procedures.models.article import Article, FormerSlug, Related
from procedures.models.picture import Picture
from procedures.models.rows import (
    ROW_MODELS,
    Choice,
    Fact,
    Fit,
    Outcome,
    PictureUse,
    Question,
    Regulator,
    Risk,
    Row,
    Section,
    Step,
)
from procedures.models.source import Source
from procedures.models.version import Byline, Version, VersionEvent

__all__ = [
    "ROW_MODELS",
    "Article",
    "Byline",
    "Choice",
    "Fact",
    "Fit",
    "FormerSlug",
    "Outcome",
    "Picture",
    "PictureUse",
    "Question",
    "Regulator",
    "Related",
    "Risk",
    "Row",
    "Section",
    "Source",
    "Step",
    "Version",
    "VersionEvent",
]
