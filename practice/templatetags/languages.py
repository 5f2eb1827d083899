from django import template
from django.conf import settings
from django.urls import translate_url
from django.utils.html import format_html
from django.utils.translation import get_language

register = template.Library()


@register.simple_tag
def other_languages(path: str) -> list[tuple[str, str, str]]:
    """(code, its own name, address) of the page at `path` in each other language; without what was asked of it."""
    there = [(code, name, translate_url(path, code)) for code, name in settings.LANGUAGES if code != get_language()]
    return [one for one in there if one[2] != path]


@register.simple_tag
def in_english() -> str:
    """The attribute `lang` for what we have in English only, such as the practice's words about itself.

    Nothing on English pages.
    """
    return "" if get_language() == settings.LANGUAGE_CODE else format_html(' lang="{}"', settings.LANGUAGE_CODE)


@register.filter
def english(text: str) -> str:
    """`text`, marked as English on pages in other languages."""
    mark = in_english()
    return format_html("<span{}>{}</span>", mark, text) if mark and text else text
