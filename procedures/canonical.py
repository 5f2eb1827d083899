import hashlib
import json


def document_hash(document: dict) -> str:
    """SHA-256, in hex, of the one way to write `document` as JSON: what a sign-off stands for."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
