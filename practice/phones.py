"""Telephone numbers: kept as people write them, stored as E.164, shown as Americans read them."""

import phonenumbers

REGION = "US"


def parse(text: str) -> phonenumbers.PhoneNumber | None:
    """The number in `text`, in any usual shape and with an extension; None if no telephone has it."""
    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException:
        return None
    # Not is_possible_number: that also takes seven digits, which nobody can call from another area.
    reason = phonenumbers.is_possible_number_with_reason(number)
    return number if reason == phonenumbers.ValidationResult.IS_POSSIBLE else None


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
