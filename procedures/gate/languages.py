"""Whether a translation is one: its draft begins with the English words."""

import re

from django.utils.translation import gettext as _

from procedures.document import all_texts

# Words of nearly every sentence of one language, and of none of the other.
ENGLISH = re.compile(r"\b(the|of|and|you|your|is|are|with|this|that|for|can|not|some)\b", re.IGNORECASE)
SPANISH = re.compile(r"\b(el|los|las|del|de|la|que|su|sus|con|para|una|por|usted|se)\b", re.IGNORECASE)
FEWEST = 3  # common words: names of studies and of tools are English on any page


def untranslated(document):
    """Texts of a Spanish page that are plainly English."""
    if document["language"] != "es":
        return
    for where, _may_cite, text in all_texts(document):
        if len(ENGLISH.findall(text)) >= max(FEWEST, 2 * len(SPANISH.findall(text)) + 1):
            yield where, _("These words are still English. Translate them.")
