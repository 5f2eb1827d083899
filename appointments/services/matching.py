"""Which office of the directory a referral may be from. People choose: nothing is matched by itself."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from rapidfuzz import fuzz, process

from appointments.models import ContactPoint, Physician, Referral, ReferringPractice
from appointments.models.physician import ContactKind
from appointments.models.request import folded
from appointments.npi import is_npi
from practice import phones

MOST = 5
MOST_ALIKE = 50  # of one name: a Smith among 5,000 physicians is one of many
ENOUGH = 86  # of 100: one slip in eight letters
SAME = 100
TITLES = frozenset(
    {"dr", "doctor", "md", "do", "np", "pa", "aprn", "arnp", "dnp", "fnp", "pac", "phd", "mr", "mrs", "ms"}
)
NPI_POINTS, NUMBER_POINTS = 1000, 300  # a number that is the same outweighs every name that is alike


@dataclass(frozen=True)
class Typed:
    """What is known of a sender, as somebody typed it; "" or empty where nothing is."""

    npi: str
    numbers: tuple[str, ...]  # E.164, without extensions
    doctor: str
    office: str


@dataclass(frozen=True)
class Suggestion:
    """`reasons` say in words why. No `physician`: it is the office alone."""

    practice: ReferringPractice
    physician: Physician | None
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class _Sign:
    points: float
    reason: str


def suggestions(referral: Referral) -> list[Suggestion]:
    """At most MOST, the likeliest first; five queries, however many physicians there are."""
    row = referral.appointment_request
    return _alike(
        Typed(
            npi=_digits(referral.sender_npi),
            numbers=tuple(_numbers(row.referrer_phone, referral.sender_fax)),
            doctor=row.referrer_name,
            office=row.referrer_practice,
        )
    )


def search(text: str) -> list[Suggestion]:
    """As `suggestions`, for an NPI, a number or a name of a doctor or an office."""
    return _alike(Typed(npi=_digits(text), numbers=tuple(_numbers(text)), doctor=text, office=text))


def _digits(text):
    return "".join(letter for letter in text if letter.isascii() and letter.isdigit())


def _numbers(*texts) -> Iterator[str]:
    for text in texts:
        if number := phones.to_e164(text).partition(";")[0]:
            yield number


def _alike(typed: Typed) -> list[Suggestion]:
    physicians = Physician.objects.filter(is_active=True, practice__is_active=True)
    physicians = list(physicians.values_list("pk", "practice", "first_name", "last_name", "npi"))
    offices = _signs_of_offices(typed)
    doctors = _signs_of_doctors(typed, physicians)
    practice_of = {pk: practice for pk, practice, *__ in physicians}
    found = [(practice_of[pk], pk, signs + offices.get(practice_of[pk], [])) for pk, signs in doctors.items()]
    with_doctor = {practice for practice, *__ in found}
    found += [(practice, None, signs) for practice, signs in offices.items() if practice not in with_doctor]
    found.sort(key=lambda one: (-sum(sign.points for sign in one[2]), one[0], one[1] or 0))
    return _loaded(found[:MOST])


def _signs_of_offices(typed) -> dict[int, list[_Sign]]:
    signs = defaultdict(list)
    numbers = ContactPoint.objects.filter(
        kind__in=[ContactKind.FAX, ContactKind.PHONE], value__in=typed.numbers, is_active=True, practice__is_active=True
    )
    for practice in sorted(set(numbers.values_list("practice", flat=True))):
        signs[practice].append(_Sign(NUMBER_POINTS, _("Same phone or fax number")))
    names = dict(ReferringPractice.objects.filter(is_active=True).values_list("pk", "name"))
    for practice, score in _like(typed.office, names, fuzz.token_sort_ratio):
        reason = _("Same name of the office") if score == SAME else _("Similar name of the office")
        signs[practice].append(_Sign(score, reason))
    return signs


def _signs_of_doctors(typed, physicians) -> dict[int, list[_Sign]]:
    signs = defaultdict(list)
    if is_npi(typed.npi):
        for pk, *__, npi in physicians:
            if npi == typed.npi:
                signs[pk].append(_Sign(NPI_POINTS, _("Same NPI")))
    only_last = len(_plain(typed.doctor).split()) == 1
    names = {pk: last if only_last else f"{first} {last}" for pk, __, first, last, __npi in physicians}
    # Of two names each may be left out: "Maria Luisa Pattern" is "Maria Pattern" in the directory.
    for pk, score in _like(typed.doctor, names, fuzz.ratio if only_last else fuzz.token_set_ratio):
        reason = _("Same name of the doctor") if score == SAME else _("Similar name of the doctor")
        signs[pk].append(_Sign(score, reason))
    return signs


def _like(text, names, scorer) -> list[tuple[int, float]]:
    """(key, points of 100) of those `names` that are like `text`."""
    wanted = _plain(text)
    if not wanted:
        return []
    plain = {key: _plain(name) for key, name in names.items()}
    found = process.extract(wanted, plain, scorer=scorer, score_cutoff=ENOUGH, limit=MOST_ALIKE)
    return [(key, score) for __, score, key in found]


def _plain(name):
    """Words without accents, case, marks, titles and initials."""
    words = [folded(word) for word in re.split(r"[\s,/&-]+", name)]
    return " ".join(word for word in words if len(word) > 1 and word not in TITLES)


def _loaded(found) -> list[Suggestion]:
    practices = ReferringPractice.objects.in_bulk({practice for practice, *__ in found})
    physicians = Physician.objects.in_bulk({physician for __, physician, __signs in found if physician})
    return [
        Suggestion(practices[practice], physicians.get(physician), tuple(sign.reason for sign in signs))
        for practice, physician, signs in found
    ]
