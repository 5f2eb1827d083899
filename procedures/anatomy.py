"""The order of every page: which sections an article of each kind has, under which heading, with which rows.

One table for the page, its contents list, the admin and the check before a version is frozen.
"""

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _


class ArticleKind(models.TextChoices):
    CONDITION = "condition", _("Condition")
    PROCEDURE = "procedure", _("Procedure")
    ARTICLE = "article", _("Article")


class SectionKind(models.TextChoices):
    WHAT_IS_IT = "what-is-it", _("What is it?")
    WHAT_IT_TREATS = "what-it-treats", _("What it treats")
    SYMPTOMS = "symptoms", _("What does it feel like?")
    CAUSES = "causes", _("What causes it?")
    HOW_FOUND = "how-found", _("How is it found?")
    WITHOUT_TREATMENT = "without-treatment", _("What happens without treatment?")
    FOR_ME = "for-me", _("Could it be for me?")
    OPTIONS = "options", _("What else could I do?")
    HOW_WELL = "how-well", _("How well does it work?")
    RISKS = "risks", _("What can go wrong?")
    GETTING_READY = "getting-ready", _("Getting ready")
    ON_THE_DAY = "on-the-day", _("On the day")
    GOING_HOME = "going-home", _("Going home and getting better")
    COST = "cost", _("Cost and coverage")
    DAILY_LIFE = "daily-life", _("Living with it")
    SAFE_USE = "safe-use", _("Taking them with care")
    OVERDOSE = "overdose", _("Signs of an overdose")
    STOPPING = "stopping", _("Taking less, or none")
    RULES = "rules", _("Rules you will meet")


@dataclass(frozen=True)
class Part:
    """One part of a page: a section of text with, below it, the rows of one kind (a key of the document)."""

    kind: str
    rows: str = ""
    heading: str = ""

    @property
    def title(self):
        return self.heading or SectionKind(self.kind).label


ANATOMY: dict[str, tuple[Part, ...]] = {
    ArticleKind.PROCEDURE: (
        Part(SectionKind.WHAT_IS_IT),
        Part(SectionKind.WHAT_IT_TREATS),
        Part(SectionKind.FOR_ME, rows="fits"),
        Part(SectionKind.OPTIONS, rows="choices"),
        Part(SectionKind.HOW_WELL, rows="outcomes"),
        Part(SectionKind.RISKS, rows="risks"),
        Part(SectionKind.GETTING_READY, rows="steps_before"),
        Part(SectionKind.ON_THE_DAY, rows="steps_day"),
        Part(SectionKind.GOING_HOME, rows="steps_after"),
        Part(SectionKind.COST),
    ),
    ArticleKind.CONDITION: (
        Part(SectionKind.WHAT_IS_IT),
        Part(SectionKind.SYMPTOMS),
        Part(SectionKind.CAUSES),
        Part(SectionKind.HOW_FOUND),
        Part(SectionKind.WITHOUT_TREATMENT),
        Part(SectionKind.OPTIONS, rows="choices", heading=_("What can I do?")),
        Part(SectionKind.HOW_WELL, rows="outcomes", heading=_("What did studies find?")),
        Part(SectionKind.DAILY_LIFE),
    ),
    ArticleKind.ARTICLE: (
        Part(SectionKind.WHAT_IS_IT, heading=_("What are they?")),
        Part(SectionKind.HOW_WELL, rows="outcomes", heading=_("How well do they work?")),
        Part(SectionKind.RISKS, rows="risks"),
        Part(SectionKind.SAFE_USE),
        Part(SectionKind.OVERDOSE),
        Part(SectionKind.STOPPING),
        Part(SectionKind.OPTIONS, rows="choices"),
        Part(SectionKind.RULES),
    ),
}


class FactKind(models.TextChoices):
    WHAT_IT_IS = "what-it-is", _("What it is")
    FOR = "for", _("For")
    OPENING = "opening", _("Opening")
    TIME = "time", _("Time")
    SLEEP = "sleep", _("Sleep?")
    GOING_HOME = "going-home", _("Going home")
    BACK_TO_USUAL = "back-to-usual", _("Back to usual")
    LEFT_INSIDE = "left-inside", _("Left inside")
    LATER_SURGERY = "later-surgery", _("Surgery later?")
    STUDIES = "studies", _("What studies found")
    MAIN_RISK = "main-risk", _("Main risk")
    REPEAT = "repeat", _("How often")
    MEDICARE = "medicare", _("Medicare")
    WHO_GETS_IT = "who-gets-it", _("Who gets it")
    MAIN_SIGN = "main-sign", _("Main sign")
    HOW_FOUND = "how-found", _("How it is found")
    FIRST_STEP = "first-step", _("First step")
    WHAT_THEY_ARE = "what-they-are", _("What they are")
    DO_THEY_HELP = "do-they-help", _("Do they help?")
    NEVER = "never", _("Never")


# The lines of the table that compares treatments, in order. On a condition's page these facts say what doing nothing
# for now means, so that it has a column of its own.
COMPARED = (
    FactKind.WHAT_IT_IS,
    FactKind.FOR,
    FactKind.OPENING,
    FactKind.TIME,
    FactKind.SLEEP,
    FactKind.GOING_HOME,
    FactKind.BACK_TO_USUAL,
    FactKind.LEFT_INSIDE,
    FactKind.LATER_SURGERY,
    FactKind.STUDIES,
    FactKind.MAIN_RISK,
    FactKind.REPEAT,
    FactKind.MEDICARE,
)
# Of these only a treatment can have one: where doing nothing has none, that is no gap in what we know.
OF_A_TREATMENT = {
    FactKind.FOR,
    FactKind.OPENING,
    FactKind.TIME,
    FactKind.SLEEP,
    FactKind.GOING_HOME,
    FactKind.BACK_TO_USUAL,
    FactKind.LEFT_INSIDE,
    FactKind.REPEAT,
    FactKind.MEDICARE,
}
# What the table shows and “At a glance” leaves out: the page itself says it at length.
ONLY_COMPARED = {
    ArticleKind.PROCEDURE: {FactKind.WHAT_IT_IS, FactKind.STUDIES, FactKind.MAIN_RISK, FactKind.REPEAT},
    ArticleKind.CONDITION: set(COMPARED),
    ArticleKind.ARTICLE: set(),
}
MOST_FACTS = 8
