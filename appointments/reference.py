"""References and codes that can be read aloud: APM-7K4M-X2QS, the last symbol a check symbol."""

import secrets

from stdnum.iso7064 import mod_37_36

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
PREFIX = "APM"
REFERENCE_LENGTH = 8
CODE_LENGTH = 12  # eleven of them chance: more than 53 bits
TOKEN_LENGTH = 56  # 55 of them chance: more than 256 bits


def new_reference() -> str:
    return f"{PREFIX}-{_in_fours(_new_symbols(REFERENCE_LENGTH))}"


def parse_reference(text: str) -> str:
    """The reference in `text`, typed in any case, with or without prefix, hyphens and spaces; "" if it is none."""
    symbols = _letters_and_digits(text)
    # Only the length tells a prefix: eight symbols of a reference may begin with APM themselves.
    if len(symbols) == len(PREFIX) + REFERENCE_LENGTH:
        symbols = symbols.removeprefix(PREFIX)
    return f"{PREFIX}-{_in_fours(symbols)}" if _is_right(symbols, REFERENCE_LENGTH) else ""


def new_code() -> str:
    """A secret for paper: "7K4M-X2QS-9ABC"."""
    return _in_fours(_new_symbols(CODE_LENGTH))


def parse_code(text: str) -> str:
    """The code in `text`, typed in any case, with or without hyphens and spaces; "" if it is none."""
    return _parse(text, CODE_LENGTH)


def new_token() -> str:
    """A secret for an address that somebody may type from paper: fourteen groups as in a code."""
    return _in_fours(_new_symbols(TOKEN_LENGTH))


def parse_token(text: str) -> str:
    """As parse_code, for a token."""
    return _parse(text, TOKEN_LENGTH)


def _parse(text, length):
    symbols = _letters_and_digits(text)
    return _in_fours(symbols) if _is_right(symbols, length) else ""


def _new_symbols(length):
    body = "".join(secrets.choice(ALPHABET) for _ in range(length - 1))
    # ISO 7064 MOD 31,30, over our 30 symbols: finds every wrong symbol, and all but 3 in 1,000 swaps of two neighbours.
    return body + mod_37_36.calc_check_digit(body, ALPHABET)


def _letters_and_digits(text):
    return "".join(symbol for symbol in text.upper() if symbol.isalnum())


def _is_right(symbols, length):
    known = len(symbols) == length and all(symbol in ALPHABET for symbol in symbols)
    return known and mod_37_36.is_valid(symbols, ALPHABET)


def _in_fours(symbols):
    return "-".join(symbols[start : start + 4] for start in range(0, len(symbols), 4))
