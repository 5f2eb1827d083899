"""What schema.org says of JSON-LD: schemaorg.json names where its terms come from."""

import json
from pathlib import Path

_VOCABULARY = json.loads(Path(__file__).with_suffix(".json").read_text())
TYPES, PROPERTIES = _VOCABULARY["types"], _VOCABULARY["properties"]
TEXTS = {"Text", "URL", "Date", "DateTime", "Time", "CssSelectorType", "XPathType", "PronounceableText"}
NUMBERS = {"Number", "Integer", "Float"}
ENUMERATIONS = {"DayOfWeek"}  # a member is written as text


def family(kind: str) -> set[str]:
    """`kind` and all types above it."""
    return {kind}.union(*(family(parent) for parent in TYPES.get(kind, ())))


def mistakes(data: dict) -> list[str]:
    """Where the terms of a whole document are not those of schema.org; [] if all are."""
    if data.get("@context") != "https://schema.org":
        return ["@context"]
    return [mistake for node in data["@graph"] for mistake in _in_node(node)]


def _in_node(node):
    kind = node.get("@type")
    if kind is None:  # a reference
        return [] if set(node) == {"@id"} else [f"{sorted(node)} without @type"]
    if kind not in TYPES:
        return [f"no type {kind}"]
    return [
        mistake
        for name, value in node.items()
        if not name.startswith("@")
        for mistake in _in_property(kind, name, value)
    ]


def _in_property(kind, name, value):
    if name not in PROPERTIES or not family(kind) & set(PROPERTIES[name]["of"]):
        return [f"{kind} has no {name}"]
    return [
        mistake for one in (value if isinstance(value, list) else [value]) for mistake in _in_value(kind, name, one)
    ]


def _in_value(kind, name, value):
    allowed = set(PROPERTIES[name]["is"])
    if isinstance(value, dict):
        fits = "@type" not in value or family(value["@type"]) & allowed
        return ([] if fits else [f"{name} of {kind} is no {value['@type']}"]) + _in_node(value)
    if isinstance(value, str) and value.startswith("https://"):  # an address may stand for the thing that is there
        return []
    plain = NUMBERS if isinstance(value, int) else TEXTS | ENUMERATIONS
    return [] if plain & allowed else [f"{name} of {kind} is no {type(value).__name__}"]
