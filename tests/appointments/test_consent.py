"""What patients agree to is stored with the version of its words, so the words of a version never change."""

import hashlib
import re

import pytest
from django.utils.translation import override

from appointments.forms import FORMS
from appointments.services.request import CONSENT_VERSION, receive
from tests.answers import filled_draft

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("practice")]

QUESTIONS = [("reach", "voicemail"), ("reach", "visit_details_by_email"), ("referrer", "may_contact_referrer")]
# SHA-256 of the words of each version, and of their Spanish. Raise CONSENT_VERSION, then add a line.
WORDINGS = {("2026-11", "en"): "ed1b83bbcfed5dca", ("2026-11", "es"): "a77b7fd8b47a7f71"}


def above_the_button(client, language, practice):
    """The text over "Send request" on the last page, without the name of the practice."""
    draft, secret = filled_draft()
    client.cookies[f"apollo-draft-{language}"] = secret
    prefix = "" if language == "en" else f"/{language}"
    html = client.get(f"{prefix}/appointments/request/{draft.public_id}/check/").content.decode()
    last = html[html.rindex("<h2>", 0, html.index("<form")) : html.index("<form")]
    return " ".join(re.sub("<[^>]+>", " ", last.replace(practice.name, "…")).split())


def asked(step, name):
    field = FORMS[step].base_fields[name]
    return [field.label, field.help_text, *(label for value, label in field.choices)]


def words_agreed_to(client, language, practice):
    with override(language):
        asks = [str(words) for question in QUESTIONS for words in asked(*question)]
    return "\n".join([above_the_button(client, language, practice), *asks])


@pytest.mark.parametrize("language", ["en", "es"])
def test_words_that_patients_agree_to_have_a_version(client, practice, language):
    agreed = words_agreed_to(client, language, practice)

    found = hashlib.sha256(agreed.encode()).hexdigest()[:16]
    assert WORDINGS.get((CONSENT_VERSION, language)) == found, f"raise CONSENT_VERSION: these words are new\n{agreed}"


def test_a_request_says_which_words_were_agreed_to(practice):
    assert receive(filled_draft()[0]).consent_version == CONSENT_VERSION
