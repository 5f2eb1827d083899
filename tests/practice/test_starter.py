import pytest

from practice.models import Clinician, HelpLanguage, Location, Notice, Practice
from practice.starter import load_notice, load_practice
from tests.factories import PracticeFactory

pytestmark = pytest.mark.django_db

DATA = {
    "practice": {"name": "Starter", "short_name": "Starter", "phone": "813-555-0100"},
    "locations": [
        {
            "name": "Office",
            "slug": "office",
            "street": "1 Sample Road",
            "city": "Sun City Center",
            "zip_code": "33573",
            "phone": "+18135550100",
            "hours": {"mon": "08:00-17:00", "fri": "08:00-12:00"},
        }
    ],
    "clinicians": [
        {
            "first_name": "Ana",
            "last_name": "Sample",
            "slug": "ana",
            "credentials": "RN",
            "specialty": "Nursing",
            "languages": "English, Spanish",
        }
    ],
    "languages": [{"code": "es", "own_name": "Español", "english_name": "Spanish"}],
}
NOTICE = {
    "slug": "privacy",
    "language": "en",
    "title": "Privacy",
    "summary": "Short.",
    "body": "Long.",
    "effective_on": "2026-11-20",
}


def test_load_practice_fills_what_is_empty():
    assert load_practice(DATA) == ["practice", "locations", "clinicians", "languages"]
    assert Practice.objects.get().phone == "+18135550100"
    assert Location.objects.get().hours_lines == ["Mon, 8 a.m. to 5 p.m.", "Fri, 8 a.m. to noon"]
    assert Clinician.objects.get().languages == "English, Spanish"
    assert list(HelpLanguage.objects.values_list("code", "text")) == [("es", "")]


def test_load_practice_leaves_what_is_there():
    PracticeFactory(name="An editor's name")

    assert load_practice(DATA) == ["locations", "clinicians", "languages"]
    assert load_practice(DATA) == []
    assert Practice.objects.get().name == "An editor's name"


def test_load_notice_only_once():
    assert load_notice(NOTICE)
    assert not load_notice(NOTICE | {"title": "Other"})
    assert Notice.objects.get().title == "Privacy"
