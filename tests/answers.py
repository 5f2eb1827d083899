"""A filled-in request form, as a browser would post it, and short ways through the steps. The person is made up."""

import re
from html.parser import HTMLParser

from appointments.services import draft as drafts

ANSWERS = {
    "urgent": {"signs": ["no"]},
    "you": {
        "for_whom": ["myself"],
        "first_name": ["Walter"],
        "last_name": ["Probeman"],
        "name_pronunciation": [""],
        "date_of_birth_month": ["3"],
        "date_of_birth_day": ["14"],
        "date_of_birth_year": ["1948"],
        "zip_code": ["33573"],
        "returning": ["new"],
        "on_behalf_name": [""],
        "on_behalf_phone": [""],
    },
    "reach": {
        "phone": ["(813) 555-0142 x12"],
        "email": ["walter@example.org"],
        "reach_by": ["call"],
        "best_time": ["any"],
        "voicemail": ["name-only"],
        "interpreter_language": [""],
    },
    "visit": {
        "reason": ["My legs get heavy.\r\nAfter one block."],
        "topic": ["lasting-pain"],
        "days": ["tue", "thu"],
        "part_of_day": ["morning"],
    },
    "referrer": {
        "referrer_name": ["Dr. Ines Sampleton"],
        "referrer_practice": ["Sampleton Family Care"],
        "referrer_phone": ["813-555-0177"],
        "may_contact_referrer": ["yes"],
        "payer_kind": ["medicare"],
        "payer_name": [""],
        "member_number": ["1EG4-TE5-MK73"],
    },
}
WORDS = ("Walter", "Probeman", "1948", "555-0142", "+18135550142", "walter@example.org", "heavy", "Sampleton", "1EG4")


def answers_with(step: str, **changes) -> dict:
    """ANSWERS with some fields of `step` changed; a value None leaves the field out."""
    changed = {
        name: [value] if isinstance(value, str) else value
        for name, value in (ANSWERS[step] | changes).items()
        if value is not None
    }
    return ANSWERS | {step: changed}


def filled_draft(answers=ANSWERS, source_slug="mild"):
    """A draft with every step answered, and its secret."""
    draft, secret = drafts.begin(source_slug)
    for step, typed in answers.items():
        draft = drafts.keep(draft, step, typed)
    return draft, secret


class Page(HTMLParser):
    """What a form on a page would send: `fields` is {name: [values]}; also its `title` and its `links`."""

    def __init__(self, html):
        super().__init__()
        self.fields, self.links, self.title, self._open = {}, [], "", None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self._open = tag
        if tag == "a":
            self.links.append(attrs.get("href", ""))
        name = attrs.get("name")
        if tag == "textarea":
            self.fields[name] = [""]
            self._open = name
        elif tag == "input" and name:
            ticked = attrs.get("type") not in ("radio", "checkbox") or "checked" in attrs
            self.fields.setdefault(name, []).extend([attrs.get("value", "")] if ticked else [])

    def handle_endtag(self, tag):
        self._open = None

    def handle_data(self, data):
        if self._open == "title":
            self.title += data
        elif self.fields.get(self._open):
            self.fields[self._open][0] += data.removeprefix("\n")


def page_of(response) -> Page:
    return Page(response.content.decode())


def reference_in(html: str) -> str:
    return re.search(r"APM-\w{4}-\w{4}", html)[0]
