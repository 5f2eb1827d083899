"""What the documents say of settings and files is so."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RELATIVE_LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")


def test_readme_lists_every_setting_and_no_other():
    read = set(re.findall(r'"(APOLLO_[A-Z_]+|[A-Z]+_URL)"', (ROOT / "apollo_site/settings.py").read_text()))
    listed = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE))

    assert listed == read


def test_what_the_documents_link_to_is_there():
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    links = [(document, link) for document in documents for link in RELATIVE_LINK.findall(document.read_text())]

    assert len(links) > 10
    assert [(document.name, link) for document, link in links if not (document.parent / link).exists()] == []
