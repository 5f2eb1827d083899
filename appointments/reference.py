"""References that can be read aloud: APM-7K4M-X2QS, eight symbols, the last one a check symbol."""

import secrets

from stdnum.iso7064 import mod_37_36

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
PREFIX = "APM"


def new_reference() -> str:
    body = "".join(secrets.choice(ALPHABET) for _ in range(7))
    # ISO 7064 MOD 31,30, over our 30 symbols: finds every wrong symbol, and all but 3 in 1,000 swaps of two neighbours.
    symbols = body + mod_37_36.calc_check_digit(body, ALPHABET)
    return f"{PREFIX}-{symbols[:4]}-{symbols[4:]}"


def parse_reference(text: str) -> str:
    """The reference in `text`, typed in any case, with or without prefix, hyphens and spaces; "" if it is none."""
    symbols = "".join(symbol for symbol in text.upper() if symbol.isalnum())
    # Only the length tells a prefix: eight symbols of a reference may begin with APM themselves.
    symbols = symbols.removeprefix(PREFIX) if len(symbols) == len(PREFIX) + 8 else symbols
    if len(symbols) != 8 or any(symbol not in ALPHABET for symbol in symbols):
        return ""
    if not mod_37_36.is_valid(symbols, ALPHABET):
        return ""
    return f"{PREFIX}-{symbols[:4]}-{symbols[4:]}"
