"""Fields of the editors' forms for body text."""

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.urls import reverse_lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from practice.markdown import clean_markdown

# A whole page has about 15,000. The gate needs minutes for a text of a megabyte, each time that its page is opened.
MOST_CHARACTERS = 20_000
HOW = _("How to write: **bold**, *emphasis*, “- ” before list items, [words](address) for a link, [^key] for a source.")


class MarkdownWidget(AdminTextareaWidget):
    """A text box; where scripts run, a preview stands beside it, and what is pasted from Word becomes Markdown."""

    class Media:
        css = {"all": ["css/editor.css"]}
        js = ["js/editor.js"]

    def __init__(self, attrs=None):
        texts = {
            "data-markdown": reverse_lazy("admin:procedures_markdown_preview"),
            "data-preview": _("As readers see it"),
            "data-no-preview": _("There is no preview right now. You can go on writing and save."),
        }
        super().__init__(texts | (attrs or {}))


class MarkdownField(forms.CharField):
    """Small Markdown, cleaned of what Word leaves in pasted text.

    For `formfield_overrides = {models.TextField: {"form_class": MarkdownField}}`; the admin's own widget is replaced.
    """

    def __init__(self, *, help_text="", **kwargs):
        kwargs |= {"widget": MarkdownWidget, "max_length": MOST_CHARACTERS}
        super().__init__(help_text=format_lazy("{} {}", help_text, HOW) if help_text else HOW, **kwargs)

    def to_python(self, value):
        return clean_markdown(super().to_python(value))
