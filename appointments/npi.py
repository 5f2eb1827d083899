"""National Provider Identifiers."""

from stdnum import luhn

PREFIX = "80840"  # health applications, United States


def is_npi(text: str) -> bool:
    """Whether `text` is a National Provider Identifier (of a US physician).

    Shape: ten ASCII digits, no spaces, the first 1 or 2. Anything else is False, never an error.
    Source: 69 FR 3434 (2004); Luhn check digit, counted as if "80840" stood in front.
    """
    return len(text) == 10 and text.isascii() and text.isdigit() and text[0] in "12" and luhn.is_valid(PREFIX + text)
