"""The README's table of settings is the settings file's own list."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_readme_lists_every_setting_and_no_other():
    read = set(re.findall(r'"(APOLLO_[A-Z_]+|[A-Z]+_URL)"', (ROOT / "apollo_site/settings.py").read_text()))
    listed = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE))

    assert listed == read
