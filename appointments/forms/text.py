"""What people type, taken as it is and refused in plain words only where it would hurt somebody."""

import re
import unicodedata

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from practice import phones

UNREADABLE = "\N{REPLACEMENT CHARACTER}"
# Unicode's Bidi_Control: they can turn the reading order of everything around them.
BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
MOST_MARKS_ON_A_LETTER = 4  # pointed Hebrew and Tibetan need three; piles that cover other lines have dozens
LONGEST_DECOMPOSITION = 4
LONE_SURROGATES = re.compile("[\ud800-\udfff]")
US_DIGITS = 10
NOTE = re.compile(r"\D+$")
ZIP_SHAPE = re.compile(r"\d{5}(-?\d{4})?|[A-Za-z]\d[A-Za-z][ -]?\d[A-Za-z]\d", re.ASCII)  # also Canadian, for winter


def readable(text: str) -> str:
    """`text` without lone surrogates, which no page and no database can hold."""
    return LONE_SURROGATES.sub(UNREADABLE, text)


def refuse_null(text: str):
    """Raise ValidationError for a null character, which PostgreSQL cannot store (see NoNulls)."""
    if "\0" in text:
        raise ValidationError(
            _("Something in this answer could not be read, and we took it out. Please check it."), code="null"
        )


class NoNulls:
    """Shows what was typed without null characters: a page cannot hold them, and nobody could delete them there."""

    def bound_data(self, data, initial):
        data = super().bound_data(data, initial)
        if isinstance(data, list):
            return [text and text.replace("\0", "") for text in data]
        return data and data.replace("\0", "")


def without_format_signs(text: str) -> str:
    """`text` without invisible signs: telephones put direction marks round a copied number."""
    return "".join(character for character in text if unicodedata.category(character) != "Cf")


def refuse_what_hurts(text: str, *, several_lines: bool = False):
    """Raise ValidationError for control characters, bidi controls and piles of letters."""
    allowed = "\n\t" if several_lines else ""
    if any((unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} and c not in allowed) or c == UNREADABLE for c in text):
        raise ValidationError(
            _("There is a hidden sign in this text that we cannot read. Please type it again."), code="control"
        )
    if not BIDI_CONTROLS.isdisjoint(text):
        raise ValidationError(
            _("There is a hidden sign in this text that changes the reading direction. Please type it again."),
            code="bidi",
        )
    if has_pile(text):
        raise ValidationError(_("There are too many marks on one letter. Please type it again."), code="pile")


def has_pile(text: str) -> bool:
    marks = 0
    for character in without_format_signs(text):  # a pile goes on behind an invisible joiner
        marks = marks + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if marks > MOST_MARKS_ON_A_LETTER:
            return True
    return False


class TextField(NoNulls, forms.CharField):
    """Text in any script, kept as typed (NFC). No `maxlength` in the page: browsers cut what is pasted, silently."""

    several_lines = False

    def __init__(self, *, most: int = 100, missing="", autocomplete="", **kwargs):
        self.most = most
        kwargs.setdefault("error_messages", {"required": missing})
        super().__init__(**kwargs)
        # Ours speak plainly; Django's own would speak a second time.
        self.validators = []
        if autocomplete:
            self.widget.attrs["autocomplete"] = autocomplete

    def to_python(self, value):
        text = super().to_python(value).replace("\r\n", "\n")
        # Before normalizing: sorting a pile of a million marks would take hours.
        self._refuse_long(text, self.most * LONGEST_DECOMPOSITION)
        text = unicodedata.normalize("NFC", text)
        self._refuse_long(text, self.most)
        refuse_null(text)
        refuse_what_hurts(text, several_lines=self.several_lines)
        return text

    def _refuse_long(self, text, most):
        if len(text) > most:
            raise ValidationError(
                _("This has %(length)s characters. Please use %(most)s at most.")
                % {"length": f"{len(text):,}", "most": f"{self.most:,}"},
                code="too_long",
            )


class NameField(TextField):
    def to_python(self, value):
        text = super().to_python(value)
        if text and not any(unicodedata.category(character)[0] in "LNS" for character in text):
            raise ValidationError(_("Please write the name with letters."), code="no_letters")
        return text


class LongTextField(TextField):
    several_lines = True
    widget = forms.Textarea

    def widget_attrs(self, widget):
        return super().widget_attrs(widget) | {"data-most": self.most}  # static/js/form.js counts down to it


class EmailField(TextField):
    widget = forms.EmailInput(attrs={"placeholder": " "})  # by which a style sheet can tell that it is empty
    looks_like = EmailValidator(
        _("This does not look like an e-mail address. It should look like name@example.com."), code="email"
    )

    def __init__(self, **kwargs):
        super().__init__(most=254, **kwargs)

    def to_python(self, value):
        text = super().to_python(value)
        if text:
            # Quotes may hide spaces and commas, which mean something in the header of a mail.
            self.looks_like(text.replace('"', " "))
        return text


class ZipField(TextField):
    def to_python(self, value):
        text = super().to_python(value)
        if text and not ZIP_SHAPE.fullmatch(text):
            raise ValidationError(_("A ZIP code has 5 digits, like 33573."), code="zip")
        return text.upper()


class PhoneField(TextField):
    """A phone number in any usual shape, also with an extension; cleaned to E.164 (see practice.phones)."""

    widget = forms.TextInput(attrs={"type": "tel", "class": "short"})

    def __init__(self, **kwargs):
        super().__init__(most=60, **kwargs)

    def to_python(self, value):
        text = super().to_python(without_format_signs(value or ""))
        if not text:
            return ""
        # A note behind it, "(cell)" or "wife", stays where it was typed.
        e164 = phones.to_e164(text) or phones.to_e164(NOTE.sub("", text))
        if not e164:
            raise ValidationError(what_is_wrong_with_number(text), code="phone")
        return e164


def what_is_wrong_with_number(text: str) -> str:
    """Why `text` is no phone number, and how one looks."""
    digits = sum(character.isdecimal() for character in text.casefold().partition("x")[0])
    digits -= text.lstrip("+ (").startswith("1") and digits > US_DIGITS
    off = digits - US_DIGITS
    if not digits or text.startswith("+"):
        said = _("This does not look like a phone number.")
    elif off < 0:
        said = ngettext("One digit is missing.", "%(count)s digits are missing.", -off) % {"count": -off}
    elif off > 0:
        said = ngettext("There is one digit too many.", "There are %(count)s digits too many.", off) % {"count": off}
    else:
        said = _("No area code begins with 0.") if text.lstrip("( ")[:1] == "0" else _("We cannot read this number.")
    example = "813\N{NON-BREAKING HYPHEN}555\N{NON-BREAKING HYPHEN}0142"
    return _("%(said)s A phone number has 10 digits, like %(example)s.") % {"said": said, "example": example}
