"""The Spanish addresses, and the language that a page says its words are in."""

import re

import pytest
from django.utils.translation import gettext, override

pytestmark = pytest.mark.django_db

PAGES = ["", "urgent/", "about/", "procedures/", "appointments/request/", "no-such-page/"]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["en", "es"])
def test_a_page_names_the_language_that_its_words_are_in(card, client, page, language):
    with override(language):
        is_translated = gettext("Request an appointment") != "Request an appointment"

    html = client.get(f"/es/{page}" if language == "es" else f"/{page}").content.decode()

    assert f'<html lang="{"es" if is_translated else "en"}">' in html


@pytest.mark.parametrize("page", PAGES)
def test_a_link_on_a_spanish_address_leads_to_one(card, client, page):
    html = client.get(f"/es/{page}").content.decode()

    # The link to the English page says that it leads to another language.
    links = re.findall(r'<a (?![^>]*hreflang)[^>]*href="(/[^"]*)"', html)
    assert links
    assert [link for link in links if not link.startswith("/es/")] == []
