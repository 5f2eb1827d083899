from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parent / "templates"


@pytest.fixture(autouse=True)
def own_templates(settings):
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [TEMPLATES]}]
