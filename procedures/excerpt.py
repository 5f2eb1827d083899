"""A few sections of a frozen document, as a document of its own."""

from practice.markdown import cited_keys
from procedures.document import CITING, CITING_WORDS, citing_texts, in_todays_format


def excerpt(document: dict, *, sections: set[str], rows: set[str]) -> dict:
    """`document` with those kinds of sections and those lists of rows only; the sources they cite, numbered anew."""
    document = in_todays_format(document)
    kept = (
        document
        | {key: [] for key in CITING if key not in rows}
        | dict.fromkeys(CITING_WORDS, "")
        | {"sections": [row for row in document["sections"] if row["kind"] in sections]}
    )
    cited = dict.fromkeys(key for __, text in citing_texts(kept) for key in cited_keys(text))
    return kept | {"sources": numbered([source for source in document["sources"] if source["key"] in cited], cited)}


def numbered(sources: list[dict], cited) -> list[dict]:
    """`sources` in the order in which `cited` (keys, each once) names them, with their numbers."""
    by_key = {source["key"]: source for source in sources}
    known = [by_key[key] for key in cited if key in by_key]
    return [source | {"number": number} for number, source in enumerate(known, start=1)]
