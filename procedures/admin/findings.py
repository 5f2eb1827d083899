"""What the gate says about a version, each finding with the place in the form where it is mended."""

from django.utils.text import capfirst

from procedures import gate, previews
from procedures.anatomy import FactKind, SectionKind
from procedures.document import KEYS, WORDS
from procedures.freeze import site
from procedures.models import Question, Step, Version

# The first word of a place in a document → the model of its rows; steps and questions are split by what they are.
MODELS = {key: model for model, key in KEYS.items()}
MODELS |= dict.fromkeys(("steps_before", "steps_day", "steps_after"), Step)
MODELS |= dict.fromkeys(("questions", "asks"), Question)
KINDS = dict(SectionKind.choices) | dict(FactKind.choices)


def findings_of(version):
    """(what keeps it from readers, what to look at again): lists of (place in words, what, anchor in the form)."""
    document = previews.document_for(version)
    return _placed(gate.blocks(document, site())), _placed(gate.advice(document))


def _placed(findings):
    return [(in_words(finding.where), finding.what, _anchor(finding.where)) for finding in findings]


def _anchor(where):
    first = where.partition(" ")[0]
    if first in MODELS:
        return f"{MODELS[first]._meta.model_name}_rows-group"
    return f"id_{first}" if first in WORDS else ""


def in_words(where: str) -> str:
    """A place in a document as the form calls it: "sections risks body" is “Section: What can go wrong?, text”."""
    first, *rest = where.split(" ")
    model = MODELS.get(first, Version)
    words = [_field(model, first) if model is Version else str(model._meta.verbose_name)]
    words += [str(KINDS.get(part, "")) or (part if part.isdecimal() else _field(model, part)) for part in rest]
    return capfirst(" · ".join(words))


def _field(model, name):
    known = {field.name: field.verbose_name for field in model._meta.concrete_fields}
    return str(known.get(name, name.replace("_", " ")))
