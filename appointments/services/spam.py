"""What looks like spam, in points. It is put aside, never refused, and no language, script or medical word counts."""

import datetime
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.models import AppointmentRequest, RequestDraft
from appointments.services import rates

HIDDEN_FIELD = "subject"  # on the last page; no browser fills in a field of that name by itself

LIMIT = 10
STRONG, WEAK = LIMIT, 4  # two weak signs are still a person; a strong one is enough

# A form takes some minutes: nobody types more than this in an hour, not even a nurse who does it for her residents.
SENT_PER_HOUR = 20
SAME_TEXT_PER_DAY = 3
SAME_MAILBOX_PER_DAY = 20  # each sends an acknowledgement there, and whoever has the mailbox may have asked for none
TEXT_LETTERS = 40  # "My back hurts" is what many people write
MANY_LINKS = 3

NAMES = ("first_name", "last_name", "name_pronunciation", "on_behalf_name")
OTHER_TEXTS = (
    "reason",
    "interpreter_language",
    "payer_name",
    "member_number",
    "referrer_name",
    "referrer_practice",
    "referrer_phone",
)

LINK = re.compile(r"https?://|\bwww\.", re.IGNORECASE)
# Not the end of an e-mail address, which somebody may put into the wrong field.
DOMAIN = re.compile(
    r"(?<![@\w.-])[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|info|biz|ru|xyz|top|shop|site|online|club|io)\b(?!@)",
    re.IGNORECASE,
)
MARKUP = re.compile(r"\[/?(?:url|link|img|b)\b[^]]*]|</?(?:a|img|script|iframe|b|p|div)\b[^>]*>", re.IGNORECASE)


@dataclass(frozen=True)
class Post:
    """How the last page was sent: from which block of addresses (rates.address_block), and its hidden field.

    `begun_at` is when the page was opened, where that was before the draft was made.
    """

    block: str
    hidden: str = ""
    begun_at: datetime.datetime | None = None


@dataclass(frozen=True)
class Signs:
    """All that is judged. `seconds` passed since the form was begun; counts include this request."""

    names: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    hidden: str = ""
    seconds: float = 3600
    sent_this_hour: int = 1
    same_text_today: int = 1
    same_mailbox_today: int = 1

    @property
    def links(self) -> int:
        return sum(len(LINK.findall(text)) for text in self.texts)

    @property
    def most_repeated(self) -> int:
        """In how many fields the same text stands, however short."""
        texts = Counter(letters for text in (*self.names, *self.texts) if (letters := letters_of(text)))
        return max(texts.values(), default=0)


@dataclass(frozen=True)
class Rule:
    """`says` is what staff read when the rule holds."""

    code: str
    points: int
    says: str
    holds: Callable[[Signs], bool]


RULES = (
    Rule("hidden-field", STRONG, _("A field was filled in that people do not see"), lambda signs: bool(signs.hidden)),
    Rule(
        "too-quick",
        STRONG,
        _("The form was filled in faster than a person can"),
        lambda signs: signs.seconds < settings.SPAM_MIN_SECONDS,
    ),
    Rule(
        "many-sent",
        STRONG,
        _("Many requests came from the same network within an hour"),
        lambda signs: signs.sent_this_hour > SENT_PER_HOUR,
    ),
    Rule(
        "same-words",
        STRONG,
        _("The same words came several times within a day"),
        lambda signs: signs.same_text_today > SAME_TEXT_PER_DAY,
    ),
    Rule(
        "one-mailbox",
        STRONG,
        _("Many requests named the same e-mail address within a day"),
        lambda signs: signs.same_mailbox_today > SAME_MAILBOX_PER_DAY,
    ),
    Rule(
        "link-in-name",
        STRONG,
        _("A name holds a web address"),
        lambda signs: any(LINK.search(name) or DOMAIN.search(name) for name in signs.names),
    ),
    Rule("many-links", STRONG, _("The words hold several web addresses"), lambda signs: signs.links >= MANY_LINKS),
    Rule("link", WEAK, _("The words hold a web address"), lambda signs: 0 < signs.links < MANY_LINKS),
    Rule(
        "markup",
        LIMIT - WEAK,
        _("The words are written like a web page"),
        lambda signs: any(MARKUP.search(text) for text in (*signs.names, *signs.texts)),
    ),
    Rule("same-fields", WEAK, _("The same text stands in several fields"), lambda signs: signs.most_repeated >= 3),
)
SAYS = {rule.code: rule.says for rule in RULES}


def hits(signs: Signs) -> list[Rule]:
    return [rule for rule in RULES if rule.holds(signs)]


def score(rules: list[Rule]) -> int:
    """Points of the `rules` that hold; from LIMIT on a request goes to quarantine."""
    return sum(rule.points for rule in rules)


def signs_of(
    appointment_request: AppointmentRequest, draft: RequestDraft, post: Post, referral: dict | None = None
) -> Signs:
    """The signs of a new request, of which an office may have written the part that is a `referral`.

    Counts it: call this once for each, in the transaction that stores it.
    """
    referral, words, mailbox = referral or {}, appointment_request.reason, mailbox_of(appointment_request.email)
    if referral:
        words += appointment_request.full_name  # an office asks the same about many patients
    words = letters_of(words)
    return Signs(
        names=(*(getattr(appointment_request, name) for name in NAMES), referral.get("sender_name", "")),
        texts=(*(getattr(appointment_request, name) for name in OTHER_TEXTS), referral.get("diagnosis", "")),
        hidden=post.hidden.strip(),
        # A clock set back is nobody's hurry.
        seconds=max(0, (timezone.now() - (post.begun_at or draft.created_at)).total_seconds()),
        sent_this_hour=rates.count("request", post.block, seconds=3600),
        same_text_today=rates.count("words", words, seconds=24 * 3600) if len(words) >= TEXT_LETTERS else 1,
        same_mailbox_today=rates.count("mailbox", mailbox, seconds=24 * 3600) if mailbox else 1,
    )


def letters_of(text: str) -> str:
    """`text` without case, digits, spaces and marks: what stays the same when a sender varies the rest."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalpha())


def mailbox_of(email: str) -> str:
    """`email` without case, dots and what follows a plus: many providers bring all of these to one mailbox."""
    name, at, host = email.casefold().rpartition("@")
    return name.partition("+")[0].replace(".", "") + at + host
