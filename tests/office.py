"""A filled-in referral, as the browser of a physician's office posts it. Everybody in it is made up."""

from appointments import steps
from appointments.services import draft as drafts
from tests.answers import page_of

REFER = "/refer/"
REFERRAL = {
    "referrer_name": ["Ines Sampleton, MD"],
    "sender_npi": ["123 456 7893"],
    "referrer_practice": ["Sampleton Family Care"],
    "sender_fax": ["(813) 555-0178"],
    "referrer_phone": ["813.555.0177 x3"],
    "sender_email": ["front@sampleton.example.org"],
    "sender_name": ["Gilda Muster"],
    "first_name": ["Walter"],
    "last_name": ["Probeman"],
    "date_of_birth_month": ["3"],
    "date_of_birth_day": ["14"],
    "date_of_birth_year": ["1948"],
    "phone": ["(813) 555-0142"],
    "email": ["walter@example.org"],
    "zip_code": ["33573"],
    "language": ["es"],
    "interpreter_language": [""],
    "needs": ["wheelchair"],
    "patient_knows": ["yes"],
    "question": ["Heavy legs after one block.\r\nWould MILD help?"],
    "diagnosis": ["M48.062"],
    "urgency": ["soon"],
    "payer_kind": ["medicare"],
    "payer_name": ["Blue Sample"],
    "member_number": ["1EG4-TE5-MK73"],
    "authorization_number": ["AUTH-77-1234"],
}
OFFICE_WORDS = (
    *("Sampleton", "1234567893", "555-0178", "555-0177", "front@sampleton", "Gilda", "Walter", "Probeman", "1948"),
    *("555-0142", "walter@", "33573", "Heavy", "M48", "Blue Sample", "1EG4", "AUTH-77"),
)


def referral_with(**changes) -> dict:
    return REFERRAL | {name: [value] if isinstance(value, str) else value for name, value in changes.items()}


def hidden_of(response) -> dict:
    """What the page carries unseen: which entry it is, its secret, and when it was opened."""
    fields = page_of(response).fields
    return {name: fields[name] for name in ("entry_id", "draft_secret", "begun")}


def send(client, typed=REFERRAL, *, files=(), hidden=None, **more):
    """Open the page, unless `hidden` is of one that is open, and press Send; the answer to that."""
    hidden = hidden or hidden_of(client.get(REFER))
    data = {name: list(values) for name, values in (typed | hidden | more).items()}
    return client.post(REFER, data | ({"files": list(files)} if files else {}))


def referral_draft(typed=REFERRAL):
    return drafts.keep(drafts.begin()[0], steps.REFER, typed)
