"""Which office of the directory a referral may be from. People choose: nothing is matched by itself."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
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
ADDED_POINTS, NPI_POINTS, NUMBER_POINTS = 2000, 1000, 300  # a number that is the same outweighs every name
NUMBERS = (ContactKind.FAX, ContactKind.PHONE)
DOCTOR, OFFICE, NPI, NUMBER = "doctor", "office", "npi", "number"  # what a sign is about
# Of a name: the same, one that is alike, and a part of it.
NAMES = {
    DOCTOR: (
        gettext_lazy("Same name of the doctor"),
        gettext_lazy("Similar name of the doctor"),
        gettext_lazy("Part of the name of the doctor"),
    ),
    OFFICE: (
        gettext_lazy("Same name of the office"),
        gettext_lazy("Similar name of the office"),
        gettext_lazy("Part of the name of the office"),
    ),
}


@dataclass(frozen=True)
class Typed:
    """What is known of a sender, as somebody typed it; "" or empty where nothing is."""

    npi: str
    numbers: tuple[str, ...]  # E.164, without extensions
    doctor: str
    office: str
    added: int | None = None  # the practice that was just added for this referral
    is_search: bool = False  # one text stands for all of them, and a part of a name will do


@dataclass(frozen=True)
class Suggestion:
    """`reasons` say in words why, `against` what differs. No `physician`: it is the office alone."""

    practice: ReferringPractice
    physician: Physician | None
    reasons: tuple[str, ...]
    against: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Sign:
    points: float
    reason: str
    about: str


def suggestions(referral: Referral, *, added: int | None = None) -> list[Suggestion]:
    """At most MOST, the likeliest first, before them the practice with the key `added`; six queries, however many
    physicians there are.
    """
    row = referral.appointment_request
    return _alike(
        Typed(
            npi=_digits(referral.sender_npi),
            numbers=tuple(_numbers(row.referrer_phone, referral.sender_fax)),
            doctor=row.referrer_name,
            office=row.referrer_practice,
            added=added,
        )
    )


def search(text: str) -> list[Suggestion]:
    """As `suggestions`, for an NPI, a number or a name of a doctor or an office."""
    return _alike(Typed(npi=_digits(text), numbers=tuple(_numbers(text)), doctor=text, office=text, is_search=True))


def person_in(text: str) -> tuple[str, str]:
    """(first names, last name) of a doctor as somebody typed them: "Dr. Paula Pattern", "PATTERN, PAULA, MD"."""
    before, __, after = text.partition(",")
    words = [word.strip(",") for word in f"{after} {before}".split() if folded(word) not in TITLES | {""}]
    return " ".join(words[:-1]), "".join(words[-1:])


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
    return _loaded(found[:MOST], typed)


def _signs_of_offices(typed) -> dict[int, list[_Sign]]:
    signs = defaultdict(list)
    names = dict(ReferringPractice.objects.filter(is_active=True).values_list("pk", "name"))
    if typed.added in names:
        signs[typed.added].append(_Sign(ADDED_POINTS, _("Just added to the directory"), ""))
    numbers = ContactPoint.objects.filter(
        kind__in=NUMBERS, value__in=typed.numbers, is_active=True, practice__is_active=True
    )
    for practice in sorted(set(numbers.values_list("practice", flat=True))):
        signs[practice].append(_Sign(NUMBER_POINTS, _("Same phone or fax number"), NUMBER))
    for practice, score in _like(typed.office, names, fuzz.token_sort_ratio, parts_of=names if typed.is_search else {}):
        signs[practice].append(_named(OFFICE, score))
    return signs


def _signs_of_doctors(typed, physicians) -> dict[int, list[_Sign]]:
    signs = defaultdict(list)
    if is_npi(typed.npi):
        for pk, *__, npi in physicians:
            if npi == typed.npi:
                signs[pk].append(_Sign(NPI_POINTS, _("Same NPI"), NPI))
    only_last = len(_plain(typed.doctor).split()) == 1
    full = {pk: f"{first} {last}" for pk, __, first, last, __npi in physicians}
    names = {pk: last for pk, __, __first, last, __npi in physicians} if only_last else full
    # Of two names each may be left out: "Maria Luisa Pattern" is "Maria Pattern" in the directory.
    scorer = fuzz.ratio if only_last else fuzz.token_set_ratio
    for pk, score in _like(typed.doctor, names, scorer, parts_of=full if typed.is_search else {}):
        signs[pk].append(_named(DOCTOR, score))
    return signs


def _named(about, score):
    same, similar, part = NAMES[about]
    return _Sign(score, str(same if score == SAME else similar if score >= ENOUGH else part), about)


def _like(text, names, scorer, *, parts_of) -> list[tuple[int, float]]:
    """(key, points of 100) of those `names` that are like `text`, and of those `parts_of` in which its words stand."""
    wanted = _plain(text)
    if not wanted:
        return []
    plain = {key: _plain(name) for key, name in names.items()}
    found = process.extract(wanted, plain, scorer=scorer, score_cutoff=ENOUGH, limit=MOST_ALIKE)
    alike = {key for __, __score, key in found}
    others = {key: _plain(name) for key, name in parts_of.items() if key not in alike}
    holding = {key: name for key, name in others.items() if all(word in name for word in wanted.split())}
    found += process.extract(wanted, holding, scorer=fuzz.ratio, limit=MOST_ALIKE)
    return [(key, score) for __, score, key in found]


def _plain(name):
    """Words without accents, case, marks, titles and initials."""
    words = [folded(word) for word in re.split(r"[\s,/&-]+", name)]
    return " ".join(word for word in words if len(word) > 1 and word not in TITLES)


def _loaded(found, typed) -> list[Suggestion]:
    practices = ReferringPractice.objects.in_bulk({practice for practice, *__ in found})
    physicians = Physician.objects.in_bulk({physician for __, physician, __signs in found if physician})
    points = (
        [] if typed.is_search else ContactPoint.objects.filter(practice__in=practices, kind__in=NUMBERS, is_active=True)
    )
    numbers = defaultdict(list)
    for point in points:
        numbers[point.practice_id].append(point.display)
    return [
        Suggestion(
            practices[practice],
            physicians.get(physician),
            tuple(sign.reason for sign in signs),
            () if typed.is_search else tuple(_against(typed, physicians.get(physician), numbers[practice], signs)),
        )
        for practice, physician, signs in found
    ]


def _against(typed, physician, numbers, signs) -> Iterator[str]:
    """What was typed and stands otherwise in the directory. What is missing on one side contradicts nothing."""
    agree = {sign.about for sign in signs}
    if NPI not in agree and is_npi(typed.npi) and physician and physician.npi:
        yield _("Other NPI")
    if DOCTOR not in agree and _plain(typed.doctor) and physician:
        yield _("Other name of the doctor")
    if OFFICE not in agree and _plain(typed.office):
        yield _("Other name of the office")
    if NUMBER not in agree and typed.numbers and numbers:
        yield _("Other phone or fax number: %(there)s") % {"there": ", ".join(numbers)}
