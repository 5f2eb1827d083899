"""Telephone numbers: kept as people write them, stored as E.164, shown as Americans read them."""

import phonenumbers

REGION = "US"


def parse(text: str) -> phonenumbers.PhoneNumber | None:
    """The number in `text`, in any usual shape and with an extension; None if no telephone has it."""
    number = _read(text)
    return None if number is None or has_stray_zero(number) else number


def _read(text):
    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException:
        return None
    # Not is_possible_number: that also takes seven digits, which nobody can call from another area.
    reason = phonenumbers.is_possible_number_with_reason(number)
    return number if reason == phonenumbers.ValidationResult.IS_POSSIBLE else None


def has_stray_zero(number: phonenumbers.PhoneNumber) -> bool:
    """Whether a zero stands in front where no number has one: it would get lost, and somebody else be called."""
    if number.country_code == 1:
        return bool(number.italian_leading_zero)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    again = _read(e164)
    return again is None or phonenumbers.format_number(again, phonenumbers.PhoneNumberFormat.E164) != e164


def to_e164(text: str) -> str:
    """`text` as "+18135550100", with ";ext=12" behind it if there is an extension; "" if it is no number."""
    number = parse(text)
    if number is None:
        return ""
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{e164};ext={number.extension}" if number.extension else e164


def display(e164: str) -> str:
    """ "+18135550100" as "813-555-0100", with "ext. 12" behind it if there is one; foreign numbers keep their code."""
    number = parse(e164)
    if number is None:
        return e164
    extension = f" ext. {number.extension}" if number.extension else ""
    if number.country_code == 1:
        digits = str(number.national_number)
        return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}{extension}"
    number.extension = None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL) + extension


def uri(e164: str) -> str:
    """The `tel:` address of a stored number (RFC 3966)."""
    return f"tel:{e164}" if e164 else ""
