"""What the gate says about a version, each finding with the place in the form where it is mended."""

from procedures import gate, previews
from procedures.document import KEYS, WORDS
from procedures.freeze import site

# The first word of `where` → the part of the form; rows that are split by what they are share a part.
GROUPS = {key: f"{model._meta.model_name}_rows-group" for model, key in KEYS.items()}
GROUPS |= dict.fromkeys(("steps_before", "steps_day", "steps_after"), "step_rows-group")
GROUPS |= dict.fromkeys(("questions", "asks"), "question_rows-group")
GROUPS |= {name: f"id_{name}" for name in WORDS}


def findings_of(version):
    """(what keeps the page from readers, what to look at again), each a list of (finding, anchor in the form)."""
    document = previews.document_for(version)
    return _placed(gate.blocks(document, site())), _placed(gate.advice(document))


def _placed(findings):
    return [(finding, GROUPS.get(finding.where.partition(" ")[0], "")) for finding in findings]
